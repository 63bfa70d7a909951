"""What can be true of each object, by column: the table that all figures are computed from.

An object is what one or several models marked at one place of a photo. What is true of it is one of
its outcomes: there is nothing; there is an object that no model got right; or there is one and a
certain outline of it, with its class, is right - and with it every model whose own outline has an
IoU of at least the bound with that one and the same class.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.float64]

THRESHOLDS: Floats = np.round(np.arange(0.05, 0.985, 0.01), 2).astype(np.float32)
"""The T thresholds that a model's best one is looked for among."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """N objects of P photos as H models saw them, and the K ways in which one can be right.

    Attributes:
        models: H names.
        photos: P, how many photos there are, those without an object too.
        photo: (N,) the photo of each object, in rising order.
        scores: (N, H) the highest score a model gave it, 0 where it did not find it.
        owner: (K,) the object of each way, in rising order.
        right: (K, H) the highest score of a model's outline that is right then, 0 for none.
        marked: (P, H, T) how many outlines of a model reach each threshold in a photo.
    """

    models: tuple[str, ...]
    photos: int
    photo: Ints
    scores: Floats
    owner: Ints
    right: Floats
    marked: Floats
    starts: npt.NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "starts", np.searchsorted(self.owner, np.arange(len(self.photo) + 1))
        )

    def __len__(self) -> int:
        return len(self.photo)


def reached(scores: Floats) -> Ints:
    """How many of `THRESHOLDS` each score reaches, of the same shape; 0 for a score of 0."""
    return np.searchsorted(THRESHOLDS, np.asarray(scores, np.float32), side="right").astype(
        np.int32
    )


def count_marked(photo: Ints, model: Ints, scores: Floats, photos: int, models: int) -> Floats:
    """(P, H, T), how many outlines reach each threshold, from columns of all of them."""
    size = THRESHOLDS.size
    level = reached(scores)
    place = (photo.astype(np.int64) * models + model) * (size + 1) + level
    found = np.bincount(place, minlength=photos * models * (size + 1))
    table = found.reshape(photos, models, size + 1)[:, :, 1:]
    return table[:, :, ::-1].cumsum(axis=2)[:, :, ::-1].astype(np.float32)


def right_at(outcomes: Outcomes, thresholds: Floats) -> npt.NDArray[np.bool_]:
    """(K, H), whether a model is right at its threshold of `thresholds` (H,)."""
    return np.asarray((outcomes.right >= thresholds) & (outcomes.right > 0))
