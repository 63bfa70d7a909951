"""Errors by kind, and the AP that each kind costs.

After D. Bolya, S. Foley, J. Hays, J. Hoffman: "TIDE: A General Toolbox for Identifying Object
Detection Errors", ECCV 2020. A wrong prediction has exactly one kind, by its largest IoU with an
object of its own class and with one of another class; what a kind costs is the rise of AP50 when an
oracle mends the errors of that kind alone. The kinds are tried in the order of the authors'
published toolbox: localisation, classification, duplicate, background, both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate.average_precision import interpolated
from instseg_ui.evaluate.detections import Detections

SOURCE = (
    "Bolya, Foley, Hays, Hoffman: TIDE: A General Toolbox for Identifying Object Detection Errors, "
    "ECCV 2020, https://arxiv.org/abs/2008.08115"
)
FOREGROUND_IOU = 0.5
BACKGROUND_IOU = 0.1

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]


class Kind(IntEnum):
    """What a prediction is."""

    CORRECT = 0
    CLASSIFICATION = 1
    """On an object (IoU at least 0.5) of another class."""
    LOCALISATION = 2
    """On an object of its class, but loosely (IoU 0.1 to 0.5)."""
    BOTH = 3
    """Loosely on an object of another class."""
    DUPLICATE = 4
    """On an object of its class that a prediction of higher score found."""
    BACKGROUND = 5
    """On nothing (IoU at most 0.1 with everything)."""
    IGNORED = 6
    """In a crowd region: neither right nor wrong."""


ERRORS = (
    Kind.CLASSIFICATION,
    Kind.LOCALISATION,
    Kind.BOTH,
    Kind.DUPLICATE,
    Kind.BACKGROUND,
)

# Kinds that an oracle mends by giving the prediction its object; the others it removes.
_ABOUT_AN_OBJECT = (Kind.CLASSIFICATION, Kind.LOCALISATION)


@dataclass(frozen=True, slots=True)
class Cost:
    """Errors of one kind: how many, and the AP50 (0 to 1) that they cost."""

    count: int
    ap: float


@dataclass(frozen=True, slots=True)
class Errors:
    """All kinds of errors of one model.

    Attributes:
        ap50: AP at IoU 0.5 as it is, None without objects.
        kinds: by name, the five kinds of wrong predictions and `missed`: objects that no
            prediction finds and no other kind explains.
        false_positives: what all wrong predictions together cost.
        false_negatives: what all objects that were not found cost.
    """

    ap50: float | None
    kinds: dict[str, Cost]
    false_positives: Cost
    false_negatives: Cost


def classify(
    iou: Floats,
    category: Ints,
    truth_category: Ints,
    crowd: Bools,
    truth: Ints,
    correct: Bools,
    counts: Bools,
) -> tuple[npt.NDArray[np.uint8], Ints]:
    """The kind of each of D predictions of one image, and the object (G) that it is about.

    Args:
        iou: (D, G).
        category, truth_category: (D,) and (G,).
        crowd: (G,).
        truth: (D,), the object taken at IoU 0.5, -1 for none.
        correct, counts: (D,), see `Detections`.
    """
    kinds = np.where(correct, Kind.CORRECT, Kind.BACKGROUND).astype(np.uint8)
    kinds[~counts] = Kind.IGNORED
    target = np.where(correct, truth, -1).astype(np.int32)
    wrong = np.flatnonzero(counts & ~correct)
    solid = np.flatnonzero(~crowd)
    if not wrong.size or not solid.size:
        return kinds, target
    near = iou[np.ix_(wrong, solid)]
    same = category[wrong][:, None] == truth_category[solid]
    used = np.isin(solid, truth[correct])
    # The last rule that holds is overwritten by those before it in the order of the toolbox.
    for kind, values, low, high in (
        (Kind.BOTH, near, BACKGROUND_IOU, np.inf),
        (Kind.BACKGROUND, near, -np.inf, BACKGROUND_IOU),
        (Kind.DUPLICATE, near * (same & used), FOREGROUND_IOU, np.inf),
        (Kind.CLASSIFICATION, near * ~same, FOREGROUND_IOU, np.inf),
        (Kind.LOCALISATION, near * same, BACKGROUND_IOU, FOREGROUND_IOU),
    ):
        best = values.argmax(axis=1)
        value = values[np.arange(wrong.size), best]
        holds = (value >= low) & (value <= high)
        kinds[wrong[holds]] = kind
        target[wrong[holds]] = -1 if kind is Kind.BACKGROUND else solid[best[holds]]
    return kinds, target


def summarize(
    detections: Detections, truth_category: Ints, crowd: Bools, classes: int, seen: Bools
) -> Errors:
    """Count the errors and mend each kind in turn.

    Args:
        detections: by masks or boxes.
        truth_category: (G,), of all objects of the data set.
        crowd: (G,).
        classes: how many categories there are.
        seen: (G,), objects of images that were evaluated.
    """
    oracle = _Oracle(detections, truth_category, seen & ~crowd, classes)
    ap50 = oracle.ap50()
    base = ap50 or 0.0

    def cost(kind: Kind) -> Cost:
        count = int(np.count_nonzero(detections.kind == kind))
        return Cost(count, max(0.0, (oracle.mended(kind) or 0.0) - base) if count else 0.0)

    kinds = {kind.name.lower(): cost(kind) for kind in ERRORS}
    missed, lost = oracle.missed(), oracle.not_found()
    kinds["missed"] = Cost(int(missed.sum()), max(0.0, (oracle.without(missed) or 0.0) - base))
    wrong = int(np.count_nonzero(detections.counts & ~detections.correct))
    return Errors(
        ap50,
        kinds,
        Cost(wrong, max(0.0, (oracle.without_wrong() or 0.0) - base)),
        Cost(int(lost.sum()), max(0.0, (oracle.without(lost) or 0.0) - base)),
    )


def missed(detections: Detections, solid: Bools) -> Bools:
    """(G,), objects that were not found and that no classification or localisation error is about.

    Args:
        solid: (G,), the objects that count.
    """
    touched = np.isin(detections.kind, _ABOUT_AN_OBJECT)
    about = np.zeros(solid.size, bool)
    about[detections.target[touched]] = True
    return not_found(detections, solid) & ~about


def not_found(detections: Detections, solid: Bools) -> Bools:
    """(G,), objects of `solid` that no prediction of their class finds at IoU 0.5."""
    found = np.zeros(solid.size, bool)
    found[detections.truth[detections.correct]] = True
    return solid & ~found


class _Oracle:
    """AP50 of the predictions with some of their errors mended."""

    def __init__(
        self, detections: Detections, truth_category: Ints, solid: Bools, classes: int
    ) -> None:
        self._all = detections
        self._truth_category, self._solid, self._classes = truth_category, solid, classes
        self._objects = np.bincount(truth_category[solid], minlength=classes)

    def ap50(self) -> float | None:
        return self._ap(self._all.category, self._all.correct, self._all.counts, self._objects)

    def mended(self, kind: Kind) -> float | None:
        if kind in _ABOUT_AN_OBJECT:
            return self._moved(kind)
        kept = self._all.counts & (self._all.kind != kind)
        return self._ap(self._all.category, self._all.correct, kept, self._objects)

    def without(self, objects: Bools) -> float | None:
        """As if these objects did not have to be found."""
        left = self._objects - np.bincount(self._truth_category[objects], minlength=self._classes)
        return self._ap(self._all.category, self._all.correct, self._all.counts, left)

    def without_wrong(self) -> float | None:
        kept = self._all.counts & self._all.correct
        return self._ap(self._all.category, self._all.correct, kept, self._objects)

    def missed(self) -> Bools:
        return missed(self._all, self._solid)

    def not_found(self) -> Bools:
        return not_found(self._all, self._solid)

    def _moved(self, kind: Kind) -> float | None:
        """An object that was not found gets the best of the errors about it, if of this kind.

        The others of this kind go: mended too, they would be duplicates.
        """
        chosen = np.flatnonzero(np.isin(self._all.kind, _ABOUT_AN_OBJECT))
        chosen = chosen[self.not_found()[self._all.target[chosen]]]
        chosen = chosen[np.argsort(-self._all.score[chosen], kind="stable")]
        _, first = np.unique(self._all.target[chosen], return_index=True)
        best = chosen[first]
        best = best[self._all.kind[best] == kind]
        category, correct = self._all.category.copy(), self._all.correct.copy()
        category[best] = self._truth_category[self._all.target[best]]
        correct[best] = True
        kept = self._all.counts & ((self._all.kind != kind) | correct)
        return self._ap(category, correct, kept, self._objects)

    def _ap(
        self,
        category: Ints,
        correct: Bools,
        kept: Bools,
        objects: npt.NDArray[np.int64],
    ) -> float | None:
        places = np.flatnonzero(kept)
        order = places[np.lexsort((-self._all.score[places], category[places]))]
        hits, ends = correct[order], np.searchsorted(category[order], np.arange(self._classes + 1))
        values = [
            _class_ap(hits[ends[k] : ends[k + 1]], int(objects[k]))
            for k in np.flatnonzero(self._objects > 0).tolist()
        ]
        there = [value for value in values if value is not None]
        return float(np.mean(there)) if there else None


def _class_ap(hits: Bools, objects: int) -> float | None:
    """None for a class in which nothing is left to be found or wrong."""
    if objects <= 0:
        return 0.0 if hits.size else None
    return float(interpolated(hits[None], ~hits[None], objects).mean())
