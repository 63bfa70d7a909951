"""Masks of a box's size made masks of the image, as Paddle's bilinear `grid_sample` does.

With centres at half pixels, and zeros around the mask's cells.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from instseg_ui.engines.tails.boxes import Floats, Indices
from instseg_ui.engines.tails.outline import Line, Spot, Stretched

Frame = tuple[int, int]


def pasted(cells: Floats, box: Floats, size: Frame) -> Stretched | None:
    """A mask stretched over its box; None for a box between the pixels' centres.

    Args:
        cells: (m, m) float32, probabilities. Foreground has more than half a one, so that there is
            none outside the box.
        box: (4,) float32, x0, y0, x1, y1 inside the image, pixels; not empty.
        size: height and width of the image.
    """
    rows = _line(float(box[1]), float(box[3]), cells.shape[0], size[0])
    columns = _line(float(box[0]), float(box[2]), cells.shape[1], size[1])
    if not rows.low.size or not columns.low.size:
        return None
    # Around the cells are zeros.
    padded = np.zeros((cells.shape[0] + 2, cells.shape[1] + 2), np.float32)
    padded[1:-1, 1:-1] = cells
    return Stretched(
        cells=padded,
        rows=rows,
        columns=columns,
        exactly=partial(_exactly, padded, rows, columns),
        whole=partial(_whole, padded, rows, columns),
    )


def _line(start: float, end: float, cells: int, pixels: int) -> Line:
    """The pixels whose centres lie in start..end, and the two of `cells` + 2 each looks at."""
    first = max(0, math.ceil(start - 0.5))
    stop = min(pixels, math.floor(end - 0.5) + 1)
    centres = np.arange(first, max(first, stop), dtype=np.float32) + np.float32(0.5)
    # In Paddle's order of steps: to -1..1, and from there to cells.
    shares = (centres - np.float32(start)) / (np.float32(end) - np.float32(start))
    places = (shares * 2) * np.float32(cells / 2) - np.float32(0.5)
    low = np.floor(places)
    slope = (end - start) / cells
    # Cell k of the padded ones has its centre half a cell before the k-th of the mask ends.
    offset = start + slope * -0.5 - 0.5 - first
    return Line(first, low.astype(np.intp) + 1, places - low, 0, slope, offset)


def _exactly(cells: Floats, rows: Line, columns: Line, spots: list[Spot]) -> list[Floats]:
    parts = []
    for spot in spots:
        row = np.arange(spot.first, spot.end)
        parts.append(_values(cells, rows, columns, row, np.full(row.size, spot.column)))
    return parts


def _whole(cells: Floats, rows: Line, columns: Line) -> Floats:
    row, column = np.indices((rows.low.size, columns.low.size)).reshape(2, -1)
    return _values(cells, rows, columns, row, column).reshape(rows.low.size, columns.low.size)


def _values(cells: Floats, rows: Line, columns: Line, row: Indices, column: Indices) -> Floats:
    """The sum of four products, in the order of paddle/phi/kernels/cpu/grid_sample_kernel.cc."""
    y, x = rows.low[row], columns.low[column]
    south, east = rows.weight[row], columns.weight[column]
    north, west = np.float32(1) - south, np.float32(1) - east
    values = cells[y, x] * west * north
    values += cells[y, x + 1] * east * north
    values += cells[y + 1, x] * west * south
    values += cells[y + 1, x + 1] * east * south
    return values
