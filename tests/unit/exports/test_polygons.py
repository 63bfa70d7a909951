"""Polygons give the mask back, filled by pycocotools, OpenCV or PIL."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from PIL import Image as Pil
from PIL import ImageDraw
from pycocotools import mask as coco

from instseg_ui.exports.polygons import Ring, parts
from instseg_ui.exports.rings import ring_of, rings_of, single_ring
from instseg_ui.masks import encode
from tests.unit.exports.kit import Mask, blobs, dot, ellipse, iou, ring_shape, thin

SHAPES = {
    "compound": ring_shape(),
    "thin": thin(),
    "dot": dot(),
    "all": np.ones((120, 160), bool),
    "disc": ellipse(160, 120, 70, 60, 50, 50),
}


def by_pycocotools(rings: list[Ring], shape: tuple[int, ...]) -> Mask:
    flat = [ring.ravel().tolist() for ring in rings]
    return np.asarray(coco.decode(coco.merge(coco.frPyObjects(flat, *shape))), bool)


def by_opencv(rings: list[Ring], shape: tuple[int, ...]) -> Mask:
    """As Ultralytics' `polygon2mask`: coordinates cast to int32, `fillPoly`, ring by ring."""
    canvas = np.zeros(shape, np.uint8)
    for ring in rings:
        cv2.fillPoly(canvas, [ring.astype(np.int32)], 1)
    return canvas.astype(bool)


def by_pil(rings: list[Ring], shape: tuple[int, ...]) -> Mask:
    """As LabelMe's `shape_to_mask`."""
    canvas = Pil.new("L", (shape[1], shape[0]))
    for ring in rings:
        filled = Pil.new("L", (shape[1], shape[0]))
        ImageDraw.Draw(filled).polygon([(x, y) for x, y in ring], outline=1, fill=1)
        canvas.paste(1, mask=filled.point(lambda value: value * 255))
    return np.asarray(canvas, bool)


@given(blobs())
def test_a_ring_for_each_part_gives_any_blob_back_in_every_reader(mask: Mask) -> None:
    rings = rings_of(encode(mask))
    for read in (by_pycocotools, by_opencv, by_pil):
        assert iou(read(rings, mask.shape), mask) >= 0.98, read.__name__


@given(blobs())
def test_one_ring_for_all_parts_gives_any_blob_back(mask: Mask) -> None:
    assert iou(by_pycocotools([ring_of(encode(mask))], mask.shape), mask) >= 0.98


@given(blobs())
def test_without_leaving_points_out_the_mask_comes_back_exactly(mask: Mask) -> None:
    found = parts(encode(mask), min_iou=1)
    rings = [single_ring([part]) for part in found]
    assert (by_pycocotools(rings, mask.shape) == mask).all()
    assert (by_opencv(rings, mask.shape) == mask).all()
    assert (by_pycocotools([single_ring(found)], mask.shape) == mask).all()


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_come_back(name: str) -> None:
    mask = SHAPES[name]
    rings = rings_of(encode(mask))
    for read in (by_pycocotools, by_opencv, by_pil):
        assert iou(read(rings, mask.shape), mask) >= 0.98, read.__name__


@given(blobs())
def test_coordinates_lie_inside_the_mask(mask: Mask) -> None:
    ring = ring_of(encode(mask))
    assert ring.shape[0] >= 3
    x, y = np.floor(ring).astype(int).T
    ys, xs = np.nonzero(mask)
    assert x.min() >= xs.min()
    assert x.max() <= xs.max()
    assert y.min() >= ys.min()
    assert y.max() <= ys.max()


def test_parts_and_holes_are_told_apart() -> None:
    found = parts(encode(ring_shape()))
    assert sorted(len(part.holes) for part in found) == [0, 1]


def test_pixels_that_touch_by_a_corner_are_two_parts() -> None:
    assert len(parts(encode(np.eye(2, dtype=bool)))) == 2


def test_an_empty_mask_has_no_parts() -> None:
    empty = encode(np.zeros((4, 5), bool))
    assert parts(empty) == ()
    assert rings_of(empty) == []


def test_a_smooth_outline_has_few_points() -> None:
    rle = encode(ellipse(640, 480, 300, 200, 150, 120))
    assert len(parts(rle)[0].outer) < 120 < len(parts(rle, min_iou=1)[0].outer)


def test_noise_with_thousands_of_parts_is_one_ring_in_reasonable_time() -> None:
    mask = np.random.default_rng(0).random((90, 90)) > 0.5
    assert (by_pycocotools([ring_of(encode(mask))], mask.shape) == mask).all()
