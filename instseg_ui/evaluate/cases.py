"""From a figure to the pictures behind it: the predictions and objects that it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.comparison.objects import LOOSE_IOU
from instseg_ui.errors import ImageError
from instseg_ui.evaluate import confusion, tide
from instseg_ui.evaluate.dataset import Dataset, Id
from instseg_ui.evaluate.detections import Detections, at_places
from instseg_ui.evaluate.results import ModelResult
from instseg_ui.evaluate.scores import IouKind
from instseg_ui.images import Image
from instseg_ui.results import Prediction, Runtime, Timings, reaches
from instseg_ui.settings import Settings

CaseKind = Literal[
    "correct",
    "loose",
    "false positive",
    "classification",
    "localisation",
    "both",
    "duplicate",
    "background",
    "missed",
    "not found",
    "confusion",
]
CASE_KINDS: tuple[CaseKind, ...] = (
    "correct",
    "loose",
    "false positive",
    "classification",
    "localisation",
    "both",
    "duplicate",
    "background",
    "missed",
    "not found",
    "confusion",
)


@dataclass(frozen=True, slots=True)
class Query:
    """Which cases are wanted.

    Attributes:
        kind: `correct` (right at IoU 0.5), `loose` (right, but IoU below 0.75), `false positive`
            (all wrong ones) or one of its kinds, `missed` (an object that no error but this one
            explains), `not found` (every object without a right prediction), `confusion` (a cell of
            the confusion matrix).
        min_score, max_score: of the predictions; for `not found` and `confusion` the threshold is
            `min_score`.
        category: place of the category that was predicted; for an object that was missed its own;
            `confusion.NOTHING` in a cell for “not found”.
        truth: place of the object's category; `confusion.NOTHING` in a cell for “no object”.
        by: which kind of IoU.
    """

    kind: CaseKind
    min_score: float = 0.0
    max_score: float = 1.0
    category: int | None = None
    truth: int | None = None
    by: IouKind = "mask"


class Case(NamedTuple):
    """One prediction, one object, or both.

    Attributes:
        image: the picture's place in the data set; `image_id` its id.
        prediction: place in `Predictions.read(image_id)`; None for an object that was missed.
        truth: place in the data set's truths, `truth_id` its id; None without an object.
        predicted, expected: class names.
        score: of the prediction.
        iou: of the two.
    """

    image: int
    image_id: Id
    prediction: int | None
    truth: int | None
    truth_id: Id | None
    predicted: str | None
    expected: str | None
    score: float | None
    iou: float | None


class CasePage(NamedTuple):
    """Some of `total` cases."""

    total: int
    cases: tuple[Case, ...]


def find_cases(result: ModelResult, query: Query, offset: int = 0, limit: int = 50) -> CasePage:
    """The cases of a query: the gravest first.

    Wrong predictions come by falling score, loose ones by rising IoU, missed objects by falling
    area.
    """
    if query.kind in ("missed", "not found"):
        objects = _objects(result, query)
        cases = [_missed(result.dataset, int(i)) for i in objects[offset : offset + limit]]
        return CasePage(len(objects), tuple(cases))
    if query.kind == "confusion" and query.category == confusion.NOTHING:
        objects = _lost(result, query)
        cases = [_missed(result.dataset, int(i)) for i in objects[offset : offset + limit]]
        return CasePage(len(objects), tuple(cases))
    places = _predictions(result, query)
    return CasePage(
        len(places),
        tuple(_case(result, query, int(i)) for i in places[offset : offset + limit]),
    )


def images_of(result: ModelResult, query: Query) -> npt.NDArray[np.int64]:
    """(I,), how many cases of a query each picture has."""
    if query.kind in ("missed", "not found"):
        images = result.dataset.truths.image[_objects(result, query)]
    elif query.kind == "confusion" and query.category == confusion.NOTHING:
        images = result.dataset.truths.image[_lost(result, query)]
    else:
        images = result.detections(query.by).image[_predictions(result, query)]
    return np.bincount(images, minlength=len(result.dataset.images)).astype(np.int64)


def found_in(result: ModelResult, image: int, threshold: float = 0.0) -> Prediction:
    """What the model found in one picture, by its place, for the viewer; class ids are the model's.

    Raises:
        ImageError: the model was not run on it.
    """
    entry, predictions = result.dataset.images[image], result.predictions
    found = predictions.read(entry.id)
    if found is None:
        raise ImageError(f"{result.model} was not run on “{entry.name}”.")
    runtime = predictions.runtimes[-1] if predictions.runtimes else None
    return Prediction(
        model=result.model,
        width=entry.width,
        height=entry.height,
        instances=predictions.instances(entry.id, threshold),
        timings=Timings(inference=found.latency_ms),
        runtime=Runtime(**runtime) if runtime else Runtime("", "", 0),
        floor=predictions.key.floor,
        labels=predictions.key.labels,
    )


def truth_in(dataset: Dataset, image: int) -> Prediction:
    """The truth of one picture, by its place, as a prediction of score 1 for the viewer.

    Class ids count in the data set's categories; crowds are left out.
    """
    entry = dataset.images[image]
    return Prediction(
        model="truth",
        width=entry.width,
        height=entry.height,
        instances=dataset.truth_instances(image),
        timings=Timings(),
        runtime=Runtime("", "", 0),
        floor=0.0,
        labels=tuple(category.name for category in dataset.categories),
    )


def picture_of(dataset: Dataset, image: int, settings: Settings) -> Image:
    """One picture's pixels. Raises `ImageError`."""
    return dataset.read(image, settings)[0]


def _predictions(result: ModelResult, query: Query) -> npt.NDArray[np.intp]:
    detections = result.detections(query.by)
    chosen = _of_kind(detections, query)
    chosen &= reaches(detections.score, query.min_score)
    chosen &= detections.score.astype(np.float32) <= np.float32(query.max_score)
    if query.category is not None:
        chosen &= detections.category == query.category
    if query.truth is not None:
        about = detections.nearest if query.kind == "confusion" else detections.target
        own = at_places(result.dataset.truths.category, about, confusion.NOTHING)
        chosen &= own == query.truth
    places = np.flatnonzero(chosen)
    gravest = detections.iou[places] if query.kind == "loose" else -detections.score[places]
    return places[np.argsort(gravest, kind="stable")]


def _of_kind(detections: Detections, query: Query) -> npt.NDArray[np.bool_]:
    if query.kind == "confusion":
        taking = np.zeros(len(detections), bool)
        taking[confusion.shown(detections, query.min_score)] = True
        return taking
    right = detections.correct & detections.counts
    if query.kind == "correct":
        return right
    if query.kind == "loose":
        return right & (detections.iou < LOOSE_IOU)
    if query.kind == "false positive":
        return detections.counts & ~detections.correct
    return np.asarray(detections.kind == tide.Kind[query.kind.upper()], bool)


def _objects(result: ModelResult, query: Query) -> npt.NDArray[np.intp]:
    detections, solid = result.detections(query.by), result.scores.solid
    if query.kind == "missed":
        lost = tide.missed(detections, solid)
    else:
        found = detections.correct & reaches(detections.score, query.min_score)
        lost = solid.copy()
        lost[detections.truth[found]] = False
    return _by_area(result, np.flatnonzero(lost), query)


def _lost(result: ModelResult, query: Query) -> npt.NDArray[np.intp]:
    detections = result.detections(query.by)
    lost = confusion.lost_objects(detections, result.scores.solid, query.min_score)
    return _by_area(result, lost, query)


def _by_area(
    result: ModelResult, places: npt.NDArray[np.intp], query: Query
) -> npt.NDArray[np.intp]:
    truths = result.dataset.truths
    wanted = query.truth
    if wanted is None and query.category != confusion.NOTHING:
        wanted = query.category
    if wanted is not None:
        places = places[truths.category[places] == wanted]
    return places[np.argsort(-truths.area[places], kind="stable")]


def _missed(dataset: Dataset, truth: int) -> Case:
    truths = dataset.truths
    image = int(truths.image[truth])
    expected = dataset.categories[int(truths.category[truth])].name
    return Case(
        image, dataset.images[image].id, None, truth, truths.ids[truth], None, expected, None, None
    )


def _case(result: ModelResult, query: Query, place: int) -> Case:
    dataset, detections = result.dataset, result.detections(query.by)
    image = int(detections.image[place])
    about = detections.nearest if query.kind == "confusion" else detections.target
    truth = int(about[place])
    truths = dataset.truths
    names = dataset.categories
    return Case(
        image=image,
        image_id=dataset.images[image].id,
        prediction=int(detections.index[place]),
        truth=truth if truth >= 0 else None,
        truth_id=truths.ids[truth] if truth >= 0 else None,
        predicted=names[int(detections.category[place])].name,
        expected=names[int(truths.category[truth])].name if truth >= 0 else None,
        score=float(detections.score[place]),
        iou=float(detections.iou[place]) if detections.iou[place] > 0 else None,
    )
