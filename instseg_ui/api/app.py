"""The HTTP interface as an application: alone, or beside the page."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

from instseg_ui import __version__
from instseg_ui.api.docs import docs_page
from instseg_ui.api.endpoints import INFER, build_router
from instseg_ui.api.faults import handle
from instseg_ui.api.head import HeadAsGet
from instseg_ui.api.request_counter import Counted
from instseg_ui.api.service import Service
from instseg_ui.api.sub_path import SubPath
from instseg_ui.segmenter import Segmenter

PATHS = (INFER, "/health", "/models", "/metrics", "/docs", "/openapi.json")

_DESCRIPTION = """\
Instance segmentation over HTTP in PaddleX's own format: a client of `paddlex --serve` works
unchanged. Every answer has a `logId`; `errorCode` is 0 or the HTTP status, and `errorMsg` says
what was expected, what came and what to do.
"""


def create_app(segmenter: Segmenter) -> FastAPI:
    """The HTTP interface alone. The segmenter stays the caller's to close."""
    service = Service.of(segmenter)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.gate.close()

    app = FastAPI(
        title="InstSeg UI",
        version=__version__,
        description=_DESCRIPTION,
        # Our own page, which needs no other server.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={
            HTTPException: handle,
            RequestValidationError: handle,
            Exception: handle,
        },
    )
    app.state.service = service
    app.include_router(build_router(service))
    app.add_api_route(
        "/docs", lambda: HTMLResponse(docs_page(app.openapi())), include_in_schema=False
    )
    app.add_middleware(HeadAsGet)
    app.add_middleware(Counted, metrics=service.metrics, paths=PATHS)
    app.add_middleware(SubPath, root_path=segmenter.settings.root_path)
    return app


def mount(app: FastAPI, segmenter: Segmenter) -> None:
    """Put the HTTP interface before everything else that `app` serves.

    Whatever lies under one of `PATHS` is answered here, in the envelope; the rest is not
    touched. `app.state.service` is there for `serve`.
    """
    inner = create_app(segmenter)
    app.state.service = inner.state.service
    app.add_middleware(SubPath, root_path=segmenter.settings.root_path)
    app.router.routes.insert(0, _Door(inner))
    outer_lifespan = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(outer: FastAPI) -> AsyncIterator[Any]:
        async with outer_lifespan(outer) as state, inner.router.lifespan_context(inner):
            yield state

    app.router.lifespan_context = lifespan


class _Door(BaseRoute):
    """Leads to the inner application whatever begins with one of its paths, by any method.

    A `Mount` would have to be one a path, and would let a wrong method through to the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._names = {_first_part(path) for path in PATHS}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        inside = scope["type"] == "http" and _first_part(get_route_path(scope)) in self._names
        return (Match.FULL if inside else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> object:  # type: ignore[override]
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _first_part(path: str) -> str:
    return path.lstrip("/").partition("/")[0]
