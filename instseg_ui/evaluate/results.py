"""What an evaluation found: every model's figures on the same pictures, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate import curves, tide
from instseg_ui.evaluate.average_precision import CocoSummary
from instseg_ui.evaluate.calibration import Calibration, calibration
from instseg_ui.evaluate.category_map import CategoryMap
from instseg_ui.evaluate.confusion import Confusion, confusion
from instseg_ui.evaluate.curves import Operating
from instseg_ui.evaluate.dataset import Category, Dataset
from instseg_ui.evaluate.detections import Detections
from instseg_ui.evaluate.findings import Finding
from instseg_ui.evaluate.predictions import Predictions
from instseg_ui.evaluate.resampled_ap import RankedMatches, draws, resampled_ap
from instseg_ui.evaluate.scores import IouKind, Scores
from instseg_ui.latency import Latency
from instseg_ui.workers.hardware import hardware


class PictureTimes(NamedTuple):
    """What the evaluated pictures took, ms, `n` of them, at the evaluation's low floor.

    Of the stages of a latency, but one model after the other and over all pictures: the figure to
    compare models by is `Evaluation.latencies`.
    """

    n: int
    p50: float | None
    p95: float | None


class ClassRow(NamedTuple):
    """One category's figures by one kind of IoU; None where there is none.

    `objects` are those that count, `predictions` those of its classes that count.
    """

    category: Category
    objects: int
    predictions: int
    ap: float | None
    ap50: float | None
    ap75: float | None
    ar100: float | None
    best: Operating | None


@dataclass(frozen=True, eq=False)
class ModelResult:
    """One model's figures.

    Attributes:
        model: its name.
        dataset: what it was measured on.
        predictions: what it found; open as long as the evaluation is.
        mapping: of its classes.
        scores: what became of every prediction.
    """

    model: str
    dataset: Dataset
    predictions: Predictions
    mapping: CategoryMap
    scores: Scores

    def summary(self, kind: IouKind = "mask") -> CocoSummary:
        """COCO's twelve figures, over all categories that have objects."""
        return self.scores.by[kind].averages.summary()

    def summary_of_known(self, kind: IouKind = "mask") -> CocoSummary:
        """The same over the categories that the model has a class for."""
        return self.scores.by[kind].averages.summary(self.mapping.known())

    def detections(self, kind: IouKind = "mask") -> Detections:
        """What became of every prediction."""
        return self.scores.by[kind].detections

    def objects(self, category: int | None = None) -> int:
        """How many objects count, of one category or in all."""
        counts = self.scores.objects[:, 0]
        return int(counts.sum() if category is None else counts[category])

    @cached_property
    def errors(self) -> tide.Errors:
        """Errors by kind, by mask IoU."""
        truths = self.dataset.truths
        return tide.summarize(
            self.detections(),
            truths.category,
            truths.crowd,
            len(self.dataset.categories),
            self.scores.solid,
        )

    @cached_property
    def best(self) -> Operating | None:
        """The threshold with the best F1 over all classes together, by mask IoU of 0.5."""
        return curves.best_f1(self.detections(), self.objects())

    @cached_property
    def calibration(self) -> Calibration:
        """Whether scores are the share of right predictions, by mask IoU of 0.5."""
        return calibration(self.detections())

    @property
    def threshold(self) -> float:
        """Where the model is looked at unless asked otherwise: at its best F1."""
        return self.best.threshold if self.best else 0.5

    def confusion(self, threshold: float | None = None) -> Confusion:
        """Which class is taken for which, at a threshold; None is that of the best F1."""
        at = self.threshold if threshold is None else threshold
        truths = self.dataset.truths
        return confusion(self.detections(), truths.category, self.scores.solid, at)

    def operating_points(self, category: int | None = None) -> tuple[Operating, ...]:
        """Precision, recall and F1 over the threshold, for a chart."""
        points = curves.operating_points(self.detections(), self.objects(category), category)
        return curves.thinned(points)

    def at(self, threshold: float, category: int | None = None) -> Operating:
        """Precision, recall and F1 at one threshold."""
        return curves.at_threshold(self.detections(), self.objects(category), threshold, category)

    def curve(self, category: int | None = None, kind: IouKind = "mask") -> npt.NDArray[np.float32]:
        """(3, R) precision at `average_precision.RECALLS`, at IoU 0.5, 0.75 and the mean of all.

        Of one category, or the mean of those that have objects; NaN without any.
        """
        values = self.scores.by[kind].averages.curve
        if category is not None:
            return values[:, category]
        there = ~np.isnan(values[0, :, 0])
        if not there.any():
            return np.full((3, values.shape[2]), np.nan, np.float32)
        return np.asarray(values[:, there].mean(axis=1), np.float32)

    def by_class(self, kind: IouKind = "mask") -> tuple[ClassRow, ...]:
        """A row for each category."""
        averages = self.scores.by[kind].averages
        best = curves.best_by_class(self.detections(kind), self.scores.objects[:, 0])
        rows = []
        for k, category in enumerate(self.dataset.categories):
            ap = averages.ap[:, k, 0]
            rows.append(
                ClassRow(
                    category,
                    int(averages.objects[k, 0]),
                    int(averages.predictions[k]),
                    _number(ap.mean()),
                    _number(ap[0]),
                    _number(ap[5]),
                    _number(averages.recall[:, k, 0].mean()),
                    best[k],
                )
            )
        return tuple(rows)

    def mean_iou(self, kind: IouKind = "mask") -> float | None:
        """Mean IoU of the predictions that are right at 0.5, with their objects."""
        detections = self.detections(kind)
        values = detections.iou[detections.correct]
        return float(values.mean(dtype=np.float64)) if values.size else None

    def picture_times(self) -> PictureTimes:
        """What the pictures took while they were evaluated."""
        values = self.scores.picture_ms
        if not values.size:
            return PictureTimes(0, None, None)
        p50, p95 = np.percentile(values, [50, 95])
        return PictureTimes(int(values.size), float(p50), float(p95))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All models on the same pictures.

    Attributes:
        dataset: the truth.
        results: of the models that are done, in the order they were asked for.
        failures: why the others have no result, by model.
        images: (I,) bool, the pictures that count: all models were run on them.
        kinds: of IoU.
        findings: what was wrong with the data set, and with pictures on the way.
        made: when.
        machine: what it was measured on.
        latencies: by model, as they are known on one of the pictures; see `instseg_ui.latency`.
    """

    dataset: Dataset
    results: tuple[ModelResult, ...]
    failures: Mapping[str, str]
    images: npt.NDArray[np.bool_]
    kinds: tuple[IouKind, ...]
    findings: tuple[Finding, ...]
    made: datetime
    machine: Mapping[str, object] = field(default_factory=hardware)
    latencies: Mapping[str, Latency] = field(default_factory=dict)

    @cached_property
    def resampled(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """(R,) mask AP of each model on pictures drawn anew; element r of all is the same draw.

        Counted when it is first asked for; see `resampled_ap`.
        """
        count = int(self.images.sum())
        if not count or "mask" not in self.kinds:
            return {}
        weights, objects = draws(count), self._objects_by_image()
        found = {}
        for one in self.results:
            matches = RankedMatches.of(one.detections(), self.images)
            found[one.model] = resampled_ap(matches, objects, weights)
        return found

    def _objects_by_image(self) -> npt.NDArray[np.int64]:
        """(I, K), how many objects of each category count in each of the pictures that count."""
        truths = self.dataset.truths
        solid = self.images[truths.image] & ~truths.crowd
        place = (np.cumsum(self.images) - 1)[truths.image[solid]]
        count = len(self.dataset.categories)
        cells = place * count + truths.category[solid]
        images = int(self.images.sum())
        return np.bincount(cells, minlength=images * count).reshape(images, count)

    def result(self, model: str) -> ModelResult:
        """One model's. Raises `KeyError`."""
        for one in self.results:
            if one.model == model:
                return one
        raise KeyError(model)

    def close(self) -> None:
        """Let go of the predictions' files; figures stay, pictures and cases do not."""
        for one in self.results:
            one.predictions.close()


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
