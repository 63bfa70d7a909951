"""Average precision and recall, equal to `COCOeval.accumulate` and `summarize` of pycocotools.

Precision is the largest one at any recall at least as high, read at 101 recalls; a class without
an object that counts has no figure and takes no part in a mean.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate.detections import Detections
from instseg_ui.evaluate.matches import MAX_DETECTIONS, RANGES, THRESHOLDS

Floats = npt.NDArray[np.float64]

RECALLS: Floats = np.linspace(0.0, 1.00, int(np.round((1.00 - 0.0) / 0.01)) + 1, endpoint=True)
"""R recalls at which precision is read, as pycocotools makes them."""
_T, _R, _A = THRESHOLDS.size, RECALLS.size, len(RANGES)
_AP50, _AP75 = 0, 5
_BITS = np.arange(_T, dtype=np.uint16)[:, None]


@dataclass(frozen=True, slots=True)
class CocoSummary:
    """COCO's twelve figures, 0 to 1; None where no object counts."""

    ap: float | None
    ap50: float | None
    ap75: float | None
    ap_small: float | None
    ap_medium: float | None
    ap_large: float | None
    ar1: float | None
    ar10: float | None
    ar100: float | None
    ar_small: float | None
    ar_medium: float | None
    ar_large: float | None

    def to_dict(self) -> dict[str, float | None]:
        """By name."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """Figures of K classes at T thresholds and A ranges of size; NaN where no object counts.

    Attributes:
        ap: (T, K, A) float64.
        recall: (T, K, A) float64, with at most 100 predictions of a class in an image.
        recall_at: (T, K, 3) float64, all sizes, with at most 1, 10 and 100.
        curve: (3, K, R) float32, precision at `RECALLS`, all sizes, at IoU 0.5, at 0.75, and the
            mean over the T thresholds.
        objects: (K, A) int64, how many objects count.
        predictions: (K,) int64, how many predictions count.
    """

    ap: Floats
    recall: Floats
    recall_at: Floats
    curve: npt.NDArray[np.float32]
    objects: npt.NDArray[np.int64]
    predictions: npt.NDArray[np.int64]

    def summary(self, classes: npt.NDArray[np.bool_] | None = None) -> CocoSummary:
        """The twelve figures over all classes, or those marked in `classes` (K,)."""
        some = slice(None) if classes is None else classes
        ap, recall, at = self.ap[:, some], self.recall[:, some], self.recall_at[:, some]
        return CocoSummary(
            _mean(ap[:, :, 0]),
            _mean(ap[_AP50, :, 0]),
            _mean(ap[_AP75, :, 0]),
            *(_mean(ap[:, :, a]) for a in (1, 2, 3)),
            *(_mean(at[:, :, m]) for m in range(len(MAX_DETECTIONS))),
            *(_mean(recall[:, :, a]) for a in (1, 2, 3)),
        )


def accumulate(detections: Detections, objects: npt.NDArray[np.int64]) -> Averages:
    """The averages of what was matched.

    Args:
        detections: of one kind of IoU.
        objects: (K, A), how many objects of each class and range of size count.
    """
    count = len(objects)
    averages = Averages(
        np.full((_T, count, _A), np.nan),
        np.full((_T, count, _A), np.nan),
        np.full((_T, count, len(MAX_DETECTIONS)), np.nan),
        np.full((3, count, _R), np.nan, np.float32),
        objects,
        np.bincount(detections.category, minlength=count).astype(np.int64),
    )
    order = detections.by_class()
    ends = np.concatenate(([0], np.cumsum(averages.predictions)))
    for k in np.flatnonzero(objects[:, 0] > 0).tolist():
        _one_class(averages, k, detections, order[ends[k] : ends[k + 1]])
    return averages


def bits(words: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
    """(T, n), the bits of n words."""
    return ((words >> _BITS) & np.uint16(1)).astype(bool)


def interpolated(tp: npt.NDArray[np.bool_], fp: npt.NDArray[np.bool_], objects: int) -> Floats:
    """(T, R), precision at `RECALLS`, of predictions in falling order of score.

    Args:
        tp, fp: (T, n); where neither is set the prediction does not count.
        objects: how many there are to find, above 0.
    """
    found, wrong = np.cumsum(tp, axis=1).astype(float), np.cumsum(fp, axis=1).astype(float)
    recall = found / objects
    precision = found / (wrong + found + np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    read = np.zeros((len(tp), _R))
    for t in range(len(tp)):
        at = np.searchsorted(recall[t], RECALLS, side="left")
        reached = at < recall.shape[1]
        read[t, reached] = precision[t, at[reached]]
    return read


def _one_class(
    averages: Averages, k: int, detections: Detections, chosen: npt.NDArray[np.intp]
) -> None:
    matched, ignored = detections.matched[chosen], detections.ignored[chosen]
    for a in np.flatnonzero(averages.objects[k] > 0).tolist():
        out = bits(ignored[:, a])
        hit = bits(matched[:, a])
        tp, fp = hit & ~out, ~hit & ~out
        objects = int(averages.objects[k, a])
        precision = interpolated(tp, fp, objects)
        averages.ap[:, k, a] = precision.mean(axis=1)
        averages.recall[:, k, a] = tp.sum(axis=1) / objects
        if a == 0:
            averages.curve[:, k] = precision[_AP50], precision[_AP75], precision.mean(axis=0)
            for m, most in enumerate(MAX_DETECTIONS):
                counted = tp[:, detections.rank[chosen] < most]
                averages.recall_at[:, k, m] = counted.sum(axis=1) / objects


def _mean(values: Floats) -> float | None:
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else None
