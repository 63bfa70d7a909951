"""Precision, recall and F1 over the score threshold, and the threshold with the best F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate.detections import Detections
from instseg_ui.results import reaches

_POINTS = 200


@dataclass(frozen=True, slots=True)
class Operating:
    """What a model does at one threshold, at IoU 0.5.

    Attributes:
        threshold: lowest score that counts.
        precision: share of the predictions that are right.
        recall: share of the objects that are found.
        f1: their harmonic mean.
        predictions: how many are at or above the threshold.
        objects: how many there are to find.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    predictions: int
    objects: int


def operating_points(
    detections: Detections, objects: int, category: int | None = None
) -> tuple[Operating, ...]:
    """Every threshold that tells two predictions apart, the highest first.

    Args:
        detections: by masks or boxes.
        objects: how many there are to find: of the class, or in all.
        category: one class; None pools all predictions.
    """
    threshold, found, shown = _counted(detections, category)
    return tuple(
        _point(float(t), int(f), int(n), objects)
        for t, f, n in zip(threshold, found, shown, strict=True)
    )


def best_f1(detections: Detections, objects: int, category: int | None = None) -> Operating | None:
    """The threshold with the largest F1, the highest of equal ones; None without any right one."""
    threshold, found, shown = _counted(detections, category)
    if not objects or not found.size or not found[-1]:
        return None
    best = int(np.argmax(2 * found / (shown + objects)))
    return _point(float(threshold[best]), int(found[best]), int(shown[best]), objects)


def best_by_class(
    detections: Detections, objects: npt.NDArray[np.int64]
) -> tuple[Operating | None, ...]:
    """`best_f1` of each class; `objects` (K,) says how many there are to find."""
    order = detections.by_class()
    category = detections.category[order]
    ends = np.searchsorted(category, np.arange(len(objects) + 1))
    points = []
    for k in range(len(objects)):
        chosen = order[ends[k] : ends[k + 1]]
        points.append(_best_of(detections, chosen, int(objects[k])))
    return tuple(points)


def at_threshold(
    detections: Detections, objects: int, threshold: float, category: int | None = None
) -> Operating:
    """What the model does at this threshold."""
    chosen = detections.counts & reaches(detections.score, threshold)
    if category is not None:
        chosen = chosen & (detections.category == category)
    found = int(np.count_nonzero(detections.correct & chosen))
    return _point(threshold, found, int(np.count_nonzero(chosen)), objects)


def thinned(points: tuple[Operating, ...]) -> tuple[Operating, ...]:
    """At most 200 of them, evenly, for a chart; the first and the last are kept."""
    if len(points) <= _POINTS:
        return points
    places = np.unique(np.linspace(0, len(points) - 1, _POINTS).round().astype(int))
    return tuple(points[i] for i in places)


def _best_of(
    detections: Detections, chosen: npt.NDArray[np.intp], objects: int
) -> Operating | None:
    threshold, found, shown = _steps(detections, chosen[detections.counts[chosen]])
    if not objects or not found.size or not found[-1]:
        return None
    best = int(np.argmax(2 * found / (shown + objects)))
    return _point(float(threshold[best]), int(found[best]), int(shown[best]), objects)


def _counted(
    detections: Detections, category: int | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    chosen = detections.counts
    if category is not None:
        chosen = chosen & (detections.category == category)
    places = np.flatnonzero(chosen)
    places = places[np.argsort(-detections.score[places], kind="stable")]
    return _steps(detections, places)


def _steps(
    detections: Detections, places: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Thresholds, right ones and all ones at each, of predictions in falling order of score."""
    score = detections.score[places]
    found = np.cumsum(detections.correct[places], dtype=np.int64)
    # Predictions of equal score come and go together.
    last = np.flatnonzero(np.append(score[1:] != score[:-1], score.size > 0))
    return score[last], found[last], (last + 1).astype(np.int64)


def _point(threshold: float, found: int, shown: int, objects: int) -> Operating:
    precision = found / shown if shown else 0.0
    recall = found / objects if objects else 0.0
    f1 = 2 * found / (shown + objects) if shown + objects else 0.0
    return Operating(threshold, precision, recall, f1, shown, objects)
