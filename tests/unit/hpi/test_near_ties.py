"""The gate takes what rounding turns for a near tie, by its kind, and no fault of the same size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import pytest

from instseg_ui.engines import Output
from instseg_ui.engines.preprocess import Prepared
from instseg_ui.engines.tails import Precedent, TailInput, resample, yoloe
from instseg_ui.engines.tails.yoloe import YoloeTail
from instseg_ui.hpi.calibration import Picture
from instseg_ui.hpi.parity import FLOOR, LIMIT, Parity
from instseg_ui.hpi.proof import Reference, check
from instseg_ui.results import Instances
from instseg_ui.workers.worker import Answer, Worker

INPUT, CELLS, COUNT, SIZE = 320, 80, 48, (240, 400)
NMS: dict[str, Any] = {
    "score_threshold": 0.01,
    "nms_top_k": 1000,
    "keep_top_k": 300,
    "nms_threshold": 0.7,
    "normalized": True,
    "nms_eta": 1.0,
    "background_label": -1,
}


@dataclass
class Raw:
    """A network's raw outputs: boxes (N, 4), scores (N,) all of class 0, and a map of each box."""

    boxes: np.ndarray
    scores: np.ndarray
    maps: np.ndarray

    inputs = ()

    def run(self, feeds: object) -> list[np.ndarray]:
        count = len(self.scores)
        return [
            self.boxes[None].copy(),
            self.scores[None, None].copy(),
            np.eye(count, dtype=np.float32)[None],
            self.maps[None].copy(),
        ]

    def but(self, change: Callable[[Raw], None]) -> Raw:
        other = Raw(self.boxes.copy(), self.scores.copy(), self.maps.copy())
        change(other)
        return other


def raw() -> Raw:
    """Small boxes side by side; blobs that fill them and reach over, on smooth maps."""
    random = np.random.default_rng(5)
    place = np.arange(COUNT)
    corner = np.stack([place % 8 * 39 + 3.4, place // 8 * 50 + 3.3], axis=1)
    side = random.uniform(14, 30, (COUNT, 2))
    boxes = np.concatenate([corner, corner + side], axis=1).astype(np.float32)
    coarse = random.standard_normal((COUNT, 20, 20)).astype(np.float32)
    maps = np.stack([cv2.resize(m, (CELLS, CELLS), interpolation=cv2.INTER_CUBIC) for m in coarse])
    scores = np.linspace(0.9, 0.3, COUNT, dtype=np.float32)
    return Raw(boxes, scores, (2 * maps + 0.4).astype(np.float32))


@dataclass
class TailWorker:
    """Runs a tail on raw outputs, whatever the pixels; a fault is planted in its runs alone."""

    raw: Raw
    nms: dict[str, Any]
    fault: Callable[[pytest.MonkeyPatch], None] = lambda patch: None

    def run(
        self,
        pixels: object,
        floor: float,
        limit: int,
        cancelled: object,
        reference: Instances | None = None,
    ) -> Answer:
        params = {"nms": self.nms, "by_channel": False, "input": [INPUT, INPUT], "level": 0.5}
        tail = YoloeTail({"network": self.raw}, params | {"truncated": False})
        scale = np.array([[INPUT / SIZE[0], INPUT / SIZE[1]]], np.float32)
        shape = np.array([[INPUT, INPUT]], np.float32)
        prepared = Prepared(np.zeros((1, 3, 1, 1), np.float32), shape, scale)
        precedent = None if reference is None else Precedent(reference, SIZE)
        with pytest.MonkeyPatch.context() as patch:
            self.fault(patch)
            job = TailInput(prepared, SIZE, ("thing",), floor, limit, precedent)
            found = tail.run(job)
        ties = tuple(precedent.ties) if precedent else ()
        return Answer(Output(found, 0.0, 0.0, 0.0, ties), 0.0)


@dataclass
class Answered:
    """Paddle's answers, all of which it holds."""

    answers: list[Instances]

    images = (Picture("photo", np.zeros((*SIZE, 3), np.uint8)),)

    @staticmethod
    def cancelled() -> bool:
        return False

    def ties(self, numbers: list[int]) -> dict[int, set[int]]:
        return {number: set() for number in numbers}


def verdict(
    theirs: Raw,
    ours: Raw,
    fault: Callable[[pytest.MonkeyPatch], None] = lambda patch: None,
    **nms: float,
) -> Parity:
    answer = TailWorker(theirs, NMS).run(None, FLOOR, LIMIT, None).output.instances
    assert len(answer) >= COUNT

    @contextmanager
    def opened() -> Iterator[Worker]:
        yield cast(Worker, TailWorker(ours, NMS | nms, fault))

    return check("onnxruntime", cast(Reference, Answered([answer])), opened)


def test_the_same_outputs_are_equal() -> None:
    found = verdict(raw(), raw())
    assert (found.passed, found.matched, found.ties) == (True, COUNT, 0)


def full(item: Raw) -> None:
    """Two cells high: a column of pixels is a good part of it."""
    item.maps[4] = 3
    item.boxes[4] = [160, 3, 167.0, 20]


def right_side(value: float) -> Callable[[Raw], None]:
    def change(item: Raw) -> None:
        full(item)
        item.boxes[4, 2] = value

    return change


def test_a_crop_at_a_pixels_border_is_a_near_tie() -> None:
    """A column of the mask falls in or out as a side is 167.0006 or 166.9998."""
    found = verdict(raw().but(right_side(167.0006)), raw().but(right_side(166.9998)))
    assert found.passed, found.why
    assert found.kinds == {"mask cropped at a pixel border": 1}
    assert found.distances["mask cropped at a pixel border"] == pytest.approx(8e-4, rel=0.1)
    assert "47/48 objects (1 near tie: mask cropped at a pixel border, 7.9e-04)" in found.sentence


def test_a_crop_that_no_rounding_explains_is_a_fault() -> None:
    found = verdict(raw().but(right_side(167.3)), raw().but(right_side(166.9)))
    assert "mask IoU" in found.why


def off_by_one(patch: pytest.MonkeyPatch) -> None:
    right = yoloe._pixels

    def wrong(boxes: np.ndarray, size: tuple[int, int]) -> list[Any]:
        windows = right(boxes, size)
        return [w and (w[0], (w[1][0], min(w[1][1] + 1, size[1]))) for w in windows]

    patch.setattr(yoloe, "_pixels", wrong)


def nearest(patch: pytest.MonkeyPatch) -> None:
    def wrong(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        part = np.ascontiguousarray(cells)
        return cv2.resize(part, size[::-1], interpolation=cv2.INTER_NEAREST).reshape(size)

    patch.setattr(resample, "_resized", wrong)


def shifted(patch: pytest.MonkeyPatch) -> None:
    """The grid's corners where its centres belong."""
    right = resample._resized

    def wrong(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        moved = np.float32([[1, 0, 1.5], [0, 1, 1.5]])
        whole = right(cells, size)
        return cv2.warpAffine(whole, moved, size[::-1], borderMode=cv2.BORDER_REPLICATE)

    patch.setattr(resample, "_resized", wrong)


@pytest.mark.parametrize("fault", [off_by_one, nearest, shifted])
def test_a_fault_of_the_tail_is_refused(fault: Callable[[pytest.MonkeyPatch], None]) -> None:
    found = verdict(raw(), raw(), fault)
    assert "mask IoU" in found.why


def test_a_fault_beside_a_tie_is_refused() -> None:
    theirs, ours = raw().but(right_side(167.0006)), raw().but(right_side(166.9998))
    assert "mask IoU" in verdict(theirs, ours, off_by_one).why


def swapped(item: Raw) -> None:
    item.maps = item.maps[[*range(1, COUNT), 0]]


def moved_scores(item: Raw) -> None:
    item.scores -= np.float32(2e-3)


def moved_boxes(item: Raw) -> None:
    item.boxes += np.float32(1)


@pytest.mark.parametrize("fault", [swapped, moved_scores, moved_boxes])
def test_a_fault_of_the_network_is_refused(fault: Callable[[Raw], None]) -> None:
    assert not verdict(raw(), raw().but(fault)).passed


def flat(value: float, objects: int = 1) -> Callable[[Raw], None]:
    """Masks that lie at the level all over, but for a corner."""

    def change(item: Raw) -> None:
        for number in range(10, 10 + objects):
            item.maps[number] = value
            item.maps[number, :, : int(item.boxes[number, 0]) // 4 + 3] = 2

    return change


def test_pixels_at_their_threshold_are_a_near_tie() -> None:
    found = verdict(raw().but(flat(1e-4)), raw().but(flat(-1e-4)))
    assert found.passed, found.why
    assert found.kinds == {"mask pixels at their threshold": 1}


def test_pixels_away_from_their_threshold_are_a_fault() -> None:
    assert "mask IoU" in verdict(raw().but(flat(0.02)), raw().but(flat(-0.02))).why


def test_too_many_near_ties_prove_nothing() -> None:
    found = verdict(raw().but(flat(1e-4, 5)), raw().but(flat(-1e-4, 5)))
    assert "5 of 48 objects stand at near ties, too many to tell" in found.why


def overlapping(iou: float) -> Callable[[Raw], None]:
    """A box more, which overlaps one of a better score by so much."""

    def change(item: Raw) -> None:
        box = item.boxes[7]
        # Of two boxes of one height and width w, moved by d: iou = (w - d) / (w + d).
        move = (box[2] - box[0]) * (1 - iou) / (1 + iou)
        item.boxes = np.vstack([item.boxes, box + np.float32([move, 0, move, 0])])
        item.scores = np.append(item.scores, np.float32(0.28))
        item.maps = np.concatenate([item.maps, item.maps[7:8]])

    return change


@pytest.mark.parametrize(("theirs", "ours"), [(0.70002, 0.69998), (0.69998, 0.70002)])
def test_an_overlap_at_the_limit_is_a_near_tie(theirs: float, ours: float) -> None:
    found = verdict(raw().but(overlapping(theirs)), raw().but(overlapping(ours)))
    assert found.passed, found.why
    assert found.kinds == {"overlap at the limit of the suppression": 1}


def test_another_limit_of_the_suppression_is_a_fault() -> None:
    both = raw().but(overlapping(0.65))
    assert "not found" in verdict(both, both, nms_threshold=0.6).why
    over = raw().but(overlapping(0.75))
    assert "that Paddle does not find" in verdict(over, over, nms_threshold=0.8).why
