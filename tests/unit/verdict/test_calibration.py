"""A small seeded version of `python -m performance.verdict`: the verdict is as right as it says."""

from __future__ import annotations

import numpy as np
import pytest

from instseg_ui.verdict import Accuracy, difference
from performance.verdict import Score, World, population, simulate, tied


@pytest.fixture(scope="module")
def world() -> World:
    return population(np.random.default_rng(5))


def told(score: Score) -> tuple[int, int]:
    return score.given, score.right


def test_where_it_is_given_it_is_right(world: World) -> None:
    score = simulate(world, 40, 60, seed=1)
    assert score.given >= 10
    assert score.right >= 0.93 * score.given


def test_where_the_truth_is_a_tie_it_is_withheld(world: World) -> None:
    score = tied(world, 40, 60, seed=1)
    assert score.given <= 6


def test_few_pictures_make_the_interval_wider_than_the_bootstrap() -> None:
    drawn = np.random.default_rng(0).normal(0.5, 0.05, 5000)
    few, many = (Accuracy.measured(0.5, drawn, "photos", n) for n in (6, 600))
    assert few.interval is not None
    assert many.interval is not None
    assert few.interval[1] - few.interval[0] > 1.3 * (many.interval[1] - many.interval[0])
    assert many.interval == pytest.approx((0.402, 0.598), abs=0.005)
    assert Accuracy.measured(0.5, drawn, "photos", 4).interval is None


def test_the_certainty_is_the_confidence_that_just_excludes_zero() -> None:
    drawn = np.random.default_rng(0).normal(0, 1, 100_000)
    even = Accuracy("measured", "mask AP", 0.5, "photos", 40, np.full(100_000, 0.5))
    for sigmas, certainty in ((1.0, 0.683), (1.96, 0.95), (2.58, 0.99)):
        one = Accuracy("measured", "mask AP", 0.6, "photos", 40, 0.6 + drawn * 0.1 / sigmas)
        found = difference(one, even)
        assert found is not None
        assert found.certainty == pytest.approx(certainty, abs=0.005)
    assert difference(even, even) is not None
    assert difference(even, Accuracy("published", "mask AP", 0.1, "COCO")) is None
