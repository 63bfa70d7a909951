"""The bootstrap: how far a difference of medians could lie from the one that was measured.

Efron and Tibshirani, An Introduction to the Bootstrap (1993): two samples, chapter 8; blocks of a
series, chapter 8; the percentile interval, chapter 13. Runs that follow each other are alike, so
blocks of them are drawn and not single ones: drawn one by one, a busy machine's runs would pass
for far more evidence than they are. The length of a block is Politis and White's, Automatic
Block-Length Selection for the Dependent Bootstrap (2004), for a first-order autoregression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST_RUNS = 5
"""Of fewer runs on a side no interval is given."""

_RESAMPLES = 2000
_CONFIDENCE = 0.95

Groups = Sequence[Sequence[float]]
_Series = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its percentile interval, in the unit of the values."""

    estimate: float
    low: float
    high: float
    confidence: float = _CONFIDENCE

    @property
    def excludes_zero(self) -> bool:
        """Whether the difference exceeds the noise of the runs."""
        return self.low > 0 or self.high < 0


def median_difference(
    before: Groups, after: Groups, *, resamples: int = _RESAMPLES, seed: int = 0
) -> Interval:
    """Median of `after` minus median of `before`, with its 95 % bootstrap interval.

    Args:
        before, after: values by image, each image's in the order they were measured. Each image
            is drawn from on its own, so that every resample has the images in the measured
            proportion.
        resamples: how many.
        seed: of the generator; the same values give the same interval.

    Raises:
        ValueError: a side without values.
    """
    if not any(map(len, before)) or not any(map(len, after)):
        raise ValueError("Expected values on both sides, got none.")
    generator = np.random.default_rng(seed)
    drawn = _medians(after, resamples, generator) - _medians(before, resamples, generator)
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    estimate = float(np.median(np.concatenate(after)) - np.median(np.concatenate(before)))
    return Interval(estimate, float(low), float(high))


def block_length(values: _Series) -> int:
    """How many runs in a row are drawn together: 1 where runs do not depend on the one before.

    (3/2)^(1/3) (2 r / (1 - r^2))^(2/3) n^(1/3) for the lag-1 autocorrelation r, rounded; a third
    of the runs at most.
    """
    n, correlation = values.size, autocorrelation(values)
    if correlation <= 0:
        return 1
    factor = 2 * correlation / (1 - min(correlation, 0.95) ** 2)
    return int(max(1, min(round(1.5 ** (1 / 3) * factor ** (2 / 3) * n ** (1 / 3)), n // 3)))


def autocorrelation(values: _Series) -> float:
    """Correlation of each value's rank with the next one's, -1 to 1; 0 where all are equal.

    Ranks, so that one slow run does not hide what the others do.
    """
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)
    if values.size < 3 or np.all(values == values[0]):
        return 0.0
    centred = ranks - ranks.mean()
    return float((centred[:-1] * centred[1:]).sum() / (centred**2).sum())


def _medians(groups: Groups, resamples: int, generator: np.random.Generator) -> _Series:
    """(resamples,) medians of what is drawn with replacement from each group."""
    series = [np.asarray(group, np.float64) for group in groups if len(group)]
    drawn = [values[_places(values, resamples, generator)] for values in series]
    medians: _Series = np.median(np.concatenate(drawn, axis=1), axis=1)
    return medians


def _places(
    values: _Series, resamples: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(resamples, n) places of the runs drawn: blocks that begin anywhere and go round the end."""
    n, length = values.size, block_length(values)
    starts = generator.integers(n, size=(resamples, -(-n // length), 1))
    places = (starts + np.arange(length)) % n
    return places.reshape(resamples, -1)[:, :n]
