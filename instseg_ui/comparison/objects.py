"""What several models found in one image, object by object.

Objects are matched by mask IoU with an optimal assignment (Kuhn 1955, by scipy). Classes
are compared by name: two models may number the same class differently. What comes out
is agreement between models; without a truth it says nothing about who is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.comparison import overlaps
from instseg_ui.errors import InputError
from instseg_ui.masks import Rle
from instseg_ui.results import Instance, Instances, Prediction

State = Literal["all agree", "loose mask", "class differs", "missed by some", "only one"]
Matrix = npt.NDArray[np.float64]

MIN_IOU = 0.5
MOST_MODELS = 16
"""How many models are compared at once, at every door."""

LOOSE_IOU = 0.75
_LEAST_IOU = 1e-9
_ORDER: tuple[State, ...] = (
    "class differs",
    "missed by some",
    "only one",
    "loose mask",
    "all agree",
)


class Pair(NamedTuple):
    """An instance of the first set, one of the second, and their masks' IoU."""

    first: int
    second: int
    iou: float


@dataclass(frozen=True, slots=True)
class Member:
    """A model's instance of an object; `iou` is to the object's leading mask."""

    index: int
    instance: Instance
    iou: float


@dataclass(frozen=True, slots=True)
class MatchedObject:
    """One object and who found it.

    `members` has a place for each model, None where it was not found. The leading mask is
    the reference model's if it found the object, else the highest score's among the first.
    """

    members: tuple[Member | None, ...]
    state: State

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names given to it, the first model's first."""
        return tuple(dict.fromkeys(found.instance.label for found in self.members if found))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Matched objects, disagreements first, and how far each two models agree.

    Attributes:
        models: M names, the reference first.
        objects: what was found by any of them.
        f1: (M, M) float64; 2 * matched / (found by one + found by the other), 1 where both
            found nothing.
        mean_iou: (M, M) float64; mean mask IoU of the matched pairs, NaN where there is none.
    """

    models: tuple[str, ...]
    objects: tuple[MatchedObject, ...]
    f1: Matrix
    mean_iou: Matrix


def match(
    first: Instances,
    second: Instances,
    *,
    class_aware: bool = False,
    min_iou: float = MIN_IOU,
) -> list[Pair]:
    """Pair the instances of two sets so that the sum of the pairs' mask IoU is largest.

    Args:
        first, second: of the same image.
        class_aware: pair instances of equal class names only.
        min_iou: lowest IoU of a pair, above 0.
    """
    return _pairs(overlaps.assign(_overlaps([first, second], class_aware, min_iou)), 0, len(first))


def compare(
    predictions: Sequence[Prediction],
    *,
    class_aware: bool = False,
    min_iou: float = MIN_IOU,
    loose_iou: float = LOOSE_IOU,
) -> Comparison:
    """Match what two or more models found in one image; the first is the reference.

    Args:
        predictions: one a model, each already at its threshold.
        class_aware: whether objects of different class names can be the same object.
        min_iou: lowest mask IoU to an object's leading mask at which it is the same object.
        loose_iou: below it a matched mask is called loose.

    Raises:
        InputError: fewer than two predictions, or images of different size.
    """
    _check(predictions)
    sets = [prediction.instances for prediction in predictions]
    found = _overlaps(sets, class_aware, min_iou)
    objects = [
        MatchedObject(members, _state(members, loose_iou)) for members in _gather(sets, found)
    ]
    objects.sort(key=_disagreement)
    f1, mean_iou = _agreement(sets, found)
    names = tuple(prediction.model for prediction in predictions)
    return Comparison(names, tuple(objects), f1, mean_iou)


def group(
    sets: Sequence[Instances], found: overlaps.Overlaps
) -> list[tuple[list[int], list[float]]]:
    """Instances that are one object: each set's go to the leading masks so far.

    Args:
        sets: M, of one image.
        found: which of their masks overlap, see `overlaps.find`.

    Returns:
        For each object M places among all instances strung together, -1 where a set has none of
        it, and their masks' IoU to the leading one's, the first's of its row.
    """
    starts = _starts(sets)
    leads = np.zeros(starts[-1], bool)
    objects: dict[int, tuple[list[int], list[float]]] = {}
    for model in range(len(sets)):
        start, end = starts[model], starts[model + 1]
        mine = (found.second >= start) & (found.second < end) & leads[found.first]
        matched = set()
        for lead, place, iou in _pairs(overlaps.assign(found.where(mine)), 0, 0):
            objects[lead][0][model], objects[lead][1][model] = place, iou
            matched.add(place)
        for place in sorted(set(range(start, end)) - matched):
            row = [-1] * len(sets), [0.0] * len(sets)
            row[0][model], row[1][model] = place, 1.0
            objects[place] = row
            leads[place] = True
    return list(objects.values())


def coverage(predictions: Sequence[Prediction], label: str | None = None) -> npt.NDArray[np.uint8]:
    """How many of the models cover each pixel, (H, W) uint8; of class `label`, or of any.

    Raises:
        InputError: fewer than two predictions, or images of different size.
    """
    _check(predictions)
    sets = [_masks_of(prediction.instances, label) for prediction in predictions]
    return overlaps.count_covering(sets, predictions[0].height, predictions[0].width)


def _masks_of(instances: Instances, label: str | None) -> list[Rle]:
    chosen = [i for i, name in enumerate(instances.labels) if label in (None, name)]
    return list(instances[chosen].masks)


def _check(predictions: Sequence[Prediction]) -> None:
    if len(predictions) < 2:
        raise InputError(f"Expected two or more models to compare, got {len(predictions)}.")
    sizes = {(prediction.width, prediction.height) for prediction in predictions}
    if len(sizes) > 1:
        listed = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
        raise InputError(f"Expected results of one image, got images of {listed} pixels.")


def _overlaps(sets: Sequence[Instances], class_aware: bool, min_iou: float) -> overlaps.Overlaps:
    """Every pair of instances of two sets that could be the same object."""
    found = overlaps.find([instances.masks for instances in sets], max(min_iou, _LEAST_IOU))
    if not class_aware or not found.iou.size:
        return found
    labels = np.array([label for instances in sets for label in instances.labels])
    return found.where(labels[found.first] == labels[found.second])


def _pairs(found: overlaps.Overlaps, first_start: int, second_start: int) -> list[Pair]:
    return [
        Pair(i - first_start, j - second_start, iou)
        for i, j, iou in zip(
            found.first.tolist(), found.second.tolist(), found.iou.tolist(), strict=True
        )
    ]


def _starts(sets: Sequence[Instances]) -> list[int]:
    """Where each set begins when all are strung together, and the end."""
    return [0, *accumulate(len(instances) for instances in sets)]


def _gather(sets: Sequence[Instances], found: overlaps.Overlaps) -> list[tuple[Member | None, ...]]:
    """Objects as rows of members, see `group`."""
    starts = _starts(sets)
    rows = [list(instances) for instances in sets]
    return [
        tuple(
            Member(place - start, mine[place - start], iou) if place >= 0 else None
            for place, iou, start, mine in zip(places, ious, starts, rows, strict=False)
        )
        for places, ious in group(sets, found)
    ]


def _state(members: tuple[Member | None, ...], loose_iou: float) -> State:
    found = [member for member in members if member]
    if len(found) == 1:
        return "only one"
    if len({member.instance.label for member in found}) > 1:
        return "class differs"
    if len(found) < len(members):
        return "missed by some"
    return "loose mask" if min(member.iou for member in found) < loose_iou else "all agree"


def _disagreement(matched: MatchedObject) -> tuple[int, float]:
    """Sorts the worst disagreement first, then what was found with the highest score."""
    best = max(member.instance.score for member in matched.members if member)
    return _ORDER.index(matched.state), -best


def _agreement(sets: Sequence[Instances], found: overlaps.Overlaps) -> tuple[Matrix, Matrix]:
    count, starts = len(sets), _starts(sets)
    f1, mean_iou = np.eye(count), np.full((count, count), np.nan)
    np.fill_diagonal(mean_iou, 1.0)
    owner = np.repeat(np.arange(count), np.diff(starts))
    block = owner[found.first] * count + owner[found.second]
    for i in range(count):
        for j in range(i + 1, count):
            matched = overlaps.assign(found.where(block == i * count + j)).iou
            total = len(sets[i]) + len(sets[j])
            f1[i, j] = f1[j, i] = 2 * matched.size / total if total else 1.0
            if matched.size:
                mean_iou[i, j] = mean_iou[j, i] = matched.mean()
    return f1, mean_iou
