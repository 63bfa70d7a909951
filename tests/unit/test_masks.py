"""Masks are COCO run-length encodings, to the bit as pycocotools makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from instseg_ui import masks
from instseg_ui.masks import Rle

Mask = npt.NDArray[np.bool_]

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)
MASKS = hnp.arrays(bool, SHAPES)


def reference(mask: Mask) -> dict[str, Any]:
    rle = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode()}


def special_masks() -> dict[str, Mask]:
    height, width = 7, 5
    columns = np.zeros((height, width), bool)
    columns[:, 1:4] = True
    touching = np.zeros((height, width), bool)
    touching[4:, 1] = touching[:3, 2] = True
    return {
        "empty": np.zeros((height, width), bool),
        "full": np.ones((height, width), bool),
        "whole columns": columns,
        "a run over two columns": touching,
        "first pixel": np.arange(height * width).reshape(height, width) == 0,
        "last pixel": np.arange(height * width).reshape(height, width) == height * width - 1,
        "one pixel, set": np.ones((1, 1), bool),
        "one pixel, clear": np.zeros((1, 1), bool),
        "one row": np.array([[0, 1, 1, 0, 1]], bool),
        "one column": np.array([[1], [0], [1], [1]], bool),
        "checkerboard": np.indices((height, width)).sum(0) % 2 == 0,
    }


@pytest.mark.parametrize("name", special_masks())
def test_special_masks_encode_as_pycocotools_does(name: str) -> None:
    mask = special_masks()[name]
    assert masks.encode(mask) == reference(mask)
    assert np.array_equal(masks.decode(masks.encode(mask)), mask)


@given(MASKS)
def test_any_mask_encodes_as_pycocotools_does(mask: Mask) -> None:
    rle = masks.encode(mask)
    assert rle == reference(mask)
    assert np.array_equal(masks.decode(rle), mask)
    assert masks.area(rle) == mask.sum()


@given(MASKS, st.data())
def test_any_crop_encodes_as_its_frame_does(crop: Mask, data: st.DataObject) -> None:
    left, top, right, bottom = (data.draw(st.integers(0, 5)) for _ in range(4))
    frame = np.pad(crop, ((top, bottom), (left, right)))
    assert masks.encode_crop(crop, (left, top), frame.shape) == reference(frame)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float32, bool])
def test_what_is_not_zero_is_foreground_in_every_dtype(dtype: type) -> None:
    mask: npt.NDArray[Any] = np.zeros((6, 4), dtype)
    mask[2:5, 1:3] = 3
    assert masks.encode(mask) == reference(mask != 0)


def test_a_large_frame_encodes_as_pycocotools_does() -> None:
    mask = np.zeros((3000, 4000), bool)
    mask[10:2990, 100:3900] = np.random.default_rng(0).random((2980, 3800)) > 0.999
    assert masks.encode(mask) == reference(mask)


@given(MASKS)
def test_the_box_is_the_masks_extent(mask: Mask) -> None:
    x, y, width, height = coco.toBbox(coco.encode(np.asfortranarray(mask.astype(np.uint8))))
    assert masks.box_of(masks.encode(mask)) == (x, y, x + width, y + height)
    assert (masks.extent(mask) or (0, 0, 0, 0)) == masks.box_of(masks.encode(mask))


@given(st.data(), SHAPES)
def test_iou_is_intersection_over_union(data: st.DataObject, shape: tuple[int, int]) -> None:
    frames = [data.draw(hnp.arrays(bool, shape)) for _ in range(3)]
    first, second = frames[:2], frames[1:]
    found = masks.iou([masks.encode(m) for m in first], [masks.encode(m) for m in second])
    expected = [[(a & b).sum() / max(1, (a | b).sum()) for b in second] for a in first]
    assert found == pytest.approx(np.array(expected))


def test_iou_with_nothing_has_the_shape_of_nothing() -> None:
    rle = masks.encode(np.ones((2, 2), bool))
    assert masks.iou([], []).shape == (0, 0)
    assert masks.iou([rle], []).shape == (1, 0)
    assert masks.iou([], [rle, rle]).shape == (0, 2)


@given(MASKS)
def test_every_encoding_is_valid_for_its_own_size_only(mask: Mask) -> None:
    height, width = mask.shape
    rle = masks.encode(mask)
    assert masks.is_valid(rle, height, width)
    assert masks.is_valid({**rle, "size": (height, width)}, height, width)
    assert not masks.is_valid(rle, height + 1, width)
    assert not masks.is_valid({**rle, "size": [height, width + 1]}, height, width + 1)


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "04",
        [],
        {},
        {"size": [2, 2]},
        {"counts": "4"},
        {"size": None, "counts": "4"},
        {"size": 4, "counts": "4"},
        {"size": "22", "counts": "4"},
        {"size": [2], "counts": "4"},
        {"size": [2, 2, 1], "counts": "4"},
        {"size": [2.0, 2.0], "counts": "4"},
        {"size": ["2", "2"], "counts": "4"},
        {"size": [2, [2]], "counts": "4"},
        {"size": [2, 2], "counts": b"4"},
        {"size": [2, 2], "counts": [4]},
        {"size": [2, 2], "counts": None},
        {"size": [2, 2], "counts": ""},
        {"size": [2, 2], "counts": "5"},
        {"size": [2, 2], "counts": "3"},
        {"size": [2, 2], "counts": "4ü"},
        {"size": [2, 2], "counts": "4\x00"},
        {"size": [2, 2], "counts": "4 "},
        {"size": [2, 2], "counts": "T"},
        {"size": [2, 2], "counts": "oooooooooooo0"},
        {"size": [2, 2], "counts": "5O"},
        {"size": [2, 2], "counts": "t" * 100_000},
    ],
)
def test_hostile_values_are_not_valid(value: object) -> None:
    assert not masks.is_valid(value, 2, 2)


@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=12))
def test_what_is_valid_decodes(counts: str) -> None:
    rle: Rle = {"size": [3, 4], "counts": counts}
    if masks.is_valid(rle, 3, 4):
        assert masks.decode(rle).shape == (3, 4)
        assert masks.area(rle) == masks.decode(rle).sum()
