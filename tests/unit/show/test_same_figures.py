"""Page, report and command line show the same figures: the same tables, digit for digit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from instseg_ui.cli import bench_output
from instseg_ui.cli import eval as eval_command
from instseg_ui.cli.console import Console
from instseg_ui.evaluate import Evaluation, Options, summarize
from instseg_ui.evaluate.export import to_json
from instseg_ui.numbers import percent, three
from instseg_ui.settings import Settings
from instseg_ui.show import benchmark_report, evaluation_report
from instseg_ui.show.evaluation import in_short
from instseg_ui.ui.benchmark import figures as benchmark_page
from instseg_ui.ui.evaluate import figures as evaluation_page
from instseg_ui.verdict import Limits
from tests.unit.benchmark.kit import made_run, model_run
from tests.unit.evaluate.factories import World, instance, predict

RUN = made_run(
    model_run("A", [10.0, 12.5, 11.0] * 7), model_run("B", [20.0] * 21), model_run("C", [31.0])
)


class Tables(HTMLParser):
    """The texts of all tables of a page, by table, row and cell."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._inside = True
        elif tag == "br" and self._inside:
            self.tables[-1][-1][-1] += " "

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.tables[-1][-1][-1] += data


def printed(out: str) -> list[list[str]]:
    """The lines of a terminal, by column."""
    return [re.split(r"  +", line.strip()) for line in out.splitlines() if line.strip()]


@pytest.fixture
def evaluation(tmp_path: Path) -> Iterator[Evaluation]:
    """Seven objects, four of them found, one loosely, and one prediction on nothing."""
    world = World(tmp_path / "set")
    boxes = [(2, 2, 22, 22), (30, 2, 50, 22), (2, 30, 22, 50)]
    for image_id in (1, 2):
        world.image(image_id, *((1, box) for box in boxes))
    world.image(3, (2, boxes[0]))
    found = {
        1: [instance(0, "cat", 0.9, boxes[0]), instance(0, "cat", 0.4, (31, 2, 51, 22))],
        2: [instance(0, "cat", 0.8, (2, 2, 22, 18)), instance(0, "cat", 0.7, (55, 35, 75, 55))],
        3: [instance(1, "dog", 0.6, boxes[0])],
    }
    dataset = world.open()
    predictions = predict(dataset, tmp_path / "m.jsonl", found)
    made = summarize(dataset, [predictions], Options())
    yield made
    made.close()


def test_an_evaluation(evaluation: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    report = evaluation_report.to_html(evaluation, Settings()).decode()
    shown = Tables(report).tables
    assert report.count('<img src="data:image/jpeg') == 4
    assert "loading=" not in report, "a printed report has all of its pictures"
    result = evaluation.results[0]
    pages = [evaluation_page.figures_html(evaluation, kind) for kind in evaluation.kinds]
    pages += [
        evaluation_page.errors_html(evaluation),
        evaluation_page.classes_html(result, "mask"),
        evaluation_page.calibration_html(evaluation),
        evaluation_page.mapping_html(result.mapping),
    ]
    for page in pages:
        for table in Tables(page).tables:
            assert table in shown
    eval_command._show(evaluation, Console())
    eval_command._show_verdict(evaluation, Limits(), Console())
    out = capsys.readouterr().out
    for kind in evaluation.kinds:
        for table in Tables(evaluation_page.figures_html(evaluation, kind)).tables:
            assert all(row in printed(out) for row in table)
    assert in_short(evaluation) in out
    assert in_short(evaluation) in pages[0]
    assert in_short(evaluation) in report.replace("&#34;", '"')


def test_average_precision_is_percent_with_one_decimal(evaluation: Evaluation) -> None:
    told = json.loads(to_json(evaluation))["models"][0]
    tables = Tables(evaluation_page.figures_html(evaluation, "mask")).tables
    heads, row = next(table for table in tables if "AP, %" in table[0])
    figures = dict(zip(heads, row, strict=True))
    assert 0 < told["mask"]["ap"] < 1
    for heading, name in (("AP, %", "ap"), ("AP75, %", "ap75"), ("AR 100, %", "ar100")):
        assert figures[heading] == f"{100 * told['mask'][name]:.1f}"
    assert figures["AP large, %"] == "—"
    heads, row = Tables(evaluation_page.errors_html(evaluation)).tables[0]
    costs = dict(zip(heads, row, strict=True))
    background = told["errors"]["kinds"]["background"]
    assert costs["Background"] == f"{100 * background['ap']:.1f} {background['count']}"


def test_a_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    report = benchmark_report.to_html(RUN, price_per_hour=0.5).decode()
    shown = Tables(report).tables
    pages = [benchmark_page.figures_html(RUN, 0.5), benchmark_page.stages_html(RUN)]
    tables = [table for page in pages for table in Tables(page).tables]
    assert len(tables) == 3
    assert all(table in shown for table in tables)
    bench_output._show_tables(RUN, 0.5, Console())
    lines = printed(capsys.readouterr().out)
    for table in tables:
        assert all(row in lines for row in table)
    notes = re.findall(r'<p class="note">(.*?)</p>', pages[0])
    assert all(note in report for note in notes)


def test_percent() -> None:
    assert percent(0.5714) == "57.1"
    assert percent(40.0, of=100) == "40.0"
    assert (percent(0), percent(1)) == ("0.0", "100.0")
    assert percent(None) == percent(float("nan")) == three(None)
