"""Evaluate: models measured against annotated pictures, and the pictures behind each number."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import htpy as h
from markupsafe import Markup

from instseg_ui.errors import InputError
from instseg_ui.numbers import plural
from instseg_ui.settings import Settings
from instseg_ui.show import evaluation_charts as charts
from instseg_ui.show.evaluation_files import to_html, to_json, write_results
from instseg_ui.show.html import markup
from instseg_ui.show.plotly_charts import figure
from instseg_ui.ui import link
from instseg_ui.ui.evaluate import figures as evaluate_figures
from instseg_ui.ui.evaluate import run as evaluate_run
from instseg_ui.ui.evaluate.decision import connect_decision, limits_of
from instseg_ui.ui.evaluate.desk import BUSY, Desk, Desks
from instseg_ui.ui.evaluate.events import (
    LATEST,
    RUNNING,
    SHORT,
    category_of,
    progress_of,
    result_of,
)
from instseg_ui.ui.evaluate.example import connect_example
from instseg_ui.ui.evaluate.layout import (
    EvaluationSetup,
    mapping_layout,
    setup_layout,
)
from instseg_ui.ui.evaluate.mapping import connect_mapping
from instseg_ui.ui.evaluate.pictures import connect_cases
from instseg_ui.ui.evaluate.results import ALL, EvaluationResults, results_layout
from instseg_ui.ui.evaluate.run import EvaluationForm, EvaluationView
from instseg_ui.ui.evaluate.thresholds import connect_thresholds
from instseg_ui.ui.shared import high_performance, history
from instseg_ui.ui.shared.actions import RunActions, actions_layout, fold_script, setup_fold
from instseg_ui.ui.shared.events import OWN, on_return, said, save_script, session_of
from instseg_ui.ui.shared.example import notice_layout
from instseg_ui.ui.shared.jobs import Jobs
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.panel import Workbench
from instseg_ui.ui.workbench.tray import Tray

_AGAIN: dict[str, Any] = {"concurrency_id": "evaluate", "concurrency_limit": 2}
_STYLE = Markup((Path(__file__).parent / "evaluate.css").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class EvaluateParts:
    """What works on the tab's data set needs of it; `opened` changes with the data set.

    `outputs` are what `shown` changes, given a view and whose it is.
    """

    desks: Desks
    jobs: Jobs
    opened: gr.State
    outputs: list[Any]
    shown: Callable[[EvaluationView, str], dict[Any, Any]]


def evaluate_tab(services: Services, bench: Workbench) -> EvaluateParts:
    """Lay the tab out and connect it."""
    gr.HTML(markup(h.style[_STYLE]), elem_id="eval-style")
    actions = actions_layout("Evaluate", evaluate_run.HINT, "eval", "Data set and settings")
    with setup_fold("eval"):
        setup = setup_layout(bench.ticked)
        mapping = mapping_layout()
    jobs = services.jobs["evaluate"]
    desks = Desks(services.settings, Path(setup.uploads.GRADIO_CACHE), services.visits)
    services.visits.on_end(desks.leave)
    services.accuracies.tell("measured", lambda session: desks.of(session).accuracies())
    notice = notice_layout("eval")
    results = results_layout(mapping.findings)
    _connect_running(services, bench, desks, jobs, setup, actions, results)
    _connect_return(services, desks, jobs, setup, actions, results)
    connect_mapping(services, desks, jobs, setup, actions, mapping, results)
    _connect_figures(desks, results)
    _connect_charts(desks, results)
    connect_decision(desks, results.scored, results.decision)
    connect_cases(services, desks, results)
    connect_thresholds(services, bench, desks, results)
    _connect_files(services, desks, results)
    connect_example(services, desks, jobs, setup.opened, results.scored, notice)
    outputs = [actions.progress, actions.stop, setup.opened, results.scored]
    shown = _showing(desks, setup, actions, results)
    return EvaluateParts(desks, jobs, setup.opened, outputs, shown)


def _connect_running(
    services: Services,
    bench: Workbench,
    desks: Desks,
    jobs: Jobs,
    setup: EvaluationSetup,
    actions: RunActions,
    results: EvaluationResults,
) -> None:
    outputs = [actions.progress, actions.stop, setup.opened, results.scored]
    shown = _showing(desks, setup, actions, results)

    def open_upload(uploads: list[str] | None, request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        files = _new(uploads or [], desks.of(session))
        photos = _photos_of(files, bench.trays.of(session))
        views = evaluate_run.open_upload(desks, jobs, files, session, photos)
        for view in jobs.share(session, views, evaluate_run.merged):
            yield shown(view, session)

    def run(
        models: list[str],
        wanted: bool,
        limit: float | None,
        boundary: bool,
        restart: bool,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        engine = high_performance.engine(services.settings, wanted)
        form = EvaluationForm(models, limit, boundary, restart, engine)
        session = session_of(request)
        views = evaluate_run.run(services, desks, jobs, form, session)
        noted = _noted(services, desks, views, session)
        for view in jobs.share(session, noted, evaluate_run.merged):
            yield shown(view, session)

    def again(request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        for view in evaluate_run.measured_again(services, desks, jobs, session):
            yield shown(view, session)

    def stop(request: gr.Request) -> None:
        jobs.stop(session_of(request))

    results.decision.sheet.again(again, None, outputs, trigger_mode="once", **_AGAIN, **OWN)
    setup.uploads.upload(open_upload, setup.uploads, outputs, **SHORT, **OWN)
    actions.go.click(lambda: evaluate_run.WAITING, None, actions.progress, queue=False, **OWN).then(
        run, [setup.ticked, bench.high_performance, *setup.fields], outputs, **RUNNING, **OWN
    ).then(None, None, None, js=fold_script("eval"), queue=False, **OWN)
    actions.stop.click(stop, None, None, queue=False, **OWN)


def _noted(
    services: Services, desks: Desks, views: Iterator[EvaluationView], session: str
) -> Iterator[EvaluationView]:
    """The views; what is on the desk is kept, whether or not a window looks on."""
    for view in views:
        if view.scored:
            desks.keep(session)
            _remember(services, desks.of(session), session)
        yield view


def _remember(services: Services, desk: Desk, session: str) -> None:
    """Put the evaluation on the visitor's list, unless it is the example."""
    found, dataset = desk.evaluation, desk.dataset
    if found is None or dataset is None or desk.example is not None:
        return
    models = ", ".join(one.model for one in found.results)
    text = f"{models} on {dataset.name}, {plural(len(dataset.images), 'picture')}"
    history.note(services.visits, session, "evaluate", text, link.query((), tab="evaluate"))


def _showing(
    desks: Desks,
    setup: EvaluationSetup,
    actions: RunActions,
    results: EvaluationResults,
) -> Callable[[EvaluationView, str], dict[Any, Any]]:
    """What a view changes on the page; what is new on the desk is kept for the visitor."""

    def shown(view: EvaluationView, session: str) -> dict[Any, Any]:
        if view.opened or view.scored:
            desks.keep(session)
        return progress_of(view, actions) | {
            state: time.monotonic_ns()
            for state, new in ((setup.opened, view.opened), (results.scored, view.scored))
            if new
        }

    return shown


def _connect_return(
    services: Services,
    desks: Desks,
    jobs: Jobs,
    setup: EvaluationSetup,
    actions: RunActions,
    results: EvaluationResults,
) -> None:
    """A window that is opened shows the desk as it is, and looks on at what runs."""
    shown = _showing(desks, setup, actions, results)

    def look_on(request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        if desks.of(session).dataset is not None:
            now = time.monotonic_ns()
            yield {setup.opened: now, results.scored: now}
        views = jobs.look_on(session)
        if desks.kept(session) and not jobs.busy(session):
            views = jobs.share(session, evaluate_run.reopen(services, desks, jobs, session))
        for view in views:
            yield shown(view, session)

    outputs = [actions.progress, actions.stop, setup.opened, results.scored]

    def anything(session: str) -> bool:
        return desks.of(session).dataset is not None or bool(desks.kept(session))

    on_return(anything, look_on, None, outputs)


def _new(files: list[str], desk: Desk) -> list[str]:
    """Those of the box that came last: it still names what the data set before was opened from."""
    return [one for one in files if not desk.holds(one) and Path(one).is_file()] or files


def _photos_of(files: list[str], tray: Tray) -> list[str]:
    """The photos of the tray, if annotations came without photos of their own."""
    alone = bool(files) and all(Path(one).suffix.lower() == ".json" for one in files)
    return [one.path for one in tray.photos] if alone and tray.own else []


def _connect_figures(desks: Desks, results: EvaluationResults) -> None:
    def figures(kind: str, request: gr.Request) -> str:
        found = desks.of(session_of(request)).evaluation
        return evaluate_figures.figures_html(found, evaluate_figures.KINDS.get(kind, "mask"))

    def classes(model: str | None, kind: str, request: gr.Request) -> list[Any]:
        result = result_of(desks.of(session_of(request)).evaluation, model)
        return [
            evaluate_figures.classes_html(result, evaluate_figures.KINDS.get(kind, "mask")),
            evaluate_figures.confusion_html(result),
            None if result is None else figure(charts.confused(result)),
        ]

    def others(model: str | None, request: gr.Request) -> list[Any]:
        found = desks.of(session_of(request)).evaluation
        names = [one.model for one in found.results] if found else []
        first = model if model in names else next(iter(names), None)
        return [
            evaluate_figures.errors_html(found),
            evaluate_figures.calibration_html(found),
            evaluate_figures.context_html(found),
            gr.update(choices=names, value=first, visible=bool(names)),
            gr.update(choices=names, value=first),
        ]

    scored = results.scored
    gr.on(
        [scored.change, results.kind.change],
        figures,
        results.kind,
        results.figures,
        **LATEST,
        **OWN,
    )
    gr.on(
        [scored.change, results.model.change, results.kind.change],
        classes,
        [results.model, results.kind],
        [results.classes, results.pairs, results.confused],
        **LATEST,
        **OWN,
    )
    scored.change(
        others,
        results.model,
        [results.errors, results.calibrated, results.context, results.model, results.taken],
        **LATEST,
        **OWN,
    )


def _connect_charts(desks: Desks, results: EvaluationResults) -> None:
    def choices(request: gr.Request) -> list[Any]:
        dataset = desks.of(session_of(request)).dataset
        names = [one.name for one in dataset.categories] if dataset else []
        every = [("All classes", ALL), *((name, place) for place, name in enumerate(names))]
        return [gr.update(choices=every, value=ALL)] * 2

    def curves(iou: str, category: int, request: gr.Request) -> list[Any]:
        found = desks.of(session_of(request)).evaluation
        if found is None or not found.results:
            return [None, None]
        place = category_of(found, category)
        return [
            figure(charts.precision_recall(found, charts.IOUS.get(iou, 0), place)),
            figure(charts.f1_over_threshold(found, place)),
        ]

    def fixed(request: gr.Request) -> list[Any]:
        found = desks.of(session_of(request)).evaluation
        if found is None or not found.results:
            return [None, None]
        return [figure(charts.errors(found)), figure(charts.calibration(found))]

    results.scored.change(
        choices, None, [results.category, results.cases.category], **LATEST, **OWN
    )
    gr.on(
        [results.scored.change, results.iou.change, results.category.change],
        curves,
        [results.iou, results.category],
        [results.curve, results.f1],
        **LATEST,
        **OWN,
    )
    results.scored.change(fixed, None, [results.costs, results.calibration], **LATEST, **OWN)


def _connect_files(services: Services, desks: Desks, results: EvaluationResults) -> None:
    for button, kind in (
        (results.html, "html"),
        (results.json, "json"),
        (results.predictions, "predictions"),
    ):

        def save(
            model: str | None,
            most_ms: float | None,
            most_mb: float | None,
            request: gr.Request,
            kind: str = kind,
        ) -> str:
            desk, most = desks.of(session_of(request)), (most_ms, most_mb)
            with said():
                return str(export(desk, kind, model, services.settings, most))

        button.click(
            save,
            [results.taken, results.decision.most_ms, results.decision.most_mb],
            results.file,
            concurrency_id="evaluate-figures",
            **OWN,
        ).success(None, None, None, js=save_script("eval-file"), **OWN)


def export(
    desk: Desk,
    kind: str,
    model: str | None,
    settings: Settings,
    most: tuple[object, object] = (None, None),
) -> Path:
    """A file of the evaluation: `html`, `json`, or one model's `predictions` as COCO results.

    The verdict in it is that within `most`, what the sliders allow: ms, MB. It lies among the
    session's files and goes with them.

    Raises:
        InputError: there is nothing yet, a run is under way, or it cannot be written.
    """
    with desk.reading:
        found, files = desk.evaluation, desk.files
        if found is None or files is None or not found.results:
            raise InputError("There is nothing to save yet. Evaluate a model first.")
        if kind != "json" and not desk.readable:
            raise InputError(BUSY)
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in found.dataset.name)[:60]
        folder = files / secrets.token_hex(20)
        folder.mkdir(parents=True)
        if kind == "predictions":
            result = next((one for one in found.results if one.model == model), found.results[0])
            path = folder / f"{name}-{result.model}.predictions.json"
            write_results(result, path)
            return path
        path = folder / f"{name}-evaluation.{kind}"
        limits = limits_of(found, *most)
        path.write_bytes(
            to_json(found, limits) if kind == "json" else to_html(found, settings, limits)
        )
        return path
