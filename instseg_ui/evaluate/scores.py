"""From predictions on disk to figures: one picture at a time, and what is kept is a few numbers.

A mask is alive only while its picture is matched. What stays of a prediction is its score, its
class and what became of it: some fifty bytes (`detections.Detections`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from instseg_ui.errors import Cancelled
from instseg_ui.evaluate import boundary, confusion, matches, tide
from instseg_ui.evaluate.average_precision import Averages, accumulate
from instseg_ui.evaluate.builder import IsCancelled, never
from instseg_ui.evaluate.category_map import CategoryMap
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.detections import Detections
from instseg_ui.evaluate.predictions import ImagePredictions, Predictions
from instseg_ui.masks import Rle, packed

IouKind = Literal["mask", "box", "boundary"]
KINDS: tuple[IouKind, ...] = ("mask", "box", "boundary")

Floats = npt.NDArray[np.float64]
OnImage = Callable[[int, int], None]


def no_one(done: int, total: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One model's predictions on a data set by one kind of IoU.

    Attributes:
        detections: what became of each.
        averages: AP and AR by class, threshold and size.
    """

    detections: Detections
    averages: Averages


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One model's predictions on a data set by all kinds of IoU.

    Attributes:
        by: the kinds that were asked for.
        images: (I,) bool, the pictures that were evaluated.
        solid: (G,) bool, the objects that count: evaluated, and no crowds.
        objects: (K, A) int64, how many of each class and range of sizes count.
        picture_ms: of each picture that the model ran on, where its time is known.
        failures: why the model had no answer, by picture's place.
    """

    by: dict[IouKind, Scored]
    images: npt.NDArray[np.bool_]
    solid: npt.NDArray[np.bool_]
    objects: npt.NDArray[np.int64]
    picture_ms: Floats
    failures: dict[int, str]


@dataclass(slots=True)
class _Parts:
    """Detections as they come."""

    rows: dict[IouKind, list[Detections]]
    times: list[float] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)


def score(
    dataset: Dataset,
    predictions: Predictions,
    mapping: CategoryMap,
    *,
    images: npt.NDArray[np.bool_] | None = None,
    kinds: Sequence[IouKind] = KINDS,
    on_image: OnImage = no_one,
    cancelled: IsCancelled = never,
) -> Scores:
    """Match all predictions with the truth and average.

    Args:
        dataset: the truth.
        predictions: one model's; a picture that it has not been run on has none.
        mapping: of its classes.
        images: (I,), which pictures count; None is all of which there are predictions.
        kinds: of IoU; `boundary` costs the most time.
        on_image: told how many pictures are done, of how many.
        cancelled: asked at each picture.

    Raises:
        Cancelled: `cancelled` said so.
    """
    chosen = evaluated(dataset, predictions) if images is None else images
    parts = _Parts({kind: [] for kind in kinds})
    places = np.flatnonzero(chosen).tolist()
    for done, place in enumerate(places, 1):
        if cancelled():
            raise Cancelled("Stopped while the figures were made.")
        found = predictions.read(dataset.images[place].id)
        if found is not None:
            _one_image(parts, dataset, place, found, mapping.array())
        on_image(done, len(places))
    return _scores(parts, dataset, chosen)


def evaluated(dataset: Dataset, predictions: Predictions) -> npt.NDArray[np.bool_]:
    """(I,), the pictures that the model has been run on and that could be read."""
    failures = predictions.failures
    return np.array(
        [
            entry.id in predictions and not (entry.id in failures and failures[entry.id].unreadable)
            for entry in dataset.images
        ],
        bool,
    )


def _scores(parts: _Parts, dataset: Dataset, chosen: npt.NDArray[np.bool_]) -> Scores:
    solid = chosen[dataset.truths.image] & ~dataset.truths.crowd
    objects = _objects(dataset, solid)
    by: dict[IouKind, Scored] = {}
    for kind, rows in parts.rows.items():
        detections = Detections.join(rows)
        rows.clear()
        by[kind] = Scored(detections, accumulate(detections, objects))
    return Scores(by, chosen, solid, objects, np.array(parts.times), parts.failures)


def _objects(dataset: Dataset, solid: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    truths, count = dataset.truths, len(dataset.categories)
    columns = []
    for low, high in matches.RANGES:
        there = solid & (truths.area >= low) & (truths.area <= high)
        columns.append(np.bincount(truths.category[there], minlength=count))
    return np.stack(columns, axis=1).astype(np.int64)


def _one_image(
    parts: _Parts,
    dataset: Dataset,
    place: int,
    found: ImagePredictions,
    targets: npt.NDArray[np.int32],
) -> None:
    if found.error:
        parts.failures[place] = found.error
        return
    if found.latency_ms > 0:
        parts.times.append(found.latency_ms)
    side = _Side.of(dataset, place, found, targets)
    if not side.category.size:
        return
    masks = side.mask_iou()
    for kind, rows in parts.rows.items():
        iou = masks if kind == "mask" else side.box_iou() if kind == "box" else side.borders(masks)
        rows.append(side.detections(iou))


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One picture's predictions that count, and its objects."""

    place: int
    found: ImagePredictions
    index: npt.NDArray[np.int32]
    category: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int32]
    area: Floats
    first: int
    truth_category: npt.NDArray[np.int32]
    truth_area: Floats
    truth_box: Floats
    crowd: npt.NDArray[np.bool_]
    truth_masks: list[Rle]

    @classmethod
    def of(
        cls, dataset: Dataset, place: int, found: ImagePredictions, targets: npt.NDArray[np.int32]
    ) -> _Side:
        category = _targets(found.class_ids, targets)
        order = np.argsort(-found.scores, kind="stable")
        order = order[category[order] >= 0]
        rank = matches.ranks(category[order])
        kept = rank < matches.MAX_DETECTIONS[-1]
        order, rank = order[kept], rank[kept]
        truths, part = dataset.truths, dataset.truths.of(place)
        size = list(found.size)
        return cls(
            place,
            found,
            order.astype(np.int32),
            category[order],
            rank,
            # As `loadRes` of pycocotools has it where a result has a box: width times height.
            found.boxes[order, 2] * found.boxes[order, 3],
            part.start,
            truths.category[part],
            truths.area[part],
            truths.box[part],
            truths.crowd[part],
            [
                {"size": size, "counts": truths.packed(i).decode("ascii")}
                for i in range(part.start, part.stop)
            ],
        )

    def mask_iou(self) -> Floats:
        if not self.truth_masks:
            return np.zeros((len(self.index), 0))
        found = [packed(self.found.mask(i)) for i in self.index.tolist()]
        truth = [packed(mask) for mask in self.truth_masks]
        return np.asarray(coco.iou(found, truth, self.crowd.astype(int).tolist()), np.float64)

    def box_iou(self) -> Floats:
        if not self.truth_masks:
            return np.zeros((len(self.index), 0))
        boxes = np.ascontiguousarray(self.found.boxes[self.index])
        truth = np.ascontiguousarray(self.truth_box)
        return np.asarray(coco.iou(boxes, truth, self.crowd.astype(int).tolist()), np.float64)

    def borders(self, masks: Floats) -> Floats:
        pairs = (masks >= matches.THRESHOLDS[0]) & (self.category[:, None] == self.truth_category)
        return boundary.boundary_iou(
            masks,
            pairs,
            lambda i: self.found.mask(int(self.index[i])),
            lambda i: self.truth_masks[i],
            self.crowd,
        )

    def detections(self, iou: Floats) -> Detections:
        matched = matches.match(
            iou, self.category, self.area, self.truth_category, self.truth_area, self.crowd
        )
        correct = (matched.matched[:, 0] & np.uint16(1)).astype(bool)
        counts = (matched.ignored[:, 0] & np.uint16(1)) == 0
        kind, target = tide.classify(
            iou, self.category, self.truth_category, self.crowd, matched.truth, correct, counts
        )
        near = confusion.nearest(iou, self.category, self.truth_category, self.crowd)
        return Detections(
            np.full(len(self.index), self.place, np.int32),
            self.index,
            self.category,
            self.found.scores[self.index],
            self.rank,
            matched.matched,
            matched.ignored,
            self._global(matched.truth),
            _at(iou, np.where(target >= 0, target, matched.truth)),
            kind,
            self._global(target),
            self._global(near),
        )

    def _global(self, places: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        return np.where(places >= 0, places + self.first, -1).astype(np.int32)


def _targets(
    class_ids: npt.NDArray[np.int32], targets: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    known = (class_ids >= 0) & (class_ids < targets.size)
    result = np.full(class_ids.shape, -1, np.int32)
    result[known] = targets[class_ids[known]]
    return result


def _at(iou: Floats, truth: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.float32]:
    """Each prediction's IoU with an object, 0 for none."""
    values = np.zeros(len(truth), np.float32)
    some = np.flatnonzero(truth >= 0)
    values[some] = iou[some, truth[some]]
    return values
