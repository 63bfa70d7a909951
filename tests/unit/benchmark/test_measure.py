"""Measuring through real workers with the built-in engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from instseg_ui.benchmark import (
    BenchmarkProgress,
    BenchmarkRun,
    PhotoFile,
    Request,
    Shelf,
    measure,
    run_benchmark,
)
from instseg_ui.benchmark.memory import process_memory
from instseg_ui.benchmark.recorded_run import measure_and_keep
from instseg_ui.errors import ImageError, InputError, UnknownModelError
from instseg_ui.latency import known
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tests.unit.factories import GREEN, RED, model_folder, never, patches, png

ONE = PhotoFile("one.png", png(patches(((2, 3, 12, 20), RED))))
TWO = PhotoFile("two.png", png(patches(((2, 3, 12, 20), RED), ((30, 10, 50, 30), GREEN))))


@pytest.fixture
def bench(tmp_path: Path, settings: Settings) -> Settings:
    """Models that work, fail at once, fail late and are slow."""
    how: dict[str, dict[str, Any]] = {
        "good": {},
        "late": {"good_runs": 6, "run_error": "It failed <b>here</b>."},
        "never": {"load_error": "It does not load."},
        "slow": {"good_runs": 4, "delay_s": 60},
    }
    folders = tuple(model_folder(tmp_path / name, **script) for name, script in how.items())
    return Settings(**(settings.model_dump() | {"model_folders": folders}))


def test_every_repeat_runs_and_warm_up_stands_apart(bench: Settings) -> None:
    request = Request(("good",), repeats=4, warmup=3, cold_starts=2, concurrency=(1, 3))
    seen: list[BenchmarkProgress] = []
    run = run_benchmark(request, [ONE, TWO], bench, on_progress=seen.append)
    (model,) = run.models
    assert (run.state, model.state, model.engine) == ("done", "done", "fake")
    assert [one.image for one in model.samples] == [0, 1] * 4
    assert [one.instances for one in model.samples[:2]] == [1, 2]
    assert (len(model.warmup), len(model.cold)) == (3, 2)
    assert [(level.callers, len(level.walls)) for level in model.levels] == [(1, 8), (3, 8)]
    assert len({one.latency for one in model.samples}) > 1, "a cached answer takes no time"
    assert all(one.wall >= one.latency > 0 for one in model.samples)
    assert all(start.answer_ms >= start.cold_ms > 0 for start in model.cold)
    assert model.memory is not None
    assert model.memory.peak_mb is None or model.memory.peak_mb >= model.memory.own_mb > 0
    assert [image.name for image in run.images] == ["one.png", "two.png"]
    assert run.image_size == "80x60"
    phases = list(dict.fromkeys(one.phase for one in seen))
    assert phases == [
        "importing",
        "cold start",
        "warm-up",
        "measuring",
        "3 callers at once",
        "done",
    ]
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert (seen[-1].done, seen[-1].share) == (request.steps(2), 1.0)


@pytest.mark.parametrize("answer", ["json", "overlay"])
def test_encoding_is_measured(bench: Settings, answer: Any) -> None:
    run = run_benchmark(Request(("good",), 2, 0, answer=answer), [ONE], bench)
    assert all(one.encode > 0 for one in run.models[0].samples)


def test_what_fails_keeps_its_runs_and_the_others_go_on(bench: Settings) -> None:
    request = Request(("never", "late", "SOLOv2", "good"), repeats=8, warmup=2)
    run = run_benchmark(request, [ONE], bench)
    assert [one.state for one in run.models] == ["failed", "failed", "failed", "done"]
    assert run.models[0].failure == "It does not load."
    assert "It failed <b>here</b>." in run.models[1].failure
    assert len(run.models[1].samples) == 2  # of six runs: warm-up of the engine, cold, two, two
    assert run.models[1].memory is not None
    assert "not on this machine" in run.models[2].failure or run.models[2].failure
    assert [one.model for one in run.measured] == ["late", "good"]
    assert run.state == "done"


def test_stopping_keeps_what_was_measured(bench: Settings, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "runs")
    seen: list[BenchmarkProgress] = []

    def in_the_slow_run() -> bool:
        runs = [one for one in seen if one.phase == "measuring" and one.run is None]
        return sum(one.model == "slow" for one in runs) >= 3

    request = Request(("good", "slow", "late"), repeats=6, warmup=0)
    kept = measure_and_keep(
        request, [ONE], bench, shelf, on_progress=seen.append, cancelled=in_the_slow_run
    )
    states = [(one.state, len(one.samples)) for one in kept.run.models]
    assert states == [("stopped", 3), ("stopped", 2), ("stopped", 2)], "they took turns"
    assert kept.run.state == "stopped"
    assert [one.run for one in shelf.listing().kept] == [kept.run]


def test_a_run_is_on_disk_as_soon_as_a_model_is_done(
    bench: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "_SHOW_S", 1e9)
    shelf = Shelf(tmp_path / "runs")
    on_disk: list[BenchmarkRun | None] = []

    def look(progress: BenchmarkProgress) -> None:
        kept = shelf.listing().kept
        on_disk.append(kept[0].run if kept else None)

    request = Request(("good", "late"), repeats=1, warmup=0)
    measure_and_keep(request, [ONE], bench, shelf, on_progress=look, cancelled=never)
    states = [tuple(one.state for one in run.models) for run in on_disk if run]
    assert list(dict.fromkeys(states)) == [
        ("running", "running"),
        ("done", "running"),
        ("done", "done"),
    ]
    assert on_disk[0] is None
    (kept,) = shelf.listing().kept
    assert kept.run.state == "done"


def test_models_take_turns_and_their_latencies_are_known_everywhere(bench: Settings) -> None:
    seen: list[BenchmarkProgress] = []
    request = Request(("good", "late"), repeats=3, warmup=0)
    run = run_benchmark(request, [ONE, TWO], bench, on_progress=seen.append)
    turns = [one.model for one in seen if one.phase == "measuring" and one.run is None]
    assert turns[:4] == ["good", "late", "good", "late"]
    with Segmenter(bench) as segmenter:
        good, late = (known(segmenter, name, (80, 60)) for name in request.models)
    assert good is not None
    assert good.runs_ms == tuple(round(one.latency, 4) for one in run.models[0].samples)
    assert good.beside == ("good", "late")
    assert late is None, "it failed after four runs"


def test_models_that_do_not_fit_into_the_memory_take_no_turns(bench: Settings) -> None:
    small = bench.model_copy(update={"memory_budget": 705_000_000})
    seen: list[BenchmarkProgress] = []
    run = run_benchmark(
        Request(("good", "late"), repeats=2, warmup=0), [ONE], small, on_progress=seen.append
    )
    assert [one.state for one in run.models] == ["done", "done"]
    turns = [one.model for one in seen if one.phase == "measuring" and one.run is None]
    assert turns == ["good", "good", "late", "late"]
    assert [one.done for one in seen] == sorted(one.done for one in seen)


def test_a_run_grows_on_disk(
    bench: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "_SHOW_S", 0)
    shelf = Shelf(tmp_path / "runs")
    grown: list[int] = []

    def look(progress: BenchmarkProgress) -> None:
        kept = shelf.listing().kept
        grown.append(len(kept[0].run.models[0].samples) if kept else 0)

    request = Request(("good",), repeats=3, warmup=0)
    measure_and_keep(request, [ONE], bench, shelf, on_progress=look, cancelled=never)
    assert {1, 2, 3} <= set(grown)
    assert grown == sorted(grown)


def test_nothing_measured_is_not_kept(bench: Settings, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "runs")
    kept = measure_and_keep(
        Request(("never",)), [ONE], bench, shelf, on_progress=lambda _: None, cancelled=never
    )
    assert (kept.name, kept.run.measured) == ("", ())
    assert shelf.listing().kept == ()


def test_wrong_input_is_said_before_anything_runs(bench: Settings) -> None:
    with pytest.raises(UnknownModelError):
        run_benchmark(Request(("good", "nope")), [ONE], bench)
    with pytest.raises(InputError, match="no image"):
        run_benchmark(Request(("good",)), [], bench)
    with pytest.raises(ImageError, match=r"^bad\.png: This file is not an image"):
        run_benchmark(Request(("good",)), [ONE, PhotoFile("bad.png", b"nonsense")], bench)


def test_memory_of_a_process() -> None:
    held = process_memory(os.getpid())
    assert held is not None
    assert held.resident_mb >= held.own_mb > 1
    assert held.peak_mb is None or held.peak_mb >= held.resident_mb * 0.9
    assert process_memory(2**30) is None
