"""Matching what models found: against brute force, and on cases whose answer is known."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui import masks
from instseg_ui.comparison import overlaps
from instseg_ui.comparison.objects import Pair, compare, coverage, match
from instseg_ui.errors import InputError
from instseg_ui.results import Instance, Instances, Prediction, Runtime, Timings
from performance.comparison import main

SIDE = 24
RUNTIME = Runtime("fake", "cpu", 1)
boxes = st.tuples(*[st.integers(0, 16)] * 2, *[st.integers(1, 8)] * 2)
sets = st.lists(st.tuples(boxes, st.sampled_from("ab"), st.floats(0.0625, 1, width=32)), max_size=5)


def square(x: int, y: int, width: int, height: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[y : y + height, x : x + width] = True
    return mask


def instance(box: tuple[int, int, int, int], label: str = "a", score: float = 0.9) -> Instance:
    mask = square(*box)
    rle = masks.encode(mask)
    return Instance(ord(label) - 97, label, score, masks.box_of(rle), int(mask.sum()), rle)


def found(*rows: Instance) -> Instances:
    return Instances.from_rows(rows)


def predicted(model: str, *rows: Instance, side: int = SIDE) -> Prediction:
    return Prediction(model, side, side, found(*rows), Timings(), RUNTIME, 0.05)


def best_sum(first: Instances, second: Instances, class_aware: bool, min_iou: float) -> float:
    """The largest sum of IoU over every way to pair the smaller set."""
    overlaps = masks.iou(list(first.masks), list(second.masks))
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            if overlaps[i, j] < min_iou or (class_aware and one.label != other.label):
                overlaps[i, j] = 0
    if overlaps.shape[0] > overlaps.shape[1]:
        overlaps = overlaps.T
    rows = range(overlaps.shape[0])
    ways = permutations(range(overlaps.shape[1]), overlaps.shape[0])
    return max((sum(overlaps[i, way[i]] for i in rows) for way in ways), default=0.0)


@given(sets, sets, st.booleans(), st.sampled_from([0.1, 0.5, 0.75]))
def test_matching_equals_brute_force(
    one: list[tuple[tuple[int, int, int, int], str, float]],
    other: list[tuple[tuple[int, int, int, int], str, float]],
    class_aware: bool,
    min_iou: float,
) -> None:
    first, second = (found(*(instance(*row) for row in rows)) for rows in (one, other))
    pairs = match(first, second, class_aware=class_aware, min_iou=min_iou)
    assert sum(pair.iou for pair in pairs) == pytest.approx(
        best_sum(first, second, class_aware, min_iou)
    )
    assert len({pair.first for pair in pairs}) == len({pair.second for pair in pairs}) == len(pairs)
    assert all(pair.iou >= min_iou for pair in pairs)


def test_a_matched_object_stands_in_one_row() -> None:
    shifted = instance((1, 0, 8, 8), score=0.7)
    result = compare([predicted("A", instance((0, 0, 8, 8))), predicted("B", shifted)])
    (only,) = result.objects
    assert only.state == "all agree"
    assert [member.iou if member else None for member in only.members] == [
        1.0,
        pytest.approx(56 / 72),
    ]
    assert result.f1[0, 1] == 1.0
    assert result.mean_iou[0, 1] == pytest.approx(56 / 72)


@pytest.mark.parametrize(
    ("second", "state"),
    [
        ([instance((0, 0, 8, 8))], "all agree"),
        ([instance((0, 0, 8, 8), "b")], "class differs"),
        ([instance((0, 0, 8, 5))], "loose mask"),
        ([], "only one"),
    ],
)
def test_states_are_named_plainly(second: list[Instance], state: str) -> None:
    result = compare([predicted("A", instance((0, 0, 8, 8))), predicted("B", *second)])
    assert [item.state for item in result.objects] == [state]


def test_disagreements_come_first() -> None:
    far, near = instance((16, 16, 4, 4), score=0.99), instance((0, 0, 8, 8), score=0.3)
    other = instance((0, 0, 8, 8), "b", 0.3)
    result = compare([predicted("A", far, near), predicted("B", far, other)])
    assert [item.state for item in result.objects] == ["class differs", "all agree"]
    assert result.objects[0].labels == ("a", "b")


def test_an_object_missed_by_one_of_three() -> None:
    row = instance((2, 2, 6, 6))
    result = compare([predicted("A", row), predicted("B"), predicted("C", row)])
    assert [item.state for item in result.objects] == ["missed by some"]
    assert [member is None for member in result.objects[0].members] == [False, True, False]
    assert np.allclose(result.f1, [[1, 0, 1], [0, 1, 0], [1, 0, 1]])


def test_class_aware_matching_keeps_classes_apart() -> None:
    models = [predicted("A", instance((0, 0, 8, 8))), predicted("B", instance((0, 0, 8, 8), "b"))]
    assert len(compare(models, class_aware=True).objects) == 2
    assert len(compare(models).objects) == 1


def test_two_models_that_find_nothing_agree() -> None:
    result = compare([predicted("A"), predicted("B")])
    assert result.objects == ()
    assert result.f1[0, 1] == 1.0
    assert np.isnan(result.mean_iou[0, 1])


def test_coverage_counts_models_not_instances() -> None:
    twice = predicted("A", instance((0, 0, 4, 4)), instance((0, 0, 4, 4), "b"))
    once = predicted("B", instance((2, 2, 4, 4)))
    total = coverage([twice, once])
    assert total[0, 0] == 1
    assert total[3, 3] == 2
    assert total[5, 5] == 1
    assert coverage([twice, once], "b").sum() == 16


def test_wrong_input_is_said() -> None:
    with pytest.raises(InputError, match="two or more models"):
        compare([predicted("A")])
    with pytest.raises(InputError, match="24 x 24, 32 x 32"):
        compare([predicted("A"), predicted("B", side=32)])


def test_an_empty_set_has_no_pairs() -> None:
    assert match(found(), found(instance((0, 0, 2, 2)))) == []
    assert match(found(instance((0, 0, 2, 2))), found(instance((0, 0, 2, 2)))) == [Pair(0, 0, 1.0)]


@given(st.lists(sets, min_size=2, max_size=4), st.sampled_from([0.2, 0.5]))
def test_only_pairs_that_overlap_enough_are_found(
    many: list[list[tuple[tuple[int, int, int, int], str, float]]], min_iou: float
) -> None:
    """The bound by boxes and areas leaves none out."""
    together = [found(*(instance(*row) for row in rows)).masks for rows in many]
    strung = [mask for one in together for mask in one]
    owner = [i for i, one in enumerate(together) for _ in one]
    table = masks.iou(strung, strung)
    expected = {
        (i, j): table[i, j]
        for i in range(len(strung))
        for j in range(len(strung))
        if owner[i] < owner[j] and table[i, j] >= min_iou
    }
    pairs = overlaps.find(together, min_iou)
    places = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    assert dict(zip(places, pairs.iou.tolist(), strict=True)) == pytest.approx(expected)


@given(st.lists(sets, min_size=2, max_size=4))
def test_coverage_equals_decoding_every_mask(
    many: list[list[tuple[tuple[int, int, int, int], str, float]]],
) -> None:
    models = [predicted(str(i), *(instance(*r) for r in rows)) for i, rows in enumerate(many)]
    expected = np.zeros((SIDE, SIDE), np.uint8)
    for model in models:
        covered = np.zeros((SIDE, SIDE), bool)
        for mask in model.instances.masks:
            covered |= masks.decode(mask)
        expected += covered
    assert np.array_equal(coverage(models), expected)


def test_coverage_of_masks_at_every_edge() -> None:
    whole = instance((0, 0, SIDE, SIDE))
    empty = masks.encode(np.zeros((SIDE, SIDE), bool))
    nothing = Instance(0, "a", 0.5, (0.0, 0.0, 0.0, 0.0), 0, empty)
    corner = instance((SIDE - 1, SIDE - 1, 1, 1))
    total = coverage([predicted("A", whole, nothing), predicted("B", corner), predicted("C")])
    assert total[-1, -1] == 2
    assert int(total.sum()) == SIDE * SIDE + 1


def test_the_benchmark_runs(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--models", "3", "--instances", "5", "--width", "200", "--height", "150"]
    assert main([*sizes, "--repeats", "1"]) == 0
    assert "3 models x 5 instances, 200 x 150 px" in capsys.readouterr().out
