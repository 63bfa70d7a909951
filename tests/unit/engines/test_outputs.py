"""Raw outputs of both families become instances; a mask never changes its owner."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.engines.outputs import to_instances
from instseg_ui.errors import WorkerError
from instseg_ui.masks import decode
from instseg_ui.results import Instances

SIZE = (12, 16)
LABELS = ("cat", "dog", "bird")

Arrays = list[npt.NDArray[Any]]


def frames(count: int, dtype: type = np.int32) -> npt.NDArray[Any]:
    """Frame i has i + 1 pixels set in row i, so that a mask tells whose it is."""
    made: npt.NDArray[Any] = np.zeros((count, *SIZE), dtype)
    for i in range(count):
        made[i, i % SIZE[0], : i % SIZE[1] + 1] = 1
    return made


def boxed(*rows: tuple[float, ...], count: int | None = None, dtype: type = np.int32) -> Arrays:
    boxes = np.array(rows, np.float32).reshape(-1, 6)
    number = len(rows) if count is None else count
    return [boxes, np.array([number], np.int32), frames(len(rows), dtype)]


def solo(class_ids: list[int], scores: list[float]) -> Arrays:
    return [
        np.array([len(scores)], np.int32),
        np.array(class_ids, np.int64),
        np.array(scores, np.float32),
        frames(len(scores), np.uint8),
    ]


def read(outputs: Arrays, floor: float = 0.05, limit: int = 100) -> Instances:
    return to_instances(outputs, LABELS, SIZE, floor, limit)


def owners(found: Instances) -> list[int]:
    """Which candidate each mask came from, see `frames`."""
    return [int(np.flatnonzero(decode(row.mask).any(1))[0]) for row in found]


def test_boxes_scores_classes_and_masks_stay_together() -> None:
    found = read(boxed((1, 0.6, 1, 2, 3, 4), (0, 0.9, 5, 6, 7, 8)))
    assert found.boxes.tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]]
    assert found.labels == ("cat", "dog")
    assert found.class_ids.tolist() == [0, 1]
    assert found.scores.tolist() == pytest.approx([0.9, 0.6])
    assert owners(found) == [1, 0]
    assert found.areas.tolist() == [2, 1]


@pytest.mark.parametrize(
    "outside",
    [
        (16, 0, 20, 5),
        (-9, 0, 0, 5),
        (0, 12, 5, 15),
        (0, -8, 5, -1),
        (4, 4, 4, 8),
        (8, 4, 4, 8),
        (np.nan, 0, 5, 5),
        (0, 0, np.inf, 5),
    ],
)
def test_a_box_outside_the_image_goes_with_its_mask(outside: tuple[float, ...]) -> None:
    found = read(boxed((0, 0.9, 0, 0, 5, 5), (0, 0.8, *outside), (1, 0.7, 2, 2, 9, 9)))
    assert found.labels == ("cat", "dog")
    assert owners(found) == [0, 2]


def test_a_dropped_candidate_takes_no_place_of_the_limit() -> None:
    rows = ((0, 0.9, 99, 0, 120, 5), (0, 0.8, 0, 0, 5, 5), (1, 0.7, 2, 2, 9, 9))
    assert owners(read(boxed(*rows), limit=1)) == [1]


def test_a_box_over_the_edge_is_clipped() -> None:
    found = read(boxed((0, 0.9, -3, -2, 99, 98)))
    assert found.boxes.tolist() == [[0, 0, SIZE[1], SIZE[0]]]


@pytest.mark.parametrize("class_id", [-1, np.nan, -np.inf])
def test_padding_is_no_instance(class_id: float) -> None:
    found = read(boxed((class_id, 0.9, 0, 0, 5, 5), (0, 0.8, 0, 0, 5, 5)))
    assert owners(found) == [1]


def test_a_score_that_is_no_number_is_no_instance() -> None:
    found = read(boxed((0, np.nan, 0, 0, 5, 5), (0, np.inf, 0, 0, 5, 5), (0, 0.8, 0, 0, 5, 5)))
    assert owners(found) == [2]


def test_a_score_just_above_one_is_one() -> None:
    assert read(boxed((0, 1.0001, 0, 0, 5, 5))).scores.tolist() == [1]


@pytest.mark.parametrize(("count", "kept"), [(2, [0, 1]), (0, []), (-1, []), (9, [0, 1, 2])])
def test_rows_past_the_count_are_not_read(count: int, kept: list[int]) -> None:
    rows = [(0, 0.9 - i / 10, 0, 0, 5, 5) for i in range(3)]
    assert owners(read(boxed(*rows, count=count))) == kept


def test_the_floor_itself_is_kept() -> None:
    rows = [(0, score, 0, 0, 5, 5) for score in (0.3, 0.2, 0.1)]
    assert len(read(boxed(*rows), floor=0.2)) == 2


def test_the_limit_keeps_the_highest_scores() -> None:
    rows = [(0, score, 0, 0, 5, 5) for score in (0.1, 0.9, 0.5)]
    assert owners(read(boxed(*rows), limit=2)) == [1, 2]


def test_a_class_without_a_name_is_named_by_its_number() -> None:
    assert read(boxed((7, 0.9, 0, 0, 5, 5))).labels == ("class 7",)


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.uint8, bool])
def test_masks_of_every_family_are_read(dtype: type) -> None:
    assert owners(read(boxed((0, 0.9, 0, 0, 5, 5), dtype=dtype))) == [0]


def test_an_empty_mask_keeps_its_box() -> None:
    outputs = boxed((0, 0.9, 0, 0, 5, 5))
    outputs[2][:] = 0
    found = read(outputs)
    assert found.boxes.tolist() == [[0, 0, 5, 5]]
    assert found.areas.tolist() == [0]
    assert not decode(found.masks[0]).any()


@pytest.mark.parametrize(
    "outputs",
    [
        boxed(),
        [np.zeros(0, np.float32), np.zeros(1, np.int32), np.zeros((0, *SIZE), np.int32)],
        [np.zeros((1, 6), np.float32), np.zeros(1, np.int32), np.zeros((1, 3, 3), np.int32)],
        [np.zeros((0, 6), np.float32), np.zeros(0, np.int32), np.zeros((0, 1, 1), np.int32)],
        boxed((-1, 0, 0, 0, 0, 0)),
        solo([], []),
        [np.array([1]), np.array([-1]), np.array([-1], np.float32), np.array([255], np.uint8)],
    ],
)
def test_the_answers_of_networks_that_found_nothing_are_empty(outputs: Arrays) -> None:
    assert len(read(outputs)) == 0


def test_solov2_gets_its_boxes_from_its_masks() -> None:
    found = read(solo([2, 0], [0.4, 0.8]))
    assert found.labels == ("cat", "bird")
    assert found.boxes.tolist() == [[0, 1, 2, 2], [0, 0, 1, 1]]
    assert owners(found) == [1, 0]


def test_solov2_without_mask_pixels_is_no_instance() -> None:
    outputs = solo([0, 1], [0.9, 0.8])
    outputs[3][0] = 0
    assert owners(read(outputs)) == [1]


def test_solov2_counts_by_its_rows() -> None:
    outputs = solo([0, 1], [0.9, 0.8])
    outputs[0][0] = 0
    assert len(read(outputs)) == 2


@pytest.mark.parametrize(
    "outputs",
    [
        [],
        boxed((0, 0.9, 0, 0, 5, 5))[:2],
        [*solo([0], [0.9]), np.zeros(1)],
        [np.zeros((1, 5), np.float32), np.ones(1, np.int32), frames(1)],
        [np.zeros(7, np.float32), np.ones(1, np.int32), frames(1)],
        [boxed((0, 0.9, 0, 0, 5, 5))[0], np.ones(1, np.int32), np.zeros((1, 3, 3), np.int32)],
        [boxed((0, 0.9, 0, 0, 5, 5))[0], np.ones(1, np.int32), np.zeros(1, np.int32)],
        [*solo([0], [0.9])[:3], np.zeros((1, 16, 12), np.uint8)],
    ],
)
def test_outputs_of_another_kind_are_refused_in_a_sentence(outputs: Arrays) -> None:
    with pytest.raises(WorkerError, match=r"^Expected"):
        read(outputs)


def test_reading_a_hundred_large_masks_holds_none_of_them_twice() -> None:
    height, width = 1080, 1920
    masks = np.zeros((100, height, width), np.uint8)
    masks[:, 300:700, 500:1100] = 1
    boxes = np.tile(np.array([0, 0.9, 500, 300, 1100, 700], np.float32), (100, 1))
    outputs: Arrays = [boxes, np.array([100], np.int32), masks]
    tracemalloc.start()
    try:
        found = to_instances(outputs, LABELS, (height, width), 0.05, 100)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert set(found.areas.tolist()) == {400 * 600}
    assert peak < 20e6


SCORES = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12)
CORNER = st.floats(-6, 24, width=32)


def same(first: Instances, second: Instances) -> bool:
    return list(first) == list(second)


@given(SCORES, st.data(), st.floats(0.05, 1), st.integers(1, 14))
def test_filtering_equals_a_run_at_the_threshold_with_boxes(
    scores: list[float], data: st.DataObject, threshold: float, limit: int
) -> None:
    corners = st.tuples(CORNER, CORNER, CORNER, CORNER)
    rows = [(data.draw(st.integers(-1, 3)), score, *data.draw(corners)) for score in scores]
    outputs = boxed(*rows)
    assert same(read(outputs, 0.05, limit).at(threshold), read(outputs, threshold, limit))


@given(SCORES, st.data(), st.floats(0.05, 1), st.integers(1, 14))
def test_filtering_equals_a_run_at_the_threshold_without_boxes(
    scores: list[float], data: st.DataObject, threshold: float, limit: int
) -> None:
    outputs = solo([data.draw(st.integers(-1, 3)) for _ in scores], scores)
    for i in range(len(scores)):
        outputs[3][i] *= data.draw(st.booleans())
    assert same(read(outputs, 0.05, limit).at(threshold), read(outputs, threshold, limit))


def test_masks_one_pixel_short_of_the_image_are_taken() -> None:
    """PP-YOLOE_seg truncates its masks' size at some image sizes, 800 x 600 among them."""
    masks = np.zeros((1, 599, 799), np.float32)
    masks[0, 590:, 790:] = 1
    boxes = np.array([[0, 0.9, 780, 580, 800, 600]], np.float32)
    found = to_instances([boxes, np.array([1], np.int32), masks], ["cat"], (600, 800), 0.05, 10)
    assert found.masks[0]["size"] == [600, 800]
    assert list(found.areas) == [81]


def test_a_stand_in_row_of_score_zero_is_no_instance() -> None:
    """Mask R-CNN answers with one such row when it found nothing."""
    boxes = np.array([[0, 0.0, 0, 0, 1, 1]], np.float32)
    outputs = [boxes, np.array([1], np.int32), np.zeros((1, 4, 4), np.int32)]
    assert len(to_instances(outputs, ["cat"], (4, 4), 0.0, 10)) == 0
