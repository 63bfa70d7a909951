"""Models of the visitor's own: a zip or a path becomes a row of the list, and goes again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import gradio as gr

from instseg_ui.ui.shared import own_models
from instseg_ui.ui.shared.events import OWN, said, window_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.panel import Workbench, named


@dataclass(frozen=True)
class OwnCard:
    """The form that adds a model, and the question before one is removed.

    `path` is hidden where the page is served to others too.
    """

    panel: gr.Column
    zip: gr.File
    path: gr.Textbox
    name: gr.Textbox
    progress: gr.HTML
    add: gr.Button
    close: gr.Button
    asked: gr.State
    ask: gr.Column
    question: gr.HTML
    yes: gr.Button
    no: gr.Button


def own_models_card(services: Services, bench: Workbench) -> None:
    """Lay it out and connect it; nothing of it is there where adding is off."""
    if bench.add is None:
        return
    card = _layout(services)
    _connect_adding(services, bench, card, bench.add)
    _connect_removing(services, bench, card)


def _layout(services: Services) -> OwnCard:
    with gr.Column(visible=False, elem_id="own") as panel:
        gr.Markdown(
            "**Add a model.** Zip the folder that PaddleX exports: `best_model/inference`.",
            elem_id="own-words",
        )
        zipped = gr.File(
            label="Zip",
            file_types=[".zip"],
            type="filepath",
            height=124,
            elem_id="own-zip",
            elem_classes="file-place",
        )
        path = gr.Textbox(
            label="Or the folder's path on this machine",
            placeholder="/home/me/output/best_model/inference",
            max_lines=1,
            visible=own_models.paths_allowed(services.settings),
            elem_id="own-path",
        )
        name = gr.Textbox(
            label="Name", placeholder="as the folder or zip is called", max_lines=1,
            elem_id="own-name",
        )  # fmt: skip
        shown = gr.HTML("", elem_id="own-progress")
        with gr.Row():
            close = gr.Button("Close", size="sm", elem_id="own-close")
            add = gr.Button("Add", variant="primary", size="sm", elem_id="own-add")
    with gr.Column(visible=False, elem_id="own-ask") as ask:
        question = gr.HTML()
        with gr.Row():
            no = gr.Button("Keep", size="sm", elem_id="own-no")
            yes = gr.Button("Remove", variant="primary", size="sm", elem_id="own-yes")
    return OwnCard(
        panel, zipped, path, name, shown, add, close, gr.State(None), ask, question, yes, no
    )


def _connect_adding(
    services: Services, bench: Workbench, card: OwnCard, opening: gr.Button
) -> None:
    def begin(request: gr.Request) -> list[Any]:
        busy = services.jobs["own"].busy(window_of(request))
        return [gr.update(visible=True), gr.skip() if busy else ""]

    def add_model(
        upload: str | None, path: str, name: str, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        with said():
            host = request.client.host if request.client else None
            place = own_models.chosen_place(
                services.settings, upload, path, host, dict(request.headers or {})
            )
        for step in own_models.steps(services, place, str(name or ""), window_of(request)):
            update: dict[Any, Any] = {
                card.progress: step.html,
                card.add: gr.update(interactive=step.finished),
                card.close: gr.update(value="Close" if step.finished else "Cancel"),
            }
            if step.added:
                gr.Info(step.added.sentence)
                update |= _begun_anew(card)
                update |= {bench.model: step.added.spec.id, bench.run: time.monotonic_ns()}
                update[bench.changed] = time.monotonic_ns()
                if upload:
                    with suppress(OSError):
                        place.unlink()
            yield update

    def close(request: gr.Request) -> dict[str, Any]:
        services.jobs["own"].stop(window_of(request))
        return gr.update(visible=False)

    opening.click(begin, None, [card.panel, card.progress], queue=False, **OWN)
    gr.on(
        [card.add.click, card.name.submit],
        add_model,
        [card.zip, card.path, card.name],
        [
            card.progress, card.add, card.close, card.panel, card.zip, card.path, card.name,
            bench.model, bench.run, bench.changed,
        ],
        concurrency_id="own",
        concurrency_limit=1,
        trigger_mode="once",
        **OWN,
    )  # fmt: skip
    card.close.click(close, None, card.panel, queue=False, **OWN)


def _begun_anew(card: OwnCard) -> dict[Any, Any]:
    """The form as it is before anything was put in."""
    return {
        card.panel: gr.update(visible=False),
        card.progress: "",
        card.zip: None,
        card.path: "",
        card.name: "",
    }


def _connect_removing(services: Services, bench: Workbench, card: OwnCard) -> None:
    def ask(event: gr.EventData) -> list[Any]:
        sent = named(event, "model")
        with said():
            spec = services.segmenter.catalog.get(sent if isinstance(sent, str) else "")
        return [spec.id, own_models.removal(services, spec), gr.update(visible=True)]

    def remove(asked: str, model: str, ticked: list[str]) -> dict[Any, Any]:
        with said():
            gr.Info(own_models.remove(services, asked))
        update: dict[Any, Any] = {
            card.ask: gr.update(visible=False),
            bench.ticked: [one for one in ticked if one != asked],
            bench.changed: time.monotonic_ns(),
        }
        if model == asked:
            update |= {bench.model: services.settings.default_model}
            update |= {bench.run: time.monotonic_ns()}
        return update

    bench.list.delete(
        ask,
        None,
        [card.asked, card.question, card.ask],
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )
    card.yes.click(
        remove,
        [card.asked, bench.model, bench.ticked],
        [card.ask, bench.ticked, bench.model, bench.run, bench.changed],
        concurrency_limit=None,
        **OWN,
    )
    card.no.click(lambda: gr.update(visible=False), None, card.ask, queue=False, **OWN)
