"""What is decided without the network: points, splits, schedule, requests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instseg_ui.errors import InputError
from instseg_ui.train.assign import assign, grid_points, overlaps
from instseg_ui.train.request import TrainingRequest
from instseg_ui.train.schedule import Clock, rate_factor
from instseg_ui.train.split import FEW, FOLDS, parts
from tests.unit.train.factories import request


def test_points_cover_an_input_level_by_level() -> None:
    centres, strides = grid_points(64, 96)
    assert len(centres) == len(strides) == 8 * 12 + 4 * 6 + 2 * 3
    assert centres[0].tolist() == [4, 4]
    assert centres[1].tolist() == [12, 4]
    assert centres[-1].tolist() == [80, 48]


def test_overlaps_are_intersection_over_union() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2]], np.float32)
    assert overlaps(boxes, boxes) == pytest.approx(np.array([[1, 1 / 3], [1 / 3, 1]]))


def test_an_object_takes_points_inside_it_and_its_best_is_worth_its_overlap() -> None:
    centres, _ = grid_points(64, 64)
    objects = np.array([[8, 8, 40, 40], [44, 44, 60, 60]], np.float32)
    boxes = np.concatenate([centres - 12, centres + 12], 1)
    scores = np.full((2, len(centres)), 0.5, np.float32)
    found = assign(scores, boxes, centres, objects, np.array([0, 1]))
    inside = objects[found.objects]
    assert (centres[found.points] > inside[:, :2]).all()
    assert (centres[found.points] < inside[:, 2:]).all()
    assert len(set(found.points.tolist())) == len(found.points)
    shared = overlaps(objects, boxes)
    for one in (0, 1):
        mine = found.objects == one
        assert mine.any()
        best = shared[one, found.points[mine]].max()
        assert found.quality[mine].max() == pytest.approx(best, rel=1e-5)


def test_nothing_to_find_assigns_nothing() -> None:
    centres, _ = grid_points(32, 32)
    boxes = np.concatenate([centres - 4, centres + 4], 1)
    none = np.zeros((0, 4), np.float32)
    found = assign(np.ones((1, len(centres)), np.float32), boxes, centres, none, np.zeros(0, int))
    assert len(found.points) == len(found.quality) == 0


def test_a_split_is_seeded_and_has_every_class_on_both_sides() -> None:
    present = [frozenset({i % 4}) for i in range(20)]
    (part,) = parts(20, present, seed=3)
    assert parts(20, present, seed=3) == (part,)
    assert parts(20, present, seed=4) != (part,)
    assert sorted(part.training + part.held_out) == list(range(20))
    assert len(part.held_out) == 5
    for side in part:
        assert {i % 4 for i in side} == set(range(4))


@pytest.mark.parametrize("count", [2, 3, FEW - 1])
def test_few_photos_are_held_out_in_turn(count: int) -> None:
    folds = parts(count, [frozenset({0})] * count, seed=0)
    assert len(folds) == min(FOLDS, count)
    assert sorted(i for one in folds for i in one.held_out) == list(range(count))
    assert all(not set(one.training) & set(one.held_out) and one.training for one in folds)


def test_many_photos_hold_out_a_bounded_part() -> None:
    (part,) = parts(1000, [frozenset({0})] * 1000, seed=0)
    assert len(part.held_out) == 100
    assert len(part.training) >= 850


def test_the_clock_goes_by_time_or_by_rounds() -> None:
    now = [0.0]
    clock = Clock(10.0, None, now=lambda: now[0])
    clock.start()
    now[0] = 4.0
    clock.tick()
    assert (clock.progress, clock.over, clock.seconds_left) == (0.4, False, 6.0)
    now[0] = 10.0
    clock.tick()
    assert clock.over
    rounds = Clock(10.0, 4, epoch=3, spent=3.0)
    assert (rounds.progress, rounds.seconds_left) == (0.75, 1.0)
    assert Clock(10.0, 4, epoch=1, spent=11.0).over


def test_rates_warm_up_and_end_small() -> None:
    assert rate_factor(0.0, 0) < 0.1
    assert rate_factor(0.3, 100) == 1.0
    assert rate_factor(1.0, 100) == pytest.approx(0.02)


def test_a_request_survives_the_way_to_its_process(tmp_path: Path) -> None:
    made = request(tmp_path, split="val", epochs=None)
    assert TrainingRequest.loads(made.dumps()) == made
    assert made.name == "my model"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minutes": 0}, "minutes above 0"),
        ({"minutes": float("nan")}, "minutes above 0"),
        ({"minutes": 1e9}, "at most 1440"),
        ({"epochs": 0}, "1 to 10000 epochs"),
        ({"seed": -1}, "a seed from 0"),
        ({"name": "../other"}, "Expected a name"),
        ({"name": "x" * 61}, "at most 60"),
        ({"licence": "y" * 401}, "Expected a licence"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, changes: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        request(tmp_path, **changes)
