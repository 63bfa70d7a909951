"""Paddle Inference through a real worker: the scene's objects, and PaddleX's own answers."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import psutil
import pytest

from instseg_ui.engines import EngineRequest
from instseg_ui.errors import InstSegError, LoadError
from instseg_ui.images import from_array
from instseg_ui.masks import decode
from instseg_ui.results import Instances
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.workers.worker import Worker
from tests.unit.factories import Pixels, never
from tools.test_models import (
    DEFAULT_LABELS,
    EXAMPLE_NAMES,
    FAMILIES,
    Family,
    Scene,
    break_model,
    build_test_models,
    make_scene,
)

pytestmark = [pytest.mark.paddle, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
WITH_BOXES: tuple[Family, ...] = ("detr", "rcnn", "yoloe")
# None of them is the score of an object: PaddleX keeps a score equal to the threshold in one
# family and drops it in the other.
THRESHOLDS = (0.051, 0.777, 0.99)
SCENES = {
    "wide": make_scene(640, 480, count=6, seed=1),
    "tall": make_scene(300, 500, count=5, seed=2),
    "odd": make_scene(733, 219, count=4, seed=3),
    "noisy": make_scene(640, 480, count=8, noise=15, seed=5),
    "overlapping": make_scene(512, 512, count=6, layout="overlapping", seed=6),
    "plain": make_scene(320, 240, count=0),
}

Folders = dict[str, Path]


def folders(root: Path, families: tuple[Family, ...], **knobs: Any) -> Folders:
    """Test models by family; few candidates, so that tests are quick."""
    names = {EXAMPLE_NAMES[family]: family for family in families}
    built = build_test_models(root, names, candidates=40, **knobs)
    return {names[name]: folder for name, folder in built.items()}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return folders(tmp_path_factory.mktemp("models"), FAMILIES)


@pytest.fixture(scope="module")
def blind_models(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """They find nothing in any image."""
    return folders(tmp_path_factory.mktemp("blind"), FAMILIES, nothing=True)


@pytest.fixture(scope="module")
def awkward_models(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """They also return a box outside the image, and an object without mask pixels."""
    return folders(
        tmp_path_factory.mktemp("awkward"), WITH_BOXES, outside_box=True, empty_mask=True
    )


@contextmanager
def running(folder: Path, family: str, engine: str = "paddle") -> Iterator[Worker]:
    name = EXAMPLE_NAMES[family]  # type: ignore[index]
    request = EngineRequest(engine, folder, name, DEFAULT_LABELS)
    worker = Worker(request, load_timeout=120, run_timeout=120)
    try:
        worker.load(lambda stage: None, never)
        yield worker
    finally:
        worker.close()


def found(worker: Worker, pixels: Pixels, floor: float = 0.05, limit: int = 300) -> Instances:
    return worker.run(pixels, floor, limit, never).output.instances


def assert_finds(instances: Instances, scene: Scene) -> None:
    """Every object of the scene once: its class, nearly its mask, nearly its box."""
    assert sorted(instances.labels) == sorted(item.label for item in scene.instances)
    for truth in scene.instances:
        overlap = [
            (decode(row.mask) & truth.mask).sum() / (decode(row.mask) | truth.mask).sum()
            for row in instances
        ]
        best = list(instances)[int(np.argmax(overlap))]
        assert max(overlap) > 0.85
        assert best.label == truth.label
        assert np.abs(np.subtract(best.box, truth.box)).max() <= 6
        assert best.area == decode(best.mask).sum()


REFERENCE = """
import os, pickle, sys
os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
from paddlex import create_model
answers = {}
todo = pickle.load(sys.stdin.buffer)
for family, (name, folder) in todo["models"].items():
    model = create_model(model_name=name, model_dir=folder, device="cpu")
    for scene, pixels in todo["images"].items():
        for threshold in todo["thresholds"]:
            (answer,) = model.predict(pixels, threshold=threshold)
            answers[family, scene, threshold] = (answer["boxes"], list(answer["masks"]))
pickle.dump(answers, open(sys.argv[1], "wb"))
"""


@pytest.fixture(scope="module")
def by_paddlex(models: Folders, tmp_path_factory: pytest.TempPathFactory) -> dict[Any, Any]:
    """PaddleX's own answers by family, scene and threshold, from a process of its own."""
    out = tmp_path_factory.mktemp("reference") / "answers.pickle"
    todo = {
        "models": {f: (EXAMPLE_NAMES[f], str(models[f])) for f in FAMILIES},
        "images": {name: scene.image for name, scene in SCENES.items()},
        "thresholds": THRESHOLDS,
    }
    command = [sys.executable, "-c", textwrap.dedent(REFERENCE), str(out)]
    subprocess.run(command, input=pickle.dumps(todo), check=True, timeout=200, capture_output=True)
    answers: dict[Any, Any] = pickle.loads(out.read_bytes())
    return answers


def assert_same_as_paddlex(ours: Instances, boxes: list[Any], masks: list[Any]) -> None:
    order = sorted(range(len(boxes)), key=lambda i: -boxes[i]["score"])
    assert len(ours) == len(order)
    for row, i in zip(ours, order, strict=True):
        theirs, mask = boxes[i], decode(row.mask)
        assert row.label == theirs["label"]
        assert row.score == theirs["score"]
        if "coordinate" in theirs:
            assert row.class_id == theirs["cls_id"]
            assert row.box == tuple(map(float, theirs["coordinate"]))
            # PaddleX cuts a mask to its rounded box.
            x0, y0, x1, y1 = (round(float(value)) for value in row.box)
            mask = mask[y0:y1, x0:x1]
        else:
            assert row.class_id == theirs["class_id"]
        assert np.array_equal(mask, np.asarray(masks[i]) != 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_finds_the_scene_and_agrees_with_paddlex(
    models: Folders, by_paddlex: dict[Any, Any], family: Family
) -> None:
    with running(models[family], family) as worker:
        for name, scene in SCENES.items():
            at_floor = found(worker, scene.image)
            assert_finds(at_floor, scene)
            for threshold in THRESHOLDS:
                filtered = at_floor.at(threshold)
                assert_same_as_paddlex(filtered, *by_paddlex[family, name, threshold])
        for threshold in THRESHOLDS:
            direct = found(worker, SCENES["wide"].image, threshold)
            assert list(direct) == list(found(worker, SCENES["wide"].image).at(threshold))
        assert len(found(worker, SCENES["wide"].image, limit=2)) == 2


@pytest.mark.parametrize("family", FAMILIES)
def test_finding_nothing_is_an_empty_answer(blind_models: Folders, family: Family) -> None:
    with running(blind_models[family], family) as worker:
        for name in ("wide", "tall", "plain"):
            assert len(found(worker, SCENES[name].image)) == 0


@pytest.mark.parametrize("family", WITH_BOXES)
def test_a_box_outside_the_image_takes_no_mask_from_another(
    awkward_models: Folders, family: Family
) -> None:
    # Without a red object in the middle: the empty candidate there would suppress it.
    scene = SCENES["tall"]
    with running(awkward_models[family], family) as worker:
        instances = found(worker, scene.image)
    rows = list(instances)
    assert rows[0].area == 0
    assert rows[0].box[2] <= scene.image.shape[1]
    assert_finds(Instances.from_rows(rows[1:]), scene)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (5, 4)])
def test_the_smallest_images_are_answered(models: Folders, shape: tuple[int, int]) -> None:
    with running(models["detr"], "detr") as worker:
        assert len(found(worker, np.full((*shape, 3), 128, np.uint8))) == 0


@pytest.mark.parametrize(
    "how", ["truncated_params", "truncated_graph", "no_preprocess", "unknown_name"]
)
def test_a_broken_folder_is_refused_in_a_sentence(
    models: Folders, tmp_path: Path, how: str
) -> None:
    folder = copytree(models["detr"], tmp_path / "broken")
    break_model(folder, how)
    with pytest.raises(InstSegError) as refused, running(folder, "detr"):
        pass
    assert str(tmp_path) not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_device_is_refused(models: Folders) -> None:
    request = EngineRequest(
        "paddle", models["detr"], EXAMPLE_NAMES["detr"], DEFAULT_LABELS, device="quantum:3"
    )
    worker = Worker(request, load_timeout=120, run_timeout=120)
    with pytest.raises(LoadError, match=r"^Expected the device `cpu` or `gpu:0`, got “quantum:3”"):
        worker.load(lambda stage: None, never)
    worker.close()


def tree_mb() -> float:
    """Memory of this process' descendants, what they share counted once, MB of 10^6 bytes."""
    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += child.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 1e6


def test_a_large_image_costs_bounded_memory_and_eviction_gives_it_back(models: Folders) -> None:
    scene = make_scene(1920, 1080, count=6, seed=7)
    settings = Settings(model_folders=(models["detr"],), threads=1)
    name = models["detr"].name
    with Segmenter(settings) as segmenter:
        model = next(n for n in segmenter.catalog.names if n.startswith(f"{name}-"))
        segmenter.load(model)
        segmenter.unload(model)
        before = tree_mb()
        segmenter.load(model)
        loaded = tree_mb()
        prediction = segmenter.segment(from_array(scene.image, settings), model)
        assert sorted(prediction.instances.labels) == sorted(i.label for i in scene.instances)
        after = tree_mb()
        assert segmenter.unload(model)
        unloaded = tree_mb()
    megabytes = {"before": before, "loaded": loaded, "after": after, "unloaded": unloaded}
    # 40 frames of int32, and what the graph holds beside them.
    assert after - loaded < 8 * 40 * 1920 * 1080 * 4 / 1e6
    assert prediction.runtime.memory_mb < after + 50
    assert unloaded < before + 30, megabytes
    assert before < loaded < after, megabytes
