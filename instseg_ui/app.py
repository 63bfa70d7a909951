"""The composition root: settings, then the segmenter, then the page, then the server.

Imports stand inside the functions so that a setting that cannot be used is said before anything
heavy is loaded.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

from instseg_ui.errors import InstSegError
from instseg_ui.variables import read_settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from instseg_ui.segmenter import Segmenter
    from instseg_ui.settings import Settings


def create_app(segmenter: Segmenter) -> FastAPI:
    """The web application: the HTTP interface, and the page at the root for all the rest."""
    from fastapi import FastAPI

    from instseg_ui import api
    from instseg_ui.ui import guarded, link_preview
    from instseg_ui.ui.page import build_page
    from instseg_ui.ui.shared.services import Services
    from instseg_ui.ui.theme import STYLE_SHEETS, theme
    from instseg_ui.ui.viewer import mount_static
    from instseg_ui.ui.visitor import VisitorCookie

    settings = segmenter.settings
    app = FastAPI(title="InstSeg UI", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(link_preview.LinkPreview)
    app.add_middleware(VisitorCookie)
    mount_static(app)
    link_preview.mount_picture(app, settings.assets / "preview.jpg")
    api.mount(app, segmenter)
    guarded.mount(
        app,
        build_page(Services(segmenter)),
        server_name=settings.host,
        server_port=settings.port,
        theme=theme(),
        css_paths=list(STYLE_SHEETS),
        footer_links=["api", "settings"],
        run_history=False,
        # Of any upload; a photo's own, smaller limit is held where it is read.
        max_file_size=int(max(settings.max_upload, settings.max_dataset)),
        ssr_mode=False,
        mcp_server=True,
        # A `gr.Error` is shown all the same; of anything else only the log tells.
        show_error=False,
    )
    return app


def warm_up(segmenter: Segmenter) -> None:
    """Load the default model and run it on the first example, behind the page.

    The first visitor then finds the example segmented, and a warm model.
    """
    from instseg_ui import images
    from instseg_ui.ui.shared.services import Services

    try:
        segmenter.load(segmenter.settings.default_model)
        for example in Services(segmenter).examples[:1]:
            segmenter.segment(images.read(example, segmenter.settings))
    except InstSegError as error:
        logging.getLogger(__name__).warning("The default model is not ready: %s", error.with_remedy)


def serve(settings: Settings, page: bool = True) -> int:
    """Serve until interrupted, with the page or the HTTP interface alone; the exit code.

    Raises:
        InputError: the catalog cannot be used, or has no such default model.
    """
    from instseg_ui import api
    from instseg_ui.segmenter import Segmenter

    with Segmenter(settings) as segmenter:
        segmenter.catalog.default(settings)
        if page:
            threading.Thread(target=warm_up, args=[segmenter], daemon=True).start()
            app = create_app(segmenter)
        else:
            segmenter.prepare()
            app = api.create_app(segmenter)
        name = "InstSeg UI" if page else "InstSeg UI, HTTP only,"
        sys.stderr.write(f"{name} on http://{settings.host}:{settings.port}\n")
        api.serve(app, settings)
    return 0


def main(page: bool = True) -> int:
    """Read the settings and serve; 2 if they or the catalog cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        return serve(read_settings(), page)
    except InstSegError as error:
        sys.stderr.write(f"{error.with_remedy}\n")
        return 2
