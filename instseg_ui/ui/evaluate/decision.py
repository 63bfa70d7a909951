"""The decision in the Evaluate tab: verdict, sheet and chart, within the limits of two sliders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import gradio as gr

from instseg_ui.errors import InputError
from instseg_ui.evaluate import Evaluation
from instseg_ui.show.evaluation_tables import threshold_in_use
from instseg_ui.show.html import markup, notes
from instseg_ui.show.plotly_charts import figure
from instseg_ui.show.verdict import sheet_notes, verdict_html
from instseg_ui.show.verdict_chart import pareto_with_doubt
from instseg_ui.ui.evaluate.desk import Desks
from instseg_ui.ui.evaluate.events import LATEST
from instseg_ui.ui.evaluate.results import DecisionParts
from instseg_ui.ui.evaluate.sheet_view import sheet_value
from instseg_ui.ui.shared.events import OWN, session_of
from instseg_ui.verdict import Limits, Verdict, candidates_of, decide

CHART_PX = 290
_STEPS = 2
"""Digits behind the first of a slider's end that its steps are made of."""


def connect_decision(desks: Desks, scored: gr.State, parts: DecisionParts) -> None:
    """Connect the sliders, and what follows from them and from new figures."""
    outputs = [parts.verdict, parts.sheet, parts.chart, parts.notes]

    def fit(request: gr.Request) -> list[Any]:
        found = desks.of(session_of(request)).evaluation
        return [_slider(values) for values in _costs(found)]

    def weigh(most_ms: float | None, most_mb: float | None, request: gr.Request) -> list[Any]:
        found = desks.of(session_of(request)).evaluation
        if found is None or not found.results:
            return ["", None, gr.update(visible=False), ""]
        return _shown(found, verdict_within(found, most_ms, most_mb))

    def begin(request: gr.Request) -> list[Any]:
        return weigh(None, None, request)

    scored.change(fit, None, [parts.most_ms, parts.most_mb], **LATEST, **OWN).then(
        begin, None, outputs, **LATEST, **OWN
    )
    gr.on(
        [parts.most_ms.input, parts.most_mb.input],
        weigh,
        [parts.most_ms, parts.most_mb],
        outputs,
        **LATEST,
        **OWN,
    )


def verdict_within(found: Evaluation, most_ms: object, most_mb: object) -> Verdict:
    """The verdict on the models within the limits; a slider at its right end is no limit.

    A limit that is none, as a browser may send, gives a verdict that says what is wrong with it.
    """
    every = candidates_of(found)
    try:
        limits = limits_of(found, most_ms, most_mb)
    except InputError as error:
        return Verdict("empty", candidates=tuple(every), fault=str(error))
    return decide(every, limits)


def limits_of(found: Evaluation, most_ms: object, most_mb: object) -> Limits:
    """The limits that the sliders set; one at its right end is none. Raises `InputError`."""
    times, sizes = _costs(found)
    return Limits.read(_limit(most_ms, times), _limit(most_mb, sizes))


def slider_end(values: Sequence[float]) -> tuple[float, float]:
    """Where a slider over the values ends, and its step: round numbers, the largest within."""
    largest = max(values, default=0.0) or 1.0
    step = 10.0 ** (math.floor(math.log10(largest)) - _STEPS)
    # Tenths of a step more or less are the floating point's.
    return round(math.ceil(largest / step - 1e-9) * step, 9), step


def _costs(found: Evaluation | None) -> tuple[list[float], list[float]]:
    """The latencies, ms, and the sizes, MB, as far as they are known."""
    known = list(found.latencies.values()) if found else []
    return [one.median for one in known if one.enough], [one.size_mb for one in known]


def _slider(values: Sequence[float]) -> Any:
    end, step = slider_end(values)
    return gr.update(minimum=step, maximum=end, step=step, value=end, visible=bool(values))


def _limit(most: object, values: Sequence[float]) -> object:
    """None at the right end of the slider."""
    whole = isinstance(most, int | float) and not isinstance(most, bool)
    return None if whole and float(most) >= slider_end(values)[0] else most  # type: ignore[arg-type]


def _shown(found: Evaluation, verdict: Verdict) -> list[Any]:
    thresholds = {one.model: threshold_in_use(one) for one in found.results if one.best}
    chart = pareto_with_doubt(verdict, labelled=False)
    return [
        verdict_html(verdict),
        sheet_value(verdict, thresholds),
        # No empty axes: the sheet says where a latency is missing.
        gr.update(value=figure(chart, CHART_PX), visible=not chart.empty),
        markup(notes(*sheet_notes(verdict))),
    ]
