"""Who a visitor is: a name that nobody can guess, kept in a cookie of the browser.

Gradio names a session for each time the page is loaded, so what belonged to a session was lost by a
reload. The cookie is the same in every window and after a restart of the server. Callers without
one (Gradio's clients, MCP) are known by their session, as before.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping

import gradio as gr
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from instseg_ui.ui.link_preview import is_page

COOKIE = "instseg_visitor"

_BYTES = 24
_SHAPE = re.compile(r"[A-Za-z0-9_-]{32}")
_KEPT_S = 30 * 24 * 3600


def window_of(request: gr.Request) -> str:
    """The window that a call came from: what it runs ends when it is closed."""
    return request.session_hash or "nobody"


def session_of(request: gr.Request) -> str:
    """The visitor's name here, the same in all their windows: of the cookie, or the window's.

    It is a digest of the cookie, so that no file and no log holds what lets anybody in.
    """
    cookie = _cookie(request)
    return window_of(request) if cookie is None else digest(cookie)


def digest(cookie: str) -> str:
    """40 hexadecimal digits that stand for a cookie."""
    return hashlib.sha256(f"visitor {cookie}".encode()).hexdigest()[:40]


class VisitorCookie:
    """Gives the cookie to every browser that opens the page without one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_page(scope) or _known(Request(scope).cookies):
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                kind = Headers(raw=message["headers"]).get("content-type", "")
                if kind.startswith("text/html"):
                    MutableHeaders(raw=message["headers"]).append("set-cookie", _new(scope))
            await send(message)

        await self._app(scope, receive, sent)


def _cookie(request: gr.Request) -> str | None:
    # From the header: Gradio's own copy of the cookies is no mapping.
    headers = getattr(request, "headers", None) or {}
    cookies = cookie_parser(str(headers.get("cookie") or ""))
    return cookies[COOKIE] if _known(cookies) else None


def _known(cookies: Mapping[str, str]) -> bool:
    return _SHAPE.fullmatch(cookies.get(COOKIE, "")) is not None


def _new(scope: Scope) -> str:
    """A fresh cookie. Behind https it works in a frame of another site too, as a Space is shown."""
    request = Request(scope)
    said = request.headers.get("x-forwarded-proto", scope.get("scheme", "http"))
    secure = said.split(",")[0].strip() == "https"
    where = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Lax"
    value = secrets.token_urlsafe(_BYTES)
    return f"{COOKIE}={value}; Path=/; Max-Age={_KEPT_S}; HttpOnly; {where}"
