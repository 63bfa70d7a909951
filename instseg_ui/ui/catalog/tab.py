"""Catalog: every model with its published figures, and what this machine holds of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from instseg_ui.errors import InstSegError
from instseg_ui.show import tradeoff
from instseg_ui.show.plotly_charts import TRADEOFF_PX, figure
from instseg_ui.ui.catalog import card as model_card
from instseg_ui.ui.catalog import engines
from instseg_ui.ui.shared import fetch as model_fetch
from instseg_ui.ui.shared.events import OWN, said, told, window_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench import models
from instseg_ui.ui.workbench.model_list import ModelListView, model_list_value
from instseg_ui.ui.workbench.panel import Workbench, named, number_of

_ACTIONS: tuple[model_card.Action, ...] = ("verify", "fetch", "unload", "remove")
_WORDS = {
    "verify": "Verify",
    "fetch": "Fetch",
    "unload": "Unload from memory",
    "remove": "Remove from disk",
}
_TAB = "catalog"


@dataclass(frozen=True)
class CatalogParts:
    """The tab's components; `changed` changes whenever disk or memory did."""

    list: ModelListView
    usage: gr.HTML
    chosen: gr.State
    action: gr.State
    changed: gr.State
    card: gr.HTML
    buttons: dict[model_card.Action, gr.Button]
    ask: gr.Column
    question: gr.HTML
    yes: gr.Button
    no: gr.Button
    basis: gr.Dropdown
    chart: gr.Plot


def catalog_tab(services: Services, bench: Workbench, tab: gr.Tab) -> None:
    """Lay the tab out and connect it; it is read anew whenever it is opened."""
    parts = _layout(services)
    _connect_reading(services, bench, parts, tab)
    _connect_asking(services, parts)
    _connect_acting(services, bench, parts)
    _connect_verifying(services, parts)


def _layout(services: Services) -> CatalogParts:
    catalog = services.segmenter.catalog
    chosen, action = gr.State(services.settings.default_model), gr.State("fetch")
    changed = gr.State(0)
    usage = gr.HTML(elem_id="cat-usage")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            listed = ModelListView(
                model_list_value(models.rows(services), services.settings.default_model),
                wide=True,
                elem_id="cat-models",
            )
            gr.HTML(model_card.basis(catalog))
        with gr.Column(scale=2, min_width=270):
            card = gr.HTML(elem_id="cat-card")
            with gr.Row(elem_classes="cat-actions"):
                buttons = {name: _button(name) for name in _ACTIONS}
            with gr.Column(visible=False, elem_id="cat-ask") as ask:
                question = gr.HTML()
                with gr.Row():
                    no = gr.Button("Keep", size="sm", elem_id="cat-no")
                    yes = gr.Button("Yes", variant="primary", size="sm", elem_id="cat-yes")
    basis = gr.Dropdown(
        [(words, key) for key, words in tradeoff.BASES.items()],
        value="gpu_normal_ms" if services.settings.device != "cpu" else "cpu_hp_ms",
        label="Accuracy against published latency on",
        elem_id="cat-basis",
    )
    chart = gr.Plot(show_label=False, elem_id="cat-chart")
    return CatalogParts(
        list=listed,
        usage=usage,
        chosen=chosen,
        action=action,
        changed=changed,
        card=card,
        buttons=buttons,
        ask=ask,
        question=question,
        yes=yes,
        no=no,
        basis=basis,
        chart=chart,
    )


def _button(action: model_card.Action) -> gr.Button:
    return gr.Button(_WORDS[action], size="sm", visible=False, elem_id=f"cat-{action}")


def _connect_reading(
    services: Services, bench: Workbench, parts: CatalogParts, tab: gr.Tab
) -> None:
    records = engines.Records(services.segmenter)

    def listed(model: str, ticked: list[str], answers: int | None = None) -> dict[str, Any]:
        rows = models.rows(services, model_card.gains(services, records.known()))
        return dict(model_list_value(rows, model, ticked, answers))

    def read(model: str, ticked: list[str]) -> list[Any]:
        card = model_card.card(services, model, records.find(model))
        shown = [gr.update(visible=name in card.actions) for name in parts.buttons]
        return [model_card.usage(services), listed(model, ticked), card.html, *shown]

    def find_records(changed: int) -> int:
        return changed + 1 if records.find_all() else changed

    def pick(event: gr.EventData) -> str:
        sent = named(event, "model")
        with said():
            return services.segmenter.catalog.get(sent if isinstance(sent, str) else "").id

    def draw(basis: str) -> Any:
        return figure(tradeoff.tradeoff(list(services.segmenter.catalog), {}, basis), TRADEOFF_PX)

    load = gr.context.Context.root_block.load
    gr.on(
        [
            load,
            tab.select,
            parts.chosen.change,
            parts.changed.change,
            bench.changed.change,
            bench.ticked.change,
        ],
        read,
        [parts.chosen, bench.ticked],
        [parts.usage, parts.list, parts.card, *parts.buttons.values()],
        trigger_mode="always_last",
        concurrency_limit=None,
        **OWN,
    )
    # Apart from the rest: it may take seconds, once.
    tab.select(find_records, parts.changed, parts.changed, concurrency_limit=None, **OWN)
    # Queued: only then does the page hear that a state has changed.
    parts.list.select(
        pick, None, parts.chosen, concurrency_limit=None, trigger_mode="always_last", **OWN
    )

    def tick(model: str, event: gr.EventData) -> tuple[list[str], dict[str, Any]]:
        with said():
            ticked = models.picked(services, named(event, "ticked"))
        return ticked, listed(model, ticked, number_of(event))

    parts.list.input(
        tick,
        parts.chosen,
        [bench.ticked, parts.list],
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )
    bench.model.change(lambda model: model, bench.model, parts.chosen, **OWN)
    gr.on(
        [load, parts.basis.change],
        draw,
        parts.basis,
        parts.chart,
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )


def _connect_asking(services: Services, parts: CatalogParts) -> None:
    for name, button in parts.buttons.items():
        if name == "verify":
            continue

        def ask(model: str, request: gr.Request, name: model_card.Action = name) -> list[Any]:
            if name == "fetch" and services.jobs["fetch"].busy(window_of(request)):
                gr.Info("One model is fetched at a time. Ask again when that is done.")
                return [gr.skip()] * 5
            asked = model_card.question(services, model, name)
            yes = gr.update(value=asked.button, visible=asked.possible)
            no = "Keep" if name == "remove" else "Not now"
            return [name, asked.html, yes, gr.update(value=no), gr.update(visible=True)]

        button.click(
            ask,
            parts.chosen,
            [parts.action, parts.question, parts.yes, parts.no, parts.ask],
            concurrency_limit=None,
            **OWN,
        )

    def dismiss(request: gr.Request) -> dict[str, Any]:
        services.jobs["fetch"].stop(window_of(request), _TAB)
        services.jobs["verify"].stop(window_of(request))
        return gr.update(visible=False)

    gr.on(
        [parts.no.click, parts.chosen.change],
        dismiss,
        None,
        parts.ask,
        queue=False,
        trigger_mode="always_last",
        **OWN,
    )


def _connect_acting(services: Services, bench: Workbench, parts: CatalogParts) -> None:
    def act(
        model: str, action: model_card.Action, changed: int, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        if action == "fetch":
            yield from fetch(model, changed, request)
            return
        try:
            gr.Info(model_card.act(services, model, action))
        except InstSegError as error:
            raise gr.Error(told(error), print_exception=False) from None
        yield {
            parts.ask: gr.update(visible=False),
            parts.changed: changed + 1,
            bench.changed: time.monotonic_ns(),
        }

    def fetch(model: str, changed: int, request: gr.Request) -> Iterator[dict[Any, Any]]:
        if services.jobs["fetch"].doing(window_of(request)) not in (None, _TAB):
            gr.Info("One model is fetched at a time. Ask again when that is done.")
            return
        for step in model_fetch.fetch(services, model, window_of(request), _TAB):
            yield {
                parts.question: step.html,
                parts.yes: gr.update(value="Try again", visible=step.finished),
                parts.no: gr.update(value="Close" if step.finished else "Cancel"),
                parts.ask: gr.update(visible=not step.models),
                parts.changed: changed + 1 if step.finished else gr.skip(),
                bench.changed: time.monotonic_ns() if step.finished else gr.skip(),
            }

    parts.yes.click(
        act,
        [parts.chosen, parts.action, parts.changed],
        [parts.question, parts.yes, parts.no, parts.ask, parts.changed, bench.changed],
        concurrency_id="fetch",
        concurrency_limit=2,
        **OWN,
    )


def _connect_verifying(services: Services, parts: CatalogParts) -> None:
    def verify(model: str, changed: int, request: gr.Request) -> Iterator[dict[Any, Any]]:
        for step in engines.verify(services, model, window_of(request)):
            yield {
                parts.question: step.html,
                parts.yes: gr.update(visible=False),
                parts.no: gr.update(value="Close" if step.finished else "Stop"),
                parts.ask: gr.update(visible=bool(step.html)),
                parts.changed: changed + 1 if step.finished else gr.skip(),
            }

    parts.buttons["verify"].click(
        verify,
        [parts.chosen, parts.changed],
        [parts.question, parts.yes, parts.no, parts.ask, parts.changed],
        concurrency_id="verify",
        concurrency_limit=2,
        **OWN,
    )
