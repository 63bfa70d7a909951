"""Matrix NMS of masks (Wang et al. 2020, SOLOv2, section 3.3.3), on packed bits.

Intersections are counted exactly, as the sums of zeros and ones in float32 are.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Words: TypeAlias = npt.NDArray[np.uint64]

_WORD = 64


def packed(masks: npt.NDArray[np.bool_]) -> Words:
    """Masks (K, cells) bool as (K, words) uint64, a bit a cell."""
    spare = -masks.shape[1] % _WORD
    return np.packbits(np.pad(masks, ((0, 0), (0, spare))), axis=1).view(np.uint64)


def decay(bits: Words, class_ids: npt.NDArray[np.intp], sigma: float | None) -> Floats:
    """The factor on each score.

    min over the better masks i of the same class of f(iou_i) / f(the largest IoU that i itself
    has with one better than i), f(x) = exp(-sigma x^2), or 1 - x for a linear NMS.

    Args:
        bits: (K, words) uint64 of `packed`, by falling score.
        class_ids: (K,).
        sigma: of the Gaussian; None for a linear NMS.

    Returns:
        (K,) float32, 1 at most.
    """
    factors = np.ones(len(bits), np.float32)
    for class_id in np.unique(class_ids):
        mine = np.flatnonzero(class_ids == class_id)
        factors[mine] = _of_class(bits[mine], sigma)
    return factors


def _of_class(bits: Words, sigma: float | None) -> Floats:
    areas = np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
    factors = np.ones(len(bits), np.float32)
    # What f makes of each mask's largest IoU with a better one.
    own = np.ones(len(bits), np.float32)
    for i in range(1, len(bits)):
        common = np.bitwise_count(bits[:i] & bits[i]).sum(axis=1, dtype=np.int64)
        # Masks without a cell have nothing in common.
        union = np.maximum(areas[:i] + areas[i] - common, 1)
        iou = (common / union).astype(np.float32)
        own[i] = _f(iou.max(), sigma)
        with np.errstate(divide="ignore", invalid="ignore"):
            factors[i] = np.fmin(np.fmin.reduce(_f(iou, sigma) / own[:i]), np.float32(1))
    return factors


def _f(iou: Floats | np.float32, sigma: float | None) -> Floats:
    one = np.float32(1)
    return np.asarray(one - iou if sigma is None else np.exp(np.float32(-sigma) * iou**2))
