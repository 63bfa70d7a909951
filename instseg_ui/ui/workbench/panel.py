"""The panel beside every view: the tray of photos above the list of models."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import escape

from instseg_ui.errors import InputError
from instseg_ui.ui.link import THRESHOLD
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.events import OWN, on_return, said, session_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench import batch, intake, models
from instseg_ui.ui.workbench.model_list import ModelListView, model_list_value
from instseg_ui.ui.workbench.tray import Tray, Trays
from instseg_ui.ui.workbench.tray_view import TrayView, tray_value

_MOST_SAFE = 2**53 - 1  # of the browser's whole numbers
_FOLD = (Path(__file__).parent / "fold.js").read_text(encoding="utf-8")
_INTRO = """
# InstSeg UI
Which segmentation model should I ship?
"""


@dataclass(frozen=True)
class Workbench:
    """What is chosen, and the components that choose it.

    `photo` is the path of the photo that is looked at, None until the page is set up; `model` the
    model that is, `ticked` those that are compared, `thresholds` by model those that the visitor
    has put in use, `threshold` that of every other model. `run` changes whenever the model is to be
    run, also the same again. `changed` changes whenever disk or memory did, which the list shows.
    `add` is None where models of the user's own are not added.
    """

    trays: Trays
    photo: gr.State
    model: gr.State
    ticked: gr.State
    thresholds: gr.State
    threshold: gr.State
    run: gr.State
    changed: gr.State
    tray: TrayView
    list: ModelListView
    add: gr.Button | None
    high_performance: gr.Checkbox
    batch: gr.Button
    stop: gr.Button
    progress: gr.HTML


def workbench_panel(services: Services) -> Workbench:
    """Lay the panel out and connect it; the views are connected to it from outside."""
    parts = _layout(services)
    services.visits.on_end(parts.trays.leave)
    _connect_tray(services, parts)
    _connect_list(services, parts)
    _connect_batch(services, parts)
    return parts


def _layout(services: Services) -> Workbench:
    examples = intake.bundled_photos(services.examples, services.settings)
    trays = Trays(examples, services.visits)
    default, ticked = services.settings.default_model, models.ready(services)
    with gr.Row(elem_id="brand"):
        gr.Markdown(_INTRO, elem_id="intro")
        gr.Button("Fold", size="sm", min_width=30, elem_id="fold").click(
            None, None, None, js=_FOLD, queue=False, **OWN
        )
    tray = TrayView(tray_value(trays.of(""), [default]), elem_id="tray")
    with gr.Row(elem_id="batch", visible=True):
        run_all = gr.Button("Run all", size="sm", min_width=60, visible=False, elem_id="tray-run")
        stop = gr.Button("Stop", size="sm", min_width=60, visible=False, elem_id="tray-stop")
    progress = gr.HTML("", elem_id="tray-progress")
    listed = ModelListView(
        model_list_value(models.rows(services), default, ticked), elem_id="models"
    )
    add = (
        gr.Button("Add a model", size="sm", elem_id="models-add")
        if services.settings.may_add
        else None
    )
    switch = high_performance.switch(services.settings, "high-performance", info=True)
    return Workbench(
        trays=trays,
        photo=gr.State(None),
        model=gr.State(default),
        ticked=gr.State(ticked),
        thresholds=gr.State({}),
        threshold=gr.State(THRESHOLD),
        run=gr.State(0),
        changed=gr.State(0),
        tray=tray,
        list=listed,
        add=add,
        high_performance=switch,
        batch=run_all,
        stop=stop,
        progress=progress,
    )


def _connect_tray(services: Services, parts: Workbench) -> None:
    trays = parts.trays

    def shown(request: gr.Request, model: str, ticked: Sequence[str]) -> dict[Any, Any]:
        return _shown(parts, trays.of(session_of(request)), model, ticked)

    def add(
        model: str, ticked: list[str], event: gr.EventData, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        tray, first = trays.of(session_of(request)), None
        with said():
            for step in intake.take_in(tray, intake.brought(event._data), services.settings):
                update = shown(request, model, ticked)
                if step.photo != first or step.refused:
                    first = step.photo or step.refused
                    update[parts.photo] = first
                if step.sentence:
                    # Gradio shows it as HTML; it names files.
                    gr.Info(str(escape(step.sentence)), duration=10)
                trays.keep(session_of(request))
                yield update

    def choose(event: gr.EventData, request: gr.Request) -> str:
        with said():
            photo = trays.of(session_of(request)).choose(named(event, "key"))
        trays.keep(session_of(request))
        return photo.path

    def take_out(
        model: str, ticked: list[str], event: gr.EventData, request: gr.Request
    ) -> dict[Any, Any]:
        tray = trays.of(session_of(request))
        with said():
            tray.remove(named(event, "key"))
        trays.keep(session_of(request))
        return shown(request, model, ticked) | {
            parts.photo: tray.chosen.path if tray.chosen else None
        }

    def clear(model: str, ticked: list[str], request: gr.Request) -> dict[Any, Any]:
        tray = trays.of(session_of(request))
        tray.clear()
        trays.keep(session_of(request))
        return shown(request, model, ticked) | {
            parts.photo: tray.chosen.path if tray.chosen else None
        }

    def refresh(model: str, ticked: list[str], request: gr.Request) -> dict[Any, Any]:
        return shown(request, model, ticked)

    chosen, outputs = [parts.model, parts.ticked], [parts.tray, parts.batch, parts.photo]
    # Queued: only then does the page hear that a state has changed.
    parts.tray.upload(
        add,
        chosen,
        outputs,
        concurrency_id="tray",
        concurrency_limit=4,
        trigger_mode="multiple",
        **OWN,
    )
    parts.tray.select(
        choose, None, parts.photo, concurrency_limit=None, trigger_mode="always_last", **OWN
    )
    parts.tray.delete(
        take_out, chosen, outputs, concurrency_limit=None, trigger_mode="multiple", **OWN
    )
    parts.tray.clear(clear, chosen, outputs, concurrency_limit=None, **OWN)
    parts.ticked.change(
        refresh,
        chosen,
        outputs[:2],
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )


def _connect_list(services: Services, parts: Workbench) -> None:
    def tick(model: str, event: gr.EventData) -> tuple[list[str], dict[str, Any]]:
        with said():
            ticked = models.picked(services, named(event, "ticked"))
        listed = model_list_value(models.rows(services), model, ticked, number_of(event))
        return ticked, dict(listed)

    def refresh(model: str, ticked: list[str]) -> dict[str, Any]:
        return dict(model_list_value(models.rows(services), model, ticked))

    parts.list.input(
        tick,
        parts.model,
        [parts.ticked, parts.list],
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )
    gr.on(
        [parts.model.change, parts.ticked.change, parts.changed.change],
        refresh,
        [parts.model, parts.ticked],
        parts.list,
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )


def _connect_batch(services: Services, parts: Workbench) -> None:
    def run(ticked: list[str], wanted: bool, request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        tray = parts.trays.of(session)
        engine = high_performance.engine(services.settings, wanted)
        views = batch.run(services, tray, ticked, session, engine)
        for view in services.jobs["batch"].share(session, views):
            yield shown(view, session, ticked)

    def look_on(ticked: list[str], request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        for view in services.jobs["batch"].look_on(session):
            yield shown(view, session, ticked)

    def shown(view: batch.BatchView, session: str, ticked: list[str]) -> dict[Any, Any]:
        update: dict[Any, Any] = {
            parts.progress: view.progress,
            parts.stop: gr.update(visible=view.busy),
            parts.batch: gr.update(visible=not view.busy),
        }
        if view.noted:
            parts.trays.keep(session)
            update[parts.tray] = tray_value(parts.trays.of(session), list(ticked))
        if not view.busy:
            update[parts.changed] = time.monotonic_ns()
        return update

    def stop(request: gr.Request) -> None:
        services.jobs["batch"].stop(session_of(request))

    outputs = [parts.progress, parts.stop, parts.batch, parts.tray, parts.changed]
    on_return(services.jobs["batch"].shared, look_on, parts.ticked, outputs)
    parts.batch.click(
        run,
        [parts.ticked, parts.high_performance],
        outputs,
        concurrency_id="batch",
        concurrency_limit=2,
        trigger_mode="once",
        **OWN,
    )
    parts.stop.click(stop, None, None, queue=False, **OWN)


def first_photos(
    parts: Workbench, request: gr.Request, model: str, ticked: Sequence[str]
) -> dict[Any, Any]:
    """The photos that a window shows first: those that its visitor has here, else the examples."""
    tray = parts.trays.of(session_of(request))
    shown = _shown(parts, tray, model, ticked)
    return shown | {parts.photo: tray.chosen.path if tray.chosen else None}


def _shown(parts: Workbench, tray: Tray, model: str, ticked: Sequence[str]) -> dict[Any, Any]:
    several = tray.own and len(tray.photos) > 1
    return {
        parts.tray: tray_value(tray, counted(model, ticked)),
        parts.batch: gr.update(
            visible=several and bool(ticked), value=batch.label(len(tray.photos), len(ticked))
        ),
    }


def counted(model: str, ticked: Sequence[str]) -> list[str]:
    """The models whose counts the tray shows: the ticked ones, before them that looked at."""
    return list(ticked) if model in ticked else [model, *ticked]


def named(event: gr.EventData, name: str) -> object:
    """What an event of the page carries under that name.

    Raises:
        InputError: it carries nothing of the kind.
    """
    data = event._data
    if not isinstance(data, Mapping) or name not in data:
        raise InputError("The page did not say what was chosen. Reload it and try again.")
    return data[name]


def number_of(event: gr.EventData) -> int | None:
    """The number under which the page tells of its ticks; None for anything else it may send."""
    data = event._data
    number = data.get("number") if isinstance(data, Mapping) else None
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return number if 0 <= number <= _MOST_SAFE else None
