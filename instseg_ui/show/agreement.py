"""How far models agree on one photo: each two of them, and each matched object."""

from __future__ import annotations

import htpy as h
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from instseg_ui.comparison.objects import Comparison, MatchedObject
from instseg_ui.numbers import NONE
from instseg_ui.show.html import markup, notes, nothing, scrolled
from instseg_ui.show.tables import Cell, Column, Table, table_html

MEASURES: dict[str, str] = {
    "F1": "F1 of matched instances: 1 where two models found the same objects, 0 where none.",
    "Mean IoU": "Mean mask IoU of the matched pairs: how alike the same objects are cut out.",
}
NOT_ACCURACY = "Agreement between models, not accuracy: two models can agree and both be wrong."
TOO_FEW = nothing("Two models must be done before they can agree. Tick and compare them.")


def agreement(comparison: Comparison | None, measure: str) -> Markup:
    """The models x models table of one of `MEASURES`."""
    if comparison is None:
        return TOO_FEW
    chosen = measure if measure in MEASURES else "F1"
    values = comparison.f1 if chosen == "F1" else comparison.mean_iou
    return markup(
        scrolled(_matrix(comparison.models, values)), notes(f"{MEASURES[chosen]} {NOT_ACCURACY}")
    )


def matched_objects(comparison: Comparison | None) -> Markup:
    """Every object: its state, and what each model found of it."""
    if comparison is None or not comparison.objects:
        return nothing("No objects were matched.")
    texts = (Column("State", number=False), *(Column(one, False) for one in comparison.models))
    rows = tuple(_object(number, one) for number, one in enumerate(comparison.objects, 1))
    return scrolled(table_html(Table((Column("Object"), *texts), rows)))


def _matrix(models: tuple[str, ...], values: npt.NDArray[np.float64]) -> h.Element:
    head = (h.th(scope="col", title=name)[str(i)] for i, name in enumerate(models, 1))
    body = (
        h.tr[
            h.th(scope="row")[h.i[str(i + 1)], f" {name}"],
            (_cell(float(value), i == j) for j, value in enumerate(values[i])),
        ]
        for i, name in enumerate(models)
    )
    return h.table(".matrix")[h.thead[h.tr[h.td, head]], h.tbody[body]]


def _cell(value: float, same: bool) -> h.Element:
    if same:
        return h.td(".same")["·"]
    if np.isnan(value):
        return h.td(".none", title="no matched pair")["–"]
    return h.td(style=f"--share:{value:.3f}")[f"{value:.2f}"]


def _object(number: int, one: MatchedObject) -> tuple[Cell, ...]:
    found = (
        Cell(NONE, "This model did not find the object.")
        if member is None
        else Cell(f"{member.instance.label} {member.instance.score:.2f}, IoU {member.iou:.2f}")
        for member in one.members
    )
    return Cell(str(number)), Cell(one.state), *found
