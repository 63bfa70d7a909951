"""Whether a score is the share of predictions that are right.

Scores are put into ten bins of equal width; the expected calibration error is the mean distance of
mean score and share of right predictions, weighted by the bins' sizes (C. Guo, G. Pleiss, Y. Sun,
K. Weinberger: "On Calibration of Modern Neural Networks", ICML 2017). Right means an object of the
class at IoU 0.5. The interval of a share is Wilson's (JASA 22, 1927), at 95 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from instseg_ui.evaluate.detections import Detections

SOURCE = (
    "Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017, "
    "https://arxiv.org/abs/1706.04599"
)
BINS = 10
_Z = 1.959963984540054  # of 95 %


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions with scores from `low` to below `high` (the last bin: to 1).

    Attributes:
        n: how many there are.
        score: their mean score; None without any.
        right: the share of them that is right; None without any.
        interval: where that share lies with 95 %; None without any.
    """

    low: float
    high: float
    n: int
    score: float | None
    right: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """`n` predictions at or above the floor; `error` is the expected calibration error, 0 to 1.

    `bias` is mean score less share of right ones: above 0 the scores promise too much.
    """

    n: int
    error: float | None
    bias: float | None
    bins: tuple[Bin, ...]


def calibration(detections: Detections, category: int | None = None) -> Calibration:
    """Of all predictions that count, or of one class's."""
    chosen = detections.counts
    if category is not None:
        chosen = chosen & (detections.category == category)
    score, right = detections.score[chosen], detections.correct[chosen].astype(float)
    place = np.minimum((score * BINS).astype(int), BINS - 1)
    bins = tuple(_bin(i, score[place == i], right[place == i]) for i in range(BINS))
    if not score.size:
        return Calibration(0, None, None, bins)
    error = sum(
        one.n * abs(one.score - one.right)
        for one in bins
        if one.score is not None and one.right is not None
    )
    bias = float(score.mean() - right.mean())
    return Calibration(int(score.size), float(error / score.size), bias, bins)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of `n` above 0."""
    share, spread = successes / n, _Z * _Z / n
    middle = (share + spread / 2) / (1 + spread)
    reach = _Z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _bin(i: int, score: np.ndarray, right: np.ndarray) -> Bin:
    low, high, n = i / BINS, (i + 1) / BINS, int(score.size)
    if not n:
        return Bin(low, high, 0, None, None, None)
    successes = int(right.sum())
    return Bin(low, high, n, float(score.mean()), successes / n, wilson(successes, n))
