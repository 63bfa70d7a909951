"""Bilinear resampling of small maps to the image's size, only where it matters.

With centres at half pixels, as `align_corners=False`, `align_mode=0` of Paddle's interpolation:
pixel i looks at the position (i + 0.5) * source / target - 0.5, clamped to the cells. OpenCV's
linear resize does the same, but for an axis of one pixel.

Ranges are (first, end) pairs; a `Window` is one of rows and one of columns.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Map: TypeAlias = npt.NDArray[np.float32]
Mask: TypeAlias = npt.NDArray[np.bool_]
Frame: TypeAlias = tuple[int, int]
Range: TypeAlias = tuple[int, int]
Window: TypeAlias = tuple[Range, Range]

# Blocks may be this many times as large as what is asked for; interpolating by hand costs as much.
_WASTE = 6
# Cells by which a position computed in float32 may be off.
_ROUNDING = 0.01


class Axis:
    """One axis of `source` cells stretched to `target` pixels.

    `source / target` in lowest terms is `cells / pixels`: a stretch of whole blocks of so many is
    the same whether it is computed alone or within the whole axis, but for its outer cells.
    """

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target
        common = math.gcd(source, target)
        self._cells, self._pixels = source // common, target // common
        # To a single pixel Paddle gives the first cell.
        self._ratio = np.float32(source) / np.float32(target) if target > 1 else np.float32(0)

    def seen(self, first: int, end: int) -> Range:
        """The cells that pixels first..end look at."""
        ratio = float(self._ratio)
        low = math.floor((first + 0.5) * ratio - 0.5 - _ROUNDING)
        last = max(0.0, (end - 0.5) * ratio - 0.5 + _ROUNDING)
        return max(0, min(low, self.source - 1)), min(math.floor(last) + 2, self.source)

    def reached(self, first: int, end: int) -> Range:
        """The pixels that look at any of cells first..end."""
        ratio = self.target / self.source
        low = 0 if first <= 0 else math.floor((first - 0.5) * ratio - 0.5)
        high = self.target if end >= self.source else math.ceil((end + 0.5) * ratio - 0.5) + 1
        return max(0, low), min(self.target, high)

    def blocks(self, first: int, end: int) -> tuple[Range, Range]:
        """Whole blocks that hold what pixels first..end look at: their cells and their pixels."""
        low, high = self.seen(first, end)
        start, stop = low // self._cells, -(-high // self._cells)
        return (
            (start * self._cells, stop * self._cells),
            (start * self._pixels, stop * self._pixels),
        )

    def taps(self, first: int, end: int) -> tuple[npt.NDArray[np.intp], Map]:
        """For pixels first..end the lower of the two cells, and the upper one's weight."""
        centres = np.arange(first, end, dtype=np.float32) + np.float32(0.5)
        position = np.maximum(centres * self._ratio - np.float32(0.5), np.float32(0))
        low = np.minimum(position.astype(np.intp), self.source - 1)
        return low, position - low.astype(np.float32)


class Stretch:
    """Maps of `source` (h, w) cells stretched to `target` (H, W) pixels."""

    def __init__(self, source: Frame, target: Frame) -> None:
        self.y, self.x = Axis(source[0], target[0]), Axis(source[1], target[1])

    def seen(self, window: Window) -> Window:
        """The cells that a window of pixels looks at."""
        return self.y.seen(*window[0]), self.x.seen(*window[1])

    def reached(self, window: Window) -> Window:
        """The pixels that look at any of a window of cells."""
        return self.y.reached(*window[0]), self.x.reached(*window[1])

    def window(self, cells: Map, known: Window, wanted: Window) -> Map:
        """A window of the stretched map.

        Args:
            cells: float32, the part `known` of the map.
            known: the cells that `cells` holds: all that `wanted` looks at; more is better.
            wanted: pixels.
        """
        (cell_y, pixel_y), (cell_x, pixel_x) = self.y.blocks(*wanted[0]), self.x.blocks(*wanted[1])
        lone = 1 in (self.y.target, self.x.target)
        if lone or _area(pixel_y, pixel_x) > _WASTE * _area(*wanted):
            return self._by_hand(cells, known, wanted)
        part = taken(cells, known, (cell_y, cell_x))
        size = (pixel_x[1] - pixel_x[0], pixel_y[1] - pixel_y[0])
        stretched = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(taken(stretched, (pixel_y, pixel_x), wanted), np.float32)

    def _by_hand(self, cells: Map, known: Window, wanted: Window) -> Map:
        rows = _between(cells, known[0], self.y, wanted[0])
        return _between(rows.T, known[1], self.x, wanted[1]).T

    def above(self, cells: Map, level: float) -> tuple[Mask, tuple[int, int]]:
        """Where the stretched map passes `level`, and x, y of the answer's upper left pixel.

        A pixel between four cells cannot pass what none of them passes, so that only the
        neighbourhood of such cells is computed; everything outside the answer is background.
        """
        high = extent_above(cells, level)
        if high is None:
            return np.zeros((0, 0), bool), (0, 0)
        wanted = self.reached(high)
        whole = (0, cells.shape[0]), (0, cells.shape[1])
        stretched = self.window(cells, whole, wanted)
        return np.asarray(stretched > level), (wanted[1][0], wanted[0][0])


def extent_above(cells: Map, level: float) -> Window | None:
    """Rows and columns between which a map passes `level`; None if it does nowhere."""
    high = cells > level
    rows = np.flatnonzero(high.any(axis=1))
    if not rows.size:
        return None
    first, end = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(high[first:end].any(axis=0))
    return (first, end), (int(columns[0]), int(columns[-1]) + 1)


def taken(values: Map, known: Window, wanted: Window) -> Map:
    """The part `wanted` of a map of which `known` is given, zero where it is not."""
    (y0, y1), (x0, x1) = wanted
    (top, bottom), (left, right) = known
    if top <= y0 and y1 <= bottom and left <= x0 and x1 <= right:
        return values[y0 - top : y1 - top, x0 - left : x1 - left]
    part = np.zeros((y1 - y0, x1 - x0), values.dtype)
    rows, columns = (max(y0, top), min(y1, bottom)), (max(x0, left), min(x1, right))
    if rows[1] > rows[0] and columns[1] > columns[0]:
        part[rows[0] - y0 : rows[1] - y0, columns[0] - x0 : columns[1] - x0] = values[
            rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left
        ]
    return part


def _between(cells: Map, known: Range, axis: Axis, wanted: Range) -> Map:
    """Rows `wanted`, each between two rows of cells."""
    low, weight = axis.taps(*wanted)
    upper = np.minimum(low + 1, axis.source - 1)
    one, other = cells[low - known[0]], cells[upper - known[0]]
    return one + (other - one) * weight[:, np.newaxis]


def _area(rows: Range, columns: Range) -> int:
    return (rows[1] - rows[0]) * (columns[1] - columns[0])
