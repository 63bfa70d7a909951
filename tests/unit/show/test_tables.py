"""A table is escaped, tells why a cell is a dash, and leads on only where somebody can press."""

from __future__ import annotations

from instseg_ui.show.html import failures
from instseg_ui.show.tables import (
    Cell,
    Column,
    Table,
    dashes,
    number_columns,
    table_html,
    text_columns,
)

EVIL = '<b title="x">'
TABLE = Table(
    (*text_columns("Model"), *number_columns("Cost, points"), Column("AP, %", published=True)),
    (
        (Cell(EVIL), Cell("1.5", below="12", data=(("kind", EVIL),)), Cell("—", "Not published.")),
        (Cell("b"), Cell("0"), Cell("—", "Not published.")),
    ),
)


def test_what_came_in_is_text() -> None:
    html = table_html(TABLE, linked=True)
    assert EVIL not in html
    assert 'data-kind="&lt;b title=&#34;x&#34;&gt;"' in html


def test_a_count_is_a_button_only_on_the_page() -> None:
    assert "<button" not in table_html(TABLE)
    html = table_html(TABLE, linked=True)
    assert html.count('<button class="figure-link"') == 1
    assert ">12</button>" in html
    assert TABLE.rows[0][1].plain == "1.5 (12)"


def test_a_dash_tells_its_reason_once() -> None:
    assert dashes(TABLE, TABLE) == "—: Not published."
    assert 'title="Not published."' in table_html(TABLE)
    assert dashes() == ""


def test_marked_rows_and_published_columns_stand_out() -> None:
    html = table_html(TABLE, marked=[1])
    assert html.count('<tr class="beyond">') == 1
    assert html.count('class="published"') == 3


def test_failures() -> None:
    assert failures([]) == ""
    assert "&lt;b" in failures([("m", EVIL)])
