"""Charts as Plotly figures for the page: they tell what is under the pointer.

Colours of text and grid are a grey that is read on both themes; the page's style sets the text's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from instseg_ui.show.charts import (
    MEASURED,
    Bars,
    Chart,
    ChartAxis,
    Grid,
    Plot,
    Series,
    Spreads,
    tick_text,
)

TRADEOFF_PX = 380
"""The height of accuracy against latency."""
_INK, _GRID = "#8492a6", "rgba(132, 146, 166, 0.22)"
_LARGEST_PX = 46
_PLOT_PX = 340
_ROW_PX, _FRAME_PX, _LEAST_PX = 46, 110, 200
_CELL_PX, _GRID_PX, _LEAST_GRID_PX = 34, 130, 260


def figure(chart: Chart, height: int = _PLOT_PX) -> go.Figure:
    """The chart; `height` in pixels is that of a plot, the others grow with their rows."""
    match chart:
        case Plot():
            return _plot(chart, height)
        case Bars():
            return _bars(chart)
        case Spreads():
            return _spreads(chart)
        case Grid():
            return _grid(chart)


def _plot(chart: Plot, height: int) -> go.Figure:
    sizes = [mark.size or 0.0 for one in chart.series for mark in one.marks]
    largest = max(sizes, default=0.0)
    drawn = go.Figure([_series(one, largest) for one in chart.series])
    layout = _layout(height) | {
        "showlegend": chart.legend and not chart.empty,
        "xaxis": _axis(chart.x),
        "yaxis": _axis(chart.y),
        "annotations": [_words(chart.empty)] if chart.empty else [],
    }
    if largest:
        layout["margin"]["t"] = 62
        layout["legend"] |= {"y": 1.04, "itemsizing": "constant"}
    return drawn.update_layout(**layout)


def _series(one: Series, largest: float) -> go.Scatter:
    labels = [_plain(mark.label) for mark in one.marks]
    parts = (one.line and "lines", one.dots and "markers", any(labels) and "text")
    return go.Scatter(
        name=_plain(one.name),
        mode="+".join(filter(None, map(str, filter(None, parts)))),
        x=[mark.x for mark in one.marks],
        y=[mark.y for mark in one.marks],
        text=labels if any(labels) else None,
        textposition="top center",
        textfont={"size": 11, "color": _INK},
        cliponaxis=False if one.dots and not one.line else None,
        showlegend=one.in_legend,
        line=_line(one),
        marker=_marker(one, largest) if one.dots else None,
        error_y=_intervals([(mark.y, mark.interval) for mark in one.marks]),
        error_x=_intervals([(mark.x, mark.across) for mark in one.marks]),
        **_hover(one),
    )


def _line(one: Series) -> dict[str, Any]:
    width = 2 if one.line and one.in_legend and not one.dots else 1.5
    dash = "dot" if one.line in ("dotted", "faint") else "solid"
    return {"color": one.color, "width": 0.8 if one.line == "faint" else width, "dash": dash}


def _marker(one: Series, largest: float) -> dict[str, Any]:
    """Markers of one size, or of areas as the marks have them."""
    look: dict[str, Any] = {
        "symbol": "circle-open" if one.dots == "hollow" else "circle",
        "color": one.color,
        "line": {"color": one.color, "width": 1.6},
    }
    if not largest:
        return look | {"size": 6 if one.line else 11}
    return look | {
        "size": [mark.size or 0.0 for mark in one.marks],
        "sizemode": "area",
        "sizeref": 2 * largest / _LARGEST_PX**2,
        "sizemin": 4,
        "opacity": 1 if one.dots == "hollow" else 0.85,
    }


def _intervals(
    values: Sequence[tuple[float, tuple[float, float] | None]],
) -> dict[str, Any] | None:
    """Bars from each value to the ends of its interval; None where no value has one."""
    if not any(ends for _, ends in values):
        return None
    known = [(value, ends or (value, value)) for value, ends in values]
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, (_, high) in known],
        "arrayminus": [value - low for value, (low, _) in known],
        "thickness": 1,
        "width": 3,
    }


def _hover(one: Series) -> dict[str, Any]:
    if any(mark.words for mark in one.marks):
        return {"hovertext": [_told(mark.words) for mark in one.marks], "hoverinfo": "text"}
    if not one.in_legend:
        return {"hoverinfo": "skip"}
    return {"hovertemplate": "%{x:.3g}, %{y:.1f}<extra>%{fullData.name}</extra>"}


def _told(words: Sequence[str]) -> str:
    first, *others = map(_plain, words)
    return "<br>".join([f"<b>{first}</b>", *others])


def _bars(chart: Bars) -> go.Figure:
    rows = [_plain(name) for name in chart.rows]
    drawn = go.Figure(
        [
            go.Bar(
                x=list(one.values),
                y=rows,
                name=_plain(one.name),
                orientation="h",
                marker={"color": one.color},
                width=0.55 if chart.stacked else None,
                hovertext=[_plain(words) for words in one.words],
                hoverinfo="text",
            )
            for one in chart.series
        ]
    )
    lines = len(rows) if chart.stacked else max(2, 2 * len(rows))
    return _rows(drawn, lines, chart.axis).update_layout(
        barmode="stack" if chart.stacked else "group", showlegend=True
    )


def _spreads(chart: Spreads) -> go.Figure:
    drawn = go.Figure(
        [
            go.Box(
                x=list(one.values),
                name=_plain(one.name),
                orientation="h",
                boxpoints="all",
                jitter=0.6,
                pointpos=0,
                marker={"color": MEASURED, "size": 4, "opacity": 0.45},
                line={"color": MEASURED, "width": 1.5},
                fillcolor="rgba(13, 148, 136, 0.15)",
                hoverinfo="x",
            )
            for one in chart.rows
        ]
    )
    return _rows(drawn, len(chart.rows), chart.axis).update_layout(showlegend=False)


def _rows(drawn: go.Figure, rows: int, axis: ChartAxis) -> go.Figure:
    """A chart of one row a model, the first on top."""
    return drawn.update_layout(
        **_layout(max(_LEAST_PX, _ROW_PX * rows + _FRAME_PX)),
        xaxis=_axis(axis),
        yaxis={"autorange": "reversed", "automargin": True, "tickfont": {"size": 11}},
    )


def _grid(chart: Grid) -> go.Figure:
    drawn = go.Figure(
        go.Heatmap(
            z=chart.shares,
            x=[_plain(name) for name in chart.columns],
            y=[_plain(name) for name in chart.rows],
            text=[[f"{count:,}" if count else "" for count in row] for row in chart.counts],
            texttemplate="%{text}",
            hovertemplate="truth %{y}<br>found as %{x}<br>%{text}<extra></extra>",
            colorscale=[[0, "rgba(13, 148, 136, 0)"], [1, "rgba(13, 148, 136, 0.75)"]],
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    names = {"showgrid": False}
    return drawn.update_layout(
        **_layout(max(_LEAST_GRID_PX, _CELL_PX * len(chart.rows) + _GRID_PX)),
        xaxis=_plain_axis(chart.across) | names,
        yaxis=_plain_axis(chart.down) | names | {"autorange": "reversed"},
    )


def _words(text: str) -> dict[str, Any]:
    words = _plain(text).replace(". ", ".<br>")
    return {"text": words, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}


def _axis(axis: ChartAxis) -> dict[str, Any]:
    """A linear axis has the ticks that Plotly finds room for."""
    if not axis.log:
        return _plain_axis(axis.title) | {"range": [axis.low, axis.high], "tickformat": ",~g"}
    return _plain_axis(axis.title) | {
        "type": "log",
        "range": [math.log10(axis.low), math.log10(axis.high)],
        "tickvals": list(axis.ticks),
        "ticktext": [tick_text(value) for value in axis.ticks],
    }


def _plain_axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "standoff": 14},
        "gridcolor": _GRID,
        "linecolor": _GRID,
        "zeroline": False,
        "tickfont": {"size": 11},
        "automargin": True,
    }


def _layout(height: int) -> dict[str, Any]:
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": _INK, "family": "system-ui, sans-serif", "size": 12},
        "height": height,
        "margin": {"l": 52, "r": 18, "t": 36, "b": 48},
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
        },
        "hoverlabel": {"align": "left"},
    }


def _plain(text: str) -> str:
    """Plotly reads a few tags in texts; a name has none to give."""
    return text.replace("<", "‹").replace(">", "›")
