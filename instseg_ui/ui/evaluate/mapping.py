"""The mapping part of the Evaluate tab: which class stands for which category, to be changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr
from gradio.events import Dependency

from instseg_ui.errors import InstSegError
from instseg_ui.evaluate import CategoryMap
from instseg_ui.evaluate.category_map import titles
from instseg_ui.show.html import nothing
from instseg_ui.ui.evaluate import figures, run
from instseg_ui.ui.evaluate.desk import Desk, Desks
from instseg_ui.ui.evaluate.events import LATEST, SHORT, progress_of
from instseg_ui.ui.evaluate.layout import EvaluationSetup, MappingControls
from instseg_ui.ui.evaluate.results import EvaluationResults
from instseg_ui.ui.shared.actions import RunActions
from instseg_ui.ui.shared.events import OWN, said, session_of, told
from instseg_ui.ui.shared.jobs import Jobs
from instseg_ui.ui.shared.services import Services


def connect_mapping(
    services: Services,
    desks: Desks,
    jobs: Jobs,
    setup: EvaluationSetup,
    actions: RunActions,
    mapping: MappingControls,
    results: EvaluationResults,
) -> None:
    """Connect the findings, the table of the mapping, and the controls that change it."""
    named = _connect_findings(desks, setup, mapping, results)
    _connect_table(services, desks, setup, mapping, named)
    rescore = _rescorer(desks, jobs, actions, results)
    _connect_changes(services, desks, actions, mapping, results, rescore)


def _connect_findings(
    desks: Desks, setup: EvaluationSetup, mapping: MappingControls, results: EvaluationResults
) -> Dependency:
    """The event after which the page has the categories of another data set."""

    def describe(picks: Sequence[str], model: str | None, request: gr.Request) -> list[Any]:
        desk = desks.of(session_of(request))
        chosen = model if model in picks else next(iter(picks), None)
        return [
            _findings(desk),
            gr.update(visible=desk.dataset is not None),
            gr.update(choices=list(picks), value=chosen),
        ]

    def first(request: gr.Request) -> Any:
        dataset = desks.of(session_of(request)).dataset
        names = titles(dataset.categories) if dataset else []
        return gr.update(choices=names, value=names[0] if names else None)

    gr.on(
        [setup.opened.change, setup.ticked.change, results.scored.change],
        describe,
        [setup.ticked, mapping.model],
        [mapping.findings, mapping.panel, mapping.model],
        **LATEST,
        **OWN,
    )
    return setup.opened.change(first, None, mapping.category, **LATEST, **OWN)


def _findings(desk: Desk) -> str:
    return figures.dataset_html(desk.dataset, desk.evaluation)


def _connect_table(
    services: Services,
    desks: Desks,
    setup: EvaluationSetup,
    mapping: MappingControls,
    named: Dependency,
) -> None:
    def table(model: str | None, request: gr.Request) -> str:
        try:
            found = _mapping(services, desks.of(session_of(request)), model)
        except InstSegError as error:
            return nothing(told(error))
        return figures.mapping_html(found)

    def classes(model: str | None, category: str | None, request: gr.Request) -> Any:
        try:
            found = _mapping(services, desks.of(session_of(request)), model)
        except InstSegError:
            found = None
        if found is None:
            return gr.update(choices=[], value=[])
        named = zip(titles(found.categories), found.rows(), strict=True)
        now = next((row.labels for title, row in named if title == category), ())
        return gr.update(choices=list(dict.fromkeys(found.labels)), value=list(now))

    gr.on(
        [setup.opened.change, mapping.model.change, mapping.changed.change],
        table,
        mapping.model,
        mapping.table,
        **LATEST,
        **OWN,
    )
    gr.on(
        [
            mapping.model.change,
            mapping.category.change,
            mapping.changed.change,
        ],
        classes,
        [mapping.model, mapping.category],
        mapping.labels,
        **LATEST,
        **OWN,
    )
    # Not before: a category of the data set before is none of this one's.
    named.then(classes, [mapping.model, mapping.category], mapping.labels, **LATEST, **OWN)


def _mapping(services: Services, desk: Desk, model: str | None) -> CategoryMap | None:
    if desk.dataset is None or not model:
        return None
    return desk.mapping(services.segmenter, model)


def _rescorer(
    desks: Desks, jobs: Jobs, actions: RunActions, results: EvaluationResults
) -> Callable[[gr.Request], Iterator[dict[Any, Any]]]:
    def rescore(request: gr.Request) -> Iterator[dict[Any, Any]]:
        for view in run.rescore(desks, jobs, session_of(request)):
            new = {results.scored: time.monotonic_ns()} if view.scored else {}
            if view.scored:
                desks.keep(session_of(request))
            yield progress_of(view, actions) | new

    return rescore


def _connect_changes(
    services: Services,
    desks: Desks,
    actions: RunActions,
    mapping: MappingControls,
    results: EvaluationResults,
    rescore: Callable[[gr.Request], Iterator[dict[Any, Any]]],
) -> None:
    def put(model: str | None, category: str | None, labels: list[str], request: gr.Request) -> int:
        desk = desks.of(session_of(request))
        with said():
            desk.change_mapping(services.segmenter, model or "", category or "", labels)
        return time.monotonic_ns()

    def reset(model: str | None, request: gr.Request) -> int:
        desks.of(session_of(request)).changes.pop(model or "", None)
        return time.monotonic_ns()

    outputs = [actions.progress, actions.stop, results.scored]
    for event, change, inputs in (
        (mapping.put.click, put, [mapping.model, mapping.category, mapping.labels]),
        (mapping.reset.click, reset, [mapping.model]),
    ):
        event(change, inputs, mapping.changed, concurrency_limit=None, **OWN).success(
            rescore, None, outputs, **SHORT, **OWN
        )
