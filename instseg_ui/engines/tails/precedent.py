"""Decisions taken again with Paddle's own value, where the two lie within rounding of a border.

A mask that is cropped at a pixel's border, a box whose overlap is the limit of the suppression, a
pixel at its threshold: two engines that agree to the sixth digit decide them differently. Given
Paddle's answer to the same image, such a decision follows it, and says so. Everything else is
computed as ever, so that a fault stays one: it shows with Paddle's value just as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.near_tie import CROP, OVERLAP, PIXEL, NearTie
from instseg_ui.engines.tails.outline import Plain, Stretched, outlines
from instseg_ui.masks import Edges, decode, edges_of_crop, encode_edges
from instseg_ui.results import Instances

Floats = npt.NDArray[np.float32]

_SCORE, _BOX_PX = 1e-3, 0.5
"""How far an object may be from Paddle's to be the same one."""
_CROP_PX = 1e-2
"""How far a box's side may be from Paddle's, pixels of the network's input, to be rounding."""
_OVERLAP = 1e-4
_VALUE = 1e-3
"""How far a mask's value may be from its threshold."""


class Precedent:
    """Paddle's answer to an image, and the decisions that followed it."""

    reach = _VALUE

    def __init__(self, reference: Instances, size: tuple[int, int]) -> None:
        self._reference, self._size = reference, size
        self.ties: list[NearTie] = []

    def same(self, class_id: int, score: float, box: Floats | None) -> int | None:
        """Number of Paddle's object that this one is; `box` (4,), xyxy in the image."""
        ours = self._reference
        near = (ours.class_ids == class_id) & (np.abs(ours.scores - np.float32(score)) <= _SCORE)
        if box is not None:
            height, width = self._size
            inside = np.clip(box, 0, np.array([width, height, width, height], np.float32))
            near &= np.abs(ours.boxes - inside).max(axis=1, initial=0) <= _BOX_PX
        found = np.flatnonzero(near)
        if not found.size:
            return None
        return int(found[np.argmin(np.abs(ours.scores[found] - np.float32(score)))])

    def cropping(self, number: int | None, box: Floats, scale: Floats) -> Floats:
        """The box to crop by: Paddle's side where only rounding lies between it and a pixel.

        Args:
            number: of Paddle's object, or None.
            box: (4,) xyxy in pixels of the network's input.
            scale: (4,) what boxes of the image are multiplied by.
        """
        if number is None:
            return box
        theirs = self._reference.boxes[number] * scale
        apart = np.abs(theirs - box)
        turns = (np.ceil(theirs) != np.ceil(box)) & (apart <= _CROP_PX)
        if turns.any():
            self.ties.append(NearTie(number, CROP, float(apart[turns].max())))
        return np.where(turns, theirs, box).astype(np.float32)

    def overlapping(self, scale: Floats) -> Callable[[int, float, Floats, float], bool | None]:
        """For the suppression: whether Paddle kept a box whose overlap is so near the limit.

        Takes class, score, box (4,) of the network's input, and the distance from the limit.
        """

        def kept(class_id: int, score: float, box: Floats, distance: float) -> bool | None:
            if not abs(distance) <= _OVERLAP:
                return None
            number = self.same(class_id, score, box / scale)
            if (number is None) == (distance > 0):
                return None
            self.ties.append(NearTie(-1 if number is None else number, OVERLAP, abs(distance)))
            return number is not None

        return kept

    def masks(
        self,
        maps: Iterable[Stretched | Plain | None],
        numbers: Sequence[int | None],
        level: float,
    ) -> list[Edges]:
        """`outlines`, with Paddle's own pixels where a value is at the level."""
        items = list(maps)
        edges = outlines(items, level, self._size)
        for place, (item, number) in enumerate(zip(items, numbers, strict=True)):
            if item is not None and number is not None:
                edges[place] = self._pixels(item, number, edges[place], level)
        return edges

    def _pixels(self, item: Stretched | Plain, number: int, edges: Edges, level: float) -> Edges:
        theirs = self._reference.masks[number]
        if encode_edges(edges, self._size)["counts"] == theirs["counts"]:
            return edges
        values = item.whole()
        column, row = (
            (item.column, item.row)
            if isinstance(item, Plain)
            else (item.columns.first, item.rows.first)
        )
        window = slice(row, row + values.shape[0]), slice(column, column + values.shape[1])
        crop, wanted = values > level, decode(theirs)[window]
        distance = np.abs(values - np.float32(level))
        turns = (crop != wanted) & (distance <= _VALUE)
        if not turns.any():
            return edges
        self.ties.append(NearTie(number, PIXEL, float(distance[turns].max())))
        return edges_of_crop(crop ^ turns, (column, row), self._size[0])
