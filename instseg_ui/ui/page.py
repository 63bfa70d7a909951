"""The whole page."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from instseg_ui.ui.benchmark.tab import benchmark_tab
from instseg_ui.ui.catalog.tab import catalog_tab
from instseg_ui.ui.compare.tab import CompareParts, compare_tab
from instseg_ui.ui.earlier import earlier_list
from instseg_ui.ui.endpoints import endpoints
from instseg_ui.ui.evaluate.tab import evaluate_tab
from instseg_ui.ui.guarded import GuardedBlocks
from instseg_ui.ui.judge.tab import judge_tab
from instseg_ui.ui.keep_notice import keep_notice
from instseg_ui.ui.opened import connect_opening
from instseg_ui.ui.segment.tab import segment_tab
from instseg_ui.ui.shared.events import OWN, session_of, window_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.teach.judged import connect_judged
from instseg_ui.ui.teach.tab import teach_panel
from instseg_ui.ui.workbench.look import look_at_models
from instseg_ui.ui.workbench.own_card import own_models_card
from instseg_ui.ui.workbench.panel import Workbench, workbench_panel

TITLE = "InstSeg UI"
QUEUE_LOOK_S = 0.01
"""How long an event waits at most before the queue looks for it."""
_HERE = Path(__file__).parent
_MARK_VIEW = (_HERE / "workbench" / "mark_view.js").read_text(encoding="utf-8")
_SCRIPT_FILES = ("names.js", "dialogs.js", "sort_tables.js")
_SCRIPTS = [(_HERE / name).read_text(encoding="utf-8") for name in _SCRIPT_FILES]


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
                earlier_list(services)
                keep_notice(services)
            with gr.Column(scale=1, min_width=320, elem_id="views"):
                tabs, compare = _views(services, bench)
        look_at_models(services, bench)
        own_models_card(services, bench)
        connect_opening(services, tabs, bench, compare.go)

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
