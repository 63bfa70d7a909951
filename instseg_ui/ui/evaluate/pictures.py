"""The Pictures part of the Evaluate tab: from a number to the pictures behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import gradio as gr

from instseg_ui.errors import InstSegError
from instseg_ui.evaluate import ModelResult
from instseg_ui.show.html import nothing
from instseg_ui.ui.evaluate import cases as case_views
from instseg_ui.ui.evaluate import figures
from instseg_ui.ui.evaluate.cases import Asked
from instseg_ui.ui.evaluate.desk import BUSY, Desk, Desks
from instseg_ui.ui.evaluate.events import LATEST, category_of, result_of
from instseg_ui.ui.evaluate.results import ALL, EvaluationResults
from instseg_ui.ui.shared.events import OWN, session_of, told
from instseg_ui.ui.shared.services import Services

_FIRST = "false positive"


class _Look(NamedTuple):
    """What the controls say."""

    model: str | None
    kind: str | None
    category: int
    score: float | None
    show: str


def connect_cases(services: Services, desks: Desks, results: EvaluationResults) -> None:
    """Connect the small pictures, the viewer, and the counts that lead to them."""
    cases = results.cases
    asked = [results.model, cases.kind, cases.category, cases.score, cases.show]
    outputs = [cases.place, cases.gallery, cases.caption, cases.viewer]

    def first(
        model: str | None,
        kind: str | None,
        category: int,
        score: float | None,
        show: str,
        request: gr.Request,
    ) -> list[Any]:
        desk = desks.of(session_of(request))
        return _look(services, desk, _Look(model, kind, category, score, show), 0)

    def kinds(model: str | None, request: gr.Request) -> list[Any]:
        result = result_of(desks.of(session_of(request)).evaluation, model)
        choices = gr.update(choices=case_views.kinds_of(result), value=_FIRST)
        return [choices, result.threshold if result else 0.5]

    gr.on(
        [results.scored.change, results.model.input],
        kinds,
        results.model,
        [cases.kind, cases.score],
        **LATEST,
        **OWN,
    ).then(first, asked, outputs, **LATEST, **OWN)
    gr.on(
        [cases.kind.input, cases.category.input, cases.score.input],
        first,
        asked,
        outputs,
        **LATEST,
        **OWN,
    )
    _connect_steps(services, desks, results, [cases.place, *asked], outputs)
    _connect_counts(desks, results, first, asked, outputs)


def _connect_steps(
    services: Services,
    desks: Desks,
    results: EvaluationResults,
    inputs: list[Any],
    outputs: list[Any],
) -> None:
    cases = results.cases
    for event, by in ((cases.show.input, 0), (cases.before.click, -1), (cases.after.click, 1)):

        def step(
            place: int,
            model: str | None,
            kind: str | None,
            category: int,
            score: float | None,
            show: str,
            request: gr.Request,
            by: int = by,
        ) -> list[Any]:
            desk = desks.of(session_of(request))
            return _look(services, desk, _Look(model, kind, category, score, show), place + by)

        event(step, inputs, outputs, **LATEST, **OWN)

    def pick(
        place: int,
        model: str | None,
        kind: str | None,
        category: int,
        score: float | None,
        show: str,
        request: gr.Request,
        event: gr.EventData,
    ) -> list[Any]:
        chosen = pressed(event).get("place", "")
        desk = desks.of(session_of(request))
        now = int(chosen) if chosen.isdecimal() else place
        return _look(services, desk, _Look(model, kind, category, score, show), now)

    cases.gallery.select(pick, inputs, outputs, **LATEST, **OWN)


def _connect_counts(
    desks: Desks, results: EvaluationResults, first: Any, asked: list[Any], outputs: list[Any]
) -> None:
    cases = results.cases

    def follow(request: gr.Request, event: gr.EventData) -> list[Any]:
        told = pressed(event)
        result = result_of(desks.of(session_of(request)).evaluation, told.get("model"))
        first, score = failures_of(result)
        kind = told.get("kind", first)
        return [
            gr.Tabs(selected="pictures"),
            result.model if result else None,
            gr.update(choices=_kinds(result, kind), value=kind),
            _whole(told.get("category", "")),
            _share(told["score"]) if "score" in told else score,
        ]

    for counts in (results.errors, results.classes, results.pairs, results.decision.sheet):
        counts.select(
            follow,
            None,
            [results.tabs, results.model, cases.kind, cases.category, cases.score],
            queue=False,
            trigger_mode="always_last",
            **OWN,
        ).then(first, asked, outputs, **LATEST, **OWN)


def failures_of(result: ModelResult | None) -> tuple[str, float]:
    """Of which kind a model's failures are for the most part, and from which score on.

    At the threshold of its best F1: wrong predictions, or objects that are not found.
    """
    if result is None:
        return _FIRST, 0.0
    now = result.at(result.threshold)
    right = round(now.precision * now.predictions)
    wrong, missed = now.predictions - right, now.objects - right
    return (_FIRST if wrong and wrong >= missed else "not found"), result.threshold


def pressed(event: gr.EventData) -> Mapping[str, str]:
    """What the button that was pressed carries; empty for anything else a browser may send."""
    data = event._data if isinstance(event._data, Mapping) else {}
    return {str(key): value for key, value in data.items() if isinstance(value, str)}


def _look(services: Services, desk: Desk, look: _Look, place: int) -> list[Any]:
    """The case at a place: the place, the small pictures, the caption, the viewer."""
    with desk.reading:
        result = result_of(desk.evaluation, look.model)
        if result is None:
            return _nothing(figures.NO_RUN)
        if not desk.readable:
            return _nothing(nothing(BUSY))
        least = float(look.score) if isinstance(look.score, int | float) else 0.0
        asked = Asked(look.kind or _FIRST, least, category_of(desk.evaluation, look.category))
        try:
            return _case(services, desk, result, asked, place, look.show)
        except InstSegError as error:
            return _nothing(nothing(told(error)))


def _case(
    services: Services, desk: Desk, result: ModelResult, asked: Asked, place: int, show: str
) -> list[Any]:
    page = case_views.page_of(result, asked, max(0, place))
    place = min(max(0, place), page.total - 1)
    if not page.total or desk.files is None:
        return _nothing(case_views.gallery_html(result, page, 0, services.settings))
    if not page.cases:  # a step past the end of a full page
        page = case_views.page_of(result, asked, place)
    case = page.cases[place % case_views.EACH]
    value = case_views.viewer_of(result, case, show, services.settings, desk.files)
    return [
        place,
        case_views.gallery_html(result, page, place, services.settings),
        case_views.caption_html(result, page, place),
        value,
    ]


def _nothing(html: str) -> list[Any]:
    return [0, html, "", case_views.NO_PICTURE]


def _kinds(result: ModelResult | None, kind: str) -> list[tuple[str, str]]:
    """The choices, with the pair of classes that was pressed."""
    choices = case_views.kinds_of(result)
    if kind in [value for _, value in choices]:
        return choices
    return [*choices, (case_views.pair_words(result, kind), kind)]


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else ALL


def _share(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
