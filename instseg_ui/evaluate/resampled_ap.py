"""Mask AP of pictures drawn again and again: how far it could lie from the one that was measured.

The bootstrap over pictures: Efron and Tibshirani, An Introduction to the Bootstrap (1993),
chapters 6 and 13. All models are counted on the same draws, so that what makes a picture easy for
all of them cancels in a difference.

A resample needs no matching: what became of a prediction stays, and it counts as often as its
picture was drawn. Of each class only the order of scores matters, and precision is largest where
something right was found; so predictions are gathered into bins that end there, and all resamples
are counted at once as products of sparse and dense matrices. Up to `BINS` right predictions of a
class a bin holds one of them, and nothing is rounded; of more, several share a bin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from instseg_ui.evaluate.detections import Detections
from instseg_ui.evaluate.matches import THRESHOLDS

RESAMPLES, FEWER_RESAMPLES = 1000, 500
MANY_IMAGES = 1000
"""From so many pictures on fewer resamples are drawn: each costs more, and intervals are narrow."""
BINS = 128
_CHUNK = 200
_T = THRESHOLDS.size
_STEPS = 100
_GUARD = 3e-5
_SHIFTS = np.arange(_T, dtype=np.uint16)

Floats = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class RankedMatches:
    """N predictions of one model, and what became of each.

    Attributes:
        image: (N,) int32, 0 to I - 1.
        category: (N,) int32, 0 to K - 1.
        score: (N,) float64.
        right: (N,) uint16, bit t: found an object at threshold t.
        wrong: (N,) uint16, bit t: found none; neither bit where it does not count.
    """

    image: npt.NDArray[np.int32]
    category: npt.NDArray[np.int32]
    score: Floats
    right: npt.NDArray[np.uint16]
    wrong: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, detections: Detections, images: npt.NDArray[np.bool_]) -> RankedMatches:
        """Those of all sizes; `images` (I,) are the pictures that count, numbered anew."""
        place = np.cumsum(images) - 1
        inside = images[detections.image]
        matched, ignored = detections.matched[inside, 0], detections.ignored[inside, 0]
        every = np.uint16((1 << _T) - 1)
        return cls(
            place[detections.image[inside]].astype(np.int32),
            detections.category[inside],
            detections.score[inside],
            matched & ~ignored,
            ~(matched | ignored) & every,
        )

    def of_images(self, drawn: npt.NDArray[np.intp], count: int) -> RankedMatches:
        """Those of the pictures drawn, which are numbered in that order; of `count` there are."""
        order = np.argsort(self.image, kind="stable")
        starts = np.searchsorted(self.image[order], np.arange(count + 1))
        parts = [order[starts[one] : starts[one + 1]] for one in drawn.tolist()]
        chosen = np.concatenate(parts) if parts else np.zeros(0, np.intp)
        image = np.repeat(np.arange(len(parts)), [len(part) for part in parts]).astype(np.int32)
        return RankedMatches(
            image,
            self.category[chosen],
            self.score[chosen],
            self.right[chosen],
            self.wrong[chosen],
        )


def draws(images: int, resamples: int | None = None, seed: int = 0) -> Weights:
    """(I, R), how often each of I pictures is drawn in each of R resamples of I pictures.

    The same numbers and seed give the same draws, which pairs the models that are counted on them.
    """
    if resamples is None:
        resamples = RESAMPLES if images < MANY_IMAGES else FEWER_RESAMPLES
    generator = np.random.default_rng(seed)
    drawn = generator.integers(images, size=(resamples, images))
    drawn += images * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=images * resamples)
    return np.ascontiguousarray(counts.reshape(resamples, images).T, dtype=np.float32)


def resampled_ap(
    matches: RankedMatches, objects: npt.NDArray[np.int64], weights: Weights, bins: int = BINS
) -> Floats:
    """(R,) AP over all classes that have objects, of each resample, 0 to 1; NaN without any.

    Args:
        matches: of one model.
        objects: (I, K), how many objects of each class count in each picture.
        weights: (I, R), see `draws`; a column of ones gives the AP itself.
        bins: most of a class.
    """
    total = np.zeros(weights.shape[1])
    classes = np.zeros(weights.shape[1])
    order = np.lexsort((-matches.score, matches.category))
    ends = np.searchsorted(matches.category[order], np.arange(objects.shape[1] + 1))
    for k in np.flatnonzero(objects.any(axis=0)).tolist():
        there = objects[:, k].astype(np.float32) @ weights
        parts = _Gathered.of(matches, order[ends[k] : ends[k + 1]], len(objects), bins)
        if parts is not None:
            for start in range(0, len(total), _CHUNK):
                part = slice(start, start + _CHUNK)
                total[part] += parts.ap(weights[:, part], there[part])
        classes += there > 0
    with np.errstate(invalid="ignore"):
        return np.asarray(total / classes, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Gathered:
    """One class's predictions, gathered.

    `alike` (U, I) counts those of one bin and one fate in each picture; `right` and `wrong`
    (B T, U) say which of these count as what in which bin at which threshold.
    """

    alike: sparse.csr_matrix
    right: sparse.csr_matrix
    wrong: sparse.csr_matrix
    bins: int

    @classmethod
    def of(
        cls, matches: RankedMatches, chosen: npt.NDArray[np.intp], images: int, bins: int
    ) -> _Gathered | None:
        """None where nothing right was found: then AP is 0 however pictures are drawn."""
        some = matches.right[chosen] != 0
        hits = int(np.count_nonzero(some))
        if not hits:
            return None
        # What comes after the last right one lowers no precision that is read.
        chosen = chosen[: int(np.flatnonzero(some)[-1]) + 1]
        before = (np.cumsum(some) - some)[: len(chosen)]
        count = min(hits, bins)
        place = before * count // hits
        right, wrong = matches.right[chosen], matches.wrong[chosen]
        fates = (place.astype(np.int64) << 32) | (right.astype(np.int64) << 16) | wrong
        unique, fate = np.unique(fates, return_inverse=True)
        ones = np.ones(len(chosen), np.float32)
        alike = sparse.csr_matrix(
            (ones, (fate.ravel(), matches.image[chosen])), shape=(len(unique), images)
        )
        rows = unique >> 32
        return cls(
            alike,
            _spread(rows, (unique >> 16) & 0xFFFF, count),
            _spread(rows, unique & 0xFFFF, count),
            count,
        )

    def ap(self, weights: Weights, objects: Weights) -> Floats:
        """(R,) the mean over the thresholds; 0 where no object was drawn."""
        drawn = self.alike @ weights
        shape = (self.bins, _T, weights.shape[1])
        # Whole numbers: float32 carries them up to 16 million.
        found = np.cumsum((self.right @ drawn).reshape(shape), axis=0)
        precision = np.cumsum((self.wrong @ drawn).reshape(shape), axis=0)
        precision += found
        np.maximum(precision, 1, out=precision)
        np.divide(found, precision, out=precision)
        for place in range(self.bins - 2, -1, -1):
            np.maximum(precision[place], precision[place + 1], out=precision[place])
        # How many of the 101 recalls are reached by each bin's end.
        found *= np.float32(_STEPS) / np.maximum(objects, 1)
        found += np.float32(1 + _GUARD)
        np.floor(found, out=found)
        found[1:] -= found[:-1].copy()
        read = np.einsum("btr,btr->r", precision, found) / (_T * (_STEPS + 1))
        return np.where(objects > 0, read, 0.0)


def _spread(
    rows: npt.NDArray[np.int64], words: npt.NDArray[np.int64], bins: int
) -> sparse.csr_matrix:
    """(B T, U): which of U fates, words of T bits, count at which threshold of their bin."""
    fate, threshold = np.nonzero((words[:, None] >> _SHIFTS) & 1)
    ones = np.ones(len(fate), np.float32)
    return sparse.csr_matrix(
        (ones, (rows[fate] * _T + threshold, fate)), shape=(bins * _T, len(words))
    )
