"""The charts of the report as inline SVG: no script, no font, nothing to fetch.

Colours and text come from the report's style sheet, so both themes follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from instseg_ui.benchmark.figures import Against, published_tradeoff, stage, tradeoff
from instseg_ui.benchmark.records import STAGES, BenchmarkRun
from instseg_ui.comparison.decision import Point, front
from instseg_ui.numbers import three

_WIDTH, _LEFT, _RIGHT = 900, 215, 40
_ROW, _TOP, _FOOT = 44, 14, 44
_SCATTER_HEIGHT = 360
_MOST_DOTS = 400
# Values that differ by more than this factor are drawn to a logarithmic scale.
_LOG_FROM = 12.0


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels; `start` may lie beyond `end`, for an axis that points up."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value."""
        low, high, value = (self._turned(one) for one in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values from low to high: 1, 2 and 5 of each decade, or about five even steps."""
        if self.log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
        else:
            step = _round_up((self.high - self.low) / 6)
            first = math.ceil(self.low / step)
            values = [step * number for number in range(first, first + 8)]
        return [value for value in values if self.low <= value <= self.high]

    def _turned(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self.log else value


def scale_of(values: Sequence[float], start: float, end: float, *, zero: bool = False) -> Scale:
    """A scale with some air around the values; logarithmic where they differ by much."""
    low, high = min(values), max(values)
    if zero:
        return Scale(0.0, high * 1.05 or 1.0, start, end)
    if low > 0 and high / low > _LOG_FROM:
        return Scale(low / 1.25, high * 1.25, start, end, log=True)
    air = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return Scale(max(0.0, low - air) if low >= 0 else low - air, high + air, start, end)


def distribution(run: BenchmarkRun) -> str:
    """Every counted run's latency as a dot, the middle half as a box, the median as a line."""
    models = run.measured
    height = _TOP + _ROW * len(models) + _FOOT
    values = [sample.latency for one in models for sample in one.samples]
    scale = scale_of(values, _LEFT, _WIDTH - _RIGHT)
    parts = [_horizontal(scale, height, "Latency, ms (one dot a run)")]
    for row, one in enumerate(models):
        middle = _TOP + _ROW * (row + 0.5)
        parts.append(_name(one.model, middle))
        parts.append(_spread([sample.latency for sample in one.samples], scale, middle))
    return _svg(height, parts, "Latency of each run, by model")


def stages(run: BenchmarkRun) -> str:
    """The median time of each stage, end to end, a bar for each model."""
    models = run.measured
    height = _TOP + _ROW * len(models) + _FOOT
    medians = {
        one.model: [figures.median for name in STAGES if (figures := stage(one, name)) is not None]
        for one in models
    }
    scale = scale_of([sum(values) for values in medians.values()], _LEFT, _WIDTH - 80, zero=True)
    parts = [_horizontal(scale, height, "Sum of the stages' medians, ms")]
    for row, (model, values) in enumerate(medians.items()):
        middle = _TOP + _ROW * (row + 0.5)
        parts.append(_name(model, middle))
        parts.append(_bar(values, scale, middle))
    return _svg(height, parts, "Stages of the latency, by model")


def pareto(run: BenchmarkRun, against: Against) -> str:
    """Latency against mask AP or size; the line joins the models that no other beats in both."""
    here = tradeoff(run, against)
    published = published_tradeoff(run) if against == "ap" else []
    if not here:
        return "<p>No measured model has a published mask AP, so there is nothing to draw.</p>"
    drawn = [*here, *published]
    across = scale_of([point.cost for point in drawn], _LEFT, _WIDTH - _RIGHT)
    bottom = _SCATTER_HEIGHT - _FOOT
    up = scale_of([abs(point.worth) for point in drawn], bottom, _TOP)
    title = "Published mask AP, %" if against == "ap" else "Size on disk, MB"
    parts = [_horizontal(across, _SCATTER_HEIGHT, "Median latency, ms"), _vertical(up, title)]
    parts += [_pair(one, here, across, up) for one in published]
    for points, kind in ((published, "published"), (here, "here")):
        parts.append(_cloud(points, kind, across, up))
    return _svg(_SCATTER_HEIGHT, parts, f"Latency against {title}")


def stage_legend() -> str:
    """The stages and their colours."""
    items = "".join(f'<li><i class="b{i}"></i>{name}</li>' for i, name in enumerate(STAGES))
    return f'<ul class="legend">{items}</ul>'


def _svg(height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def _horizontal(scale: Scale, height: float, title: str) -> str:
    bottom = height - _FOOT
    marks = "".join(
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom:.1f}"/>'
        f'<text class="tick" x="{x:.1f}" y="{bottom + 15:.1f}">{value:,.5g}</text>'
        for value, x in _spaced(scale, 34)
    )
    middle = (scale.start + scale.end) / 2
    log = " (log)" if scale.log else ""
    words = f'<text class="title" x="{middle:.1f}" y="{height - 8:.1f}">{escape(title)}{log}</text>'
    return marks + words


def _vertical(scale: Scale, title: str) -> str:
    marks = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="side" x="{_LEFT - 8}" y="{y + 4:.1f}">{value:,.5g}</text>'
        for value, y in _spaced(scale, 18)
    )
    middle = (scale.start + scale.end) / 2
    turn = f'transform="rotate(-90 {_LEFT - 60} {middle:.1f})"'
    words = f'<text class="title" x="{_LEFT - 60}" y="{middle:.1f}" {turn}>{escape(title)}</text>'
    return marks + words


def _spaced(scale: Scale, least: float) -> list[tuple[float, float]]:
    """The ticks as (value, pixel), without those that would touch the one before."""
    kept: list[tuple[float, float]] = []
    for value in scale.ticks():
        pixel = scale.at(value)
        if not kept or abs(pixel - kept[-1][1]) >= least:
            kept.append((value, pixel))
    return kept


def _name(model: str, middle: float) -> str:
    short = model if len(model) <= 30 else f"{model[:29]}…"
    return (
        f'<text class="side" x="{_LEFT - 10}" y="{middle + 4:.1f}">{escape(short)}'
        f"<title>{escape(model)}</title></text>"
    )


def _spread(values: Sequence[float], scale: Scale, middle: float) -> str:
    low, median, high = (float(one) for one in np.percentile(values, (25, 50, 75)))
    dots = "".join(
        f'<circle class="dot" cx="{scale.at(value):.1f}" cy="{middle + _jitter(i):.1f}" r="2.4"/>'
        for i, value in enumerate(thinned(values))
    )
    x, width = scale.at(low), scale.at(high) - scale.at(low)
    words = f"median {three(median)} ms, middle half {three(low)} to {three(high)} ms"
    return (
        f'{dots}<rect class="box" x="{x:.1f}" y="{middle - 12:.1f}" width="{width:.1f}" '
        f'height="24"><title>{words}</title></rect><line class="median" '
        f'x1="{scale.at(median):.1f}" x2="{scale.at(median):.1f}" y1="{middle - 14:.1f}" '
        f'y2="{middle + 14:.1f}"/>'
    )


def thinned(values: Sequence[float]) -> list[float]:
    """At most 400 of the values, evenly over their order, the least and the most among them."""
    if len(values) <= _MOST_DOTS:
        return list(values)
    ordered = sorted(values)
    return [ordered[round(i)] for i in np.linspace(0, len(ordered) - 1, _MOST_DOTS)]


def _jitter(number: int) -> float:
    """Up and down within the row, the same at every drawing (golden ratio)."""
    return ((number * 0.618034) % 1 - 0.5) * 18


def _bar(values: Sequence[float], scale: Scale, middle: float) -> str:
    parts, done = [], 0.0
    for number, value in enumerate(values):
        x, width = scale.at(done), scale.at(done + value) - scale.at(done)
        parts.append(
            f'<rect class="b{number}" x="{x:.2f}" y="{middle - 11:.1f}" width="{width:.2f}" '
            f'height="22"><title>{STAGES[number]}: {three(value)} ms</title></rect>'
        )
        done += value
    end = f'<text class="value" x="{scale.at(done) + 6:.1f}" y="{middle + 4:.1f}">{three(done)}'
    return "".join(parts) + f"{end}</text>"


def _cloud(points: Sequence[Point], kind: str, across: Scale, up: Scale) -> str:
    def place(point: Point) -> tuple[float, float]:
        return across.at(point.cost), up.at(abs(point.worth))

    best = front(points)
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, best))
    line = f'<polyline class="front {kind}" points="{corners}"/>'
    return line + "".join(_dot(point, kind, place) for point in points)


def _pair(published: Point, here: Sequence[Point], across: Scale, up: Scale) -> str:
    """A line from a model's published latency to its own here; the accuracy is the same."""
    y = up.at(published.worth)
    return "".join(
        f'<line class="pair" x1="{across.at(published.cost):.1f}" x2="{across.at(one.cost):.1f}" '
        f'y1="{y:.1f}" y2="{y:.1f}"/>'
        for one in here
        if one.model == published.model
    )


def _dot(point: Point, kind: str, place: Callable[[Point], tuple[float, float]]) -> str:
    x, y = place(point)
    words = f"{point.model}: {three(point.cost)} ms, {three(abs(point.worth))}"
    side, anchor = (-9, "end") if x > _WIDTH * 0.75 else (9, "start")
    label = (
        f'<text class="label" text-anchor="{anchor}" x="{x + side:.1f}" y="{y - 8:.1f}">'
        f"{escape(point.model)}</text>"
    )
    circle = f'<circle class="point {kind}" cx="{x:.1f}" cy="{y:.1f}" r="6">'
    shown = label if kind == "here" else ""
    return f"{circle}<title>{escape(words)}</title></circle>{shown}"


def _round_up(step: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * one for one in (1, 2, 5, 10) if power * one >= step * 0.999)
