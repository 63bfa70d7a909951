"""Counts every request of the HTTP interface."""

from __future__ import annotations

import time
from collections.abc import Collection

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from instseg_ui.api.metrics import Metrics

_METHODS = ("GET", "POST", "HEAD", "OPTIONS")


class Counted:
    """An ASGI application around another one.

    What the caller names freely is not counted by name: it would grow without bound.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watching)
        finally:
            path = get_route_path(scope)
            path = path if path in self._paths else "other"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.request(path, method, status, time.perf_counter() - start)
