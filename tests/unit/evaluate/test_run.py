"""Models over a data set: stopped, taken up, failing; the built-in engine runs them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from instseg_ui.errors import Cancelled, InputError, UnknownModelError
from instseg_ui.evaluate import (
    Dataset,
    Evaluation,
    EvaluationProgress,
    Options,
    evaluate,
    summarize,
)
from instseg_ui.latency import known
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.evaluation_files import to_html, to_json, write_all
from tests.unit.evaluate.factories import World
from tests.unit.factories import GREEN, RED, model_folder, patches

# Solid rectangles are found exactly, at a score of 0.99.
CATEGORIES = [(1, "red"), (2, "green")]
REDS = [(2, 3, 22, 20), (30, 10, 50, 30)]


class Recorder:
    """What was told, and a stop after so many pictures."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.told: list[EvaluationProgress] = []
        self.stop_at = stop_at

    def __call__(self, progress: EvaluationProgress) -> None:
        self.told.append(progress)

    def cancelled(self) -> bool:
        last = self.told[-1]
        return last.stage == "running" and last.done == self.stop_at

    def stages(self) -> list[str]:
        return list(dict.fromkeys(one.stage for one in self.told))

    def ran(self) -> int:
        return sum(one.stage == "running" and bool(one.image) for one in self.told)


def draw(world: World, image_id: int, *more: tuple[tuple[int, int, int, int], Any]) -> None:
    world.image(image_id, *((1, box) for box in REDS))
    pixels = patches(*((box, RED) for box in REDS), *more)
    cv2.imwrite(str(world.folder / "images" / f"{image_id}.png"), pixels)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "set", CATEGORIES)
    for image_id in range(1, 7):
        draw(world, image_id, *([((60, 40, 75, 55), GREEN)] if image_id == 2 else []))
    return world


@pytest.fixture
def dataset(world: World) -> Dataset:
    return world.open()


def settings_with(tmp_path: Path, **scripts: dict[str, Any]) -> Settings:
    folders = tuple(model_folder(tmp_path / name, **script) for name, script in scripts.items())
    return Settings(
        models_dir=tmp_path / "models", fake_engine=True, threads=1, model_folders=folders
    )


@pytest.fixture
def segmenter(tmp_path: Path) -> Iterator[Segmenter]:
    with Segmenter(settings_with(tmp_path, good={}, other={})) as segmenter:
        yield segmenter


def run(
    dataset: Dataset, segmenter: Segmenter, tmp_path: Path, *models: str, **more: Any
) -> Evaluation:
    return evaluate(dataset, models or ("good",), segmenter, tmp_path / "out", **more)


def test_two_models_side_by_side(dataset: Dataset, segmenter: Segmenter, tmp_path: Path) -> None:
    watch = Recorder()
    found = run(dataset, segmenter, tmp_path, "good", "other", on_progress=watch)
    assert [one.model for one in found.results] == ["good", "other"]
    stages = ["running", "loading", "warming up", "measuring", "scoring"]
    assert watch.stages() == stages
    for one in found.results:
        assert one.summary().ap == pytest.approx(1)
        assert one.errors.kinds["background"].count == 1
        assert one.picture_times().n == 6
        assert found.latencies[one.model].n == 5
        assert known(segmenter, one.model, (80, 60)) == found.latencies[one.model]
        assert one.predictions.key.floor == 0.001
    assert segmenter.loaded().keys() == {"good", "other"}
    assert found.images.all()
    found.close()


def test_it_goes_on_where_it_was_stopped(
    dataset: Dataset, segmenter: Segmenter, tmp_path: Path
) -> None:
    watch = Recorder(stop_at=4)
    with pytest.raises(Cancelled, match="kept"):
        run(dataset, segmenter, tmp_path, on_progress=watch, cancelled=watch.cancelled)
    lines = (tmp_path / "out" / "good.jsonl").read_text().splitlines()
    assert sum(line.startswith('{"image"') for line in lines) == 4
    watch = Recorder()
    found = run(dataset, segmenter, tmp_path, on_progress=watch)
    assert watch.stages() == ["checking", "running", "measuring", "scoring"]
    assert found.results[0].summary().ap == pytest.approx(1)
    lines = (tmp_path / "out" / "good.jsonl").read_text().splitlines()
    assert sum(line.startswith('{"image"') for line in lines) == 6
    found.close()


def test_a_model_that_was_copied_again_is_the_same_model(
    dataset: Dataset, segmenter: Segmenter, tmp_path: Path
) -> None:
    """Other times and other inodes, as in a clone; the same contents."""
    run(dataset, segmenter, tmp_path).close()
    folder = tmp_path / "good"
    shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(folder)
    (tmp_path / "copy").rename(folder)
    found = run(dataset, segmenter, tmp_path)
    assert found.results[0].predictions.taken_up == 6
    found.close()
    weights = folder / "inference.pdiparams"
    weights.write_bytes(weights.read_bytes() + b" ")
    found = run(dataset, segmenter, tmp_path)
    assert "another version of the model" in found.results[0].predictions.begun_anew
    found.close()


def test_a_picture_that_was_replaced_is_run_again(
    world: World, dataset: Dataset, segmenter: Segmenter, tmp_path: Path
) -> None:
    run(dataset, segmenter, tmp_path).close()
    cv2.imwrite(str(world.folder / "images" / "3.png"), np.full((60, 80, 3), 127, np.uint8))
    found = run(dataset, segmenter, tmp_path)
    assert found.results[0].errors.kinds["missed"].count == 2
    found.close()


def test_corrected_annotations_need_no_new_run(
    world: World, dataset: Dataset, segmenter: Segmenter, tmp_path: Path
) -> None:
    run(dataset, segmenter, tmp_path).close()
    for row in world.annotations:
        row["category_id"] = 2
    watch = Recorder()
    found = run(world.open(), segmenter, tmp_path, on_progress=watch)
    assert "loading" not in watch.stages()
    assert found.results[0].errors.kinds["classification"].count == 12
    mended = summarize(
        found.dataset,
        [found.results[0].predictions],
        changes={"good": {"green": ["red"], "red": []}},
    )
    assert mended.results[0].summary().ap == pytest.approx(1)
    found.close()


def test_the_first_few_and_then_all(dataset: Dataset, segmenter: Segmenter, tmp_path: Path) -> None:
    found = run(dataset, segmenter, tmp_path, options=Options(limit=2))
    assert found.images.tolist() == [True, True, False, False, False, False]
    assert found.results[0].objects() == 4
    assert any(one.kind == "limit" for one in found.findings)
    found.close()
    found = run(dataset, segmenter, tmp_path)
    assert found.results[0].objects() == 12
    found.close()
    found = run(dataset, segmenter, tmp_path, options=Options(limit=3))
    assert found.results[0].objects() == 6
    found.close()


def test_restart_runs_everything_again(
    dataset: Dataset, segmenter: Segmenter, tmp_path: Path
) -> None:
    run(dataset, segmenter, tmp_path).close()
    watch = Recorder()
    found = run(dataset, segmenter, tmp_path, options=Options(restart=True), on_progress=watch)
    assert "checking" not in watch.stages()
    found.close()


def test_a_picture_that_cannot_be_decoded_is_left_out(
    world: World, dataset: Dataset, segmenter: Segmenter, tmp_path: Path
) -> None:
    file = world.folder / "images" / "4.png"
    file.write_bytes(file.read_bytes()[:60])
    found = run(dataset, segmenter, tmp_path)
    assert found.images.tolist() == [True, True, True, False, True, True]
    assert found.results[0].summary().ap == pytest.approx(1)
    assert any(one.kind == "image that cannot be decoded" for one in found.findings)
    found.close()


def test_a_model_that_fails_on_a_picture_misses_its_objects(
    dataset: Dataset, tmp_path: Path
) -> None:
    # The warm-up is a run too.
    with Segmenter(
        settings_with(tmp_path, good={"run_error": "It cannot.", "good_runs": 4})
    ) as one:
        found = run(dataset, one, tmp_path)
        assert found.results[0].errors.kinds["missed"].count == 6
        assert len(found.results[0].scores.failures) == 3
        assert any("It cannot." in str(one) for one in found.findings)
        found.close()


def test_a_model_that_never_answers_does_not_end_the_others(
    dataset: Dataset, tmp_path: Path
) -> None:
    scripts = {
        "bad": {"run_error": "It cannot.", "good_runs": 1},
        "worse": {"load_error": "It refuses."},
        "strange": {"labels": ("x", "y", "z")},
        "good": {},
    }
    with Segmenter(settings_with(tmp_path, **scripts)) as segmenter:
        found = run(dataset, segmenter, tmp_path, *scripts)
        assert [one.model for one in found.results] == ["good"]
        assert found.failures["bad"] == "It cannot."
        assert found.failures["worse"] == "It refuses."
        assert "no name in common" in found.failures["strange"]
        found.close()


def test_what_cannot_be_asked(dataset: Dataset, segmenter: Segmenter, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one model"):
        evaluate(dataset, [], segmenter, tmp_path / "out")
    with pytest.raises(UnknownModelError):
        run(dataset, segmenter, tmp_path, "goood")


def test_the_files_say_what_pycocotools_says(
    world: World, dataset: Dataset, segmenter: Segmenter, tmp_path: Path
) -> None:
    found = run(dataset, segmenter, tmp_path, "good", "other")
    folder = tmp_path / "report"
    written = write_all(found, folder, segmenter.settings)
    assert [path.name for path in written] == [
        "report.json",
        "report.html",
        "good.predictions.json",
        "other.predictions.json",
    ]
    report = json.loads((folder / "report.json").read_bytes())
    assert report["dataset"]["images_evaluated"] == 6
    assert report["hardware"]["cores"] >= 1
    for model in report["models"]:
        assert model["runtimes"][0]["engine"] == "fake"
        for kind, name in (("mask", "segm"), ("box", "bbox")):
            with redirect_stdout(StringIO()):
                truth = COCO(str(world.file))
                results = truth.loadRes(str(folder / f"{model['model']}.predictions.json"))
                reference = COCOeval(truth, results, name)
                reference.evaluate()
                reference.accumulate()
                reference.summarize()
            ours = [model[kind][figure] for figure in ("ap", "ap50", "ap75", "ap_small", "ar100")]
            theirs = reference.stats[[0, 1, 2, 3, 8]]
            assert ours == pytest.approx(theirs.tolist(), abs=1e-12)
    found.close()


def test_the_report_needs_nothing_else(
    dataset: Dataset, segmenter: Segmenter, tmp_path: Path
) -> None:
    found = run(dataset, segmenter, tmp_path, "good", "other")
    text = to_html(found, segmenter.settings).decode()
    assert "<script" not in text
    assert 'src="http' not in text
    assert "data:image/jpeg;base64," in text
    for words in (
        "TIDE",
        "CVPR 2021",
        "n = 6 of 6",
        "ICML 2017",
        "scores from 0.001",
        "fake on CPU",
    ):
        assert words in text
    assert json.loads(to_json(found))["models"][1]["model"] == "other"
    found.close()


def test_names_from_outside_are_escaped(segmenter: Segmenter, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    world = World(tmp_path / "set", [(1, "red"), (2, evil)])
    draw(world, 1)
    world.add(1, 2, world.annotations[0]["segmentation"])
    found = run(world.open(), segmenter, tmp_path)
    assert "<script" not in to_html(found, segmenter.settings).decode()
    found.close()


def test_a_report_without_objects_or_results(segmenter: Segmenter, tmp_path: Path) -> None:
    world = World(tmp_path / "set", CATEGORIES)
    world.image(1)
    found = run(world.open(), segmenter, tmp_path, options=Options(kinds=("mask", "box")))
    assert b"n = 1 of 1" in to_html(found, segmenter.settings)
    assert json.loads(to_json(found))["models"][0]["mask"]["ap"] is None
    found.close()
    none = summarize(found.dataset, [], failures={"m": "It cannot."})
    assert b"It cannot." in to_html(none, segmenter.settings)
    assert json.loads(to_json(none))["failures"] == {"m": "It cannot."}
