"""A graph cut around its NMS: equal to Paddle on the demo model and on a test model."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from instseg_ui.engines.preprocess import Prepared
from instseg_ui.engines.tails import TailInput
from instseg_ui.engines.tails import nms as nms_tail
from instseg_ui.engines.tails.nms import NmsTail
from tests.unit.hpi.apart import SCENES, Apart, assert_equal
from tools.test_models import ModelOptions, build_variants

ASSETS = Path(__file__).parents[3] / "assets"
SMALL = ModelOptions(labels=("a", "b", "c"), size=96, candidates=20)
MODELS = {
    "rcnn": ("MaskRCNN-ResNet50-FPN", SMALL),
    "empty": ("MaskRCNN-ResNet50-FPN", ModelOptions(size=96, candidates=20, empty_mask=True)),
    "outside": ("MaskRCNN-ResNet50-FPN", ModelOptions(size=96, candidates=9, outside_box=True)),
    "detr": ("Mask-RT-DETR-S", SMALL),
    "solo": ("SOLOv2", SMALL),
}


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Apart:
    root = tmp_path_factory.mktemp("nms")
    folders = {key: root / key for key in MODELS}
    build_variants([(folders[key], *model) for key, model in MODELS.items()])
    apart = Apart("nms", folders | {"demo": ASSETS / "models" / "demo-cats"}, root)
    apart.convert()
    return apart


@pytest.mark.paddle
def test_it_fits_every_graph_with_one_nms(apart: Apart) -> None:
    fits = {key for key in apart.folders if "done" in apart.said(key)}
    assert fits == {"rcnn", "empty", "outside", "demo"}
    why = apart.said("solo")["why"]
    assert why == ""


@pytest.mark.paddle
@pytest.mark.parametrize("key", ["rcnn", "empty", "outside"])
def test_it_finds_what_paddle_finds(apart: Apart, key: str) -> None:
    for reference, pixels in zip(apart.paddle(key, SCENES.values()), SCENES.values(), strict=True):
        assert_equal(reference, apart.found(key, pixels))


@pytest.mark.paddle
def test_the_demo_model_finds_the_same_cats(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = cv2.imread(str(ASSETS / "examples" / "cats-on-a-road.jpg"))
    images = [photo, photo[:301, :199].copy(), SCENES["plain"], SCENES["line"]]
    references = apart.paddle("demo", images)
    assert len(references[0]) >= 5
    assert len(references[2]) == 0
    for reference, pixels in zip(references, images, strict=True):
        assert_equal(reference, apart.found("demo", pixels))
    # One object at a time comes to the same.
    monkeypatch.setattr(nms_tail, "_PIXELS", 1)
    assert_equal(references[0], apart.found("demo", photo))


@pytest.mark.paddle
def test_the_demo_model_takes_a_limit(apart: Apart) -> None:
    photo = cv2.imread(str(ASSETS / "examples" / "cats-on-a-road.jpg"))
    best = apart.engine("demo").run(photo, 0.05, 2).instances
    assert best.scores.tolist() == apart.found("demo", photo, 0.05).scores[:2].tolist()


class Before:
    """Boxes in pixels of the image, one class."""

    inputs = ()

    def __init__(self, *boxes: tuple[float, float, float, float]) -> None:
        self.boxes = np.array([boxes], np.float32).reshape(1, -1, 4)

    def run(self, feeds: object) -> list[np.ndarray]:
        scores = np.linspace(0.9, 0.5, self.boxes.shape[1], dtype=np.float32)
        return [self.boxes, scores[np.newaxis, np.newaxis]]


class After:
    """Every object's mask is the whole image."""

    inputs = ()

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def run(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert feeds["index"].dtype == feeds["count"].dtype == np.int32
        assert feeds["count"].tolist() == [len(feeds["rows"])] == [len(feeds["index"])]
        self.asked.append(feeds["index"][:, 0].tolist())
        return [np.ones((len(feeds["index"]), 6, 8), np.uint8)]


def tail(before: Before, after: After) -> NmsTail:
    nms = {
        "score_threshold": 0.01,
        "nms_top_k": -1,
        "keep_top_k": 100,
        "nms_threshold": 0.5,
        "normalized": True,
        "nms_eta": 1.0,
        "background_label": -1,
    }
    params = {
        "nms": nms,
        "before": ["boxes", "scores"],
        "after": ["output2"],
        "outputs": ["rows", "count", "output2"],
    }
    return NmsTail({"before": before, "after": after}, params)


def job(limit: int = 100, floor: float = 0.05) -> TailInput:
    ones = np.ones((1, 2), np.float32)
    shape = np.array([[6, 8]], np.float32)
    prepared = Prepared(np.zeros((1, 3, 6, 8), np.float32), shape, ones)
    return TailInput(prepared, (6, 8), ("a",), floor, limit)


def test_where_nothing_is_kept_the_second_part_does_not_run() -> None:
    after = After()
    assert len(tail(Before(), after).run(job())) == 0
    assert len(tail(Before((0, 0, 3, 3)), after).run(job(floor=0.95))) == 0
    assert after.asked == []


def test_a_box_outside_the_image_makes_room_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nms_tail, "_PIXELS", 6 * 8)
    boxes = (20, 0, 30, 3), (0, 0, 3, 3), (4, 0, 8, 3), (0, 4, 3, 6)
    after = After()
    found = tail(Before(*boxes), after).run(job(limit=2))
    assert found.boxes.tolist() == [[0, 0, 3, 3], [4, 0, 8, 3]]
    # The last one is not asked for.
    assert after.asked == [[0], [1], [2]]
