"""Compare: one photo, several models side by side, where they agree, and which one to ship."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.ui import link as page_link
from instseg_ui.ui.compare import matches
from instseg_ui.ui.compare import run as compare_run
from instseg_ui.ui.compare.example import connect_example
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.results import findings
from instseg_ui.ui.compare.run import ComparisonRun
from instseg_ui.ui.shared import fetch as model_fetch
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared import picks as model_picks
from instseg_ui.ui.shared.events import OWN, session_of
from instseg_ui.ui.shared.example import ExampleNotice, notice_layout
from instseg_ui.ui.shared.photo import PhotoInput
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer import CompareGrid

_COPY_LINK = (Path(__file__).parent / "copy_link.js").read_text(encoding="utf-8")
_TAB = "compare"


@dataclass(frozen=True)
class CompareParts:
    """The tab's components; the findings below are made from `run` and `sight`."""

    photo: PhotoInput
    picks: gr.CheckboxGroup
    threshold: gr.State
    go: gr.State
    compare: gr.Button
    high_performance: gr.Checkbox
    stop: gr.Button
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
    shortcuts: dict[str, gr.Button]
    notice: ExampleNotice


def compare_tab(services: Services) -> CompareParts:
    """Lay the tab out and connect it; its photo and its picks are set from outside too."""
    parts = _layout(services)
    _connect_picking(services, parts)
    _connect_running(services, parts)
    _connect_fetching(services, parts)
    _connect_link(services, parts)
    findings(services, parts.grid, parts.run, parts.sight)
    connect_example(services, parts.photo, parts.grid, parts.run, parts.notice)
    return parts


def refresh_picks(services: Services, parts: CompareParts, tab: gr.Tab) -> None:
    """Say anew which models are here whenever the tab is opened."""
    tab.select(
        lambda picks: gr.update(choices=model_picks.choices(services), value=picks),
        parts.picks,
        parts.picks,
        queue=False,
        **OWN,
    )


def _layout(services: Services) -> CompareParts:
    run, sight = gr.State(None), gr.State(Sight())
    threshold, go = gr.State(page_link.THRESHOLD), gr.State(0)
    with gr.Row(elem_classes="cmp-setup", equal_height=False):
        with gr.Column(scale=1, min_width=200, elem_classes="side"):
            photo = PhotoInput(
                value=str(services.examples[0]) if services.examples else None,
                label="Photo",
                sources=["upload", "webcam", "clipboard"],
                height=190,
                elem_id="cmp-photo",
                buttons=[],
                placeholder="Drop a photo here\nor click to choose one",
            )
        with gr.Column(scale=5, min_width=320):
            shortcuts, picks = model_picks.picks_layout(
                services,
                "Models to compare: published mask AP, size, state",
                "cmp-picks",
                model_picks.ready(services),
            )
    with gr.Column(visible=False, elem_id="cmp-offer") as offer_panel:
        offer = gr.HTML()
        with gr.Row():
            cancel = gr.Button("Cancel", size="sm", visible=False, elem_id="cmp-cancel")
            fetch = gr.Button("Fetch", variant="primary", size="sm", elem_id="cmp-fetch")
    with gr.Row(elem_classes="cmp-actions", equal_height=True):
        compare = gr.Button("Compare", variant="primary", elem_id="cmp-go")
        stop = gr.Button("Stop", visible=False, elem_id="cmp-stop")
        switch = high_performance.switch(services.settings, "cmp-high-performance")
        progress = gr.HTML(model_picks.hint([]), elem_id="cmp-progress")
        link = gr.Button("Copy link", elem_id="cmp-link")
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
        photo=photo,
        picks=picks,
        threshold=threshold,
        go=go,
        compare=compare,
        high_performance=switch,
        stop=stop,
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
        shortcuts=shortcuts,
        notice=notice,
    )


def _connect_picking(services: Services, parts: CompareParts) -> None:
    def describe(
        picks: Sequence[str], run: ComparisonRun | None, request: gr.Request
    ) -> dict[Any, Any]:
        shown: dict[Any, Any] = {parts.compare: gr.update(value=model_picks.button(picks))}
        if run is None:
            shown[parts.progress] = model_picks.hint(picks)
        if not services.jobs["fetch"].busy(session_of(request)):
            offer = model_fetch.offer_all(services, picks)
            shown[parts.offer_panel] = gr.update(visible=offer is not None)
        if not services.jobs["fetch"].busy(session_of(request)) and offer:
            shown[parts.offer] = offer.html
            shown[parts.fetch] = gr.update(value=offer.button, visible=offer.possible)
            shown[parts.cancel] = gr.update(visible=False)
        return shown

    gr.on(
        [parts.picks.change, gr.context.Context.root_block.load],
        describe,
        [parts.picks, parts.run],
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
    for name, button in parts.shortcuts.items():

        def pick(picks: Sequence[str], name: str = name) -> list[str]:
            return model_picks.toggled(services, picks, name)

        button.click(pick, parts.picks, parts.picks, concurrency_limit=None, **OWN)


def _connect_running(services: Services, parts: CompareParts) -> None:
    def run(
        photo: str | None, picks: Sequence[str], threshold: float, wanted: bool, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        cache, session = Path(parts.grid.GRADIO_CACHE), session_of(request)
        engine = high_performance.engine(services.settings, wanted)
        for view in compare_run.run(services, photo, picks, threshold, session, cache, engine):
            shown: dict[Any, Any] = {
                parts.progress: view.progress,
                parts.stop: gr.update(visible=view.busy),
            }
            if view.grid is not None:
                shown[parts.grid] = view.grid
            if view.run is not None or view.cleared:
                shown[parts.run] = view.run
            yield shown

    def stop(request: gr.Request) -> None:
        services.jobs["compare"].stop(session_of(request))

    gr.on(
        [parts.compare.click, parts.go.change],
        run,
        [parts.photo, parts.picks, parts.threshold, parts.high_performance],
        [parts.progress, parts.stop, parts.grid, parts.run],
        trigger_mode="multiple",
        # Apart from the Segment tab's: whoever compares for minutes keeps nobody else waiting.
        concurrency_id="comparisons",
        concurrency_limit=3,
        **OWN,
    )
    parts.stop.click(stop, None, None, queue=False, **OWN)


def _connect_fetching(services: Services, parts: CompareParts) -> None:
    def fetch(picks: Sequence[str], request: gr.Request) -> Iterator[dict[Any, Any]]:
        for step in model_fetch.fetch_all(services, picks, session_of(request), _TAB):
            shown = {
                parts.offer: step.html,
                parts.fetch: gr.update(value="Try again", visible=step.finished),
                parts.cancel: gr.update(visible=not step.finished),
            }
            if step.models:
                shown |= {parts.go: time.monotonic_ns()}
                shown[parts.offer_panel] = gr.update(visible=False)
            yield shown

    def cancel(request: gr.Request) -> None:
        services.jobs["fetch"].stop(session_of(request), _TAB)

    parts.fetch.click(
        fetch,
        parts.picks,
        [parts.offer, parts.fetch, parts.cancel, parts.go, parts.offer_panel],
        concurrency_id="fetch",
        concurrency_limit=2,
        **OWN,
    ).then(
        lambda picks: gr.update(choices=model_picks.choices(services), value=picks),
        parts.picks,
        parts.picks,
        queue=False,
        **OWN,
    )
    parts.cancel.click(cancel, None, None, queue=False, **OWN)


def _connect_link(services: Services, parts: CompareParts) -> None:
    starts_on = high_performance.starts_on(services.settings)

    def write(
        picks: Sequence[str],
        threshold: float,
        wanted: bool,
        run: ComparisonRun | None,
        sight: Sight,
    ) -> str:
        least = matches.common_threshold(run, sight, threshold)
        told = wanted if wanted != starts_on else None
        return page_link.query(picks, least, high_performance=told)

    parts.link.click(
        write,
        [parts.picks, parts.threshold, parts.high_performance, parts.run, parts.sight],
        parts.address,
        concurrency_limit=None,
        **OWN,
    ).then(None, parts.address, parts.address, js=_COPY_LINK, **OWN).then(
        lambda: gr.update(visible=True), None, parts.address, queue=False, **OWN
    )
