"""What answers say of the models, as a table: page, report and command line show the same.

Shares are in percent; thresholds are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h
from markupsafe import Markup

from instseg_ui.benchmark.bootstrap import Interval
from instseg_ui.judge import Assessment
from instseg_ui.numbers import NONE, percent, plural
from instseg_ui.show.html import markup
from instseg_ui.show.tables import Cell, Column, Table, number_columns

_MOST_NAMES = 3
_TOO_FEW = "From five answers on, each to a question that was asked."


def assessment_table(assessment: Assessment) -> Table:
    """One row a model, the likeliest best one first; the range below a figure is its 95 %."""
    rows = sorted(assessment.models, key=lambda one: -one.best)
    return Table(
        (
            Column("Model", number=False),
            *number_columns(
                "Best, %",
                "Best on these photos, %",
                "F1, %",
                "Precision, %",
                "Recall, %",
                "Threshold",
                "F1 by answers alone, %",
            ),
        ),
        tuple(
            (
                Cell(one.model),
                Cell(percent(one.best)),
                Cell(percent(one.best_here)),
                _share(one.f1),
                _share(one.precision),
                _share(one.recall),
                Cell(f"{one.threshold:.2f}"),
                _share(one.unbiased),
            )
            for one in rows
        ),
    )


def brief_table(assessment: Assessment) -> Table:
    """The same in a narrow place: who is best, and each model's figures at its threshold."""
    rows = sorted(assessment.models, key=lambda one: -one.best)
    return Table(
        (
            Column("Model", number=False),
            *number_columns("Best, %", "F1, %", "Precision, %", "Recall, %", "Threshold"),
        ),
        tuple(
            (
                Cell(one.model),
                Cell(percent(one.best)),
                _share(one.f1),
                _share(one.precision),
                _share(one.recall),
                Cell(f"{one.threshold:.2f}"),
            )
            for one in rows
        ),
    )


def decided(assessment: Assessment) -> Markup:
    """The decision in words, with its certainty and its limit."""
    return markup(h.div(".verdict", role="status")[h.p[assessment.sentence]])


def progress_words(assessment: Assessment) -> str:
    """How far the questions are."""
    skipped = f", {assessment.skipped:,} skipped" if assessment.skipped else ""
    answered, left = plural(assessment.answered, "answer"), plural(assessment.left, "object")
    return f"{answered}{skipped}, {left} left."


def gone_words(photos: Sequence[str]) -> str:
    """Which photos are not there any more, so that nothing is asked about them."""
    names = ", ".join(photos[:_MOST_NAMES]) + (", …" if len(photos) > _MOST_NAMES else "")
    are = "is" if len(photos) == 1 else "are"
    return f"{names} {are} gone: nothing more is asked there."


def _share(value: Interval | None) -> Cell:
    if value is None:
        return Cell(NONE, reason=_TOO_FEW)
    return Cell(percent(value.estimate), below=f"{percent(value.low)} to {percent(value.high)}")
