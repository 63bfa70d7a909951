"""Masks of a box's size made masks of the image, as Paddle's bilinear `grid_sample` does.

With centres at half pixels, and zeros around the mask's cells.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.tails.boxes import Floats

Frame = tuple[int, int]


def paste(
    cells: Floats, box: Floats, size: Frame, level: float
) -> tuple[npt.NDArray[np.bool_], tuple[int, int]]:
    """Where a mask stretched over its box reaches `level`, and x, y of the upper left pixel.

    Args:
        cells: (m, m) float32, probabilities.
        box: (4,) float32, x0, y0, x1, y1 inside the image, pixels; not empty.
        size: height and width of the image.
        level: more than half a probability, so that nothing reaches it outside the box.
    """
    y, rows = _axis(float(box[1]), float(box[3]), cells.shape[0], size[0])
    x, columns = _axis(float(box[0]), float(box[2]), cells.shape[1], size[1])
    values = rows @ cells @ columns.T
    return np.asarray(values >= np.float32(level)), (x, y)


def _axis(start: float, end: float, cells: int, pixels: int) -> tuple[int, Floats]:
    """The first pixel whose centre lies in start..end, and each one's weights of the cells.

    Returns:
        The pixel, and (n, cells) float32; beyond the outer cells' centres the sum is below one.
    """
    first = max(0, math.ceil(start - 0.5))
    stop = min(pixels, math.floor(end - 0.5) + 1)
    centres = np.arange(first, max(first, stop), dtype=np.float32) + np.float32(0.5)
    # In Paddle's order of steps: to -1..1, and from there to cells.
    shares = (centres - np.float32(start)) / (np.float32(end) - np.float32(start))
    places = (shares * 2) * np.float32(cells / 2) - np.float32(0.5)
    distance = np.abs(places[:, np.newaxis] - np.arange(cells, dtype=np.float32))
    return first, np.maximum(np.float32(1) - distance, np.float32(0))
