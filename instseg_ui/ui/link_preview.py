"""What messengers and sites show of a link to the page: its name, what it is for, a picture.

Gradio's template names Gradio there, and has no setting for it.
"""

from __future__ import annotations

import re
from pathlib import Path

import htpy as h
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from instseg_ui.show.html import markup

PICTURE_ROUTE = "/instseg/preview.jpg"
TITLE = "InstSeg UI"
DESCRIPTION = (
    "Drop your photos, see every mask next to the measured latency and the model's size, and "
    "decide which instance segmentation model to ship."
)
SIZE = (1200, 630)
"""Width and height of the picture, pixels: what previews are cut to."""

_THEIRS = re.compile(rb'<meta\s[^>]*?(?:property|name)="(?:og|twitter):[^>]*>', re.DOTALL)
_HEAD = re.compile(rb"<head[^>]*>")


def mount_picture(app: Starlette, picture: Path) -> None:
    """Serve the preview's picture. Call it before Gradio is mounted at ``/``."""

    async def preview(_request: Request) -> Response:
        if not picture.is_file():
            return PlainTextResponse("There is no picture.", status_code=404)
        return FileResponse(picture, headers={"Cache-Control": "public, max-age=86400"})

    app.add_route(PICTURE_ROUTE, preview, methods=["GET", "HEAD"])


class LinkPreview:
    """Puts the product's own tags into the page's HTML."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_page(scope):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Rewriter(send, _tags(scope)))


class _Rewriter:
    """Holds an HTML answer back until it is whole, and sends it with other tags."""

    def __init__(self, send: Send, tags: bytes) -> None:
        self._send, self._tags = send, tags
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"]).get("content-type", "")
            if kind.startswith("text/html"):
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = rewritten(self._body, self._tags)
        MutableHeaders(raw=self._start["headers"])["content-length"] = str(len(body))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


def rewritten(page: bytes, tags: bytes) -> bytes:
    """The page's HTML with `tags` at its head in place of the template's own."""
    bare = _THEIRS.sub(b"", page)
    return _HEAD.sub(lambda head: head.group() + tags, bare, count=1)


def is_page(scope: Scope) -> bool:
    """Whether it asks for the page, behind a proxy at a path of its own or not."""
    root = str(scope.get("root_path", "")).rstrip("/")
    return str(scope["path"]).removeprefix(root).strip("/") == ""


def _tags(scope: Scope) -> bytes:
    request = Request(scope)
    root = str(request.base_url).rstrip("/")
    width, height = SIZE
    open_graph = {
        "title": TITLE,
        "type": "website",
        "url": f"{root}/",
        "description": DESCRIPTION,
        "image": f"{root}{PICTURE_ROUTE}",
        "image:width": str(width),
        "image:height": str(height),
    }
    named = {
        "description": DESCRIPTION,
        "twitter:card": "summary_large_image",
        "twitter:title": TITLE,
        "twitter:description": DESCRIPTION,
        "twitter:image": f"{root}{PICTURE_ROUTE}",
    }
    return str(
        markup(
            *(h.meta(property=f"og:{name}", content=text) for name, text in open_graph.items()),
            *(h.meta(name=name, content=text) for name, text in named.items()),
        )
    ).encode()
