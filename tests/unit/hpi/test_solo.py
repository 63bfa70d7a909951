"""SOLOv2 taken apart before its masks: equal to Paddle on test models of its structure."""

from __future__ import annotations

import numpy as np
import pytest

from instseg_ui.engines.preprocess import Prepared
from instseg_ui.engines.tails import TailInput
from instseg_ui.engines.tails.matrix_nms import decay, packed
from instseg_ui.engines.tails.solo import SoloTail
from instseg_ui.masks import decode
from tests.unit.hpi.apart import SCENES, Apart, assert_equal
from tools.test_models import ModelOptions, build_variants

SMALL = ModelOptions(labels=("a", "b", "c"), size=96, candidates=20)
MODELS = {
    "solo": ("SOLOv2", SMALL),
    "empty": ("SOLOv2", ModelOptions(size=96, candidates=100, empty_mask=True)),
    "one": ("SOLOv2", ModelOptions(labels=("a",), size=96, candidates=1)),
    "nothing": ("SOLOv2", ModelOptions(size=96, nothing=True)),
    "detr": ("Mask-RT-DETR-S", SMALL),
    "rcnn": ("MaskRCNN-ResNet50-FPN", SMALL),
    "yoloe": ("PP-YOLOE_seg-S", SMALL),
}


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Apart:
    root = tmp_path_factory.mktemp("solo")
    folders = {key: root / key for key in MODELS}
    build_variants([(folders[key], *model) for key, model in MODELS.items()])
    apart = Apart("solo", folders, root)
    apart.convert()
    return apart


@pytest.mark.paddle
def test_it_knows_its_family_and_no_other(apart: Apart) -> None:
    assert {key for key in MODELS if "done" in apart.said(key)} == {"solo", "empty", "one"}
    assert apart.said("detr")["why"] == ""


@pytest.mark.paddle
@pytest.mark.parametrize("key", ["solo", "empty", "one"])
def test_it_finds_what_paddle_finds(apart: Apart, key: str) -> None:
    for reference, pixels in zip(apart.paddle(key, SCENES.values()), SCENES.values(), strict=True):
        assert_equal(reference, apart.found(key, pixels))


CELLS = 6


def tail(scores: np.ndarray, maps: np.ndarray, **changes: object) -> SoloTail:
    """A kernel of its own for each of `maps` (N, 6, 6), which hold logits; input of 24 x 24."""
    params = {
        "score": 0.1,
        "mask": 0.5,
        "strides": [[len(maps), 2.0]],
        "candidates": 500,
        "objects": 100,
        "sigma": 2.0,
        "decayed": 0.05,
        "factor": 4,
        "level": 0.5,
    }
    kernels = np.eye(len(maps), dtype=np.float32)
    network = Fixed(scores.astype(np.float32), kernels, maps[np.newaxis].astype(np.float32))
    return SoloTail({"network": network}, params | changes)


class Fixed:
    """A network that always answers the same."""

    inputs = ()

    def __init__(self, *outputs: np.ndarray) -> None:
        self.outputs = outputs

    def run(self, feeds: object) -> list[np.ndarray]:
        return [output.copy() for output in self.outputs]


def job(height: int = 24, width: int = 24, limit: int = 100) -> TailInput:
    shape = np.array([[24, 24]], np.float32)
    scale = np.array([[24 / height, 24 / width]], np.float32)
    prepared = Prepared(np.zeros((1, 3, 24, 24), np.float32), shape, scale)
    return TailInput(prepared, (height, width), ("a", "b"), 0.01, limit)


def block(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
    """Logits of a map that is sure of a rectangle of cells."""
    cells = np.full((CELLS, CELLS), -30.0)
    cells[y0:y1, x0:x1] = 30.0
    return cells


def test_a_mask_covers_its_cells() -> None:
    found = tail(np.array([[0.9, 0]]), block(1, 3, 2, 5)[np.newaxis]).run(job())
    assert found.scores.tolist() == pytest.approx([0.9])
    mask = np.zeros((24, 24), bool)
    mask[4:12, 8:20] = True
    # Halfway to two cells outside at once, a corner is no more than a quarter sure.
    mask[[4, 4, 11, 11], [8, 19, 8, 19]] = False
    assert (decode(found.masks[0]) == mask).all()
    assert found.boxes.tolist() == [[8, 4, 20, 12]]


def test_the_lesser_of_two_alike_decays() -> None:
    maps = np.stack([block(0, 3, 0, 3)] * 2 + [block(4, 6, 4, 6)])
    scores = np.array([[0.5, 0], [0.8, 0], [0.7, 0]])
    found = tail(scores, maps).run(job())
    assert found.scores.tolist() == pytest.approx([0.8, 0.7, 0.5 * np.exp(-2)])
    other_class = tail(np.array([[0, 0.5], [0.8, 0], [0.7, 0]]), maps).run(job())
    assert other_class.scores.tolist() == pytest.approx([0.8, 0.7, 0.5])
    assert other_class.labels == ("a", "a", "b")
    gone = tail(scores, maps, decayed=0.1).run(job())
    assert len(gone) == 2


def test_a_mask_of_few_cells_is_no_object() -> None:
    maps = np.stack([block(0, 1, 0, 2), block(0, 1, 0, 3)])
    found = tail(np.array([[0.9, 0], [0.8, 0]]), maps).run(job())
    assert found.scores.tolist() == pytest.approx([0.8])


def test_a_score_is_the_masks_too() -> None:
    maps = np.where(block(0, 3, 0, 3) > 0, np.log(0.75 / 0.25), -9.0)[np.newaxis]
    assert tail(np.array([[0.8, 0]]), maps).run(job()).scores.tolist() == pytest.approx([0.6])


def test_nothing_is_found_in_nothing() -> None:
    assert len(tail(np.zeros((1, 2)), block(0, 6, 0, 6)[np.newaxis]).run(job())) == 0
    assert len(tail(np.ones((1, 2)), np.full((1, CELLS, CELLS), -9.0)).run(job(7, 1))) == 0


def test_only_the_best_go_on() -> None:
    maps = np.stack([block(i, i + 1, 0, 6) for i in range(6)])
    scores = np.stack([np.linspace(0.9, 0.4, 6), np.zeros(6)], axis=1)
    assert len(tail(scores, maps, candidates=4).run(job())) == 4
    assert len(tail(scores, maps, objects=3).run(job())) == 3
    assert tail(scores, maps).run(job(limit=2)).scores.tolist() == pytest.approx([0.9, 0.8])


@pytest.mark.parametrize("sigma", [2.0, 0.5, None])
def test_decay_is_the_formula(sigma: float | None) -> None:
    random = np.random.default_rng(0)
    masks = random.random((30, 77)) < random.uniform(0.1, 1, (30, 1))
    masks[7] = masks[3]
    class_ids = random.integers(0, 3, 30)
    flat = masks.astype(np.float64)
    common = flat @ flat.T
    iou = common / (flat.sum(1)[:, None] + flat.sum(1)[None] - common)
    iou = np.triu(iou * (class_ids[:, None] == class_ids[None]), 1)
    worst = iou.max(axis=0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        if sigma is None:
            ratio = (1 - iou) / (1 - worst)
        else:
            ratio = np.exp(-sigma * iou**2) / np.exp(-sigma * worst**2)
    expected = np.nanmin(ratio, axis=0)
    assert decay(packed(masks), class_ids, sigma) == pytest.approx(expected, abs=1e-6)
