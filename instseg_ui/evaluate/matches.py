"""Which prediction finds which object, as COCO's evaluation decides it, one image at a time.

The rule is `COCOeval.evaluateImg` of pycocotools: predictions of one class, in falling order of
score, each take the free object of their class with the largest IoU of at least the threshold;
crowds and objects outside the range of sizes are ignored and taken only where nothing else is left.
It is decided here for all thresholds and sizes at once, and only among pairs whose IoU reaches the
lowest threshold: most predictions have one such object or none, which needs no search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint16]

# The values of pycocotools' `Params`, made by the same expressions: they differ in the last digits
# from what is written in decimals.
THRESHOLDS: Floats = np.linspace(0.5, 0.95, int(np.round((0.95 - 0.5) / 0.05)) + 1, endpoint=True)
"""T IoU thresholds."""
RANGES = ((0.0, 1e5**2), (0.0, 32.0**2), (32.0**2, 96.0**2), (96.0**2, 1e5**2))
"""A ranges of area, pixels, both ends inside: all, small, medium, large."""
SIZES = ("all", "small", "medium", "large")
MAX_DETECTIONS = (1, 10, 100)
"""Predictions of one class in one image that count."""

_LOW, _HIGH = np.array(RANGES).T
_ALL_BITS = np.uint16((1 << THRESHOLDS.size) - 1)
# Bits of the first n thresholds, by n.
_FIRST = ((1 << np.arange(THRESHOLDS.size + 1)) - 1).astype(np.uint16)
_Pattern = tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What became of D predictions of one image; bit t of a word stands for threshold t.

    Attributes:
        matched: (D, A) uint16; found an object that counts in that range of sizes.
        ignored: (D, A) uint16; neither right nor wrong.
        truth: (D,) int32, the object taken at the lowest threshold, crowds too; -1 for none.
    """

    matched: Bits
    ignored: Bits
    truth: npt.NDArray[np.int32]


def match(
    iou: Floats,
    category: npt.NDArray[np.int32],
    area: Floats,
    truth_category: npt.NDArray[np.int32],
    truth_area: Floats,
    crowd: Bools,
) -> Matched:
    """Match the predictions of one image with its objects.

    Args:
        iou: (D, G), predictions in falling order of score; for a crowd the intersection over the
            prediction's area.
        category: (D,), of the predictions.
        area: (D,), pixels, of the predictions.
        truth_category: (G,), of the objects, in their order in the file.
        truth_area: (G,), pixels, of the objects.
        crowd: (G,), which of these are crowds.
    """
    count = len(category)
    ignore = crowd | (truth_area < _LOW[:, None]) | (truth_area > _HIGH[:, None])
    result = Matched(
        np.zeros((count, len(RANGES)), np.uint16),
        np.zeros((count, len(RANGES)), np.uint16),
        np.full(count, -1, np.int32),
    )
    reaches = (iou >= THRESHOLDS[0]) & (category[:, None] == truth_category)
    first, second = np.nonzero(reaches)
    if first.size:
        alone = alone_pairs(first, second)
        _take_alone(result, iou, first[alone], second[alone], ignore)
        if not alone.all():
            _search(result, iou, first[~alone], second[~alone], ignore, crowd)
    outside = (area[:, None] < _LOW) | (area[:, None] > _HIGH)
    unmatched = ~(result.matched | result.ignored) & _ALL_BITS
    result.ignored[outside] |= unmatched[outside]
    return result


def ranks(category: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """(D,), how many predictions of the same class stand before each."""
    order = np.argsort(category, kind="stable")
    ordered = category[order]
    begins = np.searchsorted(ordered, ordered)
    rank = np.empty(len(category), np.int32)
    rank[order] = np.arange(len(category)) - begins
    return rank


def alone_pairs(first: npt.NDArray[np.intp], second: npt.NDArray[np.intp]) -> Bools:
    """Which pairs have both ends in no other pair."""
    once = (np.bincount(first)[first] == 1) & (np.bincount(second)[second] == 1)
    return np.asarray(once, bool)


def _take_alone(
    result: Matched,
    iou: Floats,
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    ignore: Bools,
) -> None:
    reached = np.searchsorted(THRESHOLDS, iou[first, second], side="right")
    bits = _FIRST[reached][:, None]
    ignored = ignore[:, second].T
    result.matched[first] = np.where(ignored, 0, bits)
    result.ignored[first] = np.where(ignored, bits, 0)
    result.truth[first] = second


def _search(
    result: Matched,
    iou: Floats,
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    ignore: Bools,
    crowd: Bools,
) -> None:
    """The rule itself, where predictions compete for objects."""
    candidates: dict[int, list[tuple[int, float]]] = {}
    for d, g, value in zip(
        first.tolist(), second.tolist(), iou[first, second].tolist(), strict=True
    ):
        candidates.setdefault(d, []).append((g, value))
    free = crowd.tolist()
    known: dict[_Pattern, _Outcome] = {}
    for a, row in enumerate(ignore):
        pattern = tuple(row.tolist())
        if pattern not in known:
            known[pattern] = _decide(candidates, pattern, free)
        outcome = known[pattern]
        for d, bits in outcome.matched.items():
            result.matched[d, a] = bits
        for d, bits in outcome.ignored.items():
            result.ignored[d, a] = bits
        if a == 0:
            for d, g in outcome.truth.items():
                result.truth[d] = g


@dataclass(slots=True)
class _Outcome:
    """Bits by prediction, and the object each takes at the lowest threshold."""

    matched: dict[int, int]
    ignored: dict[int, int]
    truth: dict[int, int]


def _decide(
    candidates: dict[int, list[tuple[int, float]]], ignored: _Pattern, crowd: Sequence[bool]
) -> _Outcome:
    outcome = _Outcome({}, {}, {})
    for t, threshold in enumerate(THRESHOLDS.tolist()):
        taken: set[int] = set()
        for d, pairs in candidates.items():
            best = _best(pairs, threshold, ignored, crowd, taken)
            if best < 0:
                continue
            taken.add(best)
            bits = outcome.ignored if ignored[best] else outcome.matched
            bits[d] = bits.get(d, 0) | 1 << t
            if t == 0:
                outcome.truth[d] = best
    return outcome


def _best(
    pairs: Sequence[tuple[int, float]],
    threshold: float,
    ignored: _Pattern,
    crowd: Sequence[bool],
    taken: set[int],
) -> int:
    """The object that counts before one that does not, then the largest IoU, then the last."""
    best, best_value, best_ignored = -1, 0.0, True
    for g, value in pairs:
        if value < threshold or (g in taken and not crowd[g]):
            continue
        if best >= 0 and (ignored[g], -value) > (best_ignored, -best_value):
            continue
        best, best_value, best_ignored = g, value, ignored[g]
    return best
