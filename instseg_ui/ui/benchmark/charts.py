"""The charts of a benchmark run. Published points are hollow, measured ones solid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from instseg_ui.benchmark import STAGES, BenchmarkRun, stage
from instseg_ui.benchmark.figures import Against, published_tradeoff, tradeoff
from instseg_ui.comparison.decision import Point, front
from instseg_ui.numbers import three
from instseg_ui.show.benchmark_charts import thinned

STAGE_COLORS = ("#94a3b8", "#38bdf8", "#0d9488", "#f59e0b", "#a78bfa", "#f472b6")
_HERE, _PUBLISHED = "#0d9488", "#8795a8"
_INK, _GRID = "#8492a6", "rgba(132, 146, 166, 0.22)"
_LOG_FROM = 12.0
_ROW_PX, _FRAME_PX, _LEAST_PX = 46, 110, 200


def distribution(run: BenchmarkRun) -> go.Figure:
    """Latency of every counted run, a row for each model: dots, the middle half, the median."""
    figure = go.Figure()
    values = [[sample.latency for sample in one.samples] for one in run.measured]
    for one, latencies in zip(run.measured, values, strict=True):
        figure.add_trace(
            go.Box(
                x=thinned(latencies),
                name=_plain(one.model),
                orientation="h",
                boxpoints="all",
                jitter=0.6,
                pointpos=0,
                marker={"color": _HERE, "size": 4, "opacity": 0.45},
                line={"color": _HERE, "width": 1.5},
                fillcolor="rgba(13, 148, 136, 0.15)",
                hoverinfo="x",
            )
        )
    flat = [value for one in values for value in one]
    _rows(figure, len(run.measured), _axis("Latency, ms (one dot a run)", flat))
    return figure


def stages(run: BenchmarkRun) -> go.Figure:
    """The median time of each stage, end to end, a bar for each model."""
    figure = go.Figure()
    names = [_plain(one.model) for one in run.measured]
    for color, name in zip(STAGE_COLORS, STAGES, strict=True):
        medians = [0.0 if (one := stage(m, name)) is None else one.median for m in run.measured]
        figure.add_trace(
            go.Bar(
                x=medians,
                y=names,
                name=name,
                orientation="h",
                marker={"color": color},
                width=0.55,
                hovertext=[f"{name}: {three(value)} ms" for value in medians],
                hoverinfo="text",
            )
        )
    _rows(figure, len(names), _axis("Sum of the stages' medians, ms", []))
    figure.update_layout(barmode="stack", showlegend=True)
    return figure


def pareto(run: BenchmarkRun, against: Against) -> go.Figure:
    """Latency against mask AP or size, with the front of those that no other beats in both."""
    here = tradeoff(run, against)
    published = published_tradeoff(run) if against == "ap" else []
    figure = go.Figure()
    _add(figure, published, "Published latency", _PUBLISHED, "circle-open", named=False)
    _add(figure, here, "Measured here", _HERE, "circle", named=True)
    drawn = [*here, *published]
    title = "Published mask AP, %" if against == "ap" else "Size on disk, MB"
    worths = [abs(point.worth) for point in drawn]
    figure.update_layout(
        **_layout(360),
        showlegend=bool(published),
        xaxis=_axis("Median latency, ms", [point.cost for point in drawn]),
        yaxis=_axis(title, worths) | {"automargin": True},
        annotations=[] if here else [_nothing()],
    )
    return figure


def _add(
    figure: go.Figure, points: Sequence[Point], name: str, color: str, symbol: str, *, named: bool
) -> None:
    if not points:
        return
    best = front(points)
    figure.add_trace(
        go.Scatter(
            x=[point.cost for point in best],
            y=[abs(point.worth) for point in best],
            mode="lines",
            line={"color": color, "width": 1.5, "dash": "solid" if named else "dot"},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[point.cost for point in points],
            y=[abs(point.worth) for point in points],
            name=name,
            mode="markers+text" if named else "markers",
            text=[_plain(point.model) for point in points],
            textposition="top center",
            textfont={"size": 11, "color": _INK},
            hovertext=[_hover(point, name) for point in points],
            hoverinfo="text",
            cliponaxis=False,
            marker={
                "symbol": symbol,
                "color": color,
                "size": 11,
                "line": {"color": color, "width": 1.6},
            },
        )
    )


def _hover(point: Point, name: str) -> str:
    figures = f"{three(point.cost)} ms, {three(abs(point.worth))}"
    return f"<b>{_plain(point.model)}</b><br>{name}<br>{figures}"


def _nothing() -> dict[str, Any]:
    words = "No measured model has a published mask AP.<br>Choose size instead."
    return {"text": words, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}


def _rows(figure: go.Figure, rows: int, across: dict[str, Any]) -> None:
    """A chart of one row a model, the first on top."""
    figure.update_layout(
        **_layout(max(_LEAST_PX, _ROW_PX * rows + _FRAME_PX)),
        showlegend=False,
        xaxis=across,
        yaxis={"autorange": "reversed", "automargin": True, "tickfont": {"size": 11}},
    )


def _axis(title: str, values: Sequence[float]) -> dict[str, Any]:
    """An axis with its unit; logarithmic where the values differ by much."""
    known = [value for value in values if value > 0]
    log = bool(known) and max(known) / min(known) > _LOG_FROM
    return {
        "title": {"text": f"{title}{' (log)' if log else ''}"},
        "type": "log" if log else "linear",
        "dtick": "D2" if log else None,
        "gridcolor": _GRID,
        "zeroline": False,
        "linecolor": _GRID,
        "tickfont": {"size": 11},
        "tickformat": ",~g" if log else ",",
        "automargin": True,
    } | ({"range": _range(known, log=log)} if known else {})


def _range(values: Sequence[float], *, log: bool) -> list[float]:
    """From a little below the least to a little above the most, in the axis's own unit."""
    low, high = min(values), max(values)
    if log:
        low, high = math.log10(low), math.log10(high)
    air = (high - low) * 0.1 or (0.1 if log else high * 0.1)
    return [low - air, high + air]


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
    """Plotly reads a few tags in texts; a model's name has none to give."""
    return text.replace("<", "‹").replace(">", "›")
