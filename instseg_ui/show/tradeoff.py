"""The charts: accuracy against latency. Published points are hollow, measured ones solid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from instseg_ui.catalog import ModelSpec
from instseg_ui.comparison.decision import Point, front
from instseg_ui.numbers import megabytes, milliseconds, three

BASES: dict[str, str] = {
    "gpu_normal_ms": "GPU",
    "gpu_hp_ms": "GPU, high performance",
    "cpu_normal_ms": "CPU",
    "cpu_hp_ms": "CPU, high performance",
}
"""Which of the published latencies the chart shows, in words."""

_PUBLISHED, _MEASURED = "#8795a8", "#0d9488"
_INK = "#8492a6"
_GRID = "rgba(132, 146, 166, 0.22)"
_LARGEST_PX = 46
_NO_SIZE_MB = 20.0


def tradeoff(
    specs: Sequence[ModelSpec], measured: Mapping[str, tuple[float, float]], basis: str
) -> go.Figure:
    """Published mask AP against latency, with the Pareto front of each kind of latency.

    Args:
        specs: the models whose published figures are shown.
        measured: warm latency here, ms, and size on disk, MB, by model.
        basis: which published latency, a key of `BASES`.
    """
    published = [_published(spec, basis) for spec in specs]
    here = [_measured(spec, measured) for spec in specs if spec.id in measured]
    drawn = [point for point in published if point is not None]
    solid = [point for point in here if point is not None]
    largest = max((size for *_, size in (*drawn, *solid)), default=_NO_SIZE_MB)
    figure = go.Figure()
    _add(figure, drawn, f"Published, {BASES[basis]}", _PUBLISHED, largest, hollow=True)
    _add(figure, solid, "Measured on this machine", _MEASURED, largest, hollow=False)
    figure.update_layout(**_layout([x for _, x, _, _ in (*drawn, *solid)]))
    return figure


_Dot = tuple[str, float, float, float]


def _published(spec: ModelSpec, basis: str) -> _Dot | None:
    latency, ap = getattr(spec.published, basis), spec.published.mask_ap
    if latency is None or ap is None:
        return None
    return spec.id, latency, ap, spec.published.storage_mb or _NO_SIZE_MB


def _measured(spec: ModelSpec, measured: Mapping[str, tuple[float, float]]) -> _Dot | None:
    latency, size = measured[spec.id]
    ap = spec.published.mask_ap
    return None if ap is None or latency <= 0 else (spec.id, latency, ap, size)


def _add(
    figure: go.Figure, dots: Sequence[_Dot], name: str, color: str, largest: float, *, hollow: bool
) -> None:
    best = front([Point(model, x, y) for model, x, y, _ in dots])
    on_front = {point.model for point in best}
    figure.add_trace(_front_line(best, color, name, dotted=hollow))
    figure.add_trace(
        go.Scatter(
            name=name,
            mode="markers+text",
            x=[x for _, x, _, _ in dots],
            y=[y for _, _, y, _ in dots],
            text=[_short(model) if model in on_front else "" for model, *_ in dots],
            textposition="top center",
            textfont={"size": 11, "color": _INK},
            hovertext=[_hover(dot, name) for dot in dots],
            hoverinfo="text",
            cliponaxis=False,
            marker=_marker([size for *_, size in dots], color, largest, hollow=hollow),
        )
    )


def _front_line(best: Sequence[Point], color: str, name: str, *, dotted: bool) -> go.Scatter:
    return go.Scatter(
        name=f"Pareto front: {name}",
        mode="lines",
        x=[point.cost for point in best],
        y=[point.worth for point in best],
        line={"color": color, "width": 1.5, "dash": "dot" if dotted else "solid"},
        hoverinfo="skip",
        showlegend=False,
    )


def _marker(sizes: Sequence[float], color: str, largest: float, *, hollow: bool) -> dict[str, Any]:
    """Markers whose area is the size on disk."""
    return {
        "size": list(sizes),
        "sizemode": "area",
        "sizeref": 2 * largest / _LARGEST_PX**2,
        "sizemin": 4,
        "symbol": "circle-open" if hollow else "circle",
        "color": color,
        "opacity": 1 if hollow else 0.85,
        "line": {"color": color, "width": 1.6},
    }


def _hover(dot: _Dot, name: str) -> str:
    model, latency, ap, size = dot
    figures = f"mask AP {three(ap)} (published)<br>{milliseconds(latency)}, {megabytes(size)}"
    return f"<b>{_plain(model)}</b><br>{name}<br>{figures}"


def _short(model: str) -> str:
    """The name without what all of its family share."""
    return _plain(model.replace("MaskRCNN", "R-CNN").replace("Mask-RT-DETR", "RT-DETR"))


def _plain(text: str) -> str:
    """Plotly reads a few tags in texts; a model's name has none to give."""
    return text.replace("<", "‹").replace(">", "›")


def _layout(costs: Sequence[float]) -> dict[str, Any]:
    axis = {
        "gridcolor": _GRID,
        "zeroline": False,
        "linecolor": _GRID,
        "tickfont": {"size": 11},
    }
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": _INK, "family": "system-ui, sans-serif", "size": 12},
        "height": 380,
        "margin": {"l": 52, "r": 18, "t": 62, "b": 48},
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.04,
            "yanchor": "bottom",
            "itemsizing": "constant",
        },
        "hoverlabel": {"align": "left"},
        "xaxis": axis | {"title": {"text": "Latency, ms (log)"}, "type": "log"} | _ticks(costs),
        "yaxis": axis | {"title": {"text": "Published mask AP, %"}, "automargin": True},
    }


def _ticks(costs: Sequence[float]) -> dict[str, Any]:
    """Ticks at 1, 2 and 5 of each decade the points lie in, and a range with some air."""
    known = [cost for cost in costs if cost > 0]
    if not known:
        return {"range": [1, 4], "tickvals": [10, 100, 1000, 10000]}
    low, high = math.log10(min(known)) - 0.12, math.log10(max(known)) + 0.12
    if high - low < 0.5:
        low, high = low - 0.25, high + 0.25
    decades = range(math.floor(low), math.ceil(high) + 1)
    values = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
    return {"range": [low, high], "tickvals": values, "ticktext": [f"{v:,.5g}" for v in values]}
