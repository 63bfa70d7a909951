"""Boxes on the host, in float32 as Paddle's kernels compute them.

A box is x0, y0, x1, y1 in pixels of the network's input, without the last pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


def decode(boxes: Floats, deltas: Floats, limit: float) -> Floats:
    """Boxes moved and stretched by deltas (Girshick et al. 2014, R-CNN, appendix C).

    Args:
        boxes: (N, 4).
        deltas: (N, 4): centre in shares of the box's sides, and log of the sides' factors.
        limit: largest log of a factor.

    Returns:
        (N, 4) float32.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    centres = deltas[:, :2] * sides + (boxes[:, :2] + np.float32(0.5) * sides)
    half = np.exp(np.minimum(deltas[:, 2:], np.float32(limit))) * sides * np.float32(0.5)
    return np.concatenate([centres - half, centres + half], axis=1)


def clip(boxes: Floats, size: Floats) -> Floats:
    """Boxes (N, 4) cut off at an area of `size` (height, width)."""
    far = np.asarray(size, np.float32)[[1, 0, 1, 0]]
    return np.maximum(np.minimum(boxes, far), np.float32(0))


def suppress(boxes: Floats, threshold: float, most: int | None = None) -> Indices:
    """Greedy non-maximum suppression.

    Args:
        boxes: (N, 4), the best first.
        threshold: a box that overlaps one that is kept by a larger IoU goes.
        most: stop when so many are kept.

    Returns:
        Indices of the kept boxes, the best first.
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.ascontiguousarray(np.concatenate([boxes, areas[:, np.newaxis]], axis=1).T)
    index = np.arange(len(boxes))
    kept: list[int] = []
    with np.errstate(divide="ignore", invalid="ignore"):
        while index.size and (most is None or len(kept) < most):
            kept.append(int(index[0]))
            stays = _overlaps(left[:, 0], left[:, 1:]) <= np.float32(threshold)
            left, index = left[:, 1:][:, stays], index[1:][stays]
    return np.array(kept, np.intp)


def _overlaps(box: Floats, others: Floats) -> Floats:
    """IoU of a box (5,) with others (5, N): sides, then area.

    Two boxes of no area that touch have none (NaN), which counts as too much.
    """
    width = np.minimum(box[2], others[2]) - np.maximum(box[0], others[0])
    height = np.minimum(box[3], others[3]) - np.maximum(box[1], others[1])
    common = width * height
    overlaps: Floats = common / (box[4] + others[4] - common)
    overlaps[(width < 0) | (height < 0)] = 0
    return overlaps


def best(scores: Floats, count: int) -> Indices:
    """Indices of the `count` highest scores (N,), the highest first; of equal ones the first."""
    if 0 < count < scores.size:
        some = np.sort(np.argpartition(-scores, count - 1)[:count])
    else:
        some = np.arange(scores.size)
    return some[np.argsort(-scores[some], kind="stable")]


def joined(parts: Sequence[Floats]) -> Floats:
    """Parts one after the other, without copying a single one."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
