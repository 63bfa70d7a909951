"""The charts of an evaluation; a model has the same colour in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from instseg_ui.evaluate import Evaluation, ModelResult, confusion
from instseg_ui.evaluate.average_precision import RECALLS
from instseg_ui.numbers import three
from instseg_ui.ui.evaluate.counts import ERRORS

IOUS = {"IoU 0.50": 0, "IoU 0.75": 1, "mean of IoU 0.50 to 0.95": 2}
_COLORS = ("#0d9488", "#f59e0b", "#6366f1", "#ec4899", "#65a30d", "#0ea5e9", "#dc2626", "#a16207")
_INK, _GRID = "#8492a6", "rgba(132, 146, 166, 0.22)"
_KIND_COLORS = ("#d55e00", "#e69f00", "#cc79a7", "#56b4e9", "#8795a8", "#0072b2")
_MOST_CLASSES = 12
_ROW_PX, _FRAME_PX = 46, 120


def precision_recall(
    evaluation: Evaluation, iou: int = 0, category: int | None = None
) -> go.Figure:
    """Precision over recall by masks, a line a model, and where its best F1 is."""
    figure = go.Figure()
    for place, one in enumerate(evaluation.results):
        curve = one.curve(category)[iou]
        if np.isnan(curve).any():
            continue
        _line(figure, RECALLS.tolist(), curve.tolist(), one.model, place)
    _shares(figure, "Recall", "Precision", "No object of that class in the images.")
    return figure


def f1_over_threshold(evaluation: Evaluation, category: int | None = None) -> go.Figure:
    """F1 by masks at IoU 0.5 over the threshold, the best one marked."""
    figure = go.Figure()
    for place, one in enumerate(evaluation.results):
        points = one.operating_points(category)
        if not points:
            continue
        x, y = [point.threshold for point in points], [point.f1 for point in points]
        _line(figure, x, y, one.model, place)
        best = max(points, key=lambda point: point.f1)
        words = f"best F1 {three(best.f1)} at {three(best.threshold)}"
        figure.add_trace(
            go.Scatter(
                x=[best.threshold],
                y=[best.f1],
                mode="markers",
                marker={"color": _color(place), "size": 10, "line": {"width": 0}},
                hovertext=f"{_plain(one.model)}<br>{words}",
                hoverinfo="text",
                showlegend=False,
            )
        )
    _shares(figure, "Lowest score shown", "F1", "Nothing was found of that class.")
    return figure


def errors(evaluation: Evaluation) -> go.Figure:
    """The AP50 that each kind of error costs, a bar a model and kind."""
    figure = go.Figure()
    names = [_plain(one.model) for one in evaluation.results]
    for color, (name, kind) in zip(_KIND_COLORS, ERRORS, strict=True):
        costs = [one.errors.kinds[kind] for one in evaluation.results]
        figure.add_trace(
            go.Bar(
                x=[100 * cost.ap for cost in costs],
                y=names,
                name=name,
                orientation="h",
                marker={"color": color},
                hovertext=[
                    f"{name}: {three(100 * cost.ap)} points, {cost.count:,}" for cost in costs
                ],
                hoverinfo="text",
            )
        )
    height = _FRAME_PX + _ROW_PX * max(2, 2 * len(names))
    figure.update_layout(
        **_layout(height),
        barmode="group",
        showlegend=True,
        xaxis=_axis("Cost, points of AP50"),
        yaxis={"autorange": "reversed", "automargin": True, "tickfont": {"size": 11}},
    )
    return figure


def calibration(evaluation: Evaluation) -> go.Figure:
    """The share of right predictions by score, with its 95 % interval; the diagonal is ideal."""
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": _INK, "width": 1, "dash": "dot"},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for place, one in enumerate(evaluation.results):
        _calibrated(figure, one, place)
    _shares(figure, "Score", "Share that is right", "Nothing was found.", least=2)
    return figure


def _calibrated(figure: go.Figure, result: ModelResult, place: int) -> None:
    bins = [one for one in result.calibration.bins if one.interval is not None]
    if not bins:
        return
    figure.add_trace(
        go.Scatter(
            x=[one.score for one in bins],
            y=[one.right for one in bins],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [one.interval[1] - (one.right or 0) for one in bins if one.interval],
                "arrayminus": [(one.right or 0) - one.interval[0] for one in bins if one.interval],
                "thickness": 1,
                "width": 3,
            },
            name=_plain(result.model),
            mode="lines+markers",
            line={"color": _color(place), "width": 1.5},
            marker={"size": 6},
            hovertext=[
                f"scores {one.low:.1f} to {one.high:.1f}, n = {one.n:,}<br>"
                f"mean score {three(one.score)}, right {three(one.right)}"
                for one in bins
            ],
            hoverinfo="text",
        )
    )


def confused(result: ModelResult) -> go.Figure:
    """Truth by prediction, the classes with the most mistakes and those that found nothing."""
    found = result.confusion()
    chosen = worst_classes(found)
    names = [category.name for category in result.dataset.categories]
    rows = [*chosen, confusion.NOTHING]
    counts = {(one.truth, one.predicted): one.count for one in found.cells}
    table = [[counts.get((truth, seen), 0) for seen in rows] for truth in rows]
    across = [*(_plain(names[k]) for k in chosen), "(not found)"]
    down = [*(_plain(names[k]) for k in chosen), "(no object)"]
    totals = [max(1, sum(row)) for row in table]
    figure = go.Figure(
        go.Heatmap(
            z=[[value / total for value in row] for row, total in zip(table, totals, strict=True)],
            x=across,
            y=down,
            text=[[f"{value:,}" if value else "" for value in row] for row in table],
            texttemplate="%{text}",
            hovertemplate="truth %{y}<br>found as %{x}<br>%{text}<extra></extra>",
            colorscale=[[0, "rgba(13, 148, 136, 0)"], [1, "rgba(13, 148, 136, 0.75)"]],
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_layout(
        **_layout(max(260, 34 * len(rows) + 130)),
        xaxis=_axis("Found as") | {"showgrid": False},
        yaxis=_axis("Truth") | {"showgrid": False, "autorange": "reversed"},
    )
    return figure


def worst_classes(found: confusion.Confusion) -> list[int]:
    """Places of the categories with the most mistakes, at most twelve, in the data set's order."""
    mistakes: dict[int, int] = {}
    for cell in found.cells:
        for place in {cell.truth, cell.predicted} - {confusion.NOTHING}:
            wrong = cell.count if cell.truth != cell.predicted else 0
            mistakes[place] = mistakes.get(place, 0) + wrong
    worst = sorted(mistakes, key=lambda place: -mistakes[place])[:_MOST_CLASSES]
    return sorted(worst)


def _line(
    figure: go.Figure, x: Sequence[float], y: Sequence[float], model: str, place: int
) -> None:
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            name=_plain(model),
            mode="lines",
            line={"color": _color(place), "width": 2},
            hovertemplate="%{x:.3g}, %{y:.3g}<extra>%{fullData.name}</extra>",
        )
    )


def _shares(figure: go.Figure, across: str, up: str, words: str, least: int = 1) -> None:
    """Two axes from 0 to 1; `words` stand there when less than `least` lines were drawn."""
    empty = len(figure.data) < least
    figure.update_layout(
        **_layout(340),
        showlegend=not empty,
        xaxis=_axis(across) | {"range": [0, 1.02]},
        yaxis=_axis(up) | {"range": [0, 1.04]},
        annotations=[_words(words)] if empty else [],
    )


def _words(text: str) -> dict[str, Any]:
    return {"text": text, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}


def _axis(title: str) -> dict[str, Any]:
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
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hoverlabel": {"align": "left"},
    }


def _color(place: int) -> str:
    return _COLORS[place % len(_COLORS)]


def _plain(text: str) -> str:
    """Plotly reads a few tags in texts; a name has none to give."""
    return text.replace("<", "‹").replace(">", "›")
