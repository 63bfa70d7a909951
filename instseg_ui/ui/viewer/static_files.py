"""The viewer's JavaScript modules, and the route that they are served from."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_DIR = Path(__file__).parent / "static"
STATIC_ROUTE = "/instseg/viewer"
ONE_YEAR = 365 * 24 * 3600


def _content_hash(folder: Path) -> str:
    """Twelve hex digits that change with the name or content of any file in the folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.js")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def modules_address() -> str:
    """The path of the modules, with their version; a prop of every component here."""
    return f"{STATIC_ROUTE}/v-{_content_hash(STATIC_DIR)}"


class _VersionedFiles(StaticFiles):
    """Serves a folder under any first path segment ``v-...``.

    Modules import each other by relative address, so a version in the path, unlike
    one in the query, reaches all of them. A page of an older version still gets
    its modules after the server was replaced; only the present version is cached.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory)
        self.version = f"v-{_content_hash(directory)}"

    def get_path(self, scope: Scope) -> str:
        version, _, rest = super().get_path(scope).replace("\\", "/").partition("/")
        return rest if version.startswith("v-") else f"{version}/{rest}".rstrip("/")

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        current = f"/{self.version}/" in scope["path"]
        policy = f"public, max-age={ONE_YEAR}, immutable" if current else "no-cache"
        response.headers["Cache-Control"] = policy
        return response


def mount_static(app: Starlette, prefix: str = "") -> None:
    """Serve the viewer's modules from ``app``.

    Call it before Gradio is mounted at ``/``: the first route that matches answers.

    Args:
        app: the application (FastAPI or Starlette) that Gradio is mounted on.
        prefix: the path Gradio is mounted at, when that is not ``/``.
    """
    # On some systems the registry calls .js text/plain, and a browser then refuses the module.
    mimetypes.add_type("text/javascript", ".js")
    app.mount(f"{prefix.rstrip('/')}{STATIC_ROUTE}", _VersionedFiles(STATIC_DIR), name="viewer")
