"""The tables whose counts have pictures behind them.

Such a count is a button; `on_load_cases.js` tells the page which one is pressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from instseg_ui.evaluate import Evaluation, ModelResult, confusion, tide
from instseg_ui.evaluate.results import ClassRow
from instseg_ui.evaluate.scores import IouKind
from instseg_ui.numbers import NONE, three
from instseg_ui.ui.compare.decision import nothing
from instseg_ui.ui.evaluate.figures import (
    MOST_ROWS,
    NO_BOUNDARY,
    NO_RUN,
    in_short,
    more,
    notes,
    percent,
)

ERRORS = (
    ("Wrong class", "classification"),
    ("Loose", "localisation"),
    ("Wrong class and loose", "both"),
    ("Duplicate", "duplicate"),
    ("Background", "background"),
    ("Missed", "missed"),
)
"""TIDE's kinds in plain words, and their names in `CASE_KINDS`."""
_MOST_PAIRS = 15


def errors_html(evaluation: Evaluation | None) -> str:
    """One row a model: how many errors of each kind, and the AP50 that they cost."""
    if evaluation is None or not evaluation.results:
        return NO_RUN
    heads = ["AP50, %", *(name for name, _ in ERRORS)]
    head = _heads(["Model", *heads], text=1)
    body = "".join(_error_row(one) for one in evaluation.results)
    table = f'<table class="eval-table"><thead>{head}</thead><tbody>{body}</tbody></table>'
    return f'<div class="cmp-scroll">{table}</div>' + notes(
        [
            "Points of AP50 that a kind of error costs: what AP50 would rise by if it alone were "
            "mended. Below, how often; press a number to see its pictures.",
            in_short(evaluation),
            f"Kinds after {tide.SOURCE}.",
        ]
    )


def _error_row(result: ModelResult) -> str:
    found = result.errors
    cells = "".join(
        f"<td>{three(100 * cost.ap)}<br>{_button(cost.count, result.model, kind)}</td>"
        for _, kind in ERRORS
        for cost in [found.kinds[kind]]
    )
    ap50 = NONE if found.ap50 is None else three(100 * found.ap50)
    return f'<tr><td class="text">{escape(result.model)}</td><td>{ap50}</td>{cells}</tr>'


def classes_html(result: ModelResult | None, kind: IouKind) -> str:
    """One row a category of the data set, those with the most objects first."""
    if result is None:
        return NO_RUN
    if kind not in result.scores.by:
        return NO_BOUNDARY
    heads = ["Category", "Objects", "Predictions", "AP, %", "AP50, %", "AP75, %", "AR 100, %",
             "Best F1, %", "at score", "Wrong", "Not found"]  # fmt: skip
    there = [
        (k, row) for k, row in enumerate(result.by_class(kind)) if row.objects or row.predictions
    ]
    there.sort(key=lambda one: -one[1].objects)
    body = "".join(_class_row(result, k, row) for k, row in there[:MOST_ROWS])
    table = (
        f'<table class="eval-table"><thead>{_heads(heads, text=1)}</thead><tbody>{body}</tbody>'
        "</table>"
    )
    return f'<div class="cmp-scroll">{table}</div>' + notes(
        [
            f"Wrong and not found: masks at scores from {three(result.threshold)}, the best F1 "
            "over all classes; press a number to see its pictures.",
            more(len(there), "categories"),
        ]
    )


def _class_row(result: ModelResult, place: int, row: ClassRow) -> str:
    best = row.best
    figures = (row.ap, row.ap50, row.ap75, row.ar100, best.f1 if best else None)
    shares = "".join(f"<td>{percent(value)}</td>" for value in figures)
    at = three(best.threshold) if best else NONE
    now = result.at(result.threshold, place)
    right = round(now.precision * now.predictions)
    wrong, lost = now.predictions - right, now.objects - right
    return (
        f'<tr><td class="text">{escape(row.category.name)}</td><td>{row.objects:,}</td>'
        f"<td>{row.predictions:,}</td>{shares}<td>{at}</td>"
        f"<td>{_button(wrong, result.model, 'false positive', result.threshold, place)}</td>"
        f"<td>{_button(lost, result.model, 'not found', result.threshold, place)}</td></tr>"
    )


def confusion_html(result: ModelResult | None) -> str:
    """The pairs of classes that are confused most, one model's."""
    if result is None:
        return NO_RUN
    found = result.confusion()
    cells = [one for one in found.cells if one.truth != one.predicted]
    if not cells:
        return nothing(f"Nothing is confused at scores from {three(found.threshold)}.")
    names = [category.name for category in result.dataset.categories]
    body = "".join(
        f'<tr><td class="text">{escape(_named(names, one.truth, "(no object)"))}</td>'
        f'<td class="text">{escape(_named(names, one.predicted, "(not found)"))}</td>'
        f"<td>{_button(one.count, result.model, pair(one), found.threshold)}</td></tr>"
        for one in cells[:_MOST_PAIRS]
    )
    head = _heads(["Truth", "Found as", "Count"], text=2)
    note = (
        f"At scores from {three(found.threshold)}, masks at IoU 0.5 whatever the classes; a shade "
        "is the share of its row. Press a number here to see its pictures."
    )
    table = f'<table class="eval-table"><thead>{head}</thead><tbody>{body}</tbody></table>'
    rest = f"The first {_MOST_PAIRS} of {len(cells)} pairs." if len(cells) > _MOST_PAIRS else ""
    return f'<div class="cmp-scroll">{table}</div>' + notes([note, rest])


def pair(cell: confusion.ConfusionCell) -> str:
    """A cell of the confusion as a kind of case; `cases` reads it back."""
    return f"confusion:{cell.truth}:{cell.predicted}"


def _button(
    count: int, model: str, kind: str, score: float = 0.0, category: int | None = None
) -> str:
    """A count that leads to its pictures; `score` is the lowest one that was counted."""
    if not count:
        return "0"
    about = "" if category is None else f' data-category="{category}"'
    return (
        f'<button type="button" class="eval-link" data-model="{escape(model)}" '
        f'data-kind="{escape(kind)}" data-score="{score!r}"{about}>{count:,}</button>'
    )


def _named(names: Sequence[str], place: int, other: str) -> str:
    return other if place == confusion.NOTHING else names[place]


def _heads(names: Sequence[str], *, text: int) -> str:
    """A row of headings, the first `text` of them over words."""
    cells = "".join(
        f'<th scope="col"{" class=text" if place < text else ""}>{escape(name)}</th>'
        for place, name in enumerate(names)
    )
    return f"<tr>{cells}</tr>"
