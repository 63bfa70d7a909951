"""A chart's data is prepared once; SVG and Plotly draw the same points, names and colours."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from instseg_ui.show.charts import (
    Bars,
    BarSeries,
    ChartAxis,
    Grid,
    Mark,
    Plot,
    Series,
    Spread,
    Spreads,
    axis_of,
    front_line,
    model_color,
)
from instseg_ui.show.plotly_charts import figure
from instseg_ui.show.svg import Scale, svg

EVIL = "<script>alert(1)</script>"
PLOT = Plot(
    "A plot",
    axis_of("Latency, ms", [5.0, 500.0]),
    ChartAxis("Mask AP, %", 0.0, 50.0),
    (
        Series("published", "#123456", (Mark(5, 40, (EVIL, "5 ms")),), dots="hollow"),
        Series("here", "#654321", (Mark(9, 40, ("b",), label=EVIL),), dots="solid"),
        Series("line", "#abcdef", (Mark(5, 1), Mark(500, 2)), line="dotted", in_legend=False),
    ),
)
BARS = Bars(
    "Bars",
    axis_of("Time, ms", [3.0], zero=True),
    ("a", EVIL),
    (BarSeries("x", "#111111", (1, 2), ("x: 1 ms", "x: 2 ms")),
     BarSeries("y", "#222222", (2, 1), ("y: 2 ms", "y: 1 ms"))),
    stacked=True,
)  # fmt: skip
SPREADS = Spreads(
    "Spreads", axis_of("ms", [1, 3]), (Spread(EVIL, (1.0, 2.0, 3.0), (1.5, 2.0, 2.5), "median 2"),)
)
GRID = Grid("Grid", "Found as", "Truth", ("cat", EVIL), ("cat", "(no object)"), ((3, 1), (0, 2)))


class Elements(HTMLParser):
    """Names and attributes of all elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_a_point_may_have_bars_along_both_axes() -> None:
    mark = Mark(9, 40, ("b",), interval=(35, 46), across=(8, 12))
    chart = Plot(
        "Doubt",
        ChartAxis("ms", 0.0, 20.0),
        ChartAxis("%", 0.0, 50.0),
        (Series("b", "#654321", (mark,), dots="solid"),),
    )
    lines = [one for one in Elements(svg(chart)).of("line") if one.get("stroke") == "#654321"]
    upright, across = lines
    assert (upright["x1"], across["y1"]) == (upright["x2"], across["y2"])
    assert upright["y1"] != upright["y2"]
    assert across["x1"] != across["x2"]
    (drawn,) = figure(chart).data
    assert (list(drawn.error_y.array), list(drawn.error_y.arrayminus)) == ([6], [5])
    assert (list(drawn.error_x.array), list(drawn.error_x.arrayminus)) == ([3], [1])
    assert figure(PLOT).data[0].error_x.array is None


@pytest.mark.parametrize("chart", [PLOT, BARS, SPREADS, GRID], ids=lambda one: one.title)
def test_names_from_outside_are_text_in_both(chart: Plot | Bars | Spreads | Grid) -> None:
    html = svg(chart)
    assert EVIL not in html
    assert "&lt;script&gt;" in html
    assert "<script" not in figure(chart).to_json()
    assert Elements(html).of("svg")[0]["aria-label"] == chart.title


def test_published_is_hollow_and_measured_solid_in_both() -> None:
    hollow, solid = Elements(svg(PLOT)).of("circle")
    assert (hollow["fill"], hollow["stroke"]) == ("none", "#123456")
    assert (solid["fill"], solid["stroke"]) == ("#654321", "#654321")
    published, here, line = figure(PLOT).data
    assert (published.marker.symbol, published.marker.color) == ("circle-open", "#123456")
    assert (here.marker.symbol, here.mode, list(here.x)) == ("circle", "markers+text", [9])
    assert (line.mode, line.line.dash, line.showlegend) == ("lines", "dot", False)


def test_axes_have_the_same_ends_titles_and_ticks_in_both() -> None:
    drawn = figure(PLOT).layout
    assert drawn.xaxis.title.text == "Latency, ms (log)"
    assert drawn.xaxis.type == "log"
    assert 10 ** drawn.xaxis.range[0] == pytest.approx(PLOT.x.low)
    assert list(drawn.xaxis.ticktext)[:3] == ["5", "10", "20"]
    assert list(drawn.yaxis.range) == [0.0, 50.0]
    html = svg(PLOT)
    for text in ("Latency, ms (log)", "Mask AP, %", ">5<", ">10<", ">20<"):
        assert text in html


def test_bars_end_to_end() -> None:
    rows = Elements(svg(BARS)).of("rect")
    widths = [float(one["width"] or 0) for one in rows]
    assert [one["fill"] for one in rows] == ["#111111", "#222222"] * 2
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)
    assert widths[0] + widths[1] == pytest.approx(widths[2] + widths[3], abs=0.2)
    assert [list(one.x) for one in figure(BARS).data] == [[1, 2], [2, 1]]
    assert figure(BARS).layout.barmode == "stack"


def test_a_grid_is_shaded_by_the_share_of_its_row() -> None:
    assert GRID.shares == [[0.75, 0.25], [0.0, 1.0]]
    shades = [float(one["fill-opacity"] or 0) for one in Elements(svg(GRID)).of("rect")]
    assert shades == [pytest.approx(0.75 * share, abs=1e-3) for share in (0.75, 0.25, 0, 1)]
    assert [list(row) for row in figure(GRID).data[0].z] == GRID.shares


def test_nothing_to_draw_is_said_in_both() -> None:
    empty = Plot("t", ChartAxis("x", 0, 1), ChartAxis("y", 0, 1), (), empty="Nothing was found.")
    assert svg(empty) == '<p class="empty">Nothing was found.</p>'
    assert figure(empty).layout.annotations[0].text == "Nothing was found."


def test_scales_point_up_and_to_the_right() -> None:
    up = Scale(ChartAxis("", 0, 10), 200, 100)
    assert (up.at(0), up.at(10)) == (200, 100)
    log = Scale(axis_of("", [1.0, 1000.0], log=True), 0, 300)
    assert log.at(31.6227766) == pytest.approx(150, abs=0.01)
    assert [text for text, _ in Scale(ChartAxis("", 0, 10), 0, 60).spaced(34)] == ["0", "6"]


@pytest.mark.parametrize("values", [[], [0.0], [7.0], [-3.0, -1.0], [1.0, 1.0001], [0.0, 1e6]])
def test_any_values_have_an_axis(values: list[float]) -> None:
    for zero in (False, True):
        axis = axis_of("t", values, zero=zero)
        assert axis.low < axis.high
        assert len(axis.ticks) >= 2
        assert not values or zero or axis.low <= min(values) <= max(values) <= axis.high


def test_the_front_is_of_those_that_no_other_beats() -> None:
    marks = [Mark(1, 1), Mark(2, 3), Mark(3, 2)]
    line = front_line("here", "#000000", marks, dotted=False)
    assert [(mark.x, mark.y) for mark in line.marks] == [(1, 1), (2, 3)]


def test_a_model_has_a_colour_of_its_own() -> None:
    colors = [model_color(place) for place in range(16)]
    assert len(set(colors)) == 16
    assert all(re.fullmatch(r"#[0-9a-f]{6}", color) for color in colors)
