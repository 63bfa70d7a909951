"""PP-YOLOE_seg taken apart before its NMS: equal to Paddle on test models of its structure."""

from __future__ import annotations

import numpy as np
import pytest

from instseg_ui.engines.preprocess import Prepared
from instseg_ui.engines.tails import TailInput
from instseg_ui.engines.tails.yoloe import YoloeTail
from instseg_ui.masks import decode
from tests.unit.hpi.apart import SCENES, Apart, assert_equal
from tools.test_models import ModelOptions, build_variants

SMALL = ModelOptions(labels=("a", "b", "c"), size=96, candidates=30)
MODELS = {
    "yoloe": ("PP-YOLOE_seg-S", SMALL),
    "empty": ("PP-YOLOE_seg-S", ModelOptions(size=96, candidates=20, empty_mask=True)),
    "one": ("PP-YOLOE_seg-S", ModelOptions(labels=("a",), size=96, candidates=1)),
    "nothing": ("PP-YOLOE_seg-S", ModelOptions(size=96, candidates=20, nothing=True)),
    "detr": ("Mask-RT-DETR-S", SMALL),
    "rcnn": ("MaskRCNN-ResNet50-FPN", SMALL),
    "solo": ("SOLOv2", SMALL),
}


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Apart:
    root = tmp_path_factory.mktemp("yoloe")
    folders = {key: root / key for key in MODELS}
    build_variants([(folders[key], *model) for key, model in MODELS.items()])
    apart = Apart("yoloe", folders, root)
    apart.convert()
    return apart


@pytest.mark.paddle
def test_it_knows_its_family_and_no_other(apart: Apart) -> None:
    assert {key for key in MODELS if "done" in apart.said(key)} == {"yoloe", "empty", "one"}
    why = apart.said("rcnn")["why"]
    assert why.startswith("yoloe does not fit: ")


@pytest.mark.paddle
@pytest.mark.parametrize("key", ["yoloe", "empty", "one"])
def test_it_finds_what_paddle_finds(apart: Apart, key: str) -> None:
    for reference, pixels in zip(apart.paddle(key, SCENES.values()), SCENES.values(), strict=True):
        assert_equal(reference, apart.found(key, pixels))


@pytest.mark.paddle
def test_a_floor_and_a_limit_leave_the_best(apart: Apart) -> None:
    pixels = SCENES["wide"]
    everything = apart.found("yoloe", pixels)
    assert apart.found("yoloe", pixels, floor=0.5).scores.tolist() == [
        score for score in everything.scores if score >= 0.5
    ]
    best = apart.engine("yoloe").run(pixels, 0.01, 3).instances
    assert best.scores.tolist() == everything.scores[:3].tolist()
    assert len(apart.found("yoloe", pixels, floor=1.0)) == 0


class Fixed:
    """A network that always answers the same."""

    inputs = ()

    def __init__(self, *outputs: np.ndarray) -> None:
        self.outputs = outputs

    def run(self, feeds: object) -> list[np.ndarray]:
        return [output.copy() for output in self.outputs]


def tail(boxes: list[list[float]], logits: np.ndarray, *, truncated: bool = True) -> YoloeTail:
    """Boxes in pixels of a 16 x 16 input, all of class 0, with one map of 4 x 4 cells each."""
    count = len(boxes)
    scores = np.linspace(0.9, 0.5, count, dtype=np.float32)[np.newaxis, np.newaxis]
    nms = {
        "score_threshold": 0.01,
        "nms_top_k": 1000,
        "keep_top_k": 300,
        "nms_threshold": 0.7,
        "normalized": True,
        "nms_eta": 1.0,
        "background_label": -1,
    }
    params = {
        "nms": nms,
        "by_channel": True,
        "input": [16, 16],
        "level": 0.5,
        "truncated": truncated,
    }
    network = Fixed(
        np.array([boxes], np.float32), scores, np.eye(count, dtype=np.float32)[None], logits[None]
    )
    return YoloeTail({"network": network}, params)


def job(height: int, width: int, limit: int = 100) -> TailInput:
    scale = np.array([[16 / height, 16 / width]], np.float32)
    shape = np.array([[16, 16]], np.float32)
    prepared = Prepared(np.zeros((1, 3, 16, 16), np.float32), shape, scale)
    return TailInput(prepared, (height, width), ("a",), 0.05, limit)


FULL = np.full((1, 4, 4), 9, np.float32)


def test_a_mask_ends_with_its_box() -> None:
    found = tail([[2.5, 4, 8, 12]], FULL).run(job(16, 16))
    mask = np.zeros((16, 16), bool)
    # Pixels 3..7 are those whose numbers lie in 2.5 <= x < 8.
    mask[4:12, 3:8] = True
    assert (decode(found.masks[0]) == mask).all()
    assert found.boxes.tolist() == [[2.5, 4, 8, 12]]


def test_a_box_outside_the_image_takes_its_mask_along() -> None:
    boxes = [[20, 0, 30, 16], [0, 0, 16, 16], [-9, -9, -1, -1]]
    found = tail(boxes, np.repeat(FULL, 3, axis=0)).run(job(16, 16, limit=1))
    assert found.scores.tolist() == pytest.approx([0.7])
    assert found.areas.tolist() == [256]


@pytest.mark.parametrize("logits", [np.full((1, 4, 4), -9, np.float32), FULL * np.nan])
def test_an_object_may_have_no_mask(logits: np.ndarray) -> None:
    found = tail([[0, 0, 16, 16]], logits).run(job(20, 30))
    assert found.areas.tolist() == [0]


def test_boxes_that_are_no_numbers_are_left_out() -> None:
    boxes = [[0, 0, np.inf, 5], [9, -np.inf, 16, 5], [0, 0, 8, 8]]
    found = tail(boxes, np.repeat(FULL, 3, axis=0)).run(job(16, 16))
    assert len(found) == 1


def test_a_truncated_quotient_may_cost_a_row() -> None:
    short = next(n for n in range(17, 400) if int(np.float32(16) / np.float32(16 / n)) == n - 1)
    whole = [[0.0, 0.0, 16.0, 16.0]]
    assert tail(whole, FULL).run(job(short, 32)).areas.tolist() == [(short - 1) * 32]
    full = tail(whole, FULL, truncated=False).run(job(short, 32))
    assert full.areas.tolist() == [short * 32]
