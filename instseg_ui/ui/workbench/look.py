"""Looking at a model: a click on its row runs it, or offers to fetch it first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.ui.shared import fetch as model_fetch
from instseg_ui.ui.shared.events import OWN, said, window_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.panel import Workbench, named

_SHOW_PICTURE = (Path(__file__).parent / "show_picture.js").read_text(encoding="utf-8")
_TAB = "workbench"


@dataclass(frozen=True)
class FetchCard:
    """The offer to fetch a model; `asked` is the model."""

    asked: gr.State
    panel: gr.Column
    offer: gr.HTML
    fetch: gr.Button
    dismiss: gr.Button


def look_at_models(services: Services, bench: Workbench) -> None:
    """Lay the offer out, and connect it and the list."""
    card = _layout()
    _connect_picking(services, bench, card)
    _connect_fetching(services, bench, card)


def _layout() -> FetchCard:
    with gr.Column(visible=False, elem_id="fetch") as panel:
        offer = gr.HTML(elem_id="fetch-offer")
        with gr.Row():
            dismiss = gr.Button("Not now", size="sm", elem_id="fetch-dismiss")
            fetch = gr.Button("Fetch", variant="primary", size="sm", elem_id="fetch-button")
    return FetchCard(gr.State(None), panel, offer, fetch, dismiss)


def _connect_picking(services: Services, bench: Workbench, card: FetchCard) -> None:
    def pick(event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        sent = named(event, "model")
        with said():
            model = services.segmenter.catalog.get(sent if isinstance(sent, str) else "").id
        needed = model_fetch.offer(services, model)
        fetching_now = services.jobs["fetch"].busy(window_of(request))
        if needed is None:
            return {
                bench.model: model,
                bench.run: time.monotonic_ns(),
                card.panel: gr.update(visible=fetching_now),
            }
        if fetching_now:
            gr.Info("One model is fetched at a time. Pick this one when that is done.")
            return {card.asked: gr.skip(), bench.changed: time.monotonic_ns()}
        return {
            card.asked: model,
            card.panel: gr.update(visible=True),
            card.offer: needed.html,
            card.fetch: gr.update(value=needed.button, visible=needed.possible),
            card.dismiss: gr.update(value="Not now" if needed.possible else "Close"),
            # The mark goes back to the model that is shown.
            bench.changed: time.monotonic_ns(),
        }

    # Queued: only then does the page hear that a state has changed.
    bench.list.select(
        pick,
        None,
        [
            bench.model,
            bench.run,
            bench.changed,
            card.asked,
            card.panel,
            card.offer,
            card.fetch,
            card.dismiss,
        ],
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )
    bench.run.change(None, None, None, js=_SHOW_PICTURE, queue=False, **OWN)


def _connect_fetching(services: Services, bench: Workbench, card: FetchCard) -> None:
    def fetch(model: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        for step in model_fetch.fetch(services, model, window_of(request), _TAB):
            shown = {
                card.offer: step.html,
                card.fetch: gr.update(value="Try again", visible=step.finished),
                card.dismiss: gr.update(value="Close" if step.finished else "Cancel"),
            }
            if step.models:
                shown |= {bench.model: step.models[0], bench.run: time.monotonic_ns()}
                shown |= {card.panel: gr.update(visible=False)}
            if step.finished:
                shown[bench.changed] = time.monotonic_ns()
            yield shown

    def dismiss(request: gr.Request) -> dict[str, Any]:
        services.jobs["fetch"].stop(window_of(request), _TAB)
        return gr.update(visible=False)

    card.fetch.click(
        fetch,
        card.asked,
        [
            card.offer,
            card.fetch,
            card.dismiss,
            card.panel,
            bench.model,
            bench.run,
            bench.changed,
        ],
        concurrency_id="fetch",
        concurrency_limit=2,
        **OWN,
    )
    card.dismiss.click(dismiss, None, card.panel, queue=False, **OWN)
