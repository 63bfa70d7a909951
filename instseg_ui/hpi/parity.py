"""Whether an engine finds the same objects as Paddle's own normal mode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from instseg_ui import masks
from instseg_ui.engines.near_tie import EDGE, NearTie
from instseg_ui.results import Instances

FLOOR = 0.01
"""Lowest score that is compared; what lies below is padding in most networks."""
LIMIT = 100
"""Most objects of an image that are compared, the highest scores first."""

SCORE = 1e-3
"""Largest accepted difference of a score."""
BOX_PX = 0.5
"""Largest accepted difference of a box's side, pixels, or"""
BOX_SHARE = 1e-3
"""as a share of the box's longer side, whichever is more."""
MASK_IOU = 0.99
"""Smallest accepted mask IoU, but for"""
MASK_PX = 2
"""masks that differ in so few pixels: a small one has no better IoU to give."""

TIES = 0.05
"""Largest accepted share of near ties: past it, Paddle's own answer is no measure."""

_SAME_OBJECT = 0.5

Ties: TypeAlias = Mapping[int, NearTie]
"""The near ties of one image, by object of the reference, or by `newcomer`."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How an engine compares with Paddle over some images.

    Attributes:
        engine: the engine that was held against `paddle`.
        images: number of images.
        objects: what Paddle found in all of them, at `FLOOR`, at most `LIMIT` an image.
        matched: those that the engine found too, within all tolerances.
        ties: those it did not, for a decision that rounding turns.
        kinds: how many of them by what was decided, in words.
        distances: by kind, how far the values were from the border at most, in their own units.
        score: largest difference of a matched object's score.
        box: largest difference of a matched object's box side, pixels.
        mask_iou: smallest IoU of a matched object's mask, those left out that differ in `MASK_PX`
            pixels or fewer.
        why: what did not agree, a sentence; empty when all does.
    """

    engine: str
    images: int = 0
    objects: int = 0
    matched: int = 0
    ties: int = 0
    score: float = 0.0
    box: float = 0.0
    mask_iou: float = 1.0
    why: str = ""
    kinds: dict[str, int] = field(default_factory=dict)
    distances: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the engine may stand in for Paddle."""
        return not self.why

    @property
    def sentence(self) -> str:
        """For a person: `equal to Paddle: 100/100 objects, worst mask IoU 0.998`."""
        if not self.passed:
            return f"not equal to Paddle: {self.why}"
        named = ", ".join(self._kind(kind) for kind in self.kinds)
        ties = f" ({_count(self.ties, 'near tie')}: {named})" if self.ties else ""
        return (
            f"equal to Paddle: {self.matched}/{self.objects} objects{ties}, "
            f"worst mask IoU {np.floor(self.mask_iou * 1e3) / 1e3:.3f}"
        )

    def _kind(self, kind: str) -> str:
        number = f"{self.kinds[kind]} " if len(self.kinds) > 1 else ""
        distance = self.distances.get(kind, 0.0)
        return f"{number}{kind}" + (f", {distance:.1e}" if distance else "")


@dataclass(frozen=True, slots=True)
class Pairing:
    """The objects of one image in two engines.

    Attributes:
        pairs: (P, 2) int, index in the reference and in the other; the same objects.
        score, box: (P,) largest differences, the box's in pixels.
        mask_iou: (P,).
        agree: (P,) bool, whether the pair is within all tolerances.
        alone: indices in the reference without a partner.
        extra: indices in the other without a partner.
        edge: (N,) bool, reference objects at the edge of what is compared.
        extra_edge: (M,) bool, the other's.
    """

    pairs: npt.NDArray[np.intp]
    score: npt.NDArray[np.float64]
    box: npt.NDArray[np.float64]
    mask_iou: npt.NDArray[np.float64]
    agree: npt.NDArray[np.bool_]
    alone: npt.NDArray[np.intp]
    extra: npt.NDArray[np.intp]
    edge: npt.NDArray[np.bool_]
    extra_edge: npt.NDArray[np.bool_]

    @property
    def unstable(self) -> set[int]:
        """Reference objects that are not the same in the other."""
        return {int(i) for i in self.alone} | {int(i) for i in self.pairs[~self.agree, 0]}

    @property
    def off(self) -> set[int]:
        """`unstable` without those at the edge of what is compared."""
        return {i for i in self.unstable if not self.edge[i]}

    @property
    def surplus(self) -> list[int]:
        """Objects of the other that the reference has not, without those at the edge."""
        return [int(j) for j in self.extra if not self.extra_edge[j]]


def pair(reference: Instances, other: Instances) -> Pairing:
    """Match two answers to the same image, an object to one of its class at most.

    The pairs maximise the sum of mask IoU less score difference (Kuhn-Munkres), among those of
    the same class with an IoU of a half or more.
    """
    overlap = _overlaps(reference, other)
    distance = np.abs(
        reference.scores[:, None].astype(np.float64) - other.scores[None].astype(np.float64)
    )
    fits = (reference.class_ids[:, None] == other.class_ids[None]) & (overlap >= _SAME_OBJECT)
    from scipy.optimize import linear_sum_assignment  # slow to import, and rarely needed

    rows, columns = linear_sum_assignment(np.where(fits, overlap - distance, -9.0), maximize=True)
    good = fits[rows, columns]
    rows, columns = rows[good], columns[good]
    ious = overlap[rows, columns]
    boxes = np.abs(reference.boxes[rows] - other.boxes[columns]).max(axis=1, initial=0.0)
    return Pairing(
        pairs=np.stack([rows, columns], axis=1),
        score=distance[rows, columns],
        box=boxes.astype(np.float64),
        mask_iou=ious,
        agree=(distance[rows, columns] <= SCORE)
        & (boxes <= _box_tolerance(reference.boxes[rows]))
        & ((ious >= MASK_IOU) | _few_pixels(reference.areas[rows], other.areas[columns], ious)),
        alone=np.setdiff1d(np.arange(len(reference)), rows),
        extra=np.setdiff1d(np.arange(len(other)), columns),
        edge=_edge(reference),
        extra_edge=_edge(other),
    )


def summarise(
    engine: str,
    answers: Iterable[tuple[str, Instances, Pairing]],
    ties: Sequence[Ties] | None = None,
) -> Parity:
    """The verdict over all images.

    Args:
        engine: the engine's name.
        answers: an image's name, Paddle's instances, and their pairing with the engine's.
        ties: for each image, what is no fault; none if left out.
    """
    total = Parity(engine)
    for number, (name, reference, pairing) in enumerate(answers):
        total = _add(total, name, reference, pairing, ties[number] if ties else {})
    if not total.objects and not total.why:
        return replace(total, why="Paddle found nothing in the images, so nothing can be compared.")
    if not total.why and total.ties > TIES * total.objects:
        why = f"{total.ties} of {total.objects} objects stand at near ties, too many to tell."
        return replace(total, why=why)
    return total


def _add(total: Parity, name: str, reference: Instances, pairing: Pairing, ties: Ties) -> Parity:
    off = pairing.off - ties.keys()
    extra = [j for j in pairing.surplus if newcomer(j) in ties]
    # A tie swaps one object for another: the newcomer is the other side of it.
    surplus = [j for j in pairing.surplus if j not in extra][len(pairing.off - off) :]
    agree = pairing.agree
    edge = NearTie(-1, EDGE)
    settled = [ties.get(i, edge) for i in sorted(pairing.unstable - off)]
    settled += [ties[newcomer(j)] for j in extra]
    return replace(
        total,
        images=total.images + 1,
        objects=total.objects + len(reference),
        matched=total.matched + int(agree.sum()),
        ties=total.ties + len(settled),
        kinds=dict(Counter(total.kinds) + Counter(tie.kind for tie in settled)),
        distances=_farthest(total.distances, settled),
        score=max(total.score, float(pairing.score[agree].max(initial=0.0))),
        box=max(total.box, float(pairing.box[agree].max(initial=0.0))),
        mask_iou=min(total.mask_iou, float(_large(pairing, reference).min(initial=1.0))),
        why=total.why or _fault(name, reference, pairing, off, surplus),
    )


def _farthest(distances: dict[str, float], ties: Sequence[NearTie]) -> dict[str, float]:
    found = dict(distances)
    for tie in ties:
        found[tie.kind] = max(found.get(tie.kind, 0.0), tie.distance)
    return found


def newcomer(number: int) -> int:
    """The key in `Ties` of the other's object of this number, which the reference has not."""
    return -1 - number


def _large(pairing: Pairing, reference: Instances) -> npt.NDArray[np.float64]:
    """IoU of the agreeing pairs that are held to it."""
    return pairing.mask_iou[pairing.agree & (pairing.mask_iou >= MASK_IOU)]


def _fault(
    name: str, reference: Instances, pairing: Pairing, off: set[int], surplus: list[int]
) -> str:
    if off:
        first = min(off)
        found = np.flatnonzero(pairing.pairs[:, 0] == first)
        what = f"{_count(len(off), 'object')} of {len(reference)} in {name}, the first "
        what += f"{reference.labels[first]} at score {reference.scores[first]:.4f}: "
        if not found.size:
            return f"{what}not found."
        i = found[0]
        return (
            f"{what}score off by {pairing.score[i]:.2g}, box by {pairing.box[i]:.2g} px, "
            f"mask IoU {pairing.mask_iou[i]:.4f}."
        )
    if surplus:
        return f"{_count(len(surplus), 'object')} in {name} that Paddle does not find."
    return ""


def _overlaps(reference: Instances, other: Instances) -> npt.NDArray[np.float64]:
    """(N, M) mask IoU; two empty masks are the same."""
    if not len(reference) or not len(other):
        return np.zeros((len(reference), len(other)))
    overlap = np.array(masks.iou(list(reference.masks), list(other.masks)), np.float64)
    empty = (reference.areas == 0)[:, None] & (other.areas == 0)[None]
    overlap[empty] = 1.0
    return overlap


def _box_tolerance(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    sides = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    return np.maximum(BOX_PX, BOX_SHARE * sides.astype(np.float64))


def _few_pixels(
    one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], ious: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Whether two masks differ in `MASK_PX` pixels at most: |A xor B| from areas and IoU."""
    common = ious * (one + other) / (1 + ious)
    return np.asarray(one + other - 2 * common <= MASK_PX + 1e-6)


def _edge(instances: Instances) -> npt.NDArray[np.bool_]:
    """Objects so near the lowest score compared that a rounding decides whether they are."""
    full = len(instances) >= LIMIT
    lowest = max(FLOOR, float(instances.scores[-1])) if full else FLOOR
    return np.asarray(instances.scores <= lowest + SCORE)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
