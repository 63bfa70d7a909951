"""The gate: what counts as equal to Paddle, on answers made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from instseg_ui.engines.near_tie import LOOSE, NearTie
from instseg_ui.hpi.parity import FLOOR, LIMIT, Parity, pair, summarise
from instseg_ui.masks import encode
from instseg_ui.results import Instance, Instances

SIZE = (120, 160)


def thing(
    x: int, y: int, side: int = 30, score: float = 0.8, class_id: int = 0, drop: int = 0
) -> Instance:
    """A square; `drop` pixels of its first row are missing from the mask."""
    mask = np.zeros(SIZE, bool)
    mask[y : y + side, x : x + side] = True
    mask[y, x : x + drop] = False
    box = (float(x), float(y), float(x + side), float(y + side))
    return Instance(class_id, f"c{class_id}", score, box, int(mask.sum()), encode(mask))


def shifted(row: Instance, dx: float = 0.0, score: float = 0.0) -> Instance:
    x0, y0, x1, y1 = row.box
    return row._replace(box=(x0 + dx, y0, x1 + dx, y1), score=row.score + score)


def verdict(
    reference: list[Instance], other: list[Instance], ties: set[int] | None = None
) -> Parity:
    one, two = Instances.from_rows(reference), Instances.from_rows(other)
    held = {number: NearTie(number, LOOSE) for number in ties or ()}
    return summarise("x", [("photo", one, pair(one, two))], [held])


THREE = [thing(10, 10), thing(60, 10, score=0.6), thing(100, 60, score=0.4, class_id=1)]


def test_the_same_is_equal_and_says_so() -> None:
    found = verdict(THREE, THREE)
    assert (found.passed, found.objects, found.matched) == (True, 3, 3)
    assert found.sentence == "equal to Paddle: 3/3 objects, worst mask IoU 1.000"


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({"score": 0.0009}, True),
        ({"score": 0.0011}, False),
        ({"dx": 0.49}, True),
        ({"dx": 0.51}, False),
    ],
)
def test_tolerances_of_score_and_box(change: dict[str, float], passes: bool) -> None:
    found = verdict(THREE, [shifted(THREE[0], **change), *THREE[1:]])
    assert found.passed is passes
    if not passes:
        assert found.why.startswith("1 object of 3 in photo, the first c0 at score 0.8000: ")


def test_a_large_box_may_be_off_by_its_share() -> None:
    mask = np.ones((10, 2000), bool)
    row = Instance(0, "c", 0.9, (0.0, 0.0, 2000.0, 10.0), int(mask.sum()), encode(mask))
    assert verdict([row], [shifted(row, dx=1.9)]).passed
    assert not verdict([row], [shifted(row, dx=2.1)]).passed


def test_tolerance_of_masks() -> None:
    assert verdict([thing(10, 10)], [thing(10, 10, drop=8)]).passed
    worse = verdict([thing(10, 10)], [thing(10, 10, drop=10)])
    assert "mask IoU 0.9889" in worse.why
    small = verdict([thing(10, 10, side=5)], [thing(10, 10, side=5, drop=2)])
    assert small.passed, "two pixels of a small mask are rounding"
    assert not verdict([thing(10, 10, side=5)], [thing(10, 10, side=5, drop=3)]).passed


@pytest.mark.parametrize("lost", [0, 2])
def test_a_lost_object_and_a_new_one_are_faults(lost: int) -> None:
    rest = [row for i, row in enumerate(THREE) if i != lost]
    assert "not found" in verdict(THREE, rest).why
    assert "that Paddle does not find" in verdict(rest, THREE).why


def test_another_class_is_another_object() -> None:
    assert not verdict(THREE, [THREE[0]._replace(class_id=5), *THREE[1:]]).passed


def test_what_lies_at_the_edge_is_a_tie() -> None:
    low = thing(30, 70, score=FLOOR + 0.0005)
    many = [thing(x % 100, x % 80, side=20, score=0.9 - x / 1000) for x in range(40)]
    for one, two in (([*many, low], many), (many, [*many, low])):
        assert verdict(one, two).passed
    full = [thing(x, 0, side=20, score=0.9 - x / 1000) for x in range(LIMIT)]
    swapped = [*full[:-1], thing(20, 90, side=20, score=full[-1].score)]
    found = verdict(full, swapped)
    assert found.passed
    assert found.ties == 1
    assert "99/100 objects (1 near tie: score at the edge of what is compared)" in found.sentence


def test_what_paddle_does_not_hold_itself_is_a_tie_but_not_too_often() -> None:
    many = [thing(x * 3, x * 2, side=20, score=0.9 - x / 100) for x in range(40)]
    moved = [shifted(many[0], score=-0.02), *many[1:]]
    assert not verdict(many, moved).passed
    assert verdict(many, moved, {0}).passed
    third = [shifted(row, score=-0.02) if i < 13 else row for i, row in enumerate(many)]
    assert "too many to tell" in verdict(many, third, set(range(13))).why


def test_empty_masks_are_the_same_and_nothing_proves_nothing() -> None:
    nothing = encode(np.zeros(SIZE, bool))
    empty = thing(10, 10)._replace(mask=nothing, area=0)
    assert verdict([empty], [empty]).passed
    assert "Paddle found nothing" in verdict([], []).why
    assert not verdict([], [thing(0, 0)]).passed


def test_twins_are_told_apart_by_their_scores() -> None:
    twins = [thing(10, 10, score=0.8), thing(10, 10, score=0.7)]
    assert verdict(twins, list(reversed(twins))).matched == 2
