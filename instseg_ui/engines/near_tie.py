"""A decision that rounding turns, by kind."""

from __future__ import annotations

from dataclasses import dataclass

CROP = "mask cropped at a pixel border"
PIXEL = "mask pixels at their threshold"
OVERLAP = "overlap at the limit of the suppression"
EDGE = "score at the edge of what is compared"
LOOSE = "not held by Paddle itself"


@dataclass(frozen=True, slots=True)
class NearTie:
    """A decision that followed the reference's.

    Attributes:
        reference: number of the object in the reference's answer; -1 for one that it has not.
        kind: what was decided, in words.
        distance: how far the value was from the border, in its own unit; 0 where it is not known.
    """

    reference: int
    kind: str
    distance: float = 0.0
