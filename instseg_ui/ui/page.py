"""The whole page."""

from __future__ import annotations

import gradio as gr

from instseg_ui.ui.services import Services
from instseg_ui.ui.tabs.segment import segment_tab

TITLE = "InstSeg UI"
_INTRO = """
# InstSeg UI
Which instance segmentation model should I ship? Drop a photo, click a model, move the threshold.
"""


def build_page(services: Services) -> gr.Blocks:
    """The page of all tabs. Nothing runs until somebody opens it."""
    with gr.Blocks(
        title=TITLE, fill_width=True, analytics_enabled=False, delete_cache=(600, 3600)
    ) as page:
        gr.Markdown(_INTRO, elem_id="intro")
        segment_tab(services)

        def leave(request: gr.Request) -> None:
            services.leave(request.session_hash or "")

        page.unload(leave)
    page.queue(max_size=services.settings.queue_size, api_open=False)
    return page
