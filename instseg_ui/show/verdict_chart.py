"""Accuracy against latency with the doubt of both, and the front of those that none beats."""

from __future__ import annotations

from instseg_ui.numbers import percent, three
from instseg_ui.show.charts import PUBLISHED, Mark, Plot, Series, axis_of, front_line, model_color
from instseg_ui.show.latency import latency_words
from instseg_ui.verdict import Candidate, Verdict, accuracy_words

_EMPTY = "A point needs accuracy and five runs. Measure the latency first."
_FRONT_COLOR = "#64748b"


def pareto_with_doubt(verdict: Verdict, *, labelled: bool = True) -> Plot:
    """A point a model with bars to the ends of its intervals; the front joins the best points.

    Models whose accuracy is of another kind or on other pictures are hollow and off the front; so
    are those that are ruled out, in grey. Where there is a pointer and a legend, points need not be
    `labelled`.
    """
    points = [(place, one) for place, one in enumerate(verdict.candidates) if _has_point(one)]
    ranked = {verdict.leader, *(one.model for one in verdict.rivals)}
    marks = {one.model: _mark(one, labelled) for _, one in points}
    best = [marks[one.model] for _, one in points if one.model in ranked]
    series = [
        Series(
            one.model,
            PUBLISHED if one.model in verdict.ruled_out else model_color(place),
            (marks[one.model],),
            dots="solid" if one.model in ranked else "hollow",
        )
        for place, one in points
    ]
    every = list(marks.values())
    across = [end for mark in every for end in (mark.across or (mark.x, mark.x))]
    upright = [end for mark in every for end in (mark.interval or (mark.y, mark.y))]
    figure = verdict.accuracy.figure if verdict.accuracy else "Accuracy"
    front = [front_line("accuracy against latency", _FRONT_COLOR, best, dotted=False)]
    return Plot(
        "Accuracy against latency",
        axis_of("Median latency, ms", across),
        axis_of(f"{figure[0].upper()}{figure[1:]}, %", upright),
        (*(front if len(best) > 1 else []), *series),
        empty="" if points else _EMPTY,
    )


def _has_point(one: Candidate) -> bool:
    return one.accuracy is not None and one.median_ms is not None


def _mark(one: Candidate, labelled: bool) -> Mark:
    accuracy, latency = one.accuracy, one.latency
    assert accuracy is not None
    assert latency is not None
    ends = accuracy.interval
    words = (
        one.model,
        accuracy_words(accuracy),
        latency_words(latency),
        f"{three(one.size_mb)} MB on disk, {three(one.memory_mb)} MB of memory",
    )
    return Mark(
        latency.median,
        100 * accuracy.value,
        words,
        label=f"{one.model}, {percent(accuracy.value)} %" if labelled else "",
        interval=None if ends is None else (100 * ends[0], 100 * ends[1]),
        across=latency.quartiles,
    )
