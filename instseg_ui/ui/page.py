"""The whole page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.ui import link
from instseg_ui.ui.benchmark.tab import benchmark_tab
from instseg_ui.ui.catalog.tab import catalog_tab
from instseg_ui.ui.compare.tab import CompareParts, compare_tab
from instseg_ui.ui.endpoints import endpoints
from instseg_ui.ui.evaluate.tab import evaluate_tab
from instseg_ui.ui.guarded import GuardedBlocks
from instseg_ui.ui.judge.tab import judge_tab
from instseg_ui.ui.keep_notice import keep_notice
from instseg_ui.ui.segment.tab import segment_tab
from instseg_ui.ui.shared.events import OWN, session_of, window_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.teach.judged import connect_judged
from instseg_ui.ui.teach.tab import teach_panel
from instseg_ui.ui.workbench import models
from instseg_ui.ui.workbench.look import look_at_models
from instseg_ui.ui.workbench.model_list import model_list_value
from instseg_ui.ui.workbench.own_card import own_models_card
from instseg_ui.ui.workbench.panel import Workbench, restored, workbench_panel

TITLE = "InstSeg UI"
QUEUE_LOOK_S = 0.01
"""How long an event waits at most before the queue looks for it."""
_HERE = Path(__file__).parent
_MARK_VIEW = (_HERE / "workbench" / "mark_view.js").read_text(encoding="utf-8")
_SCRIPTS = [(_HERE / name).read_text(encoding="utf-8") for name in ("names.js", "dialogs.js")]


def build_page(services: Services) -> GuardedBlocks:
    """The page of all tabs. Nothing runs until somebody opens it."""
    with GuardedBlocks(
        services.settings,
        title=TITLE,
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(600, 3600),
    ) as page:
        with gr.Row(elem_id="workbench", equal_height=False):
            with gr.Column(scale=0, min_width=300, elem_id="panel"):
                bench = workbench_panel(services)
                keep_notice(services)
            with gr.Column(scale=1, min_width=320, elem_id="views"):
                tabs, compare = _views(services, bench)
        look_at_models(services, bench)
        own_models_card(services, bench)
        _open_link(services, page, tabs, bench, compare)

        endpoints(services)

        _connect_visits(services, page)
        for script in _SCRIPTS:
            page.load(None, None, None, js=script, queue=False, **OWN)
    page.queue(max_size=services.settings.queue_size, api_open=False)
    # Gradio looks for new events a thousand times a second: 5 % of a core, while nobody is there.
    page._queue.sleep_when_free = QUEUE_LOOK_S
    page.seal()
    return page


def _views(services: Services, bench: Workbench) -> tuple[gr.Tabs, CompareParts]:
    """What works on the photos and models of the workbench."""
    with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
        with gr.Tab("Segment", id="segment"):
            segment_tab(services, bench)
        with gr.Tab("Compare", id="compare"):
            compare = compare_tab(services, bench)
        with gr.Tab("Benchmark", id="benchmark") as benchmark_page:
            benchmark_tab(services, bench, benchmark_page)
        with gr.Tab("Evaluate", id="evaluate"):
            evaluation = evaluate_tab(services, bench)
            teach = teach_panel(services, bench, evaluation)
        with gr.Tab("Judge", id="judge"):
            judged = judge_tab(services, bench)
        with gr.Tab("Catalog", id="catalog") as catalog_page:
            catalog_tab(services, bench, catalog_page)
    if teach is not None and judged.teach is not None:
        connect_judged(judged.desks, judged.teach, evaluation, teach, tabs)
    tabs.change(None, None, None, js=_MARK_VIEW, queue=False, **OWN)
    return tabs, compare


def _connect_visits(services: Services, page: gr.Blocks) -> None:
    def arrive(request: gr.Request) -> None:
        services.visits.arrive(session_of(request), window_of(request))
        services.visits.sweep()

    def leave(request: gr.Request) -> None:
        services.jobs.leave(window_of(request))
        services.visits.depart(window_of(request))

    page.load(arrive, None, None, concurrency_limit=None, **OWN)
    page.unload(leave)


def _open_link(
    services: Services,
    page: gr.Blocks,
    tabs: gr.Tabs,
    bench: Workbench,
    compare: CompareParts,
) -> None:
    """Set the page up as its address says."""

    def open_link(request: gr.Request) -> dict[Any, Any]:
        asked = link.read(dict(request.query_params), services.segmenter.catalog)
        for note in asked.notes:
            gr.Info(note, duration=8)
        ticked = list(asked.models) or None
        default = services.settings.default_model
        listed = model_list_value(models.rows(services), default, ticked)
        tab = gr.Tabs(selected=asked.tab) if asked.tab else gr.skip()
        mode = asked.high_performance
        switch = gr.skip() if mode is None else mode
        photos = restored(bench, request, default, ticked or models.ready(services))
        return photos | {
            tabs: tab,
            bench.ticked: ticked or gr.skip(),
            bench.list: listed,
            compare.threshold: asked.threshold,
            bench.high_performance: switch,
        }

    outputs = [tabs, bench.ticked, bench.list, compare.threshold, bench.high_performance]
    page.load(open_link, None, [*outputs, bench.tray, bench.batch, bench.photo], **OWN)
