"""Evaluate: models measured against annotated pictures, and the pictures behind each number."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.ui import (
    eval_charts,
    eval_counts,
    eval_export,
    eval_figures,
    eval_progress,
    evaluating,
    high_performance,
    picking,
    taking,
)
from instseg_ui.ui.eval_desk import Desks
from instseg_ui.ui.evaluating import Form, View
from instseg_ui.ui.jobs import Jobs
from instseg_ui.ui.services import Services
from instseg_ui.ui.tabs.evaluate_cases import connect_cases
from instseg_ui.ui.tabs.evaluate_common import (
    LATEST,
    OWN,
    RUNNING,
    SHORT,
    category_of,
    progress_of,
    result_of,
    said,
    session_of,
)
from instseg_ui.ui.tabs.evaluate_layout import (
    Actions,
    Setup,
    actions_layout,
    mapping_layout,
    setup_layout,
)
from instseg_ui.ui.tabs.evaluate_mapping import connect_mapping
from instseg_ui.ui.tabs.evaluate_results import ALL, Results, results_layout

_STYLE = (Path(__file__).parent / "evaluate.css").read_text(encoding="utf-8")


def evaluate_tab(services: Services, tab: gr.Tab) -> None:
    """Lay the tab out and connect it; which models are here is said anew whenever it is opened."""
    gr.HTML(f"<style>{_STYLE}</style>", elem_id="eval-style")
    setup = setup_layout(services)
    jobs, desks = Jobs(), Desks(services.settings, Path(setup.uploads.GRADIO_CACHE))
    actions = actions_layout()
    mapping = mapping_layout()
    results = results_layout()
    _connect_setup(services, setup, tab)
    _connect_running(services, desks, jobs, setup, actions, results)
    connect_mapping(services, desks, jobs, setup, actions, mapping, results)
    _connect_figures(desks, results)
    _connect_charts(desks, results)
    connect_cases(services, desks, results)
    _connect_files(services, desks, results)
    _clear_when_left(jobs, desks)


def _connect_setup(services: Services, setup: Setup, tab: gr.Tab) -> None:
    # The value is left alone: somebody may have picked by the time the answer is there.
    tab.select(
        lambda: gr.update(choices=picking.choices(services)), None, setup.picks, queue=False, **OWN
    )
    for name, button in setup.shortcuts.items():

        def pick(picks: list[str], name: str = name) -> list[str]:
            return picking.toggled(services, picks, name)

        button.click(pick, setup.picks, setup.picks, concurrency_limit=None, **OWN)


def _connect_running(
    services: Services,
    desks: Desks,
    jobs: Jobs,
    setup: Setup,
    actions: Actions,
    results: Results,
) -> None:
    outputs = [actions.progress, actions.stop, setup.opened, results.scored]

    def shown(view: View) -> dict[Any, Any]:
        return progress_of(view, actions) | {
            state: time.monotonic_ns()
            for state, new in ((setup.opened, view.opened), (results.scored, view.scored))
            if new
        }

    def open_upload(uploads: list[str] | None, request: gr.Request) -> Iterator[dict[Any, Any]]:
        for view in evaluating.open_upload(desks, jobs, uploads, session_of(request)):
            yield shown(view)

    def run(
        models: list[str],
        limit: float | None,
        boundary: bool,
        restart: bool,
        fast: bool,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        engine = high_performance.engine(services.settings, fast)
        form = Form(models, limit, boundary, restart, engine)
        for view in evaluating.run(services, desks, jobs, form, session_of(request)):
            yield shown(view)

    def stop(request: gr.Request) -> None:
        jobs.stop(session_of(request))

    setup.uploads.upload(open_upload, setup.uploads, outputs, **SHORT, **OWN)
    actions.go.click(
        lambda: eval_progress.WAITING, None, actions.progress, queue=False, **OWN
    ).then(run, setup.fields, outputs, **RUNNING, **OWN)
    actions.stop.click(stop, None, None, queue=False, **OWN)


def _connect_figures(desks: Desks, results: Results) -> None:
    def figures(kind: str, request: gr.Request) -> str:
        found = desks.of(session_of(request)).evaluation
        return eval_figures.figures_html(found, eval_figures.KINDS.get(kind, "mask"))

    def classes(model: str | None, kind: str, request: gr.Request) -> list[Any]:
        result = result_of(desks.of(session_of(request)).evaluation, model)
        return [
            eval_counts.classes_html(result, eval_figures.KINDS.get(kind, "mask")),
            eval_counts.confusion_html(result),
            None if result is None else eval_charts.confused(result),
        ]

    def others(model: str | None, request: gr.Request) -> list[Any]:
        found = desks.of(session_of(request)).evaluation
        names = [one.model for one in found.results] if found else []
        first = model if model in names else next(iter(names), None)
        return [
            eval_counts.errors_html(found),
            eval_figures.calibration_html(found),
            eval_figures.context_html(found),
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


def _connect_charts(desks: Desks, results: Results) -> None:
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
            eval_charts.precision_recall(found, eval_charts.IOUS.get(iou, 0), place),
            eval_charts.f1_over_threshold(found, place),
        ]

    def fixed(request: gr.Request) -> list[Any]:
        found = desks.of(session_of(request)).evaluation
        if found is None or not found.results:
            return [None, None]
        return [eval_charts.errors(found), eval_charts.calibration(found)]

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


def _connect_files(services: Services, desks: Desks, results: Results) -> None:
    for button, kind in (
        (results.html, "html"),
        (results.json, "json"),
        (results.predictions, "predictions"),
    ):

        def save(model: str | None, request: gr.Request, kind: str = kind) -> str:
            desk = desks.of(session_of(request))
            with said():
                return str(eval_export.export(desk, kind, model, services.settings))

        button.click(
            save, results.taken, results.file, concurrency_id="evaluate-figures", **OWN
        ).success(None, None, None, js=taking.save_script("eval-file"), **OWN)


def _clear_when_left(jobs: Jobs, desks: Desks) -> None:
    """End the work of a visitor who closes the page, and remove what they brought."""

    def leave(request: gr.Request) -> None:
        session = session_of(request)
        jobs.stop(session)
        # It waits until the running work has seen that it is to end.
        threading.Thread(target=desks.leave, args=[session], daemon=True).start()

    gr.context.Context.root_block.unload(leave)
