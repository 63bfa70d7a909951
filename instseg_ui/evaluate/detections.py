"""Everything that was predicted on a data set, by column, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Detections:
    """N predictions on a whole data set by one kind of IoU; some fifty bytes each, no masks.

    In the order of images, in each by falling score. Of a class in an image the first 100 count
    and the others are not here.

    Attributes:
        image: (N,) int32, counts in the data set's images.
        index: (N,) int32, counts in the image's predictions as they were written.
        category: (N,) int32, counts in the data set's categories.
        score: (N,) float64.
        rank: (N,) int32, how many of its class stand before it in its image.
        matched: (N, A) uint16, see `matching.Matched`.
        ignored: (N, A) uint16.
        truth: (N,) int32, the object it finds at IoU 0.5, in the data set's truths; -1 for none.
        iou: (N,) float32, with the object that it finds or that its error is about; 0 for none.
        kind: (N,) uint8, of `tide.Kind`.
        target: (N,) int32, the object that the error is about; -1 for none.
        nearest: (N,) int32, the object it finds when classes do not matter; -1 for none.
    """

    image: npt.NDArray[np.int32]
    index: npt.NDArray[np.int32]
    category: npt.NDArray[np.int32]
    score: npt.NDArray[np.float64]
    rank: npt.NDArray[np.int32]
    matched: npt.NDArray[np.uint16]
    ignored: npt.NDArray[np.uint16]
    truth: npt.NDArray[np.int32]
    iou: npt.NDArray[np.float32]
    kind: npt.NDArray[np.uint8]
    target: npt.NDArray[np.int32]
    nearest: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.score)

    def __repr__(self) -> str:
        return f"Detections({len(self)})"

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """(N,), found an object of its class at IoU 0.5."""
        return (self.matched[:, 0] & np.uint16(1)).astype(bool)

    @property
    def counts(self) -> npt.NDArray[np.bool_]:
        """(N,), is right or wrong at IoU 0.5, and not ignored."""
        return (self.ignored[:, 0] & np.uint16(1)) == 0

    def by_class(self) -> npt.NDArray[np.intp]:
        """Places by class, in each by falling score, of equal scores in the order of images."""
        return np.lexsort((-self.score, self.category))

    @classmethod
    def join(cls, parts: Sequence[Detections]) -> Detections:
        """Those of several images, one behind the other."""
        parts = parts or [cls.none()]
        return cls(
            *(np.concatenate([getattr(one, item.name) for one in parts]) for item in fields(cls))
        )

    @classmethod
    def none(cls) -> Detections:
        """No predictions."""
        empty = np.zeros(0, np.int32)
        words = np.zeros((0, 4), np.uint16)
        return cls(
            empty,
            empty,
            empty,
            np.zeros(0),
            empty,
            words,
            words,
            empty,
            np.zeros(0, np.float32),
            np.zeros(0, np.uint8),
            empty,
            empty,
        )


def at_places(
    values: npt.NDArray[np.int32], places: npt.NDArray[np.int32], none: int
) -> npt.NDArray[np.int32]:
    """`values` at `places`, and `none` where the place is -1; there may be no values at all."""
    found = np.full(places.shape, none, np.int32)
    there = places >= 0
    found[there] = values[places[there]]
    return found
