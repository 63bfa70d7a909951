"""What a tail is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.preprocess import Prepared
from instseg_ui.engines.runtimes import Network
from instseg_ui.engines.tails.outline import Plain, Stretched, outlines
from instseg_ui.engines.tails.precedent import Precedent
from instseg_ui.masks import Edges

Floats: TypeAlias = npt.NDArray[np.float32]
Scored: TypeAlias = tuple[Floats, Floats | None]
"""Scores (N,) and boxes (N, 4) in the image, if there are boxes."""
Networks = Mapping[str, Network]
"""Loaded parts by the name that the manifest gives them."""


@dataclass(frozen=True, slots=True)
class TailInput:
    """One image, ready for the network.

    Attributes:
        prepared: the network's inputs.
        size: height and width of the original image, pixels.
        labels: class names by class id.
        floor: lowest score kept.
        limit: most instances kept, the highest scores first.
        precedent: Paddle's answer, which decisions within rounding follow; None but for a check.
    """

    prepared: Prepared
    size: tuple[int, int]
    labels: tuple[str, ...]
    floor: float
    limit: int
    precedent: Precedent | None = None

    def same(
        self, kept: Sequence[int], class_ids: npt.NDArray[np.int64], found: Scored
    ) -> list[int | None]:
        """Numbers of these candidates in Paddle's answer, None for all without one."""
        if self.precedent is None:
            return [None] * len(kept)
        scores, boxes = found
        return [
            self.precedent.same(
                int(class_ids[i]), float(scores[i]), None if boxes is None else boxes[i]
            )
            for i in kept
        ]

    def lowest(self, level: float) -> float:
        """What a value must pass to matter: less than `level` where Paddle's may turn it."""
        return level if self.precedent is None else level - self.precedent.reach

    def masks(
        self,
        maps: Iterable[Stretched | Plain | None],
        numbers: Sequence[int | None],
        level: float,
    ) -> list[Edges]:
        """Where maps pass `level`; `numbers` are those of `same`."""
        if self.precedent is None:
            return outlines(maps, level, self.size)
        return self.precedent.masks(maps, numbers, level)
