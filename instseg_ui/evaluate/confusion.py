"""Which class is taken for which, at one score threshold.

Predictions at or above the threshold are matched with objects by IoU of at least 0.5 whatever the
classes are: in falling order of score, each takes the free object of its own class if there is
one, else the one with the largest IoU. As the order does not change, the matching at a higher
threshold is the beginning of that at a lower one, and one matching serves all thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate.detections import Detections, at_places
from instseg_ui.evaluate.matches import alone_pairs
from instseg_ui.results import reaches

MIN_IOU = 0.5
NOTHING = -1
"""Stands for “no object” as a truth, and for “not found” as a prediction."""

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """How often objects of `truth` were found as `predicted`; `NOTHING` on either side."""

    truth: int
    predicted: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """The cells that are not empty, the fullest first."""

    threshold: float
    cells: tuple[ConfusionCell, ...]

    def matrix(self, classes: int) -> npt.NDArray[np.int64]:
        """(classes + 1, classes + 1), truth by prediction, `NOTHING` last.

        Raises `ValueError` above 1,000 classes, where nobody could look at it.
        """
        if classes > 1000:
            raise ValueError(f"Expected at most 1000 classes for a matrix, got {classes}.")
        table = np.zeros((classes + 1, classes + 1), np.int64)
        for cell in self.cells:
            table[cell.truth, cell.predicted] = cell.count
        return table

    def confused(self) -> tuple[ConfusionCell, ...]:
        """The cells of two different classes."""
        return tuple(
            cell
            for cell in self.cells
            if NOTHING not in (cell.truth, cell.predicted) and cell.truth != cell.predicted
        )


def nearest(
    iou: npt.NDArray[np.float64], category: Ints, truth_category: Ints, crowd: Bools
) -> Ints:
    """The object (G) that each of D predictions of one image finds when classes do not matter."""
    found = np.full(len(category), NOTHING, np.int32)
    first, second = np.nonzero((iou >= MIN_IOU) & ~crowd)
    if not first.size:
        return found
    alone = alone_pairs(first, second)
    found[first[alone]] = second[alone]
    taken: set[int] = set()
    best: dict[int, list[tuple[bool, float, int]]] = {}
    for d, g in zip(first[~alone].tolist(), second[~alone].tolist(), strict=True):
        pair = (bool(category[d] == truth_category[g]), float(iou[d, g]), g)
        best.setdefault(d, []).append(pair)
    for d, pairs in best.items():
        free = [pair for pair in pairs if pair[2] not in taken]
        if free:
            found[d] = max(free)[2]
            taken.add(int(found[d]))
    return found


def confusion(
    detections: Detections, truth_category: Ints, solid: Bools, threshold: float
) -> Confusion:
    """Count the pairs of classes.

    Args:
        detections: by masks or boxes.
        truth_category: (G,), of all objects of the data set.
        solid: (G,), the objects that count.
        threshold: lowest score.
    """
    chosen = shown(detections, threshold)
    found = detections.nearest[chosen]
    predicted = detections.category[chosen]
    truth = at_places(truth_category, found, NOTHING)
    lost = truth_category[lost_objects(detections, solid, threshold)]
    truth = np.concatenate((truth, lost)).astype(np.int64)
    predicted = np.concatenate((predicted, np.full(lost.size, NOTHING))).astype(np.int64)
    pairs, counts = np.unique(np.stack((truth, predicted), axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    cells = (ConfusionCell(int(pairs[i, 0]), int(pairs[i, 1]), int(counts[i])) for i in order)
    return Confusion(threshold, tuple(cells))


def shown(detections: Detections, threshold: float) -> npt.NDArray[np.intp]:
    """Places of the predictions that take part: high enough, and on no crowd alone."""
    taking = detections.counts | (detections.nearest >= 0)
    return np.flatnonzero(taking & reaches(detections.score, threshold))


def lost_objects(detections: Detections, solid: Bools, threshold: float) -> npt.NDArray[np.intp]:
    """Places of the objects that no prediction finds, whatever its class."""
    found = detections.nearest[shown(detections, threshold)]
    lost = solid.copy()
    lost[found[found >= 0]] = False
    return np.flatnonzero(lost)
