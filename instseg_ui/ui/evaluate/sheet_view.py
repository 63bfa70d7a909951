"""The sheet behind the verdict as a Gradio component: it sorts, and leads to failures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from instseg_ui.numbers import NONE
from instseg_ui.show.verdict import in_order, row_kinds, sheet_table
from instseg_ui.ui.viewer.component import ViewerComponent
from instseg_ui.verdict import Candidate, Verdict

CHART = "eval-pareto"
"""The element whose points lead to failures as the sheet's models do."""
_NAMES = ("name", "ap", "kind", "ms", "size", "memory", "standing")
"""Of the columns of `sheet_table`, as the page sorts them."""
_THRESHOLD = "threshold"


class SheetColumn(TypedDict):
    """A heading; ``name`` tells the page which way round it sorts first."""

    name: str
    title: str
    numeric: bool


class SheetCell(TypedDict):
    """What a cell shows, the line below it, why it is a dash, and by what it sorts."""

    text: str
    below: str
    hint: str
    value: float | str | None


class SheetRow(TypedDict):
    """One model; ``kind`` is ``best``, ``out`` of the limits, or empty.

    ``use`` is its threshold of the best F1 and None where it was not run: nothing leads from it.
    """

    model: str
    kind: str
    cells: list[SheetCell]
    use: float | None


class SheetValue(TypedDict):
    """Everything the sheet is given."""

    columns: list[SheetColumn]
    rows: list[SheetRow]


def sheet_value(verdict: Verdict, thresholds: Mapping[str, float]) -> SheetValue:
    """The value of a `SheetView`; `thresholds` are those of the best F1, by model."""
    table = sheet_table(verdict)
    columns: list[SheetColumn] = [
        {"name": name, "title": column.heading, "numeric": column.number}
        for name, column in zip(_NAMES, table.columns, strict=True)
    ]
    columns.insert(-1, {"name": _THRESHOLD, "title": "Best F1 at", "numeric": True})
    kinds, rows = row_kinds(verdict), []
    for place, (one, row) in enumerate(zip(in_order(verdict), table.rows, strict=True)):
        values = (*_values(one), row[2].text, row[-1].text)
        cells: list[SheetCell] = [
            {"text": cell.text, "below": cell.below, "hint": cell.reason, "value": value}
            for cell, value in zip(row, _in_columns(values), strict=True)
        ]
        use = thresholds.get(one.model)
        cells.insert(-1, _threshold(use))
        rows.append(SheetRow(model=one.model, kind=kinds.get(place, ""), cells=cells, use=use))
    return {"columns": columns, "rows": rows}


def _values(one: Candidate) -> tuple[str, float | None, float | None, float | None, float | None]:
    """By what a model sorts: name, accuracy, latency, size, memory."""
    accuracy = one.accuracy.value if one.accuracy else None
    return one.model.lower(), accuracy, one.median_ms, one.size_mb, one.memory_mb


def _in_columns(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values of `_values`, kind and standing, as the columns stand."""
    name, accuracy, ms, size, memory, kind, standing = values
    return name, accuracy, kind, ms, size, memory, standing


def _threshold(use: float | None) -> SheetCell:
    text = NONE if use is None else f"{use:.2f}"
    hint = "It was not run, or found nothing right." if use is None else ""
    return {"text": text, "below": "", "hint": hint, "value": use}


class SheetView(ViewerComponent):
    """The models with all that decides, one a row.

    Events: ``select`` with the ``model`` of a row or of a point of the chart, ``use`` with the
    ``model`` whose threshold is to be used, ``again`` where the latencies are to be measured again.
    """

    folder = Path(__file__).parent
    template = "sheet.html"
    styles = ("sheet.css",)
    script = "on_load_sheet.js"
    contents = "columns and rows of the sheet"

    def __init__(self, **kwargs: Any) -> None:
        """Build the component; `kwargs` are further arguments of a `ViewerComponent`."""
        super().__init__(chart=CHART, **kwargs)

    @classmethod
    def empty(cls) -> dict[str, Any]:
        """A sheet without models."""
        return {"columns": [], "rows": []}
