"""Annotated masks as polygons, and polygons as what a predicted mask is compared with."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from pycocotools import mask as rle

from instseg_ui.train import augment
from instseg_ui.train.augment import Rings, Shape

MASK_GRID = 64
MASK_MARGIN = 1.25  # the grid covers the box and an eighth of its side around it
_SUPERSAMPLE = 4  # cv2.fillPoly fattens by half a pixel; at 4x that is an eighth of a cell


def to_rings(segmentation: list[Any] | dict[str, Any], size: tuple[int, int]) -> Rings:
    """Polygons of a COCO segmentation, be it polygons or RLE, in an image of (height, width)."""
    if isinstance(segmentation, list):
        return [np.asarray(ring, np.float32).reshape(-1, 2) for ring in segmentation]
    if isinstance(segmentation["counts"], list):
        segmentation = rle.frPyObjects(segmentation, *size)
    # Contours run through pixel centres: on a larger picture they lie closer to the pixels' edges.
    scale = _SUPERSAMPLE
    large = np.kron(rle.decode(segmentation), np.ones((scale, scale), np.uint8))
    contours, _ = cv2.findContours(large, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    simple = [cv2.approxPolyDP(contour, 0.3 * scale, True) for contour in contours]
    return [
        (ring.reshape(-1, 2).astype(np.float32) + 0.5) / scale
        for ring in simple
        if len(ring) >= 3 and cv2.contourArea(ring) >= 4 * scale**2
    ]


def rasterise(instance: Shape, box: np.ndarray) -> np.ndarray:
    """Coverage uint8 [MASK_GRID,MASK_GRID], 0 to 255, of an object over an enlarged box.

    `box` is xyxy and grows by MASK_MARGIN around its centre.

    Drawing each object in its own frame gives a small one as fine a target as a large one.
    """
    side = MASK_GRID * _SUPERSAMPLE
    centre = (box[:2] + box[2:]) / 2
    extent = np.maximum(box[2:] - box[:2], 1e-3) * MASK_MARGIN
    canvas = np.zeros((side, side), np.uint8)

    def place(rings: Rings | tuple[np.ndarray, ...]) -> Rings:
        return [((ring - centre) / extent + 0.5) * side for ring in rings]

    augment.fill(canvas, place(instance.rings), 255)
    if instance.holes:
        augment.fill(canvas, place(instance.holes), 0)
    return cv2.resize(canvas, (MASK_GRID, MASK_GRID), interpolation=cv2.INTER_AREA)
