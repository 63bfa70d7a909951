"""Segment: one photo, one model, every mask next to the measured latency and the size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.errors import InstSegError
from instseg_ui.images.endings import UPLOAD_TYPES
from instseg_ui.ui.segment import run as segment_run
from instseg_ui.ui.shared import (
    export as file_export,
)
from instseg_ui.ui.shared import (
    fetch as model_fetch,
)
from instseg_ui.ui.shared import high_performance, model_table
from instseg_ui.ui.shared.events import OWN, said, save_script, session_of, told
from instseg_ui.ui.shared.photo import OpenButton, PhotoInput
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.uploads import bundled
from instseg_ui.ui.viewer import Viewer, uploaded_photo

_QUEUED: dict[str, Any] = {"concurrency_id": "models", "concurrency_limit": 4}

_SCRIPTS = Path(__file__).parent
_SHOW_PICTURE = (_SCRIPTS / "show_picture.js").read_text(encoding="utf-8")
_WHAT_IS_SHOWN = (_SCRIPTS / "what_is_shown.js").read_text(encoding="utf-8")
_TAB = "segment"


@dataclass(frozen=True)
class PhotoSide:
    """Where a photo comes in."""

    photo: PhotoInput
    opened: OpenButton
    take: gr.Button
    camera: PhotoInput
    examples: gr.Dataset


@dataclass(frozen=True)
class ExportSide:
    """Where the shown instances go out; the page sends `shown`, `file` hands the file over."""

    format: gr.Dropdown
    save: gr.Button
    shown: gr.JSON
    file: gr.DownloadButton


@dataclass(frozen=True)
class SegmentParts:
    """The tab's components.

    `run` changes whenever a model is to be run, also the same again; `refused` is why the last
    photo was none, `oversized` the photo that `scale` makes smaller.
    """

    model: gr.State
    run: gr.State
    side: PhotoSide
    facts: gr.HTML
    export: ExportSide
    stop: gr.Button
    viewer: Viewer
    high_performance: gr.Checkbox
    table: gr.Dataframe
    asked: gr.State
    refused: gr.State
    oversized: gr.State
    scale: gr.Button
    fetch_panel: gr.Column
    offer: gr.HTML
    fetch: gr.Button
    dismiss: gr.Button

    @property
    def photo(self) -> PhotoInput:
        """The photo that is looked at."""
        return self.side.photo


def segment_tab(services: Services) -> SegmentParts:
    """Lay the tab out and connect it."""
    parts = _layout(services)
    _connect_running(services, parts)
    _connect_export(services, parts)
    _connect_picking(services, parts)
    _connect_fetching(services, parts)
    return parts


def _layout(services: Services) -> SegmentParts:
    model, run = gr.State(services.settings.default_model), gr.State(0)
    asked, refused, oversized = gr.State(None), gr.State(""), gr.State("")
    with gr.Row(elem_classes="instrument", equal_height=False):
        with gr.Column(scale=1, min_width=250, elem_classes="side"):
            side = _photo_side(services)
            switch = high_performance.switch(services.settings, "high-performance", info=True)
            facts = gr.HTML(elem_id="facts")
            export = _export_side()
        with gr.Column(scale=4, min_width=320, elem_classes="stage-side"):
            viewer = Viewer(color_by="instance", elem_id="viewer")
            stop = gr.Button("Stop", size="sm", visible=False, elem_id="stop")
            scale = gr.Button("Scale it down", variant="primary", visible=False, elem_id="scale")
    with gr.Column(visible=False, elem_id="fetch") as fetch_panel:
        offer = gr.HTML(elem_id="fetch-offer")
        with gr.Row():
            dismiss = gr.Button("Not now", size="sm", elem_id="fetch-dismiss")
            fetch = gr.Button("Fetch", variant="primary", size="sm", elem_id="fetch-button")
    table = _table(services)
    return SegmentParts(
        model,
        run,
        side,
        facts,
        export,
        stop,
        viewer,
        switch,
        table,
        asked,
        refused,
        oversized,
        scale,
        fetch_panel,
        offer,
        fetch,
        dismiss,
    )


def _photo_side(services: Services) -> PhotoSide:
    photo = PhotoInput(
        value=str(services.examples[0]) if services.examples else None,
        label="Photo",
        sources=["upload"],
        height=86,
        elem_id="photo",
        buttons=[],
        placeholder="Drop a photo",
    )
    # The image's own buttons do nothing while it shows a picture, so ours stand below it.
    with gr.Row(elem_id="photo-buttons"):
        opened = OpenButton(
            "Open a photo", file_types=list(UPLOAD_TYPES), size="sm", min_width=60, elem_id="open"
        )
        take = gr.Button("Camera", size="sm", min_width=60, elem_id="take")
    camera = PhotoInput(
        label="Camera", sources=["webcam"], visible=False, height=210, elem_id="camera", buttons=[]
    )
    examples = gr.Dataset(
        label="Examples",
        components=[gr.Image(visible=False)],
        samples=[[str(path)] for path in services.examples],
        layout="gallery",
        elem_id="examples",
    )
    return PhotoSide(photo, opened, take, camera, examples)


def _export_side() -> ExportSide:
    with gr.Row(elem_id="export"):
        chosen = gr.Dropdown(
            [(name, format) for format, name in file_export.NAMES.items()],
            label="Format of the export",
            show_label=False,
            container=False,
            filterable=False,
            scale=3,
            min_width=60,
            elem_id="export-format",
        )
        save = gr.Button("Export", size="sm", scale=2, min_width=60, elem_id="export-save")
    shown = gr.JSON(visible=False)
    file = gr.DownloadButton(visible="hidden", elem_id="export-file")
    return ExportSide(chosen, save, shown, file)


def _table(services: Services) -> gr.Dataframe:
    return gr.Dataframe(
        value=model_table.styled(services.segmenter, services.settings.default_model),
        headers=list(model_table.HEADERS),
        datatype=list(model_table.DATATYPES),
        column_widths=list(model_table.WIDTHS),
        label="Models and their published figures; HP: high performance. Click a row to run it.",
        interactive=False,
        show_search="filter",
        max_height=800,
        buttons=["fullscreen"],
        elem_id="models",
    )


def _connect_running(services: Services, parts: SegmentParts) -> None:
    def run(
        photo: str | None, model: str, wanted: bool, refused: str, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        cache, busy = Path(parts.viewer.GRADIO_CACHE), False
        engine = high_performance.engine(services.settings, wanted)
        for view in segment_run.run(
            services, photo, model, session_of(request), cache, engine, refused
        ):
            # Of what is refused its own discarding tells once more.
            again = photo is None and bool(refused)
            told = "" if photo is None else view.refused
            offer = (gr.skip(), gr.skip()) if again else _offer_to_scale(photo, view.fits_at)
            yield view.viewer, view.facts, gr.update(visible=view.busy), told, *offer
            busy = view.busy
        # Gradio sends the last value again at the end; of a replaced run it must not come back.
        if busy:
            yield (gr.skip(),) * 6

    def discard(refused: str) -> Any:
        # The thumbnail of what is no photo is a broken picture.
        return None if refused else gr.skip()

    def mark(model: str) -> Any:
        return model_table.styled(services.segmenter, model)

    def stop(request: gr.Request) -> None:
        services.jobs["segment"].stop(session_of(request))

    def take(event: gr.EventData) -> str:
        return str(uploaded_photo(event))

    page = gr.context.Context.root_block
    page.load(mark, parts.model, parts.table, queue=False, **OWN)
    gr.on(
        [parts.photo.change, parts.run.change, parts.high_performance.change, page.load],
        run,
        [parts.photo, parts.model, parts.high_performance, parts.refused],
        [
            parts.viewer,
            parts.facts,
            parts.stop,
            parts.refused,
            parts.oversized,
            parts.scale,
        ],
        trigger_mode="multiple",
        **_QUEUED,
        **OWN,
    ).then(mark, parts.model, parts.table, queue=False, **OWN)
    # Queued: only then does the page hear that a state has changed.
    parts.refused.change(discard, parts.refused, parts.photo, concurrency_limit=None, **OWN)
    parts.run.change(None, None, None, js=_SHOW_PICTURE, queue=False, **OWN)
    parts.stop.click(stop, None, None, queue=False, **OWN)
    parts.viewer.upload(take, None, parts.photo, queue=False, **OWN)
    _connect_sources(services, parts.side)
    _connect_scaling(services, parts)


def _offer_to_scale(photo: str | None, share: float | None) -> tuple[str, dict[str, Any]]:
    """The photo that can be made smaller, and the button that does it."""
    if photo is None or share is None:
        return "", gr.update(visible=False)
    return photo, gr.update(visible=True, value=f"Scale it down to {share:.0%}")


def _connect_scaling(services: Services, parts: SegmentParts) -> None:
    def scale_down(photo: str) -> str:
        with said():
            smaller, sentence = segment_run.scaled(photo, services.settings)
        gr.Info(sentence, duration=8)
        return smaller

    parts.scale.click(
        scale_down,
        parts.oversized,
        parts.photo,
        concurrency_id="exports",
        concurrency_limit=4,
        **OWN,
    )


def _connect_sources(services: Services, side: PhotoSide) -> None:
    def show_example(event: gr.SelectData) -> str:
        return bundled(services.examples[event.index])

    def toggle_camera(shown: bool) -> tuple[bool, dict[str, Any]]:
        return not shown, gr.update(visible=not shown, value=None)

    def taken(frame: str | None) -> tuple[Any, ...]:
        if frame is None:
            return gr.skip(), gr.skip(), gr.skip()
        return frame, False, gr.update(visible=False, value=None)

    shown = gr.State(False)
    side.opened.upload(lambda path: path, side.opened, side.photo, queue=False, **OWN)
    side.examples.select(show_example, None, side.photo, queue=False, **OWN)
    side.take.click(toggle_camera, shown, [shown, side.camera], queue=False, **OWN)
    side.camera.change(taken, side.camera, [side.photo, shown, side.camera], queue=False, **OWN)


def _connect_export(services: Services, parts: SegmentParts) -> None:
    side = parts.export

    def save(photo: str | None, format: str, shown: object) -> str:
        cache = Path(parts.viewer.GRADIO_CACHE)
        try:
            seen = file_export.shown_in(shown)
            return str(file_export.export_file(services, photo, format, seen, cache))
        except InstSegError as error:
            raise gr.Error(told(error), title="Not exported", print_exception=False) from None

    side.save.click(
        save,
        [parts.photo, side.format, side.shown],
        side.file,
        js=_WHAT_IS_SHOWN,
        concurrency_id="exports",
        concurrency_limit=4,
        **OWN,
    ).success(None, None, None, js=save_script("export-file"), **OWN)


def _connect_picking(services: Services, parts: SegmentParts) -> None:
    def pick(event: gr.SelectData, request: gr.Request) -> dict[Any, Any]:
        model = model_table.picked(event.row_value)
        needed = model_fetch.offer(services, model)
        fetching_now = services.jobs["fetch"].busy(session_of(request))
        if needed is None:
            return {
                parts.model: model,
                parts.run: time.monotonic_ns(),
                parts.fetch_panel: gr.update(visible=fetching_now),
                parts.table: model_table.styled(services.segmenter, model or ""),
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
            parts.table,
        ],
        concurrency_limit=None,
        **OWN,
    )


def _connect_fetching(services: Services, parts: SegmentParts) -> None:
    def fetch(model: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        for step in model_fetch.fetch(services, model, session_of(request), _TAB):
            shown = {
                parts.offer: step.html,
                parts.fetch: gr.update(value="Try again", visible=step.finished),
                parts.dismiss: gr.update(value="Close" if step.finished else "Cancel"),
            }
            if step.models:
                shown |= {parts.model: step.models[0], parts.run: time.monotonic_ns()}
                shown[parts.fetch_panel] = gr.update(visible=False)
            yield shown

    def dismiss(request: gr.Request) -> dict[str, Any]:
        services.jobs["fetch"].stop(session_of(request), _TAB)
        return gr.update(visible=False)

    parts.fetch.click(
        fetch,
        parts.asked,
        [parts.offer, parts.model, parts.run, parts.fetch, parts.dismiss, parts.fetch_panel],
        concurrency_id="fetch",
        concurrency_limit=2,
        **OWN,
    ).then(
        lambda model: model_table.styled(services.segmenter, model),
        parts.model,
        parts.table,
        queue=False,
        **OWN,
    )
    parts.dismiss.click(dismiss, None, parts.fetch_panel, queue=False, **OWN)
