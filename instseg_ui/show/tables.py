"""A table once, for page, report and command line.

A heading carries the unit, a cell the number alone; a dash carries its reason. Measured and
published figures have columns of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import htpy as h
from markupsafe import Markup

from instseg_ui.numbers import NONE
from instseg_ui.show.html import markup


@dataclass(frozen=True, slots=True)
class Column:
    """A heading with its unit; `published` tells figures of somebody else's machine."""

    heading: str
    number: bool = True
    published: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and why it shows a dash.

    Attributes:
        text: the figure.
        reason: why it is a dash.
        below: a second line: how many the figure is about.
        data: names and values that lead to what the last line counts; the page makes a button
            of it.
    """

    text: str
    reason: str = ""
    below: str = ""
    data: tuple[tuple[str, str], ...] = ()

    @property
    def plain(self) -> str:
        """Both lines as one."""
        return f"{self.text} ({self.below})" if self.below else self.text


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and rows of as many cells; the first column names the row."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why cells show a dash, each reason once."""
        found = (cell.reason for row in self.rows for cell in row)
        return tuple(dict.fromkeys(reason for reason in found if reason))


def text_columns(*headings: str) -> tuple[Column, ...]:
    """Columns of words."""
    return tuple(Column(heading, number=False) for heading in headings)


def number_columns(*headings: str) -> tuple[Column, ...]:
    """Columns of numbers, the units in their headings."""
    return tuple(Column(heading) for heading in headings)


def table_html(
    table: Table,
    marked: Collection[int] = (),
    kinds: Mapping[int, str] | None = None,
    *,
    linked: bool = False,
) -> Markup:
    """The table; rows whose number is in `marked` stand out, a dash tells its reason.

    `kinds` gives rows a class of their own, by number. With `linked`, counts that have something
    behind them are buttons; a file has no use for them.
    """
    told = dict.fromkeys(marked, "beyond") | dict(kinds or {})
    head = (h.th(_class(column), scope="col")[column.heading] for column in table.columns)
    body = (
        h.tr(class_=told.get(number))[
            (
                h.td(_class(column), title=cell.reason or None)[_content(cell, linked)]
                for column, cell in zip(table.columns, row, strict=True)
            )
        ]
        for number, row in enumerate(table.rows)
    )
    return markup(h.table(".figures")[h.thead[h.tr[head]], h.tbody[body]])


def dashes(*tables: Table) -> str:
    """Why cells of these tables show a dash, as one line; empty without any."""
    found = dict.fromkeys(reason for table in tables for reason in table.reasons)
    return f"{NONE}: {' '.join(found)}" if found else ""


def _content(cell: Cell, linked: bool) -> h.Node:
    last: h.Node = cell.below or cell.text
    if linked and cell.data:
        data = {f"data-{name}": value for name, value in cell.data}
        last = h.button(".figure-link", data, type="button")[last]
    return [cell.text, h.br, last] if cell.below else last


def _class(column: Column) -> dict[str, dict[str, bool]]:
    return {"class": {"published": column.published, "text": not column.number}}
