"""Compare: one photo, several models side by side, where they agree, and which one to ship."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.ui import link as page_link
from instseg_ui.ui.compare import matches, words
from instseg_ui.ui.compare import run as compare_run
from instseg_ui.ui.compare.example import connect_example
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.results import findings
from instseg_ui.ui.compare.run import CompareView, ComparisonRun
from instseg_ui.ui.shared import fetch as model_fetch
from instseg_ui.ui.shared import high_performance, history
from instseg_ui.ui.shared.events import OWN, session_of, window_of
from instseg_ui.ui.shared.example import ExampleNotice, notice_layout
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer import CompareGrid
from instseg_ui.ui.workbench import models
from instseg_ui.ui.workbench.panel import Workbench

_COPY_LINK = (Path(__file__).parent / "copy_link.js").read_text(encoding="utf-8")
_TAB = "compare"


@dataclass(frozen=True)
class CompareParts:
    """The tab's components; a change of `go` compares, as the button does.

    The findings below are made from `run` and `sight`.
    """

    go: gr.Number
    compare: gr.Button
    stop: gr.Button
    again: gr.Button
    link: gr.Button
    address: gr.Textbox
    offer_panel: gr.Column
    offer: gr.HTML
    fetch: gr.Button
    cancel: gr.Button
    progress: gr.HTML
    grid: CompareGrid
    run: gr.State
    sight: gr.State
    notice: ExampleNotice


def compare_tab(services: Services, bench: Workbench) -> CompareParts:
    """Lay the tab out and connect it."""
    parts = _layout(services)
    _connect_picking(services, bench, parts)
    _connect_fetching(services, bench, parts)
    _connect_link(services, bench, parts)
    decided = findings(services, bench, parts.notice.tab, parts.grid, parts.run, parts.sight)
    _connect_running(services, bench, parts, decided)
    connect_example(services, bench.photo, parts.grid, parts.run, parts.notice)
    return parts


def _layout(services: Services) -> CompareParts:
    run, sight = gr.State(None), gr.State(Sight())
    go = gr.Number(visible="hidden")
    ticked = models.ready(services)
    with gr.Row(elem_classes="actions", equal_height=True):
        compare = gr.Button(words.button(ticked), variant="primary", elem_id="cmp-go")
        stop = gr.Button("Stop", visible=False, elem_id="cmp-stop")
        progress = gr.HTML(words.hint(ticked), elem_id="cmp-progress")
        again = gr.Button("Measure latency again", visible=False, elem_id="cmp-again")
        link = gr.Button("Copy link", elem_id="cmp-link")
    with gr.Column(visible=False, elem_id="cmp-offer") as offer_panel:
        offer = gr.HTML()
        with gr.Row():
            cancel = gr.Button("Cancel", size="sm", visible=False, elem_id="cmp-cancel")
            fetch = gr.Button("Fetch", variant="primary", size="sm", elem_id="cmp-fetch")
    address = gr.Textbox(
        label="Link to this setup",
        visible=False,
        interactive=False,
        buttons=["copy"],
        elem_id="cmp-address",
    )
    notice = notice_layout("cmp")
    grid = CompareGrid(elem_id="cmp-grid")
    return CompareParts(
        go=go,
        compare=compare,
        stop=stop,
        again=again,
        link=link,
        address=address,
        offer_panel=offer_panel,
        offer=offer,
        fetch=fetch,
        cancel=cancel,
        progress=progress,
        grid=grid,
        run=run,
        sight=sight,
        notice=notice,
    )


def _connect_picking(services: Services, bench: Workbench, parts: CompareParts) -> None:
    def describe(
        picks: Sequence[str], run: ComparisonRun | None, request: gr.Request
    ) -> dict[Any, Any]:
        shown: dict[Any, Any] = {parts.compare: gr.update(value=words.button(picks))}
        if run is None:
            shown[parts.progress] = words.hint(picks)
        if not services.jobs["fetch"].busy(window_of(request)):
            offer = model_fetch.offer_all(services, picks)
            shown[parts.offer_panel] = gr.update(visible=offer is not None)
        if not services.jobs["fetch"].busy(window_of(request)) and offer:
            shown[parts.offer] = offer.html
            shown[parts.fetch] = gr.update(value=offer.button, visible=offer.possible)
            shown[parts.cancel] = gr.update(visible=False)
        return shown

    gr.on(
        [bench.ticked.change, gr.context.Context.root_block.load],
        describe,
        [bench.ticked, parts.run],
        [
            parts.compare,
            parts.progress,
            parts.offer_panel,
            parts.offer,
            parts.fetch,
            parts.cancel,
        ],
        trigger_mode="always_last",
        concurrency_limit=None,
        **OWN,
    )


def _connect_running(
    services: Services, bench: Workbench, parts: CompareParts, decided: gr.HTML
) -> None:
    def run(
        photo: str | None,
        picks: Sequence[str],
        threshold: float,
        thresholds: dict[str, float],
        wanted: bool,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        cache, session = Path(parts.grid.GRADIO_CACHE), window_of(request)
        engine = high_performance.engine(services.settings, wanted)
        views = compare_run.run(
            services, photo, picks, threshold, session, cache, engine, thresholds
        )
        for view in views:
            _remember(services, bench, view, wanted, session_of(request))
            yield shown(view)

    def again(run: ComparisonRun | None, request: gr.Request) -> Iterator[dict[Any, Any]]:
        for view in compare_run.measured_again(services, run, window_of(request)):
            yield shown(view)

    def shown(view: CompareView) -> dict[Any, Any]:
        measured = view.run is not None and bool(view.run.latencies)
        update: dict[Any, Any] = {
            parts.progress: view.progress,
            parts.stop: gr.update(visible=view.busy),
        }
        if view.grid is not None:
            update[parts.grid] = view.grid
        if view.run is not None or view.cleared:
            update[parts.run] = view.run
            update[parts.again] = gr.update(visible=measured and not view.busy)
        return update

    def stop(request: gr.Request) -> None:
        services.jobs["compare"].stop(window_of(request))

    outputs = [parts.progress, parts.stop, parts.grid, parts.run, parts.again]
    queued: dict[str, Any] = {"concurrency_id": "comparisons", "concurrency_limit": 3}
    gr.on(
        [parts.compare.click, parts.go.change],
        run,
        [
            bench.photo,
            bench.ticked,
            bench.threshold,
            bench.thresholds,
            bench.high_performance,
        ],
        outputs,
        trigger_mode="multiple",
        # Apart from the Segment tab's: whoever compares for minutes keeps nobody else waiting.
        **queued,
        **OWN,
    )
    for asked in (parts.again.click, decided.again):
        asked(again, parts.run, outputs, trigger_mode="once", **queued, **OWN)
    parts.stop.click(stop, None, None, queue=False, **OWN)


def _remember(
    services: Services, bench: Workbench, view: CompareView, wanted: bool, visitor: str
) -> None:
    """Put a comparison that is done on the visitor's list."""
    run = view.run
    if run is None or view.busy or not run.predictions:
        return
    photos = bench.trays.of(visitor).photos
    name = next((one.name for one in photos if one.path == run.photo), "")
    told = high_performance.told(services.settings, wanted)
    query = page_link.query(run.models, run.threshold, high_performance=told, photo=name)
    text = f"{', '.join(run.models)} on {name or 'a photo'}"
    history.note(services.visits, visitor, "compare", text, query)


def _connect_fetching(services: Services, bench: Workbench, parts: CompareParts) -> None:
    def fetch(picks: Sequence[str], request: gr.Request) -> Iterator[dict[Any, Any]]:
        for step in model_fetch.fetch_all(services, picks, window_of(request), _TAB):
            shown = {
                parts.offer: step.html,
                parts.fetch: gr.update(value="Try again", visible=step.finished),
                parts.cancel: gr.update(visible=not step.finished),
            }
            if step.models:
                shown |= {parts.go: time.monotonic(), bench.changed: time.monotonic_ns()}
                shown[parts.offer_panel] = gr.update(visible=False)
            yield shown

    def cancel(request: gr.Request) -> None:
        services.jobs["fetch"].stop(window_of(request), _TAB)

    parts.fetch.click(
        fetch,
        bench.ticked,
        [parts.offer, parts.fetch, parts.cancel, parts.go, parts.offer_panel, bench.changed],
        concurrency_id="fetch",
        concurrency_limit=2,
        **OWN,
    )
    parts.cancel.click(cancel, None, None, queue=False, **OWN)


def _connect_link(services: Services, bench: Workbench, parts: CompareParts) -> None:
    def write(
        picks: Sequence[str],
        threshold: float,
        wanted: bool,
        run: ComparisonRun | None,
        sight: Sight,
        request: gr.Request,
    ) -> str:
        least = matches.common_threshold(run, sight, threshold)
        told = high_performance.told(services.settings, wanted)
        photo = bench.trays.of(session_of(request)).chosen
        name = photo.name if photo else ""
        return page_link.query(picks, least, high_performance=told, photo=name)

    parts.link.click(
        write,
        [bench.ticked, bench.threshold, bench.high_performance, parts.run, parts.sight],
        parts.address,
        concurrency_limit=None,
        **OWN,
    ).then(None, parts.address, parts.address, js=_COPY_LINK, **OWN).then(
        lambda: gr.update(visible=True), None, parts.address, queue=False, **OWN
    )
