"""Charts as data, prepared once: `svg` draws them into reports, `plotly_charts` on the page.

Points carry the words that stand at them, axes their unit. Published points are hollow, measured
ones solid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from instseg_ui.comparison.front import Point, front
from instseg_ui.palette import nth

MEASURED, PUBLISHED = "#0d9488", "#8795a8"
"""The colours of figures of this machine and of the publisher's."""

_MODELS = ("#0d9488", "#f59e0b", "#6366f1", "#ec4899", "#65a30d", "#0ea5e9", "#dc2626", "#a16207")
# Values that differ by more than this factor are drawn to a logarithmic scale.
_LOG_FROM = 12.0


def model_color(place: int) -> str:
    """The colour of the model at that place, the same in all charts of an evaluation."""
    return _MODELS[place] if place < len(_MODELS) else nth(place)


@dataclass(frozen=True, slots=True)
class ChartAxis:
    """What an axis shows, with its unit, and from where to where."""

    title: str
    low: float
    high: float
    log: bool = False

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round values from low to high: 1, 2 and 5 of each decade, or about five even steps."""
        if self.log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
        else:
            step = _round_up((self.high - self.low) / 6)
            first = math.ceil(self.low / step)
            values = [step * number for number in range(first, first + 8)]
        return tuple(value for value in values if self.low <= value <= self.high)


@dataclass(frozen=True, slots=True)
class Mark:
    """One point.

    Attributes:
        x, y: in the axes' units.
        words: a line each, told when somebody points at it.
        label: stands beside it; empty for none.
        size: its area, in a unit of its own; None where all are alike.
        interval: from where to where `y` may lie.
        across: from where to where `x` may lie.
    """

    x: float
    y: float
    words: tuple[str, ...] = ()
    label: str = ""
    size: float | None = None
    interval: tuple[float, float] | None = None
    across: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together, joined by a line, as dots, or both."""

    name: str
    color: str
    marks: tuple[Mark, ...]
    line: Literal["", "solid", "dotted", "faint"] = ""
    dots: Literal["", "solid", "hollow"] = ""
    in_legend: bool = True


@dataclass(frozen=True, slots=True)
class Plot:
    """Series over two axes; `empty` stands there instead where there is nothing to draw."""

    title: str
    x: ChartAxis
    y: ChartAxis
    series: tuple[Series, ...]
    empty: str = ""
    legend: bool = True


@dataclass(frozen=True, slots=True)
class BarSeries:
    """One bar a row, of one colour; `words` are told when somebody points at it."""

    name: str
    color: str
    values: tuple[float, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars to the right, a row a model: end to end, or one below the other."""

    title: str
    axis: ChartAxis
    rows: tuple[str, ...]
    series: tuple[BarSeries, ...]
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """One row's values: dots, a box around the middle half, a line at the median."""

    name: str
    values: tuple[float, ...]
    quartiles: tuple[float, float, float]
    words: str


@dataclass(frozen=True, slots=True)
class Spreads:
    """How values scatter, a row a model."""

    title: str
    axis: ChartAxis
    rows: tuple[Spread, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Counts by two names, shaded by their share of the row."""

    title: str
    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def shares(self) -> list[list[float]]:
        """Each count as a share of its row."""
        totals = [max(1, sum(row)) for row in self.counts]
        return [
            [count / total for count in row] for row, total in zip(self.counts, totals, strict=True)
        ]


Chart = Plot | Bars | Spreads | Grid


def axis_of(
    title: str, values: Iterable[float], *, zero: bool = False, log: bool | None = None
) -> ChartAxis:
    """An axis with some air around the values; logarithmic where they differ by much.

    Args:
        title: what it shows, with its unit.
        values: all that is drawn along it.
        zero: whether it begins at 0.
        log: None decides by the values.
    """
    known = list(values)
    if not known:
        return (
            ChartAxis(f"{title} (log)", 10.0, 10_000.0, log=True)
            if log
            else ChartAxis(title, 0.0, 1.0)
        )
    low, high = min(known), max(known)
    if zero:
        return ChartAxis(title, 0.0, max(0.0, high) * 1.05 or 1.0)
    if low > 0 and (high / low > _LOG_FROM if log is None else log):
        return ChartAxis(f"{title} (log)", *_wide(low / 1.25, high * 1.25), log=True)
    air = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return ChartAxis(title, max(0.0, low - air) if low >= 0 else low - air, high + air)


def front_line(name: str, color: str, marks: Sequence[Mark], *, dotted: bool) -> Series:
    """The line through those that no other beats in both: less along x, and more along y."""
    best = front([Point(str(place), mark.x, mark.y) for place, mark in enumerate(marks)])
    return Series(
        f"Pareto front: {name}",
        color,
        tuple(Mark(point.cost, point.worth) for point in best),
        line="dotted" if dotted else "solid",
        in_legend=False,
    )


def tick_text(value: float) -> str:
    """A value of an axis."""
    return f"{value:,.5g}"


def _wide(low: float, high: float) -> tuple[float, float]:
    """At least three times as far, so that a few ticks stand between."""
    return (low, high) if high / low >= 10**0.5 else (low / 10**0.25, high * 10**0.25)


def _round_up(step: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * one for one in (1, 2, 5, 10) if power * one >= step * 0.999)
