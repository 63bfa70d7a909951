"""Masks as polygons that give the mask back, whichever way a reader fills them.

Readers disagree about what a coordinate means. To pycocotools pixel `c` spans from `c` to
`c + 1` and is inside if its centre is; Ultralytics, LabelMe and OpenCV cut coordinates down
to whole pixels and fill the border as well. A contour through pixel centres is half a pixel
too small for the first, one along the pixels' edges a pixel too large for the others. Here
the outline runs a quarter of a pixel inside the pixels' edges: both then find exactly the mask.

A mask is taken apart into parts whose pixels touch by their sides, each an outer ring and the
rings of its holes. Rings are (K, 2) float64, x and y in pixels, not closed by a repeated
point; outer rings run clockwise on the screen, holes counter-clockwise. Everything is
computed inside the mask's extent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from instseg_ui.masks import Rle, decode_crop

Ring = npt.NDArray[np.float64]
Crop = npt.NDArray[np.uint8]

MIN_IOU = 0.99
"""What a simplified outline must keep, however it is filled; 0.98 is promised."""

_INSET = 0.25
_TOLERANCES = (1.0, 0.5)  # pixels, tried in this order before the exact outline
_MAX_SAMPLED = 64  # with more rings, checking a simplification costs more than it saves

# Bits of the four pixels around a grid point, and the step from the point to each.
_NW, _NE, _SW, _SE = 1, 2, 4, 8
_STEPS = {_NW: (-1, -1), _NE: (1, -1), _SW: (-1, 1), _SE: (1, 1)}
_SADDLES = (_NW | _SE, _NE | _SW)
_TURNS = np.array([bits.bit_count() in (1, 3) or bits in _SADDLES for bits in range(16)])


class ConnectedPart(NamedTuple):
    """Pixels that touch by their sides: one outline and the holes in it."""

    outer: Ring
    holes: tuple[Ring, ...]

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The outline, then the holes."""
        return (self.outer, *self.holes)


def parts(rle: Rle, min_iou: float = MIN_IOU) -> tuple[ConnectedPart, ...]:
    """The outlines of one mask, in pixels of the whole image; none if it is empty.

    Points are left out (Douglas and Peucker) as long as both ways of filling keep an IoU of
    `min_iou` with the mask; at `min_iou` 1 or above every step of the outline is kept.
    """
    crop, origin = decode_crop(rle)
    if crop.size == 0:
        return ()
    found = _trace(crop)
    if min_iou < 1:
        found = _simplified(crop, found, min_iou)
    return tuple(
        ConnectedPart(part.outer + origin, tuple(h + origin for h in part.holes)) for part in found
    )


class _Corners(NamedTuple):
    """N turns of the outlines, by column.

    Attributes:
        x, y: (N,) grid point in the crop.
        dx, dy: (N,) -1 or 1; where the outline's horizontal and vertical edge lead from here.
        convex: (N,) bool; the outline turns around a pixel, not into a notch.
    """

    x: npt.NDArray[np.intp]
    y: npt.NDArray[np.intp]
    dx: npt.NDArray[np.intp]
    dy: npt.NDArray[np.intp]
    convex: npt.NDArray[np.bool_]


def _trace(crop: Crop) -> list[ConnectedPart]:
    """The exact outlines of a non-empty crop (h, w) of 0 and 1, in the crop's pixels."""
    corners = _corners(crop)
    points = np.column_stack((corners.x, corners.y)).astype(float)
    inwards = np.where(corners.convex, _INSET, -_INSET)[:, None]
    points += inwards * np.column_stack((corners.dx, corners.dy))
    labels = cv2.connectedComponents(crop, connectivity=4)[1]
    outer: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    for cycle in _cycles(corners):
        # A ring is met at its uppermost, then leftmost turn: around a pixel that is the
        # part's, or a hole's, whose left neighbour is.
        first = cycle[0]
        x, y = corners.x[first], corners.y[first]
        if corners.convex[first]:
            outer[int(labels[y, x])] = points[cycle]
        else:
            holes.setdefault(int(labels[y, x - 1]), []).append(points[cycle[::-1]])
    return [ConnectedPart(ring, tuple(holes.get(label, ()))) for label, ring in outer.items()]


def _corners(crop: Crop) -> _Corners:
    """Every turn; pixels that touch by a corner only turn twice at that point."""
    padded = np.pad(crop, 1)
    around = padded[:-1, :-1] * np.uint8(_NW)
    around |= padded[:-1, 1:] * np.uint8(_NE)
    around |= padded[1:, :-1] * np.uint8(_SW)
    around |= padded[1:, 1:] * np.uint8(_SE)
    ys, xs = np.nonzero(_TURNS[around])
    bits = around[ys, xs]
    columns: list[tuple[npt.NDArray[np.intp], ...]] = []
    for bit, (dx, dy) in _STEPS.items():
        saddles = [saddle for saddle in _SADDLES if saddle & bit]
        for patterns, convex in (([bit, *saddles], True), ([15 - bit], False)):
            at = np.flatnonzero(np.isin(bits, patterns))
            steps = (np.full(at.size, value) for value in (dx, dy, convex))
            columns.append((xs[at], ys[at], *steps))
    x, y, dx_, dy_, turns = (np.concatenate(column) for column in zip(*columns, strict=True))
    return _Corners(x, y, dx_, dy_, turns.astype(bool))


def _cycles(corners: _Corners) -> Iterable[list[int]]:
    """Indices of the corners ring by ring: along a row, along a column, along a row, ..."""
    row_order = np.lexsort((corners.dx, corners.x, corners.y))
    along_row = _partners(row_order)
    along_column = _partners(np.lexsort((corners.dy, corners.y, corners.x)))
    seen = bytearray(len(along_row))
    for start in row_order.tolist():
        if seen[start]:
            continue
        cycle: list[int] = []
        here = start
        while not seen[here]:
            there = along_row[here]
            seen[here] = seen[there] = True
            cycle += (here, there)
            here = along_column[there]
        yield cycle


def _partners(order: npt.NDArray[np.intp]) -> list[int]:
    """On each grid line the first corner belongs to the second, the third to the fourth, ..."""
    partners = np.empty_like(order)
    partners[order[0::2]] = order[1::2]
    partners[order[1::2]] = order[0::2]
    found: list[int] = partners.tolist()
    return found


def _simplified(crop: Crop, exact: list[ConnectedPart], min_iou: float) -> list[ConnectedPart]:
    """The parts with the fewest points that still fill the crop, else the exact ones."""
    if sum(len(part.rings) for part in exact) > _MAX_SAMPLED:
        return exact
    for tolerance in _TOLERANCES:
        tried = [
            ConnectedPart(
                _fewer(part.outer, tolerance), tuple(_fewer(hole, tolerance) for hole in part.holes)
            )
            for part in exact
        ]
        rings = [ring for part in tried for ring in part.rings]
        if all(
            iou(crop, filled) >= min_iou
            for filled in (painted(rings, crop.shape), sampled(rings, crop.shape))
        ):
            return tried
    return exact


def _fewer(ring: Ring, tolerance: float) -> Ring:
    points = cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance, True)[:, 0]
    return points.astype(np.float64) if len(points) > 2 else ring


def iou(first: Crop, second: Crop) -> float:
    """Intersection over union of two crops of 0 and 1, not both empty."""
    return float(np.count_nonzero(first & second) / np.count_nonzero(first | second))


def painted(rings: Iterable[Ring], shape: tuple[int, ...]) -> Crop:
    """Fill rings as OpenCV does, coordinates cut to whole pixels: (h, w) uint8 of 0 and 1."""
    canvas = np.zeros(shape[:2], np.uint8)
    whole = [np.floor(ring).astype(np.int32) for ring in rings]
    return np.asarray(cv2.fillPoly(canvas, whole, (1,)), np.uint8)


def sampled(rings: Iterable[Ring], shape: tuple[int, ...]) -> Crop:
    """Fill rings as pycocotools does, by the pixels' centres: (h, w) uint8 of 0 and 1.

    A pixel inside an even number of rings is outside, so holes stay holes.
    """
    canvas = np.zeros(shape[:2], np.uint8)
    for ring in rings:
        left, top = np.floor(ring.min(axis=0)).astype(int)
        right, bottom = np.floor(ring.max(axis=0)).astype(int) + 1
        flat = (ring - (left, top)).ravel().tolist()
        encoded = coco.frPyObjects([flat], bottom - top, right - left)
        canvas[top:bottom, left:right] ^= coco.decode(encoded)[:, :, 0]
    return canvas
