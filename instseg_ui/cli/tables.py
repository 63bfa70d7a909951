"""Tables on the terminal: rows of text as aligned columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from instseg_ui.cli.console import Console
from instseg_ui.show.tables import Table


def lines(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> Iterator[str]:
    """A line for each row, columns padded to their widest cell; those of `right` to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def print_table(table: Table, console: Console) -> None:
    """A blank line, the headings, and a line for each row."""
    rows = [[column.heading for column in table.columns]]
    rows += [[cell.plain for cell in row] for row in table.rows]
    console.out("")
    for line in lines(rows, right=[i for i, column in enumerate(table.columns) if column.number]):
        console.out(line)
