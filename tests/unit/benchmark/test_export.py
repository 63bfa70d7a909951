"""What is taken away: tables, CSV, and a report that needs nothing else."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from instseg_ui.benchmark import to_csv
from instseg_ui.benchmark.context import busy, context, failures, in_short
from instseg_ui.catalog import Published
from instseg_ui.show.benchmark_charts import thinned
from instseg_ui.show.benchmark_report import to_html
from instseg_ui.show.benchmark_tables import level_table, stage_table, summary_table
from instseg_ui.show.charts import ChartAxis, axis_of
from instseg_ui.show.svg import Scale
from tests.unit.benchmark.kit import EVIL, made_run, model_run

TWO = made_run(
    model_run("A", [10.0] * 20),
    model_run("B", [20.0] * 20, published=Published(), notes=(EVIL,)),
    model_run("C", [], state="failed", failure=f"It failed: {EVIL}", memory=None),
)


class Reader(HTMLParser):
    """What of an HTML file would run or be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def row(table, number=0):
    return {
        column.heading: cell.text
        for column, cell in zip(table.columns, table.rows[number], strict=True)
    }


def test_units_stand_in_the_headings_and_published_apart() -> None:
    table = summary_table(TWO, 3.6)
    first = row(table)
    assert first["p50, ms"] == first["p95, ms"] == "13.0"
    assert first["p99, ms"] == "—"
    assert first["Throughput, images/s"] == "125"
    assert first["Cost of 1,000 images"] == "0.00800"
    assert first["Peak memory, MB"] == "400"
    assert (first["CPU, ms, published"], first["Mask AP, %, published"]) == ("500", "40.0")
    assert row(table, 1)["CPU, ms, published"] == "—"
    assert len(table.rows) == 2
    assert "p99 needs 100 runs or more." in table.reasons
    published = {column.heading for column in table.columns if column.published}
    assert all("published" in heading for heading in published)
    assert len(published) == 3


def test_stages_and_levels() -> None:
    stages = stage_table(TWO)
    assert [cells[1].text for cells in stages.rows][:3] == ["latency", "decode", "preprocess"]
    assert len(stages.rows) == 16
    assert row(stages, 3)["p50, ms"] == "10.0"
    assert row(level_table(TWO), 1)["Callers at once"] == "2"


def test_the_context_stands_with_every_figure() -> None:
    facts = dict(context(TWO))
    assert facts["Measured on"] == "AMD EPYC, 2 cores, 8.00 GB, Linux x86_64"
    assert facts["Versions"] == "python 3.11, opencv 4"
    assert facts["Images"] == "1 image of 80 × 60 px"
    assert facts["Runs"].startswith("n = 20 a model after 3 warm-up runs")
    for part in ("AMD EPYC", "2 threads", "fake", "80 × 60", "n = 20"):
        assert part in in_short(TWO)
    assert failures(TWO) == (("C", f"It failed: {EVIL}"),)


def test_other_work_on_the_machine_is_said() -> None:
    assert busy(TWO) == ""
    loaded = replace(TWO, machine=replace(TWO.machine, load=3.0))
    assert "load 3.00 on 2 cores" in busy(loaded)
    assert b"measure on a quiet one" in to_html(loaded)


def test_csv_carries_the_context_on_every_line() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(TWO, 3.6).decode())))
    assert all(
        (one["cpu"], one["threads"], one["engine"], one["image_size_px"])
        == ("AMD EPYC", "2", "fake", "80x60")
        for one in rows
    )
    by_figure = {(one["model"], one["figure"]): one for one in rows}
    latency = by_figure["A", "latency"]
    assert (latency["n"], latency["p50"], latency["p99"]) == ("20", "13.0", "")
    assert by_figure["A", "cpu_normal_ms"]["origin"] == "published"
    assert by_figure["A", "inference"]["origin"] == "measured"
    assert ("B", "cpu_normal_ms") not in by_figure
    assert float(by_figure["A", "cost of 1000 images"]["value"]) == pytest.approx(0.008)


def test_a_spreadsheet_calculates_nothing() -> None:
    run = made_run(model_run("=1+1", [1.0]))
    assert b"'=1+1" in to_csv(run)


def test_the_report_needs_nothing_else() -> None:
    earlier = ("earlier.json", replace(TWO, machine=replace(TWO.machine, cpu=EVIL)))
    text = to_html(TWO, price_per_hour=3.6, earlier=earlier).decode()
    reader = Reader()
    reader.feed(text)
    assert reader.tags.count("svg") == 4
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert not reader.addresses
    assert not re.search(r"@import|url\(|https?://", text)
    assert EVIL not in text
    assert "Against earlier.json" in text
    assert "within the noise" in text
    assert len(text) < 100_000


def test_a_report_of_nothing() -> None:
    text = to_html(made_run(model_run("C", [], state="failed", failure="No."))).decode()
    assert "No model was measured." in text


def test_one_run_of_one_model_is_drawn() -> None:
    text = to_html(made_run(model_run("A", [0.0], published=Published()))).decode()
    assert "nan" not in text.lower()
    assert text.count("<svg") == 3
    assert "No measured model has a published mask AP" in text


def test_scales() -> None:
    line = Scale(ChartAxis("", 0, 10), 100, 200)
    assert (line.at(0), line.at(5), line.axis.ticks) == (100, 150, (0, 2, 4, 6, 8, 10))
    log = axis_of("Latency, ms", [1.0, 1000.0])
    assert (log.log, log.title) == (True, "Latency, ms (log)")
    assert {1.0, 10.0, 100.0, 1000.0} <= set(log.ticks)
    assert not axis_of("", [5.0]).log
    values = [float(value) for value in range(1000)]
    assert (len(thinned(values)), thinned(values)[0], thinned(values)[-1]) == (400, 0.0, 999.0)
