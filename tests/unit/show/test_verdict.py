"""The verdict, its sheet and its chart, as page, report and command line show them."""

from __future__ import annotations

import pytest

from instseg_ui.show.charts import PUBLISHED
from instseg_ui.show.plotly_charts import figure
from instseg_ui.show.svg import svg
from instseg_ui.show.verdict import (
    in_order,
    row_kinds,
    sheet,
    sheet_notes,
    sheet_table,
    verdict_html,
    verdict_lines,
)
from instseg_ui.show.verdict_chart import pareto_with_doubt
from instseg_ui.verdict import Limits, decide
from tests.unit.latency.kit import around, latency_of
from tests.unit.verdict.kit import candidate, measured, published

EVIL = "<script>alert(1)</script>"
BEST = candidate("B", measured(0.571, 0.02, seed=1), 60)
LESS = candidate("A", measured(0.48, 0.02, seed=2), 100)
FAR = candidate("P", published(0.9), 50)
NONE = candidate("N", None, None, None, memory_mb=None)


def test_the_sheet_says_how_everything_is_known() -> None:
    worse = candidate("C", measured(0.3, 0.02, seed=4), 70)
    verdict = decide([FAR, LESS, NONE, BEST, worse], Limits(latency_ms=90))
    assert [one.model for one in in_order(verdict)] == ["B", "C", "P", "A", "N"]
    rows = [[cell.plain for cell in row] for row in sheet_table(verdict).rows]
    assert rows[0] == ["B", "57.1 (53.3 to 61.1)", "measured", "60.0 (59.4 to 60.6, n = 5)",
                       "50.0", "400", "ship"]  # fmt: skip
    assert rows[2][1:3] == ["90.0", "published"]
    assert rows[2][6] == "not ranked: its accuracy is published only"
    assert rows[3][6] == "no: 100 ms is over 90 ms"
    assert rows[4] == ["N", "—", "—", "—", "—", "—", "no: latency not measured here"]
    assert row_kinds(verdict) == {0: "best", 3: "out", 4: "out"}


def test_rivals_are_told_apart_or_not() -> None:
    near = candidate("C", measured(0.56, 0.02, seed=3))
    told = {row[0].text: row[6].text for row in sheet_table(decide([BEST, near, LESS])).rows}
    assert told == {"B": "leads", "C": "cannot be told apart", "A": "behind with 99 % certainty"}


def test_what_the_sheet_stands_on_is_said() -> None:
    busy = candidate("Q", published(0.3), latency=around("Q", 70, others=1.9, session="t"))
    few = candidate("F", published(0.2), latency=latency_of("F", [9.0, 9.5]))
    notes = " ".join(sheet_notes(decide([BEST, busy, few])))
    for words in (
        "measured on 40 annotated pictures of photos",
        "published, on COCO",
        "decoding the file, waiting and writing the answer are not",
        "Not all were measured together",
        "Other work held the machine while Q ran",
        "Fewer than 5 runs of F",
        "95 % interval",
    ):
        assert words in notes


def test_names_from_outside_are_escaped() -> None:
    evil = candidate(EVIL, measured(0.571, 0.02, seed=1))
    verdict = decide([evil, LESS])
    assert EVIL not in verdict_html(verdict) + sheet(verdict) + svg(pareto_with_doubt(verdict))
    assert "Ship &lt;script&gt;" in verdict_html(verdict)
    assert EVIL in "".join(verdict_lines(verdict)), "a terminal shows it as it is"


def test_the_chart_has_the_doubt_of_both_axes() -> None:
    chart = pareto_with_doubt(decide([BEST, LESS, FAR, NONE]))
    by_name = {one.name: one for one in chart.series}
    assert set(by_name) == {"B", "A", "P", "Pareto front: accuracy against latency"}
    (mark,) = by_name["B"].marks
    assert (mark.x, mark.y, mark.across) == (60, pytest.approx(57.1), (59.4, 60.6))
    assert mark.interval == pytest.approx((53.3, 61.1), abs=0.1)
    assert (by_name["B"].dots, by_name["P"].dots) == ("solid", "hollow")
    front = by_name["Pareto front: accuracy against latency"].marks
    assert [(one.x, round(one.y, 1)) for one in front] == [(60, 57.1)]
    assert chart.x.low < 49.5
    assert chart.y.high > 61.1
    assert len(figure(chart).data) == 4


def test_beyond_the_limits_a_point_is_grey_and_off_the_front() -> None:
    chart = pareto_with_doubt(decide([BEST, LESS], Limits(latency_ms=80)))
    by_name = {one.name: one for one in chart.series}
    assert (by_name["A"].dots, by_name["A"].color) == ("hollow", PUBLISHED)
    assert by_name["B"].dots == "solid"
    assert by_name["B"].color != PUBLISHED


def test_a_chart_without_a_point_says_what_is_missing() -> None:
    for verdict in (decide([]), decide([NONE]), decide([candidate("A", published(0.4), None)])):
        assert "Measure the latency first" in svg(pareto_with_doubt(verdict))
