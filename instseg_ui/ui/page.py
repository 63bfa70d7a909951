"""The whole page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.ui import link
from instseg_ui.ui.benchmark.tab import benchmark_tab
from instseg_ui.ui.catalog.tab import catalog_tab
from instseg_ui.ui.compare.tab import CompareParts, compare_tab, refresh_picks
from instseg_ui.ui.endpoints import endpoints
from instseg_ui.ui.evaluate.tab import evaluate_tab
from instseg_ui.ui.guarded import GuardedBlocks
from instseg_ui.ui.segment.tab import SegmentParts, segment_tab
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.events import OWN, session_of
from instseg_ui.ui.shared.photo import PhotoInput
from instseg_ui.ui.shared.services import Services

TITLE = "InstSeg UI"
_HERE = Path(__file__).parent
_SCRIPTS = [(_HERE / name).read_text(encoding="utf-8") for name in ("names.js", "dialogs.js")]
_INTRO = """
# InstSeg UI
Which instance segmentation model should I ship? Drop a photo, click a model, move the threshold.
"""


def build_page(services: Services) -> GuardedBlocks:
    """The page of all tabs. Nothing runs until somebody opens it."""
    with GuardedBlocks(
        services.settings,
        title=TITLE,
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(600, 3600),
    ) as page:
        gr.Markdown(_INTRO, elem_id="intro")
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
            with gr.Tab("Segment", id="segment"):
                segment = segment_tab(services)
            with gr.Tab("Compare", id="compare") as compare_page:
                compare = compare_tab(services)
            with gr.Tab("Benchmark", id="benchmark") as benchmark_page:
                benchmark_tab(services, benchmark_page)
            with gr.Tab("Evaluate", id="evaluate") as evaluate_page:
                evaluate_tab(services, evaluate_page)
            with gr.Tab("Catalog", id="catalog") as catalog_page:
                catalog_tab(services, catalog_page)
        _share_photo(segment.photo, compare.photo)
        high_performance.mirror(segment.high_performance, compare.high_performance)
        refresh_picks(services, compare, compare_page)
        _open_link(services, page, tabs, segment, compare)

        endpoints(services)

        def leave(request: gr.Request) -> None:
            services.jobs.leave(session_of(request))

        page.unload(leave)
        for script in _SCRIPTS:
            page.load(None, None, None, js=script, queue=False, **OWN)
    page.queue(max_size=services.settings.queue_size, api_open=False)
    page.seal()
    return page


def _share_photo(one: PhotoInput, other: PhotoInput) -> None:
    """One photo for both tabs: what a visitor changes in one shows in the other."""
    one.change(lambda photo: photo, one, other, queue=False, **OWN)
    gr.on(
        [other.upload, other.input, other.clear],
        lambda photo: photo,
        other,
        one,
        queue=False,
        **OWN,
    )


def _open_link(
    services: Services,
    page: gr.Blocks,
    tabs: gr.Tabs,
    segment: SegmentParts,
    compare: CompareParts,
) -> None:
    """Set the page up as its address says."""

    def open_link(request: gr.Request) -> list[Any]:
        asked = link.read(dict(request.query_params), services.segmenter.catalog)
        for note in asked.notes:
            gr.Info(note, duration=8)
        picks = list(asked.models) or gr.skip()
        tab = gr.Tabs(selected=asked.tab) if asked.tab else gr.skip()
        mode = asked.high_performance
        switch = gr.skip() if mode is None else mode
        return [tab, picks, asked.threshold, switch, switch]

    page.load(
        open_link,
        None,
        [
            tabs,
            compare.picks,
            compare.threshold,
            segment.high_performance,
            compare.high_performance,
        ],
        **OWN,
    )
