"""Instance masks as COCO run-length encodings, made and read inside their extent only.

A mask covers the whole image but is never held as one frame among many: what is
encoded or decoded is the smallest rectangle that holds it. Rectangles are
`(x0, y0, x1, y1)` in pixels, `x1` and `y1` exclusive, origin at the upper left.
"""

from __future__ import annotations

from typing import Any, TypedDict, cast

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from instseg_ui import run_lengths

Extent = tuple[int, int, int, int]


class Rle(TypedDict):
    """One mask in COCO's compressed run-length encoding, column by column."""

    size: list[int]
    """Height and width of the whole image, pixels."""
    counts: str
    """The runs, beginning with background, in COCO's ASCII form."""


def extent(mask: npt.NDArray[np.generic]) -> Extent | None:
    """The smallest rectangle around the non-zero pixels of `mask` (H, W); None if it is empty."""
    rows = _used(mask, axis=1)
    if rows.size == 0:
        return None
    y0, y1 = int(rows[0]), int(rows[-1]) + 1
    columns = _used(mask[y0:y1], axis=0)
    return int(columns[0]), y0, int(columns[-1]) + 1, y1


def _used(mask: npt.NDArray[np.generic], axis: int) -> npt.NDArray[np.intp]:
    """Indices of the lines along `axis` that hold a non-zero pixel.

    Numbers are OR-ed bit by bit, twice as fast as asking each whether it is zero.
    """
    kind, bytes_each = mask.dtype.kind, mask.dtype.itemsize
    if kind in "iu" and bytes_each > 1:
        return np.flatnonzero(np.bitwise_or.reduce(cast("Any", mask), axis=axis))
    if kind == "f" and bytes_each <= 8:
        bits = np.bitwise_or.reduce(mask.view(f"u{bytes_each}"), axis=axis)
        return np.flatnonzero(bits << 1)  # without the sign: -0.0 is zero
    return np.flatnonzero(mask.any(axis=axis))


def encode(mask: npt.NDArray[np.generic]) -> Rle:
    """Encode a full-frame mask (H, W), any dtype, non-zero meaning foreground."""
    height, width = mask.shape
    box = extent(mask)
    if box is None:
        return encode_crop(np.zeros((0, 0), bool), (0, 0), (height, width))
    x0, y0, x1, y1 = box
    return encode_crop(mask[y0:y1, x0:x1] != 0, (x0, y0), (height, width))


def encode_crop(crop: npt.NDArray[np.bool_], origin: tuple[int, int], size: tuple[int, int]) -> Rle:
    """Encode the part of a mask that is known, background everywhere else.

    Args:
        crop: (h, w) bool.
        origin: x, y of the crop's upper left pixel in the image.
        size: height, width of the image.
    """
    height, width = int(size[0]), int(size[1])
    runs = _run_lengths(crop, origin, size)
    return {"size": [height, width], "counts": run_lengths.compress(runs, height, width)}


def _run_lengths(
    crop: npt.NDArray[np.bool_], origin: tuple[int, int], size: tuple[int, int]
) -> list[int]:
    height, width = size
    if crop.size == 0:
        return [height * width]
    # A pixel of background before each column and after the last ends every run with its
    # column, so that each has one start and one end that can be moved to the image's positions.
    rows, columns = crop.shape
    line = np.zeros(columns * (rows + 1) + 1, np.uint8)
    line[:-1].reshape(columns, rows + 1)[:, 1:] = cv2.transpose(_bytes(crop))
    column, row = np.divmod(np.flatnonzero(line[1:] != line[:-1]), rows + 1)
    edges = (origin[0] + column) * height + origin[1] + row
    # Runs that touch (a column's last pixel and the next one's first) are one run.
    starts, ends = edges[0::2], edges[1::2]
    apart = starts[1:] != ends[:-1]
    starts = starts[np.concatenate(([True], apart))] if starts.size else starts
    ends = ends[np.concatenate((apart, [True]))] if ends.size else ends
    edges = np.column_stack((starts, ends)).ravel()
    runs: list[int] = np.diff(edges, prepend=0, append=height * width).tolist()
    return runs if runs[-1] or len(runs) == 1 else runs[:-1]


def decode(rle: Rle) -> npt.NDArray[np.bool_]:
    """The full frame (H, W) of one mask."""
    return cast("npt.NDArray[np.bool_]", coco.decode(packed(rle)).astype(bool))


def decode_crop(rle: Rle) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """One mask inside its extent: (h, w) uint8 of 0 and 1, and x, y of its upper left pixel.

    An empty mask is (0, 0) at (0, 0). Takes a valid `rle`, see `is_valid`.
    """
    height = rle["size"][0]
    positions = np.cumsum(run_lengths.read(rle["counts"]))
    starts, ends = positions[: len(positions) // 2 * 2].reshape(-1, 2).T
    starts, ends = starts[ends > starts], ends[ends > starts]
    if starts.size == 0:
        return np.zeros((0, 0), np.uint8), (0, 0)
    (first, top), (last, bottom) = np.divmod(starts, height), np.divmod(ends - 1, height)
    # A run over several columns touches the image's lower and upper edge.
    one_column = bool((first == last).all())
    y0, y1 = (int(top.min()), int(bottom.max()) + 1) if one_column else (0, height)
    x0, x1 = int(first[0]), int(last[-1]) + 1
    begin = (first - x0) * (y1 - y0) + top - y0
    edges = np.column_stack((begin, begin + ends - starts)).ravel()
    runs = np.diff(edges, prepend=0, append=(x1 - x0) * (y1 - y0))
    line = np.repeat((np.arange(runs.size) & 1).astype(np.uint8), runs)
    return cv2.transpose(line.reshape(x1 - x0, y1 - y0)), (x0, y0)


def _bytes(crop: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(crop).view(np.uint8)


def area(rle: Rle) -> int:
    """Foreground pixels of one mask."""
    return int(coco.area(packed(rle)))


def box_of(rle: Rle) -> tuple[float, float, float, float]:
    """The mask's own box (x0, y0, x1, y1), pixels; all zero if it is empty."""
    x, y, width, height = (float(value) for value in coco.toBbox(packed(rle)))
    return x, y, x + width, y + height


def is_valid(rle: object, height: int, width: int) -> bool:
    """Whether `rle` is an encoding of a mask of this size; never raises."""
    if not isinstance(rle, dict):
        return False
    size, counts = rle.get("size"), rle.get("counts")
    if not isinstance(size, list | tuple) or not isinstance(counts, str):
        return False
    if not all(type(side) is int for side in size) or list(size) != [height, width]:
        return False
    return run_lengths.is_valid(counts, height * width)


def iou(first: list[Rle], second: list[Rle]) -> npt.NDArray[np.float64]:
    """Intersection over union of every pair, (len(first), len(second))."""
    if not first or not second:
        return np.zeros((len(first), len(second)))
    found, others = [packed(rle) for rle in first], [packed(rle) for rle in second]
    return np.asarray(coco.iou(found, others, [0] * len(second)), dtype=np.float64)


def packed(rle: Rle) -> dict[str, object]:
    """The mask as pycocotools' functions take it."""
    return {"size": rle["size"], "counts": rle["counts"].encode("ascii")}
