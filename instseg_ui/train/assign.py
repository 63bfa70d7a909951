"""Which points answer for which objects: task-aligned assignment (TOOD, Feng et al. 2021).

As `tools/embedded_models/assign.py` has it in PyTorch, in NumPy: nothing here has a gradient.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from instseg_ui.train.network import spec

CANDIDATES = 10
"""Points an object may train."""
_BETA = 6.0  # weight of the overlap in the alignment, as in the paper; that of the score is 1
_LEAST_OVERLAP = 1e-3

Floats: TypeAlias = npt.NDArray[np.float32]
Places: TypeAlias = npt.NDArray[np.int64]


class Assigned(NamedTuple):
    """P assigned points of one image.

    Attributes:
        points: int64 [P], which of the image's A points.
        objects: int64 [P], the object each one answers for.
        quality: float32 [P], the score that each should reach, in (0, 1].
    """

    points: Places
    objects: Places
    quality: Floats


def grid_points(height: int, width: int) -> tuple[Floats, Floats]:
    """Centres [A,2] (x, y in input pixels) and strides [A] of all points of an H x W input."""
    centres, strides = [], []
    for stride in spec.STRIDES:
        y, x = np.mgrid[: height // stride, : width // stride].astype(np.float32)
        centres.append((np.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride)
        strides.append(np.full(x.size, stride, np.float32))
    return np.concatenate(centres), np.concatenate(strides)


def overlaps(a: Floats, b: Floats) -> Floats:
    """Intersection over union [N,M] of boxes [N,4] and [M,4] (xyxy)."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(bottom_right - top_left, 0, None).prod(-1)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(-1) for boxes in (a, b)]
    unions = areas[0][:, None] + areas[1][None] - common
    return np.asarray(common / np.maximum(unions, 1e-9), np.float32)


def assign(
    scores: Floats, boxes: Floats, centres: Floats, objects: Floats, classes: Places
) -> Assigned:
    """Assign points of one image to its objects.

    Each object takes the CANDIDATES points inside it of largest alignment score * IoU^6, the score
    being that of its class; a point wanted by several goes to the one it overlaps most. The quality
    is the alignment scaled, per object, so that its largest equals the object's largest IoU.

    Args:
        scores: probabilities [C,A].
        boxes: predicted boxes [A,4], xyxy in input pixels.
        centres: points [A,2], x and y in input pixels.
        objects: true boxes [G,4], xyxy in input pixels.
        classes: int64 [G], what each object is.
    """
    if not len(objects):
        nothing = np.zeros(0, np.int64)
        return Assigned(nothing, nothing, np.zeros(0, np.float32))
    after = (centres[None] > objects[:, None, :2]).all(-1)
    inside = after & (centres[None] < objects[:, None, 2:]).all(-1)
    shared = overlaps(objects, boxes) * inside
    alignment = scores[classes] * shared**_BETA
    most = min(CANDIDATES, alignment.shape[1])
    threshold = -np.partition(-alignment, most - 1, axis=1)[:, most - 1 : most]
    wanted = inside & (alignment >= threshold) & (shared > _LEAST_OVERLAP)
    contested = np.where(wanted, shared, -1.0)
    points = np.flatnonzero(contested.max(0) > 0)
    owner = contested.argmax(0)[points]
    mine = np.zeros_like(wanted)
    mine[owner, points] = True
    largest = (alignment * mine).max(1)[owner]
    reached = (shared * mine).max(1)[owner]
    quality = alignment[owner, points] / np.maximum(largest, 1e-12) * reached
    return Assigned(points, owner, quality.astype(np.float32))
