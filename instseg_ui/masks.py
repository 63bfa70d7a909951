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
Edges = npt.NDArray[np.int64]
"""Where a mask changes, counted in pixels column by column: starts and ends of its runs in turn."""


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
    return encode_edges(edges_of_crop(crop, origin, int(size[0])), size)


def edges_of_crop(crop: npt.NDArray[np.bool_], origin: tuple[int, int], height: int) -> Edges:
    """The edges of a mask of which a part (h, w) is known; arguments as for `encode_crop`."""
    if crop.size == 0:
        return np.zeros(0, np.int64)
    rows, columns = crop.shape
    changes = np.empty((rows + 1, columns), bool)
    changes[0], changes[-1] = crop[0], crop[-1]
    np.not_equal(crop[1:], crop[:-1], out=changes[1:-1])
    found = np.flatnonzero(changes)
    row = found // columns
    # Found row by row: column * height + row, each counted in the image.
    found -= row * columns
    found *= height
    found += row
    found += origin[0] * height + origin[1]
    found.sort()
    return settled(found)


def settled(edges: Edges) -> Edges:
    """Edges (N,) in rising order without those that cancel each other.

    Where a column's run ends with the image's last row and the next column's begins with the first
    one, two edges lie at one position and the run goes on.
    """
    same = edges[1:] == edges[:-1]
    if not same.any():
        return edges
    firsts = np.flatnonzero(np.concatenate(([True], ~same)))
    return edges[firsts[np.diff(firsts, append=edges.size) & 1 == 1]]


def encode_edges(edges: Edges, size: tuple[int, int]) -> Rle:
    """Encode a mask by its settled `edges`; `size` is height, width of the image."""
    height, width = int(size[0]), int(size[1])
    pixels = height * width
    runs = np.empty(edges.size + 1, np.int64)
    runs[:-1], runs[-1] = edges, pixels
    runs[1:] -= edges
    if edges.size and edges[-1] == pixels:
        runs = runs[:-1]
    return {"size": [height, width], "counts": run_lengths.compress(runs, height, width)}


def area_of_edges(edges: Edges) -> int:
    """Foreground pixels of a mask with these settled edges."""
    return int(edges[1::2].sum() - edges[0::2].sum())


def extent_of_edges(edges: Edges, height: int) -> Extent | None:
    """The smallest rectangle around a mask with these settled edges; None if it is empty."""
    if not edges.size:
        return None
    (first, top), (last, bottom) = (
        np.divmod(part, height) for part in (edges[0::2], edges[1::2] - 1)
    )
    # A run over several columns touches the image's lower and upper edge.
    one_column = bool((first == last).all())
    y0, y1 = (int(top.min()), int(bottom.max()) + 1) if one_column else (0, height)
    return int(first[0]), y0, int(last[-1]) + 1, y1


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
