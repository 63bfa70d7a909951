"""What the models marked in the photos, object by object, and the outlines to choose from.

Outlines are matched over the models as a comparison does it. Those of one class that are nearly the
same are one candidate; a model's second outline of an object that it has already goes to that
object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from instseg_ui import masks
from instseg_ui.comparison import overlaps
from instseg_ui.comparison.objects import LOOSE_IOU, MIN_IOU, State, group
from instseg_ui.errors import InputError
from instseg_ui.judge.outcomes import Outcomes, count_marked
from instseg_ui.masks import Rle
from instseg_ui.results import Instances

MODELS = (2, 8)
"""How many models can be judged together, the least and the most."""
MOST_PHOTOS = 10_000
SAME_IOU = 0.9
"""From this IoU on two outlines of a class are one to the eye."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPhoto:
    """A photo and what each of H models found in it, all at one low score.

    Attributes:
        name: by which answers speak of it; each photo has its own.
        width, height: upright, pixels.
        found: H.
    """

    name: str
    width: int
    height: int
    found: tuple[Instances, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CandidateOutline:
    """An outline that may be right.

    Attributes:
        label: its class.
        score: the highest of those behind it.
        models: H-based places of the models behind it.
        mask: of the highest score among them.
    """

    label: str
    score: float
    models: tuple[int, ...]
    mask: Rle


@dataclass(frozen=True, slots=True, eq=False)
class JudgedObject:
    """What one or several models marked at one place.

    Attributes:
        photo: its place.
        name: by which answers speak of it.
        state: how far the models agree, in a comparison's words.
        candidates: the outlines to choose from, the highest score first.
        ways: for each candidate, which way of `Outcomes` is true where it is right.
    """

    photo: int
    name: str
    state: State
    candidates: tuple[CandidateOutline, ...]
    ways: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """All objects of all photos; object i is row i of `outcomes`."""

    photos: tuple[JudgedPhoto, ...]
    objects: tuple[JudgedObject, ...]
    outcomes: Outcomes
    min_iou: float
    digest: str


def find_candidates(
    models: Sequence[str], photos: Sequence[JudgedPhoto], *, min_iou: float = MIN_IOU
) -> Candidates:
    """Match what the models found.

    Args:
        models: H names.
        photos: the photos, each with H sets of instances.
        min_iou: from which IoU to the right outline on another one of its class is right too.

    Raises:
        InputError: too few or too many models or photos, a name twice, a mask of another size.
    """
    _check(models, photos, min_iou)
    gathering = _Gathering(len(models), min_iou)
    for place, photo in enumerate(photos):
        gathering.add(place, photo)
    return Candidates(
        tuple(photos),
        tuple(gathering.objects),
        gathering.outcomes(tuple(models), photos),
        min_iou,
        _digest(models, photos, min_iou),
    )


@dataclass(frozen=True, slots=True)
class _Mark:
    """One outline of one model."""

    place: int
    model: int
    label: str
    score: float
    mask: Rle


class _Gathering:
    """Objects as they come, photo by photo."""

    def __init__(self, models: int, min_iou: float) -> None:
        self.objects: list[JudgedObject] = []
        self._models, self._min_iou = models, min_iou
        self._scores: list[list[float]] = []
        self._owner: list[int] = []
        self._right: list[tuple[float, ...]] = []

    def add(self, place: int, photo: JudgedPhoto) -> None:
        """The objects of one photo."""
        marks = [
            _Mark(0, model, label, score, mask)
            for model, found in enumerate(photo.found)
            for label, score, mask in zip(
                found.labels, found.scores.tolist(), found.masks, strict=True
            )
        ]
        overlap = overlaps.find([one.masks for one in photo.found], MIN_IOU)
        groups = [
            ([i for i in places if i >= 0], min(iou for iou in ious if iou > 0))
            for places, ious in group(photo.found, overlap)
        ]
        iou = dict(
            zip(
                zip(overlap.first.tolist(), overlap.second.tolist(), strict=True),
                overlap.iou.tolist(),
                strict=True,
            )
        )
        for number, (members, loosest) in enumerate(_joined(groups, marks, iou)):
            self._object(place, number, [(i, marks[i]) for i in members], loosest, iou)

    def _object(
        self,
        photo: int,
        number: int,
        members: list[tuple[int, _Mark]],
        loosest: float,
        iou: dict[tuple[int, int], float],
    ) -> None:
        members.sort(key=lambda one: -one[1].score)
        scores = [0.0] * self._models
        for _, mark in members:
            scores[mark.model] = max(scores[mark.model], mark.score)
        merged: list[tuple[int, _Mark, set[int]]] = []
        for i, mark in members:
            for lead, first, models in merged:
                if first.label == mark.label and _iou(iou, lead, i) >= SAME_IOU:
                    models.add(mark.model)
                    break
            else:
                merged.append((i, mark, {mark.model}))
        known: dict[tuple[float, ...], int] = {}
        ways = []
        for lead, first, _ in merged:
            right = [0.0] * self._models
            for i, mark in members:
                if mark.label == first.label and _iou(iou, lead, i) >= self._min_iou:
                    right[mark.model] = max(right[mark.model], mark.score)
            way = known.setdefault(tuple(right), len(self._right))
            if way == len(self._right):
                self._owner.append(len(self.objects))
                self._right.append(tuple(right))
            ways.append(way)
        self._scores.append(scores)
        self.objects.append(
            JudgedObject(
                photo,
                f"{photo + 1}-{number + 1}",
                _state([mark for _, mark in members], self._models, loosest),
                tuple(
                    CandidateOutline(first.label, first.score, tuple(sorted(models)), first.mask)
                    for _, first, models in merged
                ),
                tuple(ways),
            )
        )

    def outcomes(self, models: tuple[str, ...], photos: Sequence[JudgedPhoto]) -> Outcomes:
        count = len(models)
        sizes = [[len(found) for found in photo.found] for photo in photos]
        scores = [found.scores for photo in photos for found in photo.found]
        marked = count_marked(
            np.repeat(np.arange(len(photos)), [sum(row) for row in sizes]).astype(np.int32),
            np.concatenate([np.repeat(np.arange(count), row) for row in sizes]).astype(np.int32),
            np.concatenate(scores),
            len(photos),
            count,
        )
        return Outcomes(
            models,
            len(photos),
            np.array([one.photo for one in self.objects], np.int32),
            np.array(self._scores, np.float32).reshape(-1, count),
            np.array(self._owner, np.int32),
            np.array(self._right, np.float32).reshape(-1, count),
            marked,
        )


def _joined(
    groups: list[tuple[list[int], float]], marks: Sequence[_Mark], iou: dict[tuple[int, int], float]
) -> Iterable[tuple[list[int], float]]:
    """The same, a second outline of one object and class with the first; `iou` learns of it."""
    if len(groups) < 2:
        return groups
    leads = [members[0] for members, _ in groups]
    table = masks.iou([marks[i].mask for i in leads], [marks[i].mask for i in leads])
    taken: dict[int, int] = {}
    for first, second in np.argwhere(np.triu(table >= MIN_IOU, 1)).tolist():
        one, other = leads[first], leads[second]
        if marks[one].label != marks[other].label or {first, second} & taken.keys():
            continue
        taken[second] = first
        iou[min(one, other), max(one, other)] = float(table[first, second])
        members, loosest = groups[first]
        groups[first] = members + groups[second][0], min(loosest, float(table[first, second]))
    return [one for i, one in enumerate(groups) if i not in taken]


def _iou(known: dict[tuple[int, int], float], one: int, other: int) -> float:
    return 1.0 if one == other else known.get((min(one, other), max(one, other)), 0.0)


def _state(marks: Sequence[_Mark], models: int, loosest: float) -> State:
    behind = len({mark.model for mark in marks})
    if behind == 1:
        return "only one"
    if len({mark.label for mark in marks}) > 1:
        return "class differs"
    if behind < models:
        return "missed by some"
    return "loose mask" if loosest < LOOSE_IOU else "all agree"


def _check(models: Sequence[str], photos: Sequence[JudgedPhoto], min_iou: float) -> None:
    if not MODELS[0] <= len(models) <= MODELS[1]:
        raise InputError(
            f"Expected {MODELS[0]} to {MODELS[1]} models to judge together, got {len(models)}."
        )
    if len(set(models)) < len(models):
        raise InputError("Expected different models, got one of them twice.")
    if not 0 < len(photos) <= MOST_PHOTOS:
        raise InputError(f"Expected 1 to {MOST_PHOTOS:,} photos to judge by, got {len(photos):,}.")
    if not MIN_IOU <= min_iou < 1:
        raise InputError(f"The IoU must be at least {MIN_IOU} and below 1, got {min_iou:g}.")
    names = {photo.name for photo in photos}
    if len(names) < len(photos):
        raise InputError("Expected photos of different names, got a name twice.")
    for photo in photos:
        _check_photo(photo, len(models))


def _check_photo(photo: JudgedPhoto, models: int) -> None:
    if len(photo.found) != models:
        raise InputError(
            f"Expected what {models} models found in “{photo.name[:80]}”, got {len(photo.found)}."
        )
    size = [photo.height, photo.width]
    if any(list(mask["size"]) != size for found in photo.found for mask in found.masks):
        raise InputError(
            f"Expected masks of {photo.width} x {photo.height} pixels in “{photo.name[:80]}”."
        )


def _digest(models: Sequence[str], photos: Sequence[JudgedPhoto], min_iou: float) -> str:
    """Of everything that questions and answers rest on."""
    sha = hashlib.sha256(repr((tuple(models), min_iou)).encode("utf-8", "backslashreplace"))
    for photo in photos:
        head = repr((photo.name, photo.width, photo.height))
        sha.update(head.encode("utf-8", "backslashreplace"))
        for found in photo.found:
            sha.update(repr(found.labels).encode("utf-8", "backslashreplace"))
            sha.update(found.scores.tobytes())
            sha.update("\n".join(mask["counts"] for mask in found.masks).encode("ascii"))
    return sha.hexdigest()[:32]
