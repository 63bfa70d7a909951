"""Segment, Compare, Benchmark, Evaluate, endpoints and report tell one latency of one model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from instseg_ui.benchmark import PhotoFile, Request, run_benchmark
from instseg_ui.benchmark.figures import latency as benchmark_latency
from instseg_ui.evaluate import Evaluation, evaluate
from instseg_ui.latency import Latency, known
from instseg_ui.numbers import milliseconds, three
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.evaluation import usage
from instseg_ui.show.evaluation_report import to_html
from instseg_ui.show.latency import latency_note
from instseg_ui.ui import endpoints
from instseg_ui.ui.compare import decision, downloads
from instseg_ui.ui.compare import run as compare_run
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.run import ComparisonRun
from instseg_ui.ui.segment import run as segment_run
from instseg_ui.ui.shared.services import Services
from tests.unit.evaluate.factories import World
from tests.unit.evaluate.test_run import CATEGORIES, draw
from tests.unit.factories import model_folder

MODELS = ("one", "two")
SIZE = (80, 60)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """Two models that take some milliseconds."""
    folders = tuple(model_folder(tmp_path / name, delay_s=0.01, good_runs=1) for name in MODELS)
    settings = Settings(
        models_dir=tmp_path / "models", fake_engine=True, threads=1, model_folders=folders
    )
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "set", CATEGORIES)
    for image_id in range(1, 7):
        draw(made, image_id)
    return made


def photo_of(world: World) -> str:
    return str(world.folder / "images" / "1.png")


def segmented(services: Services, photo: str, cache: Path) -> str:
    """The facts beside the photo, at the end."""
    *_, last = segment_run.run(services, photo, "one", "me", cache)
    return last.facts


def compared(services: Services, photo: str, cache: Path) -> ComparisonRun:
    *_, last = compare_run.run(services, photo, MODELS, 0.5, "me", cache)
    assert last.run is not None
    return last.run


def evaluated(services: Services, world: World, folder: Path) -> Evaluation:
    return evaluate(world.open(), MODELS, services.segmenter, folder)


def the_one(services: Services) -> Latency:
    found = known(services.segmenter, "one", SIZE)
    assert found is not None
    return found


def hold_together(services: Services, world: World, tmp_path: Path) -> Latency:
    """Every door after each other; all tell what is known, and none measures again."""
    photo, cache = photo_of(world), tmp_path / "cache"
    facts = segmented(services, photo, cache)
    first = the_one(services)
    figure = milliseconds(first.median)
    assert figure in facts
    assert f"median of {first.n}" in facts

    run = compared(services, photo, cache)
    assert run.latencies["one"] == first
    assert f"{figure} ({latency_note(first)})" in run.outcomes[0].pane["caption"]
    assert decision.measured(run)["one"][0] == first.median
    study = downloads.study(services, run, Sight(), False, "", "")
    assert study.verdict.candidate("one").latency == first

    found = evaluated(services, world, tmp_path / "out")
    assert found.latencies["one"] == first
    assert three(first.median) in usage(found)
    assert three(first.median) in to_html(found, services.settings).decode()
    found.close()

    answer = endpoints._compare(services, photo, ",".join(MODELS), 0.5, None)
    assert answer["models"][0]["latency_ms"] == round(first.median, 3)
    assert answer["models"][0]["latency_runs"] == first.n
    assert the_one(services) == first
    return first


def test_whoever_comes_first_measures_and_all_others_read(
    services: Services, world: World, tmp_path: Path
) -> None:
    found = hold_together(services, world, tmp_path)
    assert (found.n, found.enough) == (5, True)


def test_what_a_benchmark_measured_is_everybodys_figure(
    services: Services, world: World, tmp_path: Path
) -> None:
    data = Path(photo_of(world)).read_bytes()
    run = run_benchmark(Request(MODELS, repeats=7), [PhotoFile("1.png", data)], services.settings)
    summary = benchmark_latency(run.models[0])
    assert summary is not None
    found = hold_together(services, world, tmp_path)
    assert (found.n, found.beside) == (7, MODELS)
    assert found.median == pytest.approx(summary.median, abs=1e-4)
    assert found.quartiles is not None
    assert found.quartiles[1] - found.quartiles[0] == pytest.approx(summary.iqr, abs=1e-3)


def test_a_kept_prediction_is_nobodys_figure(
    services: Services, world: World, tmp_path: Path
) -> None:
    """Pressing the button again changes nothing: the first run's time is not a latency."""
    photo, cache = photo_of(world), tmp_path / "cache"
    for _ in range(2):
        segmented(services, photo, cache)
    again = compared(services, photo, cache)
    cold = again.predictions[0].timings.latency
    assert cold not in the_one(services).runs_ms
