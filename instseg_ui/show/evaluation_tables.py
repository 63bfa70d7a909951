"""The tables of an evaluation. AP and whatever else is a share is in percent, scores are 0 to 1.

A count carries what leads to its cases, as `evaluate.cases.Query` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from instseg_ui.evaluate import CategoryMap, Evaluation, ModelResult, confusion
from instseg_ui.evaluate.results import ClassRow
from instseg_ui.evaluate.scores import IouKind
from instseg_ui.evaluate.tide import Cost
from instseg_ui.latency import Latency
from instseg_ui.numbers import NONE, percent, signed_percent, three
from instseg_ui.show.latency import latency_cell
from instseg_ui.show.tables import Cell, Column, Table, number_columns, text_columns

MOST_ROWS = 200
"""Categories of a table."""
MOST_PAIRS = 30
"""Pairs of classes of a table."""

ERRORS = (
    ("Wrong class", "classification"),
    ("Loose", "localisation"),
    ("Wrong class and loose", "both"),
    ("Duplicate", "duplicate"),
    ("Background", "background"),
    ("Missed", "missed"),
)
"""TIDE's kinds in plain words, and their names in `CASE_KINDS`."""

_COCO = (
    ("AP, %", "ap"),
    ("AP50, %", "ap50"),
    ("AP75, %", "ap75"),
    ("AP small, %", "ap_small"),
    ("AP medium, %", "ap_medium"),
    ("AP large, %", "ap_large"),
    ("AR 1, %", "ar1"),
    ("AR 10, %", "ar10"),
    ("AR 100, %", "ar100"),
    ("AR small, %", "ar_small"),
    ("AR medium, %", "ar_medium"),
    ("AR large, %", "ar_large"),
)
_NO_OBJECTS = "No object of that kind in the images."
_NONE_RIGHT = "Nothing right was found."


def accuracy_table(evaluation: Evaluation, kind: IouKind) -> Table:
    """One row a model: COCO's twelve figures by one kind of IoU, and the mean IoU."""
    known = any(not one.mapping.known().all() for one in evaluation.results)
    extra = ["AP of categories with a class, %"] if known else []
    rows = []
    for one in evaluation.results:
        values = one.summary(kind).to_dict()
        cells = [_share(values[field]) for _, field in _COCO]
        cells.append(_share(one.mean_iou(kind), _NONE_RIGHT))
        if known:
            cells.append(_share(one.summary_of_known(kind).ap))
        rows.append((Cell(one.model), *cells))
    heads = number_columns(*(name for name, _ in _COCO), "Mean IoU, %", *extra)
    return Table((*text_columns("Model"), *heads), tuple(rows))


def usage_table(evaluation: Evaluation) -> Table:
    """One row a model: what it does at the threshold of its best F1, and how long it takes."""
    heads = ("Best F1, %", "at score", "Precision, %", "Recall, %", "Latency, ms")
    rows = tuple(_usage_row(one, evaluation.latencies.get(one.model)) for one in evaluation.results)
    return Table((*text_columns("Model"), *number_columns(*heads)), rows)


def _usage_row(result: ModelResult, latency: Latency | None) -> tuple[Cell, ...]:
    best = result.best if "mask" in result.scores.by else None
    figures = (best.f1, best.precision, best.recall) if best else (None,) * 3
    f1, precision, recall = (_share(value, _NONE_RIGHT) for value in figures)
    return (
        Cell(result.model),
        f1,
        Cell(three(best.threshold if best else None)),
        precision,
        recall,
        latency_cell(latency),
    )


def threshold_in_use(result: ModelResult) -> float:
    """The threshold of the best F1 on the grid of 0.01 of the page's sliders.

    Rounded down, so that all that counted there is still found.
    """
    return floor(100 * result.threshold + 1e-9) / 100


def error_table(evaluation: Evaluation) -> Table:
    """One row a model: the AP50 that each kind of error costs, and how many there are."""
    names = [name for name, _ in ERRORS]
    heads = number_columns("AP50, %", *names, "All wrong", "All not found")
    rows = []
    for one in evaluation.results:
        found = one.errors
        costs = [(found.kinds[kind], kind) for _, kind in ERRORS]
        costs += [(found.false_positives, "false positive"), (found.false_negatives, "not found")]
        cells = [_cost(cost, one.model, kind) for cost, kind in costs]
        rows.append((Cell(one.model), _share(found.ap50), *cells))
    return Table((*text_columns("Model"), *heads), tuple(rows))


def _cost(cost: Cost, model: str, kind: str) -> Cell:
    counted = _count(cost.count, model, kind)
    return Cell(percent(cost.ap), below=counted.text, data=counted.data)


def calibration_table(evaluation: Evaluation) -> Table:
    """One row a model: how far scores are from the share that is right, and over how many."""
    heads = number_columns("Calibration error, %", "Bias, %", "Predictions")
    rows = tuple(
        (
            Cell(one.model),
            _share(one.calibration.error, "Nothing was found."),
            Cell(signed_percent(one.calibration.bias)),
            Cell(f"{one.calibration.n:,}"),
        )
        for one in evaluation.results
    )
    return Table((*text_columns("Model"), *heads), rows)


def bin_table(evaluation: Evaluation) -> Table:
    """One row a model: the share that is right by score, over how many predictions."""
    bins = evaluation.results[0].calibration.bins if evaluation.results else ()
    heads = number_columns(*(f"{one.low:.1f} to {one.high:.1f}, %" for one in bins))
    rows = []
    for one in evaluation.results:
        cells = (
            Cell(percent(part.right), "No score lies there.")
            if part.right is None
            else Cell(percent(part.right), below=f"{part.n:,}")
            for part in one.calibration.bins
        )
        rows.append((Cell(one.model), *cells))
    return Table((*text_columns("Model"), *heads), tuple(rows))


def class_table(result: ModelResult, kind: IouKind) -> tuple[Table, int]:
    """One row a category of the data set, the most objects first, and the number of rows.

    They are cut at `MOST_ROWS`. Wrong and not found are counted by masks.
    """
    heads = ("Objects", "Predictions", "AP, %", "AP50, %", "AP75, %", "AR 100, %", "Best F1, %",
             "at score", "Wrong", "Not found")  # fmt: skip
    there = [
        (place, row)
        for place, row in enumerate(result.by_class(kind))
        if row.objects or row.predictions
    ]
    there.sort(key=lambda one: -one[1].objects)
    rows = tuple(_class_row(result, place, row) for place, row in there[:MOST_ROWS])
    return Table((*text_columns("Category"), *number_columns(*heads)), rows), len(there)


def _class_row(result: ModelResult, place: int, row: ClassRow) -> tuple[Cell, ...]:
    best = row.best
    figures = (row.ap, row.ap50, row.ap75, row.ar100)
    now = result.at(result.threshold, place)
    right = round(now.precision * now.predictions)
    return (
        Cell(row.category.name),
        Cell(f"{row.objects:,}"),
        Cell(f"{row.predictions:,}"),
        *(_share(value) for value in figures),
        _share(best.f1 if best else None, _NONE_RIGHT),
        Cell(three(best.threshold if best else None)),
        _count(now.predictions - right, result.model, "false positive", result.threshold, place),
        _count(now.objects - right, result.model, "not found", result.threshold, place),
    )


def confusion_table(result: ModelResult) -> tuple[Table, int]:
    """The pairs of classes that are confused most often; and how many pairs there are."""
    found = result.confusion()
    cells = [one for one in found.cells if one.truth != one.predicted]
    names = [category.name for category in result.dataset.categories]
    rows = tuple(
        (
            Cell(class_name(names, one.truth, "(no object)")),
            Cell(class_name(names, one.predicted, "(not found)")),
            _count(one.count, result.model, confusion_kind(one), found.threshold),
        )
        for one in cells[:MOST_PAIRS]
    )
    columns = (*text_columns("Truth", "Found as"), *number_columns("Count"))
    return Table(columns, rows), len(cells)


def mapping_table(mapping: CategoryMap) -> Table:
    """A row for each category: which classes stand for it, and why; those without one first."""
    rows = [
        (Cell(row.category.name), Cell(", ".join(row.labels) or NONE), Cell(row.how))
        for row in sorted(mapping.rows(), key=lambda row: bool(row.labels))
    ]
    columns: tuple[Column, ...] = text_columns("Category", "Model's classes", "Why")
    return Table(columns, tuple(rows[:MOST_ROWS]))


def confusion_kind(cell: confusion.ConfusionCell) -> str:
    """A cell of the confusion as a kind of case; the page reads it back."""
    return f"confusion:{cell.truth}:{cell.predicted}"


def class_name(names: Sequence[str], place: int, other: str) -> str:
    """A category's name, or `other` where there is none."""
    return other if place == confusion.NOTHING else names[place]


def _count(
    count: int, model: str, kind: str, score: float = 0.0, category: int | None = None
) -> Cell:
    """How many; `score` is the lowest one that was counted."""
    if not count:
        return Cell("0")
    data = [("model", model), ("kind", kind), ("score", repr(float(score)))]
    if category is not None:
        data.append(("category", str(category)))
    return Cell(f"{count:,}", data=tuple(data))


def _share(value: float | None, reason: str = _NO_OBJECTS) -> Cell:
    return Cell(NONE, reason) if value is None else Cell(percent(value))
