"""Paddle's `multiclass_nms3` for one image, to the last bit.

Source: paddle/phi/kernels/cpu/multiclass_nms3_kernel.cc of Paddle 3.2. The operator suppresses
class by class and then keeps the best of all classes; here candidates of all classes are looked at
by falling score, which picks the same ones and can stop as soon as there are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float32]
Indices: TypeAlias = npt.NDArray[np.intp]
KeptThere: TypeAlias = Callable[[int, float, Floats, float], bool | None]


def multiclass_nms3(
    boxes: Array,
    scores: Array,
    *,
    score_threshold: float,
    nms_top_k: int,
    keep_top_k: int,
    nms_threshold: float = 0.3,
    normalized: bool = True,
    nms_eta: float = 1.0,
    background_label: int = -1,
    kept_there: KeptThere | None = None,
) -> tuple[Floats, Indices]:
    """Suppress boxes that overlap a better one of their class.

    Args:
        boxes: (1, M, 4) float32, xyxy, shared by all classes; or (M, C, 4), a class each.
        scores: (1, C, M) float32; or, for boxes a class each, (M, C).
        score_threshold: only scores above it are candidates.
        nms_top_k: most candidates of a class, the highest scores first; -1 for all.
        keep_top_k: most boxes of the image, the highest scores first; -1 for all.
        nms_threshold: largest IoU with a better box of the same class.
        normalized: False if a box includes the pixels at its right and lower edge, so that its
            width is x2 - x1 + 1.
        nms_eta: what an IoU threshold above 0.5 shrinks by after every box that is kept.
        background_label: a class that is left out.
        kept_there: asked for every candidate, with its class, score, box and how far its IoU is
            over the limit, whether another engine kept it; None leaves it to the limit.

    Returns:
        rows: (K, 6) float32: class, score, x1, y1, x2, y2; by class, then by falling score (boxes
            a class each: by index).
        index: (K,), a row's box in `boxes`; for boxes a class each, in `boxes.reshape(-1, 4)`.

    Raises:
        ValueError: the shapes are neither of those above.
    """
    by_class, corners = _by_class(np.asarray(scores, np.float32), np.asarray(boxes, np.float32))
    class_ids, index = _candidates(by_class, score_threshold, nms_top_k, background_label)
    values = by_class[class_ids, index]
    # Boxes of one class lie together, the best first, so that a box is held against those below.
    inner = corners[np.minimum(class_ids, len(corners) - 1), index]
    kept = _suppress(
        class_ids, values, inner, keep_top_k, nms_threshold, normalized, nms_eta, kept_there
    )
    if len(corners) > 1 or scores.ndim == 2:
        kept = kept[np.lexsort((index[kept], class_ids[kept]))]
        flat = index[kept] * len(by_class) + class_ids[kept]
    else:
        flat = index[kept]
    rows = np.empty((kept.size, 6), np.float32)
    rows[:, 0], rows[:, 1], rows[:, 2:] = class_ids[kept], values[kept], inner[kept]
    return rows, flat


def at_floor(attributes: Mapping[str, Any], floor: float) -> dict[str, Any]:
    """The operator's attributes for one who keeps scores of `floor` and more only.

    What scores less never suppresses what scores more, so that the answer is the same above it.
    """
    below = float(np.nextafter(np.float32(floor), np.float32(-np.inf)))
    return {**attributes, "score_threshold": max(float(attributes["score_threshold"]), below)}


def _by_class(scores: Floats, boxes: Floats) -> tuple[Floats, Floats]:
    """Scores (C, M), and boxes (C, M, 4) or (1, M, 4)."""
    if scores.ndim == 3 and boxes.shape == (1, scores.shape[2], 4) and len(scores) == 1:
        return scores[0], boxes
    if scores.ndim == 2 and boxes.shape == (*scores.shape, 4):
        return scores.T, boxes.transpose(1, 0, 2)
    raise ValueError(
        "Expected boxes (1, M, 4) with scores (1, C, M), or boxes (M, C, 4) with scores (M, C); "
        f"got {boxes.shape} with {scores.shape}."
    )


def _candidates(
    scores: Floats, threshold: float, top_k: int, background: int
) -> tuple[Indices, Indices]:
    """Class and index of every candidate, by class, then by falling score, then by index."""
    found = scores > np.float32(threshold)
    if 0 <= background < len(found):
        found[background] = False
    class_ids, index = np.nonzero(found)
    order = np.lexsort((-scores[class_ids, index], class_ids))
    class_ids, index = class_ids[order], index[order]
    if top_k > -1:
        rank = np.arange(class_ids.size) - np.searchsorted(class_ids, class_ids)
        class_ids, index = class_ids[rank < top_k], index[rank < top_k]
    return class_ids, index


def _suppress(
    class_ids: Indices,
    scores: Floats,
    boxes: Floats,
    keep_top_k: int,
    threshold: float,
    normalized: bool,
    eta: float,
    kept_there: KeptThere | None,
) -> Indices:
    """Positions of the candidates kept, in rising order."""
    most = keep_top_k if keep_top_k > -1 else scores.size
    areas = _areas(boxes, normalized)
    ends = np.searchsorted(class_ids, class_ids, side="right")
    limits = np.full(int(class_ids.max(initial=-1)) + 1, threshold, np.float32)
    # Largest IoU of each candidate with the boxes of its class that are kept already.
    worst = np.full(scores.size, -np.inf, np.float32)
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if len(kept) >= most:
            break
        limit = limits[class_ids[i]]
        stays = bool(worst[i] <= limit)
        if kept_there:
            over = float(worst[i]) - float(limit)
            other = kept_there(int(class_ids[i]), float(scores[i]), boxes[i], over)
            stays = stays if other is None else other
        if not stays:
            continue
        kept.append(i)
        if i + 1 < ends[i]:
            below = slice(i + 1, ends[i])
            overlap = _overlap(boxes[below], areas[below], boxes[i], areas[i], normalized)
            worst[below] = np.maximum(worst[below], overlap)
        if eta < 1 and limit > 0.5:
            limits[class_ids[i]] = limit * np.float32(eta)
    return np.sort(np.array(kept, np.intp))


def _areas(boxes: Floats, normalized: bool) -> Floats:
    """Zero for a box whose corners are swapped."""
    one = np.float32(0 if normalized else 1)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return np.where((width < 0) | (height < 0), np.float32(0), (width + one) * (height + one))


def _overlap(
    boxes: Floats, areas: Floats, better: Floats, area: np.float32, normalized: bool
) -> Floats:
    """IoU of boxes (n, 4) with one better box; what is not a number counts as too much."""
    one = np.float32(0 if normalized else 1)
    low = np.maximum(boxes[:, :2], better[:2])
    high = np.minimum(boxes[:, 2:], better[2:])
    inner = (high[:, 0] - low[:, 0] + one) * (high[:, 1] - low[:, 1] + one)
    with np.errstate(divide="ignore", invalid="ignore"):
        iou = inner / (areas + area - inner)
    apart = (better[:2] > boxes[:, 2:]).any(axis=1) | (better[2:] < boxes[:, :2]).any(axis=1)
    iou[np.isnan(iou)] = np.inf
    iou[apart] = 0
    return iou
