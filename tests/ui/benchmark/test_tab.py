"""The Benchmark tab without a browser: what is asked for, what is shown, what is taken away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from instseg_ui.benchmark import Kept, Shelf
from instseg_ui.catalog import Published
from instseg_ui.errors import InputError
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show import benchmark_charts
from instseg_ui.show.plotly_charts import figure
from instseg_ui.ui.benchmark import figures, run
from instseg_ui.ui.benchmark.run import BenchmarkForm, BenchmarkView, ShownRun, whole
from instseg_ui.ui.benchmark.tab import export
from instseg_ui.ui.shared.jobs import Jobs
from instseg_ui.ui.shared.services import Services
from tests.unit.benchmark.kit import EVIL, made_run, model_run
from tests.unit.factories import RED, model_folder, patches, png


@pytest.fixture
def services(tmp_path: Path, settings: Settings) -> Iterator[Services]:
    how: dict[str, dict[str, Any]] = {
        "good": {},
        "bad": {"good_runs": 2, "run_error": f"It failed {EVIL}"},
        "slow": {"good_runs": 3, "delay_s": 60},
    }
    folders = tuple(model_folder(tmp_path / name, **script) for name, script in how.items())
    with Segmenter(Settings(**(settings.model_dump() | {"model_folders": folders}))) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "private name.png"
    path.write_bytes(png(patches(((2, 3, 12, 20), RED))))
    return str(path)


def form(photo: str | None, *models: str, **changes: Any) -> BenchmarkForm:
    images = [photo] if photo else None
    return replace(BenchmarkForm(models, images, 3, 0, 1, 1, 1, "json", ""), **changes)


def views(services: Services, asked: BenchmarkForm) -> list[BenchmarkView]:
    return list(run.run(services, Jobs(), asked, "me"))


def test_a_run_is_shown_and_kept(services: Services, photo: str) -> None:
    seen = views(services, form(photo, "good", "bad"))
    assert all(view.busy for view in seen[:-1])
    last = seen[-1]
    assert not last.busy
    assert "1 of 2 models measured · 1 failed" in last.progress
    assert last.shown is not None
    (kept,) = Shelf.of(services.settings).listing().kept
    assert (kept.name, kept.run) == (last.shown.name, last.shown.run)
    assert [image.name for image in kept.run.images] == ["image 1.png"]
    growing = [view.shown.run for view in seen if view.shown]
    assert [one.state for one in growing[-1].models] == ["done", "failed"]
    assert not services.segmenter.loaded(), "the page's own models are not used"


def test_stopping_keeps_what_was_measured(services: Services, photo: str) -> None:
    jobs = Jobs()
    seen: list[BenchmarkView] = []
    for view in run.run(services, jobs, form(photo, "good", "slow"), "me"):
        seen.append(view)
        if "slow: measuring" in view.progress:
            jobs.stop("me")
    shown = seen[-1].shown
    assert shown is not None
    assert [one.state for one in shown.run.models] == ["stopped", "stopped"]
    assert shown.run.models[0].samples, "they took turns"
    assert "what was measured by then is kept" in seen[-1].progress
    assert not jobs.busy("me")


def test_a_visitor_who_leaves_ends_the_run(services: Services, photo: str) -> None:
    jobs = Jobs()
    before = threading.active_count()
    running = run.run(services, jobs, form(photo, "good", "slow"), "me")
    while "slow: measuring" not in next(running).progress:
        pass
    running.close()
    assert not jobs.busy("me")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (
        threading.active_count() > before or not Shelf.of(services.settings).listing().kept
    ):
        time.sleep(0.05)
    (kept,) = Shelf.of(services.settings).listing().kept
    assert kept.run.state == "stopped"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": []}, "No model is named"),
        ({"models": ["nope"]}, "There is no model named “nope”"),
        ({"images": None}, "There is no photo yet"),
        ({"images": ["x.png"] * 21}, "at most 20 images"),
        ({"images": ["missing.png"]}, "“missing.png” could not be read"),
        ({"repeats": None}, "Runs of each image: expected a whole number from 1 to 500, got None."),
        ({"repeats": 1e9}, "from 1 to 500"),
        ({"warmup": -1}, "Warm-up runs: expected a whole number from 0 to 50, got -1."),
        ({"callers": 2.5}, "Callers at once"),
        ({"threads": 0}, "Threads"),
        ({"engine": "steam"}, "Expected one of the engines"),
    ],
)
def test_what_cannot_be_used_is_said(
    services: Services, photo: str, changes: dict[str, Any], sentence: str
) -> None:
    (only,) = views(services, form(photo, "good", **changes))
    assert only.failure is not None
    assert sentence in only.failure
    assert not only.busy


def test_whole_numbers() -> None:
    assert (whole(3, "N", 5), whole(3.0, "N", 5)) == (3, 3)
    for wrong in (True, "3", None, float("nan"), float("inf")):
        with pytest.raises(InputError, match="whole number from 1 to 5"):
            whole(wrong, "N", 5)


RUN = made_run(
    model_run("A", [10.0] * 20),
    model_run("B", [20.0] * 20, published=Published()),
    model_run("C", [], state="failed", failure=EVIL, memory=None),
)


def test_tables_say_what_they_stand_on() -> None:
    html = figures.figures_html(RUN, 3.6)
    for words in ("AMD EPYC", "n = 20", "p50, ms", "published", "Cost at 3.60 an hour"):
        assert words in html
    assert EVIL not in html
    assert "&lt;script&gt;" in html
    assert "Nothing was measured yet" in figures.figures_html(None, None)
    running = made_run(model_run("A", [], state="running", memory=None), state="running")
    assert "loaded and warmed up; figures appear" in figures.figures_html(running, None)
    assert "Callers at once" in figures.stages_html(RUN)
    assert "Measured on" in figures.context_html(RUN)


def test_what_changed() -> None:
    earlier = Kept("old.json", made_run(model_run("A", [40.0] * 20), model_run("B", [20.0] * 20)))
    html = figures.changes_html(RUN, earlier, 1)
    assert "1 of 2 models beyond the noise" in html
    assert "<b>A</b> is faster: 43.0 → 13.0 ms, −69.8 %" in html
    assert "Choose an earlier run" in figures.changes_html(RUN, None, 1)
    assert "A second run is needed" in figures.changes_html(RUN, None, 0)
    other = Kept("x.json", made_run(model_run("Z", [1.0])))
    assert "No model was measured in both" in figures.changes_html(RUN, other, 1)
    same = Kept("y.json", RUN)
    assert "No latency differs" in figures.changes_html(RUN, same, 1)


def test_runs_have_telling_names() -> None:
    assert figures.label(Kept("x", RUN)) == (
        "2026-01-02 03:04:05 · 2 models · fake · 2 threads · 80x60 px"
    )


def test_charts() -> None:
    boxes = figure(benchmark_charts.distribution(RUN))
    assert [trace.name for trace in boxes.data] == ["A", "B"]
    bars = figure(benchmark_charts.stages(RUN))
    assert [trace.name for trace in bars.data][2] == "inference"
    assert list(bars.data[2].x) == [10.0, 20.0]
    points = figure(benchmark_charts.pareto(RUN, "ap"))
    assert {trace.name for trace in points.data if trace.mode != "lines"} == {
        "Published latency",
        "Measured here",
    }
    assert list(points.data[-1].x) == [13.0]
    assert list(figure(benchmark_charts.pareto(RUN, "size")).data[-1].y) == [12.0, 12.0]
    unknown = made_run(model_run("B", [1.0], published=Published()))
    nothing = figure(benchmark_charts.pareto(unknown, "ap"))
    assert "See latency against size instead" in nothing.layout.annotations[0].text


def test_export() -> None:
    shown = ShownRun(RUN, "run.json")
    assert export(shown, "csv", None, None).startswith(b"model,figure,unit,origin")
    assert json.loads(export(shown, "json", None, None))["schema"] == 1
    html = export(shown, "html", 3.6, Kept("old.json", RUN))
    assert b"Against old.json" in html
    for nothing in (None, ShownRun(made_run())):
        with pytest.raises(InputError, match="nothing to save"):
            export(nothing, "csv", None, None)
