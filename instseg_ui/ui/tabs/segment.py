"""Segment: one photo, one model, every mask next to the measured latency and the size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.errors import InstSegError
from instseg_ui.ui import catalog_table, fetching, looking
from instseg_ui.ui.photo import Photo
from instseg_ui.ui.services import Services
from instseg_ui.ui.viewer import Viewer, uploaded_photo

_QUEUED: dict[str, Any] = {"concurrency_id": "models", "concurrency_limit": 4}
_OWN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True)
class Parts:
    """The tab's components. `run` changes whenever a model is to be run, also the same again."""

    model: gr.State
    run: gr.State
    photo: Photo
    examples: gr.Dataset
    facts: gr.HTML
    stop: gr.Button
    viewer: Viewer
    table: gr.Dataframe
    asked: gr.State
    fetch_panel: gr.Column
    offer: gr.HTML
    fetch: gr.Button
    dismiss: gr.Button


def segment_tab(services: Services) -> None:
    """Lay the tab out and connect it."""
    parts = _layout(services)
    _connect_looking(services, parts)
    _connect_picking(services, parts)
    _connect_fetching(services, parts)
    _segment_endpoint(services)


def _layout(services: Services) -> Parts:
    model, run = gr.State(services.settings.default_model), gr.State(0)
    asked = gr.State(None)
    with gr.Row(elem_classes="instrument", equal_height=False):
        with gr.Column(scale=1, min_width=250, elem_classes="side"):
            photo, examples = _photo_side(services)
            facts = gr.HTML(elem_id="facts")
        with gr.Column(scale=4, min_width=320, elem_classes="stage-side"):
            viewer = Viewer(elem_id="viewer")
            stop = gr.Button("Stop", size="sm", visible=False, elem_id="stop")
    with gr.Column(visible=False, elem_id="fetch") as fetch_panel:
        offer = gr.HTML(elem_id="fetch-offer")
        with gr.Row():
            dismiss = gr.Button("Not now", size="sm", elem_id="fetch-dismiss")
            fetch = gr.Button("Fetch", variant="primary", size="sm", elem_id="fetch-button")
    table = _table(services)
    return Parts(
        model,
        run,
        photo,
        examples,
        facts,
        stop,
        viewer,
        table,
        asked,
        fetch_panel,
        offer,
        fetch,
        dismiss,
    )


def _photo_side(services: Services) -> tuple[Photo, gr.Dataset]:
    photo = Photo(
        value=str(services.examples[0]) if services.examples else None,
        label="Photo",
        sources=["upload", "webcam", "clipboard"],
        height=150,
        elem_id="photo",
        buttons=[],
        placeholder="Drop a photo here\nor click to choose one",
    )
    examples = gr.Dataset(
        label="Examples",
        components=[gr.Image(visible=False)],
        samples=[[str(path)] for path in services.examples],
        layout="gallery",
        elem_id="examples",
    )
    return photo, examples


def _table(services: Services) -> gr.Dataframe:
    return gr.Dataframe(
        value=lambda: catalog_table.styled(services.segmenter, services.settings.default_model),
        headers=list(catalog_table.HEADERS),
        datatype=list(catalog_table.DATATYPES),
        column_widths=list(catalog_table.WIDTHS),
        label="Models and their published figures; HP: high performance. Click a row to run it.",
        interactive=False,
        show_search="filter",
        max_height=600,
        buttons=["fullscreen"],
        elem_id="models",
    )


def _connect_looking(services: Services, parts: Parts) -> None:
    def look(photo: str | None, model: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        cache = Path(parts.viewer.GRADIO_CACHE)
        for view in looking.look(services, photo, model, _session(request), cache):
            if view.failure:
                gr.Warning(view.failure, duration=8)
            yield view.viewer, view.facts, gr.update(visible=view.busy)

    def mark(model: str) -> Any:
        return catalog_table.styled(services.segmenter, model)

    def stop(request: gr.Request) -> None:
        services.jobs.stop(_session(request))

    def take(event: gr.EventData) -> str:
        return str(uploaded_photo(event))

    gr.on(
        [parts.photo.change, parts.run.change, gr.context.Context.root_block.load],
        look,
        [parts.photo, parts.model],
        [parts.viewer, parts.facts, parts.stop],
        trigger_mode="multiple",
        **_QUEUED,
        **_OWN,
    ).then(mark, parts.model, parts.table, queue=False, **_OWN)
    parts.stop.click(stop, None, None, queue=False, **_OWN)
    parts.viewer.upload(take, None, parts.photo, queue=False, **_OWN)


def _connect_picking(services: Services, parts: Parts) -> None:
    def pick(event: gr.SelectData, request: gr.Request) -> dict[Any, Any]:
        model = catalog_table.picked(event.row_value)
        needed = fetching.offer(services, model)
        fetching_now = services.fetches.busy(_session(request))
        if needed is None:
            panel = gr.update(visible=fetching_now)
            return {
                parts.model: model,
                parts.run: time.monotonic_ns(),
                parts.fetch_panel: panel,
            }
        if fetching_now:
            gr.Info("One model is fetched at a time. Pick this one when that is done.")
            return {parts.asked: gr.skip()}
        return {
            parts.asked: model,
            parts.fetch_panel: gr.update(visible=True),
            parts.offer: needed.html,
            parts.fetch: gr.update(value=needed.button, visible=needed.possible),
            parts.dismiss: gr.update(value="Not now" if needed.possible else "Close"),
        }

    def show_example(event: gr.SelectData) -> str:
        return str(services.examples[event.index])

    # Queued: only then does the page hear that a state has changed.
    parts.table.select(
        pick,
        None,
        [
            parts.model,
            parts.run,
            parts.asked,
            parts.fetch_panel,
            parts.offer,
            parts.fetch,
            parts.dismiss,
        ],
        concurrency_limit=None,
        **_OWN,
    )
    parts.examples.select(show_example, None, parts.photo, queue=False, **_OWN)


def _connect_fetching(services: Services, parts: Parts) -> None:
    def fetch(model: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        for step in fetching.fetch(services, model, _session(request)):
            shown = {
                parts.offer: step.html,
                parts.fetch: gr.update(value="Try again", visible=step.finished),
                parts.dismiss: gr.update(value="Close" if step.finished else "Cancel"),
            }
            if step.model:
                shown |= {parts.model: step.model, parts.run: time.monotonic_ns()}
                shown[parts.fetch_panel] = gr.update(visible=False)
            yield shown

    def dismiss(request: gr.Request) -> dict[str, Any]:
        services.fetches.stop(_session(request))
        return gr.update(visible=False)

    parts.fetch.click(
        fetch,
        parts.asked,
        [parts.offer, parts.model, parts.run, parts.fetch, parts.dismiss, parts.fetch_panel],
        concurrency_id="fetch",
        concurrency_limit=2,
        **_OWN,
    ).then(
        lambda model: catalog_table.styled(services.segmenter, model),
        parts.model,
        parts.table,
        queue=False,
        **_OWN,
    )
    parts.dismiss.click(dismiss, None, parts.fetch_panel, queue=False, **_OWN)


def _segment_endpoint(services: Services) -> None:
    """`/segment` for `gradio_client` and scripts; the page itself does not use it."""

    def segment(image: str | None, model: str, threshold: float) -> dict[str, Any]:
        try:
            return looking.answer(services, image, model, threshold)
        except InstSegError as error:
            raise gr.Error(str(error), print_exception=False) from None

    gr.Button(visible=False).click(
        segment,
        [
            Photo(label="image", visible=False),
            gr.Textbox(services.settings.default_model, label="model", visible=False),
            gr.Number(0.5, label="threshold", visible=False),
        ],
        gr.JSON(label="prediction", visible=False),
        api_name="segment",
        api_description=(
            "Find the instances of one image: label, score, box (xyxy, pixels) and COCO "
            "run-length mask of each, the timings in milliseconds and the model's size in MB."
        ),
        **_QUEUED,
    )


def _session(request: gr.Request) -> str:
    return request.session_hash or "nobody"
