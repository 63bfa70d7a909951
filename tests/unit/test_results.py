"""The one record: columns that fit, the highest score first, plain JSON on the way out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.errors import InputError
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Instances, Prediction, Runtime, Timings, check_threshold
from tests.unit.factories import instances

COLUMNS = ("boxes", "class_ids", "scores", "areas", "masks", "labels")


def columns(**changes: Any) -> dict[str, Any]:
    good = instances(0.9, 0.5, 0.5)
    return {name: getattr(good, name) for name in COLUMNS} | changes


def prediction(*scores: float, **changes: Any) -> Prediction:
    made = Prediction(
        model="demo",
        width=8,
        height=6,
        instances=instances(*scores),
        timings=Timings(decode=1, queue=100, preprocess=2, inference=3, postprocess=4, transfer=5),
        runtime=Runtime("fake", "cpu", 1, {"opencv": "4"}, 10.0, 5.0, 20.0, ("a note",)),
        floor=0.05,
    )
    return replace(made, **changes)


def test_good_columns_are_taken() -> None:
    assert len(Instances(**columns())) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("boxes", np.zeros((3, 4), np.float64)),
        ("boxes", np.zeros((3, 5), np.float32)),
        ("boxes", np.zeros((2, 4), np.float32)),
        ("boxes", np.zeros(12, np.float32)),
        ("class_ids", np.zeros(3, np.int64)),
        ("class_ids", np.zeros(4, np.int32)),
        ("areas", np.zeros(3, np.int32)),
        ("scores", np.zeros(3, np.float64)),
        ("scores", np.zeros((3, 1), np.float32)),
        ("scores", np.array([0.5, 0.9, 0.4], np.float32)),
        ("scores", np.array([0.9, np.nan, 0.4], np.float32)),
        ("masks", ()),
        ("labels", ("cat",)),
    ],
)
def test_columns_that_do_not_fit_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"^Expected"):
        Instances(**columns(**{name: value}))


def test_rows_are_sorted_and_ties_keep_their_order() -> None:
    found = instances(0.5, 0.9, 0.5, 0.7, labels=("a", "b", "c", "d"))
    assert found.labels == ("b", "d", "a", "c")


def test_rows_make_columns_and_columns_make_rows() -> None:
    found = instances(0.9, 0.4, labels=("a", "b"))
    again = Instances.from_rows(list(found))
    assert list(again) == list(found)
    row = next(iter(found))
    assert {type(value) for value in row.box} == {float}
    assert (type(row.class_id), type(row.score), type(row.area)) == (int, float, int)


def test_no_rows_are_instances_too() -> None:
    none = Instances.from_rows([])
    assert (len(none), list(none), none.counts(), len(none.at(0.5))) == (0, [], {}, 0)
    assert none.boxes.shape == (0, 4)


def test_the_threshold_itself_is_kept() -> None:
    found = instances(0.9, 0.5, 0.3)
    assert [len(found.at(t)) for t in (0, 0.3, 0.31, 0.5, 0.9, 0.91, 1)] == [3, 3, 2, 2, 1, 0, 0]


@given(st.lists(st.floats(0, 1, width=32)), st.floats(0, 1))
def test_a_threshold_cuts_every_column_alike(scores: list[float], threshold: float) -> None:
    kept = instances(*scores).at(threshold)
    expected = sorted((s for s in scores if np.float32(s) >= np.float32(threshold)), reverse=True)
    assert kept.scores.tolist() == expected
    assert {len(getattr(kept, name)) for name in COLUMNS} == {len(expected)}


def test_counts_name_the_most_frequent_class_first() -> None:
    found = instances(0.9, 0.8, 0.7, 0.6, labels=("dog", "cat", "bird", "cat"))
    assert list(found.counts().items()) == [("cat", 2), ("bird", 1), ("dog", 1)]


def test_reprs_are_short() -> None:
    assert repr(instances(0.9, 0.5)) == "Instances(2)"


def test_latency_is_everything_but_decoding_and_waiting() -> None:
    assert prediction().timings.latency == 14
    assert prediction().runtime.cold_ms == 15


def test_a_prediction_becomes_plain_json() -> None:
    made = prediction(0.9, 0.123456789, notes=("first frame only",))
    values = json.loads(json.dumps(to_json(made), allow_nan=False))
    assert values["image"] == {"width": 8, "height": 6}
    assert values["timings_ms"]["latency"] == 14
    assert values["runtime"]["notes"] == ["a note"]
    assert values["notes"] == ["first frame only"]
    first = values["instances"][0]
    assert first.keys() == {"class_id", "label", "score", "box", "area", "mask"}
    assert first["box"] == [0, 0, 1, 1]
    assert [row["score"] for row in values["instances"]] == [0.9, 0.12345679]


@given(st.lists(st.floats(0, 1, width=32)), st.floats(0, 1, width=32))
def test_filtering_the_json_keeps_what_a_threshold_keeps(scores: list[float], cut: float) -> None:
    threshold = float(str(np.float32(cut)))
    made = prediction(*scores, cut)
    kept = [row for row in to_json(made)["instances"] if row["score"] >= threshold]
    assert kept == to_json(made.at(threshold))["instances"]


def test_a_prediction_at_a_threshold_keeps_the_rest() -> None:
    made = prediction(0.9, 0.3)
    assert len(made.at(0.5).instances) == 1
    assert len(made.instances) == 2
    assert made.at(0.5).timings == made.timings


@pytest.mark.parametrize("value", [0, 1, 0.5, 0.0, 1.0, np.float32(0.5), np.int64(1)])
def test_a_number_from_zero_to_one_is_a_threshold(value: Any) -> None:
    assert check_threshold(value) == float(value)
    assert type(check_threshold(value)) is float


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -1,
        -1e-9,
        2,
        1.0001,
        5,
        10**400,
        np.float32("nan"),
        np.complex64(0.5),
        True,
        False,
        np.True_,
        None,
        "0.5",
        "x" * 1000,
        [0.5],
        {},
    ],
)
def test_anything_else_is_refused_in_a_short_sentence(value: object) -> None:
    with pytest.raises(InputError, match=r"^The threshold must") as refused:
        prediction(0.9).at(value)  # type: ignore[arg-type]
    assert len(str(refused.value)) < 100


N = 4
CHOICES: list[tuple[Any, list[int]]] = [
    (slice(None), [0, 1, 2, 3]),
    (slice(1, 3), [1, 2]),
    (slice(9, None), []),
    (slice(None, None, 2), [0, 2]),
    ([], []),
    ([0, 3], [0, 3]),
    ([-1], [3]),
    ((1, 2), [1, 2]),
    ([True, False, True, False], [0, 2]),
    (np.array([True, False, False, True]), [0, 3]),
    (np.zeros(N, bool), []),
    (np.array([1, 3]), [1, 3]),
    (np.array([1, 3], np.uint8), [1, 3]),
    (np.array([], np.int64), []),
    (np.array([0, -1], np.int32), [0, 3]),
    (2, [2]),
    (-4, [0]),
    (np.int64(1), [1]),
]


def four() -> Instances:
    return instances(0.9, 0.8, 0.7, 0.6, labels="abcd")


@pytest.mark.parametrize(("which", "places"), CHOICES)
def test_every_column_is_chosen_alike(which: Any, places: list[int]) -> None:
    found, rows = four(), list(four())
    assert list(found[which]) == [rows[i] for i in places]
    for name, dtype in (("boxes", "f4"), ("scores", "f4"), ("class_ids", "i4"), ("areas", "i8")):
        assert getattr(found[which], name).dtype == np.dtype(dtype)


@given(st.lists(st.booleans(), min_size=N, max_size=N))
def test_a_mask_and_its_places_choose_the_same(mask: list[bool]) -> None:
    found = four()
    assert list(found[mask]) == list(found[np.flatnonzero(mask)])


@pytest.mark.parametrize(
    ("which", "error", "words"),
    [
        ([True], IndexError, "Expected a mask of 4 bool, got one of 1"),
        (np.ones(5, bool), IndexError, "Expected a mask of 4 bool, got one of 5"),
        (4, IndexError, "Expected places of 4 instances, got 4"),
        ([0, -5], IndexError, "Expected places of 4 instances, got -5"),
        ([0.5], TypeError, "Expected a mask, integers or a slice"),
        ("ab", TypeError, "Expected a mask, integers or a slice"),
        (None, TypeError, "Expected a mask, integers or a slice"),
        ([[0, 1]], TypeError, "Expected a mask, integers or a slice"),
        ([2, 0], ValueError, "Expected scores in falling order"),
    ],
)
def test_what_does_not_choose_is_refused(which: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        four()[which]


def test_nothing_can_be_chosen_of_nothing() -> None:
    none = Instances.from_rows([])
    assert (len(none[:]), len(none[[]]), len(none[np.zeros(0, bool)])) == (0, 0, 0)
    with pytest.raises(IndexError, match="Expected places of 0 instances"):
        none[0]


def test_the_best_ones_and_those_of_other_classes() -> None:
    found = four()
    assert [len(found.limit(most)) for most in (0, 2, 9, None)] == [0, 2, 4, 4]
    assert found.without({"a", "d", "x"}).labels == ("b", "c")
