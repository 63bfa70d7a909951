"""Bilinear resampling of small maps to the image's size, only where it matters.

With centres at half pixels, as `align_corners=False`, `align_mode=0` of Paddle's interpolation:
pixel i looks at the position (i + 0.5) * source / target - 0.5, clamped to the cells. OpenCV's
linear resize does the same, but for an axis of one pixel.

Ranges are (first, end) pairs; a `Window` is one of rows and one of columns.
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache, partial
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.engines.tails.outline import Line, Plain, Spot, Stretched

Map: TypeAlias = npt.NDArray[np.float32]
Mask: TypeAlias = npt.NDArray[np.bool_]
Frame: TypeAlias = tuple[int, int]
Range: TypeAlias = tuple[int, int]
Window: TypeAlias = tuple[Range, Range]

# Blocks may be this many times as large as what is asked for; interpolating by hand costs as much.
_WASTE = 6
# OpenCV computes the last columns of a row one by one, and rounds there in another way.
_TAIL = 32
# Pixels in so many columns are computed without all the others.
_SPOTS = _TAIL
# Pixels, in all and for each cell, below which looking at cells costs more than at pixels.
_FEW_PIXELS, _FEW_A_CELL = 400_000, 4
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
        lows, ends = self._seen
        return lows[first], ends[end - 1]

    @cached_property
    def _seen(self) -> tuple[list[int], list[int]]:
        """The first cell that each pixel may look at, and the one after its last."""
        position = (np.arange(self.target) + 0.5) * float(self._ratio) - 0.5
        lows = np.clip(np.floor(position - _ROUNDING), 0, self.source - 1)
        lasts = np.floor(np.maximum(position + _ROUNDING, 0)) + 2
        return (
            lows.astype(np.intp).tolist(),
            np.minimum(lasts, self.source).astype(np.intp).tolist(),
        )

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

    def line(self, first: int, end: int, in_blocks: bool) -> Line:
        """How pixels first..end look at the cells that they see, by OpenCV in blocks or by hand."""
        low, weight = (self.block_taps if in_blocks else self.taps)(first, end)
        seen = self.seen(first, end)[0]
        low = low - (seen - self.blocks(first, end)[0][0] if in_blocks else seen)
        slope = self.target / self.source
        offset = (seen + 0.5) * slope - 0.5 - first
        outside = max(0, math.ceil(0.5 * slope - 0.5) - first)
        return Line(first, low, weight, min(outside, end - first), slope, offset)

    def block_taps(self, first: int, end: int) -> tuple[npt.NDArray[np.intp], Map]:
        """`taps` as OpenCV has them in those blocks, the cells counted from the first block's."""
        cells, pixels = self.blocks(first, end)
        low, weight = opencv_taps(cells[1] - cells[0], pixels[1] - pixels[0])
        wanted = slice(first - pixels[0], end - pixels[0])
        return low[wanted], weight[wanted]

    def taps(self, first: int, end: int) -> tuple[npt.NDArray[np.intp], Map]:
        """For pixels first..end the lower of the two cells, and the upper one's weight."""
        centres = np.arange(first, end, dtype=np.float32) + np.float32(0.5)
        position = np.maximum(centres * self._ratio - np.float32(0.5), np.float32(0))
        low = np.minimum(position.astype(np.intp), self.source - 1)
        return low, position - low.astype(np.float32)


@lru_cache(maxsize=64)
def axis(source: int, target: int) -> Axis:
    """The axis of so many cells and pixels."""
    return Axis(source, target)


class Stretch:
    """Maps of `source` (h, w) cells stretched to `target` (H, W) pixels."""

    def __init__(self, source: Frame, target: Frame) -> None:
        self.y, self.x = axis(source[0], target[0]), axis(source[1], target[1])
        self._lone = 1 in target

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
        if not self._in_blocks(wanted):
            return self._by_hand(cells, known, wanted)
        (cell_y, pixel_y), (cell_x, pixel_x) = self.y.blocks(*wanted[0]), self.x.blocks(*wanted[1])
        part = taken(cells, known, (cell_y, cell_x))
        stretched = _resized(part, (pixel_y[1] - pixel_y[0], pixel_x[1] - pixel_x[0]))
        return taken(stretched, (pixel_y, pixel_x), wanted)

    def _by_hand(self, cells: Map, known: Window, wanted: Window) -> Map:
        rows = _between(cells, known[0], self.y, wanted[0])
        return _between(rows.T, known[1], self.x, wanted[1]).T

    def part(self, cells: Map, known: Window, wanted: Window) -> Stretched | Plain:
        """A window of the stretched map, for its outline; arguments as for `window`."""
        whole = partial(self.window, cells, known, wanted)
        seen = self.seen(wanted)
        pixels = _area(*wanted)
        if self._lone or pixels < max(_FEW_PIXELS, _FEW_A_CELL * _area(*seen)):
            return Plain(wanted[1][0], wanted[0][0], whole)
        in_blocks = self._in_blocks(wanted)
        return Stretched(
            cells=taken(cells, known, seen),
            rows=self.y.line(*wanted[0], in_blocks),
            columns=self.x.line(*wanted[1], in_blocks),
            exactly=partial(self._exactly, cells, known, wanted),
            whole=whole,
        )

    def _exactly(self, cells: Map, known: Window, wanted: Window, spots: list[Spot]) -> list[Map]:
        """See `outline.Exactly`."""
        if not spots:
            return []
        blocks, last = self.x.blocks(*wanted[1])
        last_column = max(spot.column for spot in spots) + wanted[1][0]
        if not self._in_blocks(wanted) or last_column >= last[1] - _TAIL or len(spots) > _SPOTS:
            whole = self.window(cells, known, wanted)
            return [whole[spot.first : spot.end, spot.column] for spot in spots]
        block, pixel = self.y.blocks(*wanted[0])
        node = self.y.seen(*wanted[0])[0]
        low = np.array([spot.node + node for spot in spots])
        column = np.array([spot.column + wanted[1][0] - last[0] for spot in spots])
        # First along the rows that matter, then along the columns that do, as the whole would be.
        some, place = np.unique(np.concatenate([low, low + 1]), return_inverse=True)
        part = np.concatenate([taken(cells, known, ((y, y + 1), blocks)) for y in some])
        wide = _resized(part, (len(some), last[1] - last[0]))
        lines = np.zeros((block[1] - block[0], 2 * _TAIL), np.float32)
        lines[low - block[0], range(len(spots))] = wide[place[: len(spots)], column]
        lines[low + 1 - block[0], range(len(spots))] = wide[place[len(spots) :], column]
        tall = _resized(lines, (pixel[1] - pixel[0], 2 * _TAIL))
        top = wanted[0][0] - pixel[0]
        return [tall[top + spot.first : top + spot.end, i] for i, spot in enumerate(spots)]

    def above(self, cells: Map, level: float) -> Stretched | Plain | None:
        """Where the stretched map may pass `level`; None if that is nowhere.

        A pixel between four cells cannot pass what none of them passes.
        """
        high = extent_above(cells, level)
        if high is None:
            return None
        return self.part(cells, ((0, cells.shape[0]), (0, cells.shape[1])), self.reached(high))

    def _in_blocks(self, wanted: Window) -> bool:
        """Whether OpenCV stretches whole blocks; else they are too large, or OpenCV cannot."""
        if self._lone:
            return False
        (_, pixel_y), (_, pixel_x) = self.y.blocks(*wanted[0]), self.x.blocks(*wanted[1])
        return _area(pixel_y, pixel_x) <= _WASTE * _area(*wanted)


@lru_cache(maxsize=256)
def opencv_taps(source: int, target: int) -> tuple[npt.NDArray[np.intp], Map]:
    """For each pixel of an axis the lower of the two cells, and the upper one's weight.

    As OpenCV's linear resize has them in this build: with Intel's library they differ from its own
    in the last bits. Of three interleaved combs of ones, one tells the upper cell's weight.
    """
    combs = np.zeros((source, 3), np.float32)
    cells = np.arange(source)
    combs[cells, cells % 3] = 1
    weights = _resized(combs, (target, 3))
    pixels = np.arange(target)
    low = np.floor((pixels + 0.5) * (source / target) - 0.5).astype(np.intp)
    low = np.clip(low, 0, source - 1)
    # A pixel upon a cell, but for rounding, may look at the cell before.
    low -= (weights[pixels, (low - 1) % 3] > 0) & (low > 0) & (source > 2)
    return low, weights[pixels, (low + 1) % 3]


def extent_above(cells: Map, level: float) -> Window | None:
    """Rows and columns between which a map passes `level`; None if it does nowhere."""
    high = cells > level
    rows = np.logical_or.reduce(high, axis=1).nonzero()[0]
    if not rows.size:
        return None
    first, end = int(rows[0]), int(rows[-1]) + 1
    columns = np.logical_or.reduce(high[first:end], axis=0).nonzero()[0]
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


def _resized(cells: Map, size: Frame) -> Map:
    """By OpenCV, to `size` (height, width)."""
    part = np.ascontiguousarray(cells)
    stretched = cv2.resize(part, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(stretched, np.float32).reshape(size)


def _turned(part: Map) -> Map:
    return np.ascontiguousarray(part.T)


def _between(cells: Map, known: Range, axis: Axis, wanted: Range) -> Map:
    """Rows `wanted`, each between two rows of cells."""
    low, weight = axis.taps(*wanted)
    upper = np.minimum(low + 1, axis.source - 1)
    one, other = cells[low - known[0]], cells[upper - known[0]]
    return one + (other - one) * weight[:, np.newaxis]


def _area(rows: Range, columns: Range) -> int:
    return (rows[1] - rows[0]) * (columns[1] - columns[0])
