"""Which photos teach and which are held out, by the seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FEW = 10
"""Below so many photos each is held out in turn (k-fold): one part would be too small to tell."""
FOLDS = 3
SHARE = 0.25
"""Of the photos that are held out."""
_MOST_HELD_OUT = 100
_LEAST_HELD_OUT = 3


class Part(NamedTuple):
    """One split, by the places of photos; both in rising order."""

    training: tuple[int, ...]
    held_out: tuple[int, ...]


def parts(count: int, present: Sequence[frozenset[int]], seed: int) -> tuple[Part, ...]:
    """One part, or `FOLDS` of few photos, whose held-out photos together are all.

    Photos are shuffled, then those of rare classes are dealt first, so that as far as it goes every
    class is on both sides.

    Args:
        count: of photos, 2 or more.
        present: the classes that each of them has objects of.
        seed: the same seed splits the same photos alike.
    """
    order = _dealt(count, present, seed)
    folds = min(FOLDS, count) if count < FEW else _folds_of_many(count)
    held = [sorted(order[fold::folds]) for fold in range(folds)]
    every = range(count)
    made = [
        Part(tuple(i for i in every if i not in set(one)), tuple(one[:_MOST_HELD_OUT]))
        for one in held
    ]
    return tuple(made) if count < FEW else (_best(made, present),)


def _folds_of_many(count: int) -> int:
    """Into how many parts photos are dealt of which one is held out: a quarter, at most so many."""
    wanted = min(max(_LEAST_HELD_OUT, round(SHARE * count)), _MOST_HELD_OUT)
    return max(2, count // wanted)


def _dealt(count: int, present: Sequence[frozenset[int]], seed: int) -> list[int]:
    """Places in the order in which they go to the parts in turn: photos of rare classes first."""
    shuffled = np.random.default_rng(seed).permutation(count).tolist()
    photos: dict[int, int] = {}
    for classes in present:
        for one in classes:
            photos[one] = photos.get(one, 0) + 1

    def rarest(place: int) -> tuple[int, int]:
        return min(((photos[one], one) for one in present[place]), default=(count + 1, 0))

    return sorted(shuffled, key=rarest)


def _best(made: Sequence[Part], present: Sequence[frozenset[int]]) -> Part:
    """The first part whose held-out photos have the most classes that the others have too."""

    def shared(part: Part) -> int:
        sides = [frozenset().union(*(present[i] for i in side)) for side in part]
        return len(sides[0] & sides[1])

    return max(made, key=shared)
