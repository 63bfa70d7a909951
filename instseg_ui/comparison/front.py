"""The points that no other beats in both cost and worth (Pareto)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Point(NamedTuple):
    """A model as a point of a chart: its cost (less is better) and its worth (more is)."""

    model: str
    cost: float
    worth: float


def front(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats in both cost and worth (Pareto), the cheapest first.

    Of two equal points both stay.
    """
    kept: list[Point] = []
    for point in sorted(points, key=lambda one: (one.cost, -one.worth)):
        best = kept[-1] if kept else None
        if best is None or point.worth > best.worth or point[1:] == best[1:]:
            kept.append(point)
    return kept
