"""The panel's events: a training is begun, looked on at, stopped, gone on with, and taken away."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import htpy as h

from instseg_ui.errors import InputError
from instseg_ui.numbers import plural
from instseg_ui.show.html import folded, markup
from instseg_ui.show.training_view import charts_html, outcome_html, pictures_html
from instseg_ui.ui import uploads
from instseg_ui.ui.evaluate.desk import Desk
from instseg_ui.ui.evaluate.tab import EvaluateParts
from instseg_ui.ui.shared.events import OWN, on_return, said, save_script, session_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.teach import run as teach_run
from instseg_ui.ui.teach.desk import TeachDesk, TeachDesks
from instseg_ui.ui.teach.layout import NO_DATA, TeachPanel, teach_layout
from instseg_ui.ui.teach.record import can_go_on, is_made
from instseg_ui.ui.teach.run import MOST_AT_ONCE, TeachForm, TeachView
from instseg_ui.ui.workbench import models
from instseg_ui.ui.workbench.panel import Workbench

Shown = Callable[[TeachView, str], dict[Any, Any]]
_RUNNING: dict[str, Any] = {
    "concurrency_id": "teach",
    "concurrency_limit": 2 * MOST_AT_ONCE,
    "trigger_mode": "multiple",
}
_SHORT: dict[str, Any] = {"concurrency_id": "teach-short", "concurrency_limit": 4}


def teach_panel(
    services: Services, bench: Workbench, evaluation: EvaluateParts
) -> TeachPanel | None:
    """Lay the panel out and connect it; nothing of it is there where teaching is off."""
    if not services.settings.may_train:
        return None
    panel = teach_layout(services)
    jobs = services.jobs["teach"]
    desks = TeachDesks(services.settings, jobs.shared, services.visits)

    def leave(session: str) -> None:
        desks.of(session).left = True
        jobs.stop(session)
        desks.leave(session)

    services.visits.on_end(leave)
    _connect_running(services, bench, evaluation, desks, panel)
    _connect_describing(services, bench, evaluation, panel)
    _connect_taking(services, bench, desks, panel)
    return panel


def _connect_running(
    services: Services,
    bench: Workbench,
    evaluation: EvaluateParts,
    desks: TeachDesks,
    panel: TeachPanel,
) -> None:
    jobs = services.jobs["teach"]
    shown = _showing(bench, desks, panel)

    def teach(
        start: str | None,
        name: str,
        minutes: float,
        licence: str,
        keep: bool,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        session, form = session_of(request), TeachForm(start, name, minutes, licence, keep)
        with said():
            views = teach_run.begin(services, desks, evaluation.desks.of(session), form, session)
        for view in jobs.share(session, views, teach_run.merged):
            yield shown(view, session)

    def go_on(request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        with said():
            views = teach_run.go_on(services, desks, session)
        for view in jobs.share(session, views, teach_run.merged):
            yield shown(view, session)

    def look_on(request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        running = jobs.shared(session)
        view = teach_run.state_view(desks.of(session), running=running)
        if view is not None:
            yield shown(view, session) | {panel.fold: gr.update(open=True)}
        for view in jobs.look_on(session):
            yield shown(view, session)

    def stop(request: gr.Request) -> None:
        jobs.stop(session_of(request))

    outputs = [
        panel.progress, panel.stop, panel.on, panel.go, panel.charts, panel.pictures,
        panel.outcome, panel.use, panel.zip, bench.changed,
    ]  # fmt: skip
    panel.go.click(teach, panel.fields, outputs, **_RUNNING, **OWN)
    panel.on.click(go_on, None, outputs, **_RUNNING, **OWN)
    panel.stop.click(stop, None, None, queue=False, **OWN)
    on_return(
        lambda session: desks.of(session).record is not None,
        look_on,
        None,
        [*outputs, panel.fold],
    )


def _showing(bench: Workbench, desks: TeachDesks, panel: TeachPanel) -> Shown:
    """What a view changes on the page."""

    def shown(view: TeachView, session: str) -> dict[Any, Any]:
        desk = desks.of(session)
        update: dict[Any, Any] = {
            panel.progress: view.progress,
            panel.stop: gr.update(visible=view.busy),
            panel.go: gr.update(interactive=not view.busy),
        }
        with desk.lock:
            if view.charts:
                update |= {panel.charts: _charts(desk), panel.outcome: _outcome(desk)}
            if view.pictures:
                update[panel.pictures] = _pictures(desk)
            update |= _buttons(panel, desk, busy=view.busy)
        if view.added:
            update[bench.changed] = time.monotonic_ns()
        return update

    return shown


def _charts(desk: TeachDesk) -> str:
    record = desk.record
    return "" if record is None else charts_html(record.rounds, record.before)


def _pictures(desk: TeachDesk) -> str:
    return "" if desk.record is None else pictures_html(desk.record.pictures)


def _outcome(desk: TeachDesk) -> str:
    """The figures, when they are there, and what was left out of the data set."""
    record = desk.record
    if record is None:
        return ""
    result = record.result
    figures = None if result is None else outcome_html(result)
    return markup(figures, folded(record.findings, "What to know of the pictures"))


def _buttons(panel: TeachPanel, desk: TeachDesk, *, busy: bool) -> dict[Any, Any]:
    folder, record = desk.folder, desk.record
    done = record is not None and record.state == "done" and not busy
    made = done and folder is not None and is_made(folder)
    on = not busy and folder is not None and can_go_on(folder)
    return {
        panel.on: gr.update(visible=on),
        panel.use: gr.update(visible=made),
        panel.zip: gr.update(visible=made),
    }


def _connect_describing(
    services: Services, bench: Workbench, evaluation: EvaluateParts, panel: TeachPanel
) -> None:
    def describe(request: gr.Request) -> str:
        return _data_words(evaluation.desks.of(session_of(request)))

    def choices() -> dict[str, Any]:
        return gr.update(choices=teach_run.startable(services))

    evaluation.opened.change(describe, None, panel.data, **_SHORT, **OWN)
    gr.on(
        [gr.context.Context.root_block.load, bench.changed.change],
        choices,
        None,
        panel.start,
        trigger_mode="always_last",
        **_SHORT,
        **OWN,
    )


def _data_words(desk: Desk) -> str:
    """What is taught on, in a sentence."""
    with desk.reading:
        dataset = desk.dataset
        if dataset is None:
            return NO_DATA
        objects = int((~dataset.truths.crowd).sum())
        names = ", ".join(one.name for one in dataset.categories[:6])
        more = len(dataset.categories) - 6
        counts = f"{plural(len(dataset.images), 'picture')}, {plural(objects, 'object')}"
        classes = f"{names} and {more} more" if more > 0 else names
        return markup(h.p["On ", h.b[dataset.name], f": {counts} of {classes}."])


def _connect_taking(
    services: Services, bench: Workbench, desks: TeachDesks, panel: TeachPanel
) -> None:
    def use(ticked: list[str], request: gr.Request) -> dict[Any, Any]:
        session = session_of(request)
        with said():
            if services.jobs["teach"].shared(session):
                raise InputError("The model is still being taught. Wait for its end.")
            desk = desks.of(session)
            name = teach_run.used(services, desk)
            if desk.record is not None:
                teach_run.remember(services, desk.record, session)
            chosen = models.picked(services, [*ticked, name])
        gr.Info(f"{name} is ticked: compare and evaluate it beside the others.")
        return {bench.changed: time.monotonic_ns(), bench.ticked: chosen}

    def save(request: gr.Request) -> str:
        folder = Path(panel.file.GRADIO_CACHE) / secrets.token_hex(20)
        with said():
            path = teach_run.zip_of(desks.of(session_of(request)), folder)
        uploads.CREATED.add(str(path))
        return str(path)

    panel.use.click(use, bench.ticked, [bench.changed, bench.ticked], **_SHORT, **OWN)
    panel.zip.click(save, None, panel.file, **_SHORT, **OWN).success(
        None, None, None, js=save_script("teach-file"), **OWN
    )
