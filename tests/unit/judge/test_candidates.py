"""What the models marked becomes objects with outlines to choose from."""

from __future__ import annotations

import numpy as np
import pytest

from instseg_ui.errors import InputError
from instseg_ui.judge import find_candidates
from instseg_ui.judge.outcomes import THRESHOLDS, reached
from tests.unit.judge.factories import LEFT, MIDDLE, RIGHT, candidates, mark, photo

NEAR = (2, 3, 23, 23)  # IoU 0.95 with LEFT
LOOSE = (2, 3, 22, 33)  # IoU 0.67 with LEFT


def test_outlines_that_are_nearly_the_same_are_one() -> None:
    found = candidates(photo("1", [mark(LEFT, 0.9)], [mark(NEAR, 0.6)]))
    (one,) = found.objects
    assert (one.name, one.state) == ("1-1", "all agree")
    (outline,) = one.candidates
    assert outline.models == (0, 1)
    assert outline.score == pytest.approx(0.9)
    np.testing.assert_allclose(found.outcomes.scores, [[0.9, 0.6]])


def test_a_loose_outline_is_one_to_choose_and_right_with_the_other() -> None:
    found = candidates(photo("1", [mark(LEFT)], [mark(LOOSE, 0.5)]))
    (one,) = found.objects
    assert one.state == "loose mask"
    assert len(one.candidates) == 2
    assert one.ways == (0, 0)
    strict = find_candidates(("a", "b"), found.photos, min_iou=0.75)
    assert strict.objects[0].ways == (0, 1)
    np.testing.assert_allclose(strict.outcomes.right, [[0.9, 0], [0, 0.5]])


def test_another_class_is_another_way_to_be_right() -> None:
    found = candidates(photo("1", [mark(LEFT)], [mark(LEFT, 0.8, "dog")]))
    (one,) = found.objects
    assert one.state == "class differs"
    assert [outline.label for outline in one.candidates] == ["cat", "dog"]
    assert one.ways == (0, 1)


def test_who_found_it_and_who_missed_it() -> None:
    found = candidates(
        photo("1", [mark(LEFT)], [mark(MIDDLE)], [mark(LEFT)]), models=("a", "b", "c")
    )
    assert [one.state for one in found.objects] == ["missed by some", "only one"]
    assert [one.photo for one in found.objects] == [0, 0]


def test_a_second_outline_of_an_object_belongs_to_it() -> None:
    twice = [mark(LEFT, 0.9), mark(LOOSE, 0.4)]
    found = candidates(photo("1", twice, []), photo("2", twice, [mark(LEFT)]))
    assert [len(one.candidates) for one in found.objects] == [2, 2]
    assert found.outcomes.marked[0, 0, reached(np.array([0.3], np.float32))[0]] == 2
    np.testing.assert_allclose(found.outcomes.right[:, 0], 0.9)


def test_outlines_at_each_threshold_are_counted() -> None:
    found = candidates(photo("1", [mark(LEFT, 0.5), mark(RIGHT, 0.9)], [mark(LEFT, 0.2)]))
    counts = found.outcomes.marked[0]
    at = {float(value): i for i, value in enumerate(THRESHOLDS)}
    levels = [at[float(np.float32(value))] for value in (0.2, 0.5, 0.51, 0.9, 0.91)]
    assert counts[0, levels].tolist() == [2, 2, 1, 1, 0]
    assert counts[1, levels].tolist() == [1, 0, 0, 0, 0]


def test_a_photo_without_objects_is_there_all_the_same() -> None:
    found = candidates(photo("1", [], []), photo("2", [mark(LEFT)], []))
    assert found.outcomes.photos == 2
    assert found.objects[0].name == "2-1"


def test_the_digest_changes_with_what_the_answers_rest_on() -> None:
    one = candidates(photo("1", [mark(LEFT)], []))
    assert one.digest == candidates(photo("1", [mark(LEFT)], [])).digest
    for other in (
        candidates(photo("1", [mark(LEFT, 0.8)], [])),
        candidates(photo("2", [mark(LEFT)], [])),
        candidates(photo("1", [mark(LEFT)], []), models=("a", "c")),
        find_candidates(("a", "b"), one.photos, min_iou=0.6),
    ):
        assert other.digest != one.digest


@pytest.mark.parametrize(
    ("models", "photos", "min_iou", "said"),
    [
        (["a"], [photo("1", [])], 0.5, "2 to 8 models"),
        (list("abcdefghi"), [photo("1", *[[]] * 9)], 0.5, "2 to 8 models"),
        (["a", "a"], [photo("1", [], [])], 0.5, "twice"),
        (["a", "b"], [], 0.5, "photos to judge by"),
        (["a", "b"], [photo("1", [])], 0.5, "2 models"),
        (["a", "b"], [photo("1", [], []), photo("1", [], [])], 0.5, "different names"),
        (["a", "b"], [photo("1", [], [])], float("nan"), "IoU"),
        (["a", "b"], [photo("1", [], [])], 0.3, "IoU"),
    ],
)
def test_what_cannot_be_judged(models: list[str], photos: list, min_iou: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_candidates(models, photos, min_iou=min_iou)
