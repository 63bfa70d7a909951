"""The parts of the counting by themselves, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco
from scipy import ndimage

from instseg_ui import masks
from instseg_ui.evaluate.boundary import border, boundary_iou, distance
from instseg_ui.evaluate.calibration import calibration, wilson
from instseg_ui.evaluate.curves import best_f1, operating_points
from instseg_ui.evaluate.detections import Detections
from instseg_ui.evaluate.matches import match, ranks
from performance.evaluation import main


def detections(scores: list[float], right: list[bool]) -> Detections:
    count = len(scores)
    zeros, nothing = np.zeros(count, np.int32), np.full(count, -1, np.int32)
    words = np.zeros((count, 4), np.uint16)
    matched = words.copy()
    matched[:, 0] = right
    return Detections(
        zeros, zeros, zeros, np.array(scores), zeros, matched, words, nothing,
        np.zeros(count, np.float32), np.zeros(count, np.uint8), nothing, nothing,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_a_border_is_what_lies_near_the_outline(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:200, :300]
    middle, radius = rng.uniform((0, 0), (300, 200)), rng.uniform(3, 120)
    mask = (columns - middle[0]) ** 2 + (rows - middle[1]) ** 2 < radius**2
    mask ^= rng.random(mask.shape) < 0.001
    depth = ndimage.distance_transform_cdt(np.pad(mask, 1), "chessboard")[1:-1, 1:-1]
    expected = mask & (depth <= distance(200, 300))
    assert np.array_equal(masks.decode(border(masks.encode(mask))), expected)


def test_boundary_iou_is_the_smaller_one() -> None:
    def square(x: int) -> masks.Rle:
        frame = np.zeros((200, 300), bool)
        frame[20:180, x : x + 200] = True
        return masks.encode(frame)

    first, second = [square(20), square(60)], [square(24)]
    iou = masks.iou(first, second)
    pairs = np.array([[True], [False]])
    found = boundary_iou(iou, pairs, first.__getitem__, second.__getitem__, np.zeros(1, bool))
    assert found[1, 0] == 0
    exact = masks.iou([border(first[0])], [border(second[0])])[0, 0]
    assert found[0, 0] == min(exact, iou[0, 0]) == exact


def test_distance_is_two_percent_of_the_diagonal() -> None:
    assert distance(480, 640) == 16
    assert distance(10, 10) == 1


def test_calibration_bins() -> None:
    found = calibration(detections([0.05, 0.15, 0.15, 1.0], [False, True, False, True]))
    assert [one.n for one in found.bins] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found.error == pytest.approx((0.05 + 2 * 0.35 + 0) / 4)
    assert found.bias == pytest.approx((0.05 + 0.3 + 1) / 4 - 0.5)
    assert found.bins[2].right is None


def test_wilson() -> None:
    # Values of R's prop.test(correct = FALSE).
    assert wilson(5, 10) == pytest.approx((0.2365931, 0.7634069), abs=1e-6)
    assert wilson(0, 10) == pytest.approx((0, 0.2775328), abs=1e-6)
    assert wilson(10, 10) == pytest.approx((0.7224672, 1), abs=1e-6)


def test_equal_scores_come_together() -> None:
    some = detections([0.9, 0.5, 0.5, 0.5], [True, True, False, False])
    points = operating_points(some, 2)
    assert [(one.threshold, one.predictions) for one in points] == [(0.9, 1), (0.5, 4)]
    best = best_f1(some, 2)
    assert best is not None
    assert best.threshold == 0.9  # 2/3 at both: the higher threshold


def test_no_predictions() -> None:
    assert operating_points(Detections.none(), 3) == ()
    assert best_f1(Detections.none(), 3) is None
    assert len(Detections.join([])) == 0


def test_ranks_count_within_a_class() -> None:
    assert ranks(np.array([4, 2, 4, 4, 2], np.int32)).tolist() == [0, 0, 1, 2, 1]


def test_a_matched_object_is_not_taken_twice_and_a_crowd_is() -> None:
    iou = np.array([[0.9, 0.0], [0.8, 0.0], [0.0, 0.9], [0.0, 0.9]])
    category, area = np.zeros(4, np.int32), np.full(4, 100.0)
    truth_category, truth_area = np.zeros(2, np.int32), np.full(2, 100.0)
    found = match(iou, category, area, truth_category, truth_area, np.array([False, True]))
    assert found.truth.tolist() == [0, -1, 1, 1]
    assert [int(word).bit_count() for word in found.matched[:, 0]] == [9, 0, 0, 0]
    assert [int(word).bit_count() for word in found.ignored[:, 0]] == [0, 0, 9, 9]


def test_the_benchmark_finds_both_sides_equal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--images", "8", "--instances", "4"]) == 0
    shown = capsys.readouterr().out
    assert "8 x 4" in shown
    assert "NOT EQUAL" not in shown


def test_iou_of_more_masks_than_eight_bits_count() -> None:
    frames = [masks.encode_crop(np.ones((3, 3), bool), (i, 0), (5, 400)) for i in range(300)]
    packed = [{"size": one["size"], "counts": one["counts"].encode()} for one in frames]
    assert np.array_equal(np.diag(coco.iou(packed, packed, [0] * 300)), np.ones(300))
