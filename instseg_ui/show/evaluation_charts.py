"""The charts of an evaluation; a model has the same colour in all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from instseg_ui.evaluate import Evaluation, ModelResult, confusion
from instseg_ui.evaluate.average_precision import RECALLS
from instseg_ui.evaluate.calibration import Bin
from instseg_ui.numbers import percent, three
from instseg_ui.show.charts import (
    PUBLISHED,
    Bars,
    BarSeries,
    ChartAxis,
    Grid,
    Mark,
    Plot,
    Series,
    axis_of,
    model_color,
)
from instseg_ui.show.evaluation_tables import ERRORS

IOUS = {"IoU 0.50": 0, "IoU 0.75": 1, "mean of IoU 0.50 to 0.95": 2}
"""Of which precision and recall there is a curve, and its place in `ModelResult.curve`."""

_ERROR_COLORS = ("#d55e00", "#e69f00", "#cc79a7", "#56b4e9", "#8795a8", "#0072b2")
_MOST_CLASSES = 12
_SCORE_END = 1.02
_PERCENT_END = 104.0


def precision_recall(evaluation: Evaluation, iou: int = 0, category: int | None = None) -> Plot:
    """Precision over recall by masks, a line a model."""
    series = []
    for place, one in enumerate(evaluation.results):
        curve = one.curve(category)[iou]
        if not np.isnan(curve).any():
            points = zip((100 * RECALLS).tolist(), (100 * curve).tolist(), strict=True)
            marks = tuple(Mark(x, y) for x, y in points)
            series.append(Series(one.model, model_color(place), marks, line="solid"))
    name = next(name for name, number in IOUS.items() if number == iou)
    return Plot(
        f"Precision over recall, masks, {name}",
        _percent_axis("Recall, %", 100 * _SCORE_END),
        _percent_axis("Precision, %"),
        tuple(series),
        empty="" if series else "No object of that class in the images.",
    )


def f1_over_threshold(evaluation: Evaluation, category: int | None = None) -> Plot:
    """F1 by masks at IoU 0.5 over the threshold, the best one marked."""
    series: list[Series] = []
    for place, one in enumerate(evaluation.results):
        points = one.operating_points(category)
        if not points:
            continue
        marks = tuple(Mark(point.threshold, 100 * point.f1) for point in points)
        series.append(Series(one.model, model_color(place), marks, line="solid"))
        best = max(points, key=lambda point: point.f1)
        words = f"best F1 {percent(best.f1)} % at {three(best.threshold)}"
        top = Mark(best.threshold, 100 * best.f1, (one.model, words))
        series.append(Series(one.model, model_color(place), (top,), dots="solid", in_legend=False))
    return Plot(
        "F1 over the threshold, masks at IoU 0.5",
        ChartAxis("Lowest score shown", 0.0, _SCORE_END),
        _percent_axis("F1, %"),
        tuple(series),
        empty="" if series else "Nothing was found of that class.",
    )


def errors(evaluation: Evaluation) -> Bars:
    """The AP50 that each kind of error costs, a bar a model and kind."""
    series = []
    for color, (name, kind) in zip(_ERROR_COLORS, ERRORS, strict=True):
        costs = [one.errors.kinds[kind] for one in evaluation.results]
        words = tuple(f"{name}: {percent(cost.ap)} points, {cost.count:,}" for cost in costs)
        series.append(BarSeries(name, color, tuple(100 * cost.ap for cost in costs), words))
    values = [value for one in series for value in one.values]
    axis = axis_of("Cost, points of AP50", values, zero=True)
    return Bars("Errors by kind", axis, tuple(r.model for r in evaluation.results), tuple(series))


def calibration(evaluation: Evaluation) -> Plot:
    """The share of right predictions by score, with its 95 % interval; the diagonal is ideal."""
    ends = (Mark(0.0, 0.0), Mark(1.0, 100.0))
    series = [Series("ideal", PUBLISHED, ends, line="dotted", in_legend=False)]
    for place, one in enumerate(evaluation.results):
        marks = tuple(_bin(one.model, part) for part in one.calibration.bins if part.interval)
        if marks:
            series.append(Series(one.model, model_color(place), marks, line="solid", dots="solid"))
    return Plot(
        "Share of right predictions by score",
        ChartAxis("Score", 0.0, _SCORE_END),
        _percent_axis("Share that is right, %"),
        tuple(series),
        empty="" if len(series) > 1 else "Nothing was found.",
    )


def _bin(model: str, part: Bin) -> Mark:
    assert part.score is not None
    assert part.right is not None
    assert part.interval is not None
    low, high = part.interval
    words = (
        model,
        f"scores {part.low:.1f} to {part.high:.1f}, n = {part.n:,}",
        f"mean score {three(part.score)}, right {percent(part.right)} %",
    )
    return Mark(part.score, 100 * part.right, words, interval=(100 * low, 100 * high))


def confused(result: ModelResult) -> Grid:
    """Truth by prediction, the classes with the most mistakes and those that found nothing."""
    found = result.confusion()
    chosen = worst_classes(found)
    names = [category.name for category in result.dataset.categories]
    places = [*chosen, confusion.NOTHING]
    counts = {(one.truth, one.predicted): one.count for one in found.cells}
    return Grid(
        f"Confusion at scores from {three(result.threshold)}",
        "Found as",
        "Truth",
        (*(names[k] for k in chosen), "(not found)"),
        (*(names[k] for k in chosen), "(no object)"),
        tuple(tuple(counts.get((truth, seen), 0) for seen in places) for truth in places),
    )


def worst_classes(found: confusion.Confusion) -> Sequence[int]:
    """Places of the categories with the most mistakes, at most twelve, in the data set's order."""
    mistakes: dict[int, int] = {}
    for cell in found.cells:
        for place in {cell.truth, cell.predicted} - {confusion.NOTHING}:
            wrong = cell.count if cell.truth != cell.predicted else 0
            mistakes[place] = mistakes.get(place, 0) + wrong
    worst = sorted(mistakes, key=lambda place: -mistakes[place])[:_MOST_CLASSES]
    return sorted(worst)


def _percent_axis(title: str, end: float = _PERCENT_END) -> ChartAxis:
    return ChartAxis(title, 0.0, end)
