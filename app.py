"""Start the page: settings, then services, then the page, then the server.

A Hugging Face Space starts this file too. Imports stand inside the functions so that a
setting that cannot be read is said before anything heavy is loaded.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

    from instseg_ui.segmenter import Segmenter
    from instseg_ui.settings import Settings


def read_settings() -> Settings:
    """Settings from the environment; Gradio's own names for address and port come first."""
    from instseg_ui.settings import Settings

    names = {"host": "GRADIO_SERVER_NAME", "port": "GRADIO_SERVER_PORT"}
    given: dict[str, Any] = {
        field: os.environ[name] for field, name in names.items() if os.environ.get(name)
    }
    return Settings(**given)


def create_app(segmenter: Segmenter) -> FastAPI:
    """The web application: the HTTP interface, and the page at the root for all the rest."""
    from instseg_ui import ui  # noqa: F401, I001 - before gradio: it makes its environment
    import gradio as gr
    from fastapi import FastAPI

    from instseg_ui import api
    from instseg_ui.ui.page import build_page
    from instseg_ui.ui.shared.services import Services
    from instseg_ui.ui.theme import STYLE_SHEET, theme
    from instseg_ui.ui.viewer import mount_static

    settings = segmenter.settings
    app = FastAPI(title="InstSeg UI", docs_url=None, redoc_url=None, openapi_url=None)
    mount_static(app)
    api.mount(app, segmenter)
    return gr.mount_gradio_app(
        app,
        build_page(Services(segmenter)),
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        theme=theme(),
        css_paths=[STYLE_SHEET],
        footer_links=["api", "settings"],
        run_history=False,
        # Of any upload; a photo's own, smaller limit is held where it is read.
        max_file_size=int(max(settings.max_upload, settings.max_dataset)),
        ssr_mode=False,
        mcp_server=True,
        # A `gr.Error` is shown all the same; of anything else only the log tells.
        show_error=False,
    )


def warm_up(segmenter: Segmenter) -> None:
    """Load the default model and run it on the first example, behind the page.

    The first visitor then finds the example segmented, and a warm model.
    """
    from instseg_ui import images
    from instseg_ui.errors import InstSegError
    from instseg_ui.ui.shared.services import Services

    try:
        segmenter.load(segmenter.settings.default_model)
        for example in Services(segmenter).examples[:1]:
            segmenter.segment(images.read(example, segmenter.settings))
    except InstSegError as error:
        logging.getLogger(__name__).warning("The default model is not ready: %s", error)


def main() -> int:
    """Serve the page until interrupted; 2 if the settings or the catalog cannot be used."""
    from pydantic import ValidationError

    from instseg_ui.api import serve
    from instseg_ui.errors import InstSegError
    from instseg_ui.segmenter import Segmenter

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = read_settings()
        segmenter = Segmenter(settings)
    except (ValidationError, InstSegError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with segmenter:
        threading.Thread(target=warm_up, args=[segmenter], daemon=True).start()
        app = create_app(segmenter)
        sys.stderr.write(f"InstSeg UI on http://{settings.host}:{settings.port}\n")
        serve(app, settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
