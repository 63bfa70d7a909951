"""What the tabs open with: shipped results, said to be examples, cleared, replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from instseg_ui.examples.benchmark import read_benchmark
from instseg_ui.examples.comparison import read_comparison
from instseg_ui.examples.evaluation import ExampleEvaluation
from instseg_ui.examples.photos import photo_folder
from instseg_ui.segmenter import Segmenter
from instseg_ui.ui.benchmark import example as benchmark_example
from instseg_ui.ui.benchmark.run import ShownRun
from instseg_ui.ui.compare import decision, downloads, matches
from instseg_ui.ui.compare import example as compare_example
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.evaluate import example as evaluate_example
from instseg_ui.ui.evaluate import run as evaluate_run
from instseg_ui.ui.evaluate.desk import Desks
from instseg_ui.ui.shared.jobs import Jobs
from instseg_ui.ui.shared.services import Services
from tests.ui.evaluate.kit import data_set_zip


@pytest.fixture
def services(settings):
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def desks(services: Services, tmp_path: Path):
    desks = Desks(services.settings, tmp_path / "cache")
    yield desks
    for session in ("me", "you"):
        desks.leave(session)


@pytest.fixture(scope="module")
def example() -> ExampleEvaluation:
    from instseg_ui.settings import PROJECT_DIR

    return ExampleEvaluation(PROJECT_DIR / "assets")


def test_compare_has_two_models_on_the_opening_photo(services: Services, tmp_path: Path) -> None:
    shipped = read_comparison(services.settings.assets)
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(shipped.photo.read_bytes())
    run = compare_example.example_run(services.settings, str(copy), tmp_path)
    assert run is not None
    assert run.models == ("everyday-M", "everyday-S")
    assert [one.state for one in run.outcomes] == ["done", "done"]
    assert len(matches.filtered(run, Sight())) == 2
    said = compare_example.sentence(run)
    assert said is not None
    assert shipped.origin.words in said


def test_compare_shows_no_example_for_another_photo(services: Services, tmp_path: Path) -> None:
    settings = services.settings
    other = str(photo_folder(settings.assets) / "kittens.jpg")
    for path in (None, other, str(tmp_path / "gone.jpg")):
        assert compare_example.example_run(settings, path, tmp_path) is None
    assert compare_example.sentence(None) is None


def test_times_of_the_example_are_not_taken_for_this_machines(
    services: Services, tmp_path: Path
) -> None:
    photo = str(read_comparison(services.settings.assets).photo)
    run = compare_example.example_run(services.settings, photo, tmp_path)
    assert run is not None
    assert run.origin is not None
    assert decision.measured(run) == {}
    assert not any("ms" in fact for one in run.outcomes for fact in one.pane["caption"])
    study = downloads.study(services, run, Sight(), False, "", "")
    assert (study.hardware, study.made) == (run.origin.machine, run.origin.made)
    assert dict(study.latencies) == {}
    html = downloads.write(study, "html", str(tmp_path)).read_text(encoding="utf-8")
    assert f"Latency {run.origin.place}, ms" in html
    assert "Latency here" not in html


def test_the_benchmark_says_where_it_was_measured(services: Services) -> None:
    run = read_benchmark(services.settings.assets)
    said = benchmark_example.sentence(ShownRun(run, benchmark_example.NAME))
    assert said is not None
    assert f"measured on {run.machine.cpu}, " in said
    assert f"{run.made:%Y-%m-%d}" in said
    assert benchmark_example.sentence(ShownRun(run, "mine.json")) is None
    assert benchmark_example.sentence(None) is None


def test_evaluate_has_figures_before_anything_ran(desks: Desks, example: ExampleEvaluation) -> None:
    assert evaluate_example.show(desks, example, "me")
    assert not evaluate_example.show(desks, example, "me")
    desk = desks.of("me")
    assert desk.evaluation is not None
    assert desk.evaluation.results[0].model == "everyday-M"
    assert "3 models on 8 photos; times are of " in (evaluate_example.sentence(desk) or "")
    files = desk.files
    assert files is not None
    assert files.is_dir()
    desks.clear("me")
    assert (desk.dataset, desk.evaluation, desk.example) == (None, None, None)
    assert evaluate_example.sentence(desk) is None
    assert not files.exists()


def test_each_visitor_has_a_desk_of_their_own(desks: Desks, example: ExampleEvaluation) -> None:
    for session in ("me", "you"):
        assert evaluate_example.show(desks, example, session)
    desks.leave("you")
    mine = desks.of("me").evaluation
    assert mine is not None
    assert len(mine.results[0].predictions.instances(1)) > 0


def test_a_mapping_changed_on_the_example_keeps_its_machine(
    services: Services, desks: Desks, example: ExampleEvaluation
) -> None:
    evaluate_example.show(desks, example, "me")
    desk = desks.of("me")
    desk.change_mapping(services.segmenter, "everyday-M", "person", [])
    list(evaluate_run.rescore(desks, Jobs(), "me"))
    assert desk.evaluation is not None
    assert desk.example is not None
    assert desk.evaluation.machine is desk.example.machine


def test_a_data_set_of_the_visitors_takes_the_place_of_the_example(
    desks: Desks, example: ExampleEvaluation, tmp_path: Path
) -> None:
    evaluate_example.show(desks, example, "me")
    uploads = [str(data_set_zip(tmp_path))]
    assert list(evaluate_run.open_upload(desks, Jobs(), uploads, "me"))[-1].failure is None
    desk = desks.of("me")
    assert (desk.example, desk.evaluation) == (None, None)
    assert not evaluate_example.show(desks, example, "me")


def test_what_an_earlier_server_kept_goes_before_the_example(
    services: Services, example: ExampleEvaluation, tmp_path: Path
) -> None:
    me, uploads = "a" * 40, [str(data_set_zip(tmp_path))]
    first = Desks(services.settings, tmp_path / "cache", services.visits)
    list(evaluate_run.open_upload(first, Jobs(), uploads, me))
    first.keep(me)
    # The tab is opened before the data set is opened again.
    later = Desks(services.settings, tmp_path / "cache", services.visits)
    assert not evaluate_example.show(later, example, me)
    list(evaluate_run.reopen(services, later, Jobs(), me))
    found = later.of(me).dataset
    assert found is not None
    assert found.name == "shapes"
    assert not evaluate_example.show(later, example, me)
    later.leave(me)


def test_without_examples_the_desk_stays_empty(desks: Desks, tmp_path: Path) -> None:
    assert not evaluate_example.show(desks, ExampleEvaluation(tmp_path), "me")
    assert desks.of("me").dataset is None
