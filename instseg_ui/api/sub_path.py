"""Behind a proxy that serves this under a path of its own, `https://example.org/masks/`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from starlette.types import ASGIApp, Receive, Scope, Send

_SUB_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_LONGEST = 200
_PREFIX, _FORWARDED_HOST, _HOST = b"x-forwarded-prefix", b"x-forwarded-host", b"host"

Header = tuple[bytes, bytes]


class SubPath:
    """An ASGI application around another one, which then makes addresses below the sub-path.

    The sub-path is the setting's, or what the proxy says in `X-Forwarded-Prefix`. Whether the
    proxy takes it off the path or passes it on makes no difference.
    """

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            sub_path = self._root_path or forwarded(scope["headers"])
            if sub_path:
                scope = below(scope, sub_path)
        await self._app(scope, receive, send)


def forwarded(headers: list[Header]) -> str:
    """The sub-path that a proxy says; empty where it says none, or what is no path."""
    for name, value in headers:
        if name == _PREFIX:
            text = value.decode("latin-1").split(",")[0].strip().rstrip("/")
            fits = len(text) <= _LONGEST and _SUB_PATH.fullmatch(text)
            return text if fits and ".." not in text.split("/") else ""
    return ""


def below(scope: Scope, sub_path: str) -> Scope:
    """The request as if the whole address had come in; see ASGI's `root_path`."""
    path = scope["path"]
    if path != sub_path and not path.startswith(f"{sub_path}/"):
        path = sub_path + path
    headers = list(_with_outer_host(scope["headers"]))
    raw = path.encode("utf-8", "surrogateescape")
    return {**scope, "root_path": sub_path, "path": path, "raw_path": raw, "headers": headers}


def _with_outer_host(headers: list[Header]) -> Iterator[Header]:
    """Gradio leaves the sub-path out where it sees the outer host's own header."""
    outer = next((value for name, value in headers if name == _FORWARDED_HOST), b"")
    outer = outer.split(b",")[0].strip()
    for name, value in headers:
        if name == _HOST and outer:
            yield name, outer
        elif name != _FORWARDED_HOST:
            yield name, value
