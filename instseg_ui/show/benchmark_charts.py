"""The charts of a benchmark run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from instseg_ui.benchmark.figures import Against, published_tradeoff, stage, tradeoff
from instseg_ui.benchmark.records import STAGES, BenchmarkRun, ModelRun
from instseg_ui.comparison.front import Point
from instseg_ui.numbers import percent, three
from instseg_ui.show.charts import (
    MEASURED,
    PUBLISHED,
    Bars,
    BarSeries,
    Mark,
    Plot,
    Series,
    Spread,
    Spreads,
    axis_of,
    front_line,
)

STAGE_COLORS = ("#94a3b8", "#38bdf8", "#0d9488", "#f59e0b", "#a78bfa", "#f472b6")
_MOST_DOTS = 400
_NO_AP = "No measured model has a published mask AP. See latency against size instead."
_UP: dict[Against, str] = {"ap": "Published mask AP, %", "size": "Size on disk, MB"}


def distribution(run: BenchmarkRun) -> Spreads:
    """Every counted run's latency as a dot, the middle half as a box, the median as a line."""
    rows = tuple(_spread(one) for one in run.measured)
    values = [value for row in rows for value in row.values]
    axis = axis_of("Latency, ms (one dot a run)", values)
    return Spreads("Latency of each run", axis, rows)


def stages(run: BenchmarkRun) -> Bars:
    """The median time of each stage, end to end, a bar for each model."""
    series = tuple(
        _stage(run.measured, name, color) for name, color in zip(STAGES, STAGE_COLORS, strict=True)
    )
    sums = [sum(one.values[row] for one in series) for row in range(len(run.measured))]
    axis = axis_of("Sum of the stages' medians, ms", sums, zero=True)
    names = tuple(one.model for one in run.measured)
    return Bars("Where the time goes", axis, names, series, stacked=True)


def pareto(run: BenchmarkRun, against: Against) -> Plot:
    """Latency against mask AP or size; the lines join the models that no other beats in both."""
    here = tradeoff(run, against)
    published = published_tradeoff(run) if against == "ap" else []
    series = (
        *_pairs(published, here),
        *_with_front(published, "Published latency", PUBLISHED, against),
        *_with_front(here, "Measured here", MEASURED, against),
    )
    drawn = [*here, *published]
    title = "published mask AP" if against == "ap" else "size"
    return Plot(
        f"Latency against {title}",
        axis_of("Median latency, ms", [point.cost for point in drawn]),
        axis_of(_UP[against], [abs(point.worth) for point in drawn]),
        series,
        empty="" if here else _NO_AP,
        legend=bool(published),
    )


def thinned(values: Sequence[float]) -> list[float]:
    """At most 400 of the values, evenly over their order, the least and the most among them."""
    if len(values) <= _MOST_DOTS:
        return list(values)
    ordered = sorted(values)
    return [ordered[round(i)] for i in np.linspace(0, len(ordered) - 1, _MOST_DOTS)]


def _spread(one: ModelRun) -> Spread:
    values = [sample.latency for sample in one.samples]
    low, median, high = (float(value) for value in np.percentile(values, (25, 50, 75)))
    words = f"median {three(median)} ms, middle half {three(low)} to {three(high)} ms"
    return Spread(one.model, tuple(thinned(values)), (low, median, high), words)


def _stage(models: Sequence[ModelRun], name: str, color: str) -> BarSeries:
    medians = tuple(0.0 if (one := stage(m, name)) is None else one.median for m in models)
    return BarSeries(name, color, medians, tuple(f"{name}: {three(v)} ms" for v in medians))


def _pairs(published: Sequence[Point], here: Sequence[Point]) -> list[Series]:
    """A line from each model's published latency to its own here; the accuracy is the same."""
    measured = {point.model: point for point in here}
    return [
        Series(
            point.model,
            PUBLISHED,
            (Mark(point.cost, point.worth), Mark(measured[point.model].cost, point.worth)),
            line="faint",
            in_legend=False,
        )
        for point in published
        if point.model in measured
    ]


def _with_front(
    points: Sequence[Point], name: str, color: str, against: Against
) -> tuple[Series, ...]:
    """The points and the line through the best; only what was measured is labelled."""
    if not points:
        return ()
    measured = color == MEASURED
    marks = tuple(
        Mark(
            point.cost,
            abs(point.worth),
            (point.model, name, _figures(point, against)),
            label=point.model if measured else "",
        )
        for point in points
    )
    # Of sizes the smaller one is the better one: the front is that of the worths as they are.
    best = front_line(name, color, [Mark(p.cost, p.worth) for p in points], dotted=not measured)
    line = tuple(Mark(mark.x, abs(mark.y)) for mark in best.marks)
    return (
        Series(best.name, color, line, line=best.line, in_legend=False),
        Series(name, color, marks, dots="solid" if measured else "hollow"),
    )


def _figures(point: Point, against: Against) -> str:
    worth = abs(point.worth)
    shown = f"{percent(worth, of=100)} % mask AP" if against == "ap" else f"{three(worth)} MB"
    return f"{three(point.cost)} ms, {shown}"
