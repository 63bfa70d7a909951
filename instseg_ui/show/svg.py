"""Charts as inline SVG for reports: no script, no font, nothing to fetch.

Text and lines of the frame take their colours from the report's style sheet, so both themes follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import htpy as h
from markupsafe import Markup

from instseg_ui.numbers import three
from instseg_ui.show.charts import (
    Bars,
    Chart,
    ChartAxis,
    Grid,
    Mark,
    Plot,
    Series,
    Spread,
    Spreads,
    tick_text,
)
from instseg_ui.show.html import markup, nothing

_WIDTH, _LEFT, _RIGHT = 900, 215, 40
_TOP, _FOOT = 14, 44
_ROW, _BAR = 44, 22
_CELL, _CELL_HEIGHT, _HEAD = 78, 30, 34
_SMALL = (420, 300)
_SMALL_LEFT, _SMALL_RIGHT = 56, 14
_LONGEST_NAME = 30
# The area of the largest mark, as a radius in pixels.
_RADIUS, _LARGEST = 6.0, 20.0
_DASHES: dict[str, dict[str, str]] = {
    "solid": {},
    "dotted": {"stroke-dasharray": "3 4"},
    "faint": {"stroke-dasharray": "1 4", "stroke-opacity": "0.7"},
}


@dataclass(frozen=True, slots=True)
class Scale:
    """From an axis's values to pixels; `start` may lie beyond `end`, for one that points up."""

    axis: ChartAxis
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value."""
        low, high, value = (self._turned(one) for one in (self.axis.low, self.axis.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def spaced(self, least: float) -> Iterator[tuple[str, float]]:
        """Ticks as (text, pixel), without those that would touch the one before."""
        last = -math.inf
        for value in self.axis.ticks:
            pixel = self.at(value)
            if abs(pixel - last) >= least:
                last = pixel
                yield tick_text(value), pixel

    def _turned(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self.axis.log else value


@dataclass(frozen=True, slots=True)
class _Frame:
    """The edges of the drawing and of what is inside its axes."""

    width: float
    height: float
    left: float = _LEFT
    right: float = _RIGHT

    @property
    def bottom(self) -> float:
        return self.height - _FOOT

    @property
    def edge(self) -> float:
        return self.width - self.right


def svg(chart: Chart, *, small: bool = False) -> Markup:
    """The chart with its legend; `small` ones stand beside each other."""
    match chart:
        case Plot():
            return _plot(chart, small)
        case Bars():
            return _bars(chart)
        case Spreads():
            return _spreads(chart)
        case Grid():
            return _grid(chart)


def _plot(chart: Plot, small: bool) -> Markup:
    if chart.empty:
        return nothing(chart.empty)
    frame = _Frame(*_SMALL, _SMALL_LEFT, _SMALL_RIGHT) if small else _Frame(_WIDTH, 8 * _ROW)
    x, y = Scale(chart.x, frame.left, frame.edge), Scale(chart.y, frame.bottom, _TOP)
    largest = max((mark.size or 0.0 for one in chart.series for mark in one.marks), default=0.0)
    drawn = [_series(one, x, y, largest, frame) for one in chart.series]
    legend = [(one.name, _mark_style(one)) for one in chart.series if one.in_legend]
    shown = _legend(legend) if chart.legend and len(legend) > 1 else None
    return _drawing(frame, chart.title, [_across(x, frame), _upright(y, frame), drawn], shown)


def _bars(chart: Bars) -> Markup:
    each = 1 if chart.stacked else len(chart.series)
    step = _ROW if chart.stacked else each * (_BAR * 0.6) + 16
    frame = _Frame(_WIDTH, _TOP + step * len(chart.rows) + _FOOT, right=80)
    scale = Scale(chart.axis, frame.left, frame.edge)
    parts: list[h.Node] = [_across(scale, frame)]
    for row, name in enumerate(chart.rows):
        middle = _TOP + step * (row + 0.5)
        parts += [_name(name, middle, frame), _row_of_bars(chart, row, middle, scale)]
    legend = [(one.name, f"background:{one.color}") for one in chart.series]
    return _drawing(frame, chart.title, parts, _legend(legend))


def _row_of_bars(chart: Bars, row: int, middle: float, scale: Scale) -> h.Node:
    if not chart.stacked:
        height = _BAR * 0.6
        top = middle - height * len(chart.series) / 2
        return [
            _bar(0.0, one.values[row], top + height * place, height - 1, one.color,
                 one.words[row], scale)
            for place, one in enumerate(chart.series)
        ]  # fmt: skip
    parts: list[h.Node] = []
    done = 0.0
    for one in chart.series:
        end = done + one.values[row]
        parts.append(_bar(done, end, middle - _BAR / 2, _BAR, one.color, one.words[row], scale))
        done = end
    return [*parts, h.text(".value", _at(x=scale.at(done) + 6, y=middle + 4))[three(done)]]


def _bar(
    start: float, end: float, top: float, height: float, color: str, words: str, scale: Scale
) -> h.Element:
    x = scale.at(start)
    width = scale.at(end) - x
    return h.rect(_at(x=x, y=top, width=width, height=height), fill=color)[h.title[words]]


def _spreads(chart: Spreads) -> Markup:
    frame = _Frame(_WIDTH, _TOP + _ROW * len(chart.rows) + _FOOT)
    scale = Scale(chart.axis, frame.left, frame.edge)
    parts: list[h.Node] = [_across(scale, frame)]
    for row, one in enumerate(chart.rows):
        middle = _TOP + _ROW * (row + 0.5)
        parts += [_name(one.name, middle, frame), _spread(one, scale, middle)]
    return _drawing(frame, chart.title, parts, None)


def _spread(one: Spread, scale: Scale, middle: float) -> h.Node:
    low, median, high = (scale.at(value) for value in one.quartiles)
    dots = (
        h.circle(".dot", _at(cx=scale.at(value), cy=middle + _jitter(place), r=2.4))
        for place, value in enumerate(one.values)
    )
    place = _at(x=low, y=middle - 12, width=high - low, height=24)
    box = h.rect(".box", place)[h.title[one.words]]
    line = h.line(".median", _at(x1=median, x2=median, y1=middle - 14, y2=middle + 14))
    return [dots, box, line]


def _jitter(number: int) -> float:
    """Up and down within the row, the same at every drawing (golden ratio)."""
    return ((number * 0.618034) % 1 - 0.5) * 18


def _grid(chart: Grid) -> Markup:
    left = 150
    frame = _Frame(
        left + _CELL * len(chart.columns) + 10,
        _TOP + _HEAD + _CELL_HEIGHT * len(chart.rows) + _TOP,
        left,
    )
    parts: list[h.Node] = [
        h.text(".side", _at(x=left - 10, y=_TOP + 8))[f"{chart.down} ↓  {chart.across} →"]
    ]
    for place, name in enumerate(chart.columns):
        x = left + _CELL * (place + 0.5)
        parts.append(h.text(".tick", _at(x=x, y=_TOP + _HEAD - 8))[_short(name, 11), h.title[name]])
    for row, name in enumerate(chart.rows):
        top = _TOP + _HEAD + _CELL_HEIGHT * row
        parts += [_name(name, top + _CELL_HEIGHT / 2, frame, 18), _cells(chart, row, top, left)]
    return _drawing(frame, chart.title, parts, None, width=frame.width)


def _cells(chart: Grid, row: int, top: float, left: float) -> Iterator[h.Node]:
    for place, (count, share) in enumerate(zip(chart.counts[row], chart.shares[row], strict=True)):
        x = left + _CELL * place
        words = f"{chart.rows[row]}, {chart.columns[place]}: {count:,}"
        yield h.rect(
            ".cell",
            _at(x=x + 1, y=top + 1, width=_CELL - 2, height=_CELL_HEIGHT - 2),
            {"fill-opacity": f"{0.75 * share:.3f}"},
        )[h.title[words]]
        if count:
            yield h.text(".tick", _at(x=x + _CELL / 2, y=top + _CELL_HEIGHT / 2 + 4))[f"{count:,}"]


def _series(one: Series, x: Scale, y: Scale, largest: float, frame: _Frame) -> Iterator[h.Node]:
    def place(mark: Mark) -> tuple[float, float]:
        return x.at(mark.x), y.at(mark.y)

    if one.line:
        corners = " ".join(f"{across:.1f},{up:.1f}" for across, up in map(place, one.marks))
        yield h.polyline(".line", _DASHES[one.line], points=corners, stroke=one.color)
    for mark in one.marks if one.dots else ():
        yield _dot(mark, one, place, _radius(mark, largest), frame)
        if mark.interval is not None:
            ends = [y.at(value) for value in mark.interval]
            yield h.line(
                _at(x1=x.at(mark.x), x2=x.at(mark.x), y1=ends[0], y2=ends[1]), stroke=one.color
            )
        if mark.across is not None:
            ends = [x.at(value) for value in mark.across]
            yield h.line(
                _at(x1=ends[0], x2=ends[1], y1=y.at(mark.y), y2=y.at(mark.y)), stroke=one.color
            )


def _radius(mark: Mark, largest: float) -> float:
    if mark.size is None or not largest:
        return _RADIUS if mark.label else 3.5
    return max(2.0, _LARGEST * math.sqrt(mark.size / largest))


def _dot(
    mark: Mark,
    one: Series,
    place: Callable[[Mark], tuple[float, float]],
    radius: float,
    frame: _Frame,
) -> Iterator[h.Node]:
    x, y = place(mark)
    ink = {"stroke": one.color, "stroke-width": "1.6"}
    fill = "none" if one.dots == "hollow" else one.color
    yield h.circle(ink, _at(cx=x, cy=y, r=radius), fill=fill)[h.title["; ".join(mark.words)]]
    if mark.label:
        side, anchor = (-9, "end") if x > frame.width * 0.75 else (9, "start")
        yield h.text({"text-anchor": anchor}, _at(x=x + side, y=y - 8))[mark.label]


def _across(scale: Scale, frame: _Frame) -> Iterator[h.Node]:
    for text, x in scale.spaced(34):
        yield h.line(".grid", _at(x1=x, x2=x, y1=_TOP, y2=frame.bottom))
        yield h.text(".tick", _at(x=x, y=frame.bottom + 15))[text]
    middle = (scale.start + scale.end) / 2
    yield h.text(".title", _at(x=middle, y=frame.height - 8))[scale.axis.title]


def _upright(scale: Scale, frame: _Frame) -> Iterator[h.Node]:
    for text, y in scale.spaced(18):
        yield h.line(".grid", _at(x1=frame.left, x2=frame.edge, y1=y, y2=y))
        yield h.text(".side", _at(x=frame.left - 8, y=y + 4))[text]
    middle, x = (scale.start + scale.end) / 2, max(12, frame.left - 60)
    turned = f"rotate(-90 {x:g} {middle:g})"
    yield h.text(".title", _at(x=x, y=middle), transform=turned)[scale.axis.title]


def _name(name: str, middle: float, frame: _Frame, longest: int = _LONGEST_NAME) -> h.Element:
    text = [_short(name, longest), h.title[name]]
    return h.text(".side", _at(x=frame.left - 10, y=middle + 4))[text]


def _at(**places: float) -> dict[str, str]:
    """Attributes in pixels, to a tenth."""
    return {name: f"{round(value, 1):g}" for name, value in places.items()}


def _short(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _mark_style(one: Series) -> str:
    if one.dots == "hollow":
        return f"border:2px solid {one.color};border-radius:50%;box-sizing:border-box"
    return f"background:{one.color}"


def _legend(items: Sequence[tuple[str, str]]) -> h.Element:
    return h.ul(".legend")[(h.li[h.i(style=style), name] for name, style in items)]


def _drawing(
    frame: _Frame, title: str, parts: h.Node, legend: h.Node, width: float | None = None
) -> Markup:
    box = {"viewBox": f"0 0 {frame.width:g} {frame.height:g}", "aria-label": title}
    style = None if width is None else f"max-width:{width:g}px;min-width:{min(width, 320):g}px"
    return markup(h.svg(box, role="img", style=style)[parts], legend)
