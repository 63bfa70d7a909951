"""Which model remains and which is best, with the reason in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.comparison.decision import (
    Candidate,
    DecisionLimits,
    Point,
    check_limit,
    decide,
    front,
)
from instseg_ui.errors import InputError

LARGE = Candidate("Large", 45.7, 812.4, 114)
SMALL = Candidate("Small", 41.0, 300, 52)
OWN = Candidate("Own", None, 100, 10)
ALL = [LARGE, SMALL, OWN]

numbers = st.integers(1, 9).map(float)
points = st.lists(st.tuples(numbers, numbers), max_size=12)


def test_without_limits_the_highest_ap_wins() -> None:
    verdict = decide(ALL, DecisionLimits())
    assert verdict.best == "Large"
    assert verdict.remaining == ("Large", "Small", "Own")
    assert verdict.reason == (
        "Of the 3 models compared, Large has the highest published mask AP 45.7, 812 ms here, "
        "114 MB. Next: Small, AP 41.0, 300 ms here, 52.0 MB."
    )


def test_a_limit_rules_out_and_says_by_how_much() -> None:
    verdict = decide(ALL, DecisionLimits(latency_ms=500))
    assert verdict.best == "Small"
    assert verdict.ruled_out == {"Large": "812 ms is over 500 ms"}
    assert "within 500 ms" in verdict.reason


def test_both_limits_hold_together() -> None:
    verdict = decide(ALL, DecisionLimits(500, 20))
    assert verdict.best == "Own"
    assert verdict.ruled_out["Large"] == "812 ms is over 500 ms, 114 MB is over 20 MB"
    assert "the only one within 500 ms and 20 MB" in verdict.reason
    assert "no published mask AP" in verdict.reason


def test_a_model_exactly_at_the_limit_remains() -> None:
    assert decide([SMALL], DecisionLimits(300, 52)).best == "Small"


@pytest.mark.parametrize(
    ("first", "second", "best", "by"),
    [
        (Candidate("A", 40, 9, 1), Candidate("B", 40, 8, 2), "B", "its latency here"),
        (Candidate("A", 40, 8, 3), Candidate("B", 40, 8, 2), "B", "its size"),
        (Candidate("A", 40, 8, 2), Candidate("B", 40, 8, 2), "A", "its place in the list"),
        (Candidate("A", 40), Candidate("B", 40, 8, 2), "B", "its latency here"),
    ],
)
def test_ties_are_broken_and_said(first: Any, second: Any, best: str, by: str) -> None:
    verdict = decide([first, second], DecisionLimits())
    assert verdict.best == best
    assert "shares the highest" in verdict.reason
    assert f"by {by}" in verdict.reason


def test_without_any_ap_the_fastest_is_named() -> None:
    verdict = decide([OWN, Candidate("Other", None, 50, 99)], DecisionLimits())
    assert verdict.best == "Other"
    assert "accuracy cannot decide; Other is the fastest here, 50.0 ms" in verdict.reason


def test_without_ap_and_measurement_it_says_to_compare() -> None:
    assert "Compare them first" in decide([Candidate("A"), Candidate("B")], DecisionLimits()).reason


def test_nothing_measured_under_a_limit_is_ruled_out() -> None:
    verdict = decide([Candidate("A", 40, None, 5), SMALL], DecisionLimits(latency_ms=400))
    assert verdict.ruled_out == {"A": "not measured here"}
    assert verdict.best == "Small"


def test_no_candidates_at_all() -> None:
    assert (
        decide([], DecisionLimits()).reason
        == "Nothing was measured yet. Pick models and compare them."
    )


@pytest.mark.parametrize(
    ("limits", "advice"),
    [
        (DecisionLimits(latency_ms=50), "No model remains within 50 ms. Allow 100 ms to keep Own."),
        (DecisionLimits(size_mb=5), "No model remains within 5 MB. Allow 10.0 MB to keep Own."),
        (DecisionLimits(90, 60), "Allow 100 ms to keep Own."),
        (DecisionLimits(400, 8), "Allow 10.0 MB to keep Own."),
        (DecisionLimits(50, 5), "Allow 100 ms and 10.0 MB to keep Own."),
    ],
)
def test_when_nothing_remains_it_says_what_to_loosen(limits: DecisionLimits, advice: str) -> None:
    verdict = decide(ALL, limits)
    assert verdict.best is None
    assert verdict.remaining == ()
    assert verdict.reason.endswith(advice)


def test_either_limit_can_be_the_one_to_loosen() -> None:
    reason = decide([LARGE, SMALL], DecisionLimits(310, 50)).reason
    assert reason.endswith("Allow 52.0 MB to keep Small.")
    reason = decide(
        [Candidate("A", 40, 900, 5), Candidate("B", 40, 90, 70)], DecisionLimits(100, 10)
    ).reason
    assert reason.endswith("Allow 900 ms to keep A, or 70.0 MB to keep B.")


def test_nothing_measured_and_nothing_remains() -> None:
    assert "compare them first" in decide([Candidate("A", 40)], DecisionLimits(10, 10)).reason


@given(st.floats(0.001, 1e5), st.floats(0.001, 1e4))
def test_the_advice_works(latency: float, size: float) -> None:
    """A limit of what was advised lets the model pass."""
    only = Candidate("A", 40, latency, size)
    reason = decide([only], DecisionLimits(latency / 2, size * 2)).reason
    advised = float(reason.split("Allow ")[1].split(" ms")[0])
    assert decide([only], DecisionLimits(advised, size * 2)).best == "A"


@given(points)
def test_the_front_is_what_no_point_beats(values: list[tuple[float, float]]) -> None:
    all_points = [Point(str(i), cost, worth) for i, (cost, worth) in enumerate(values)]

    def beaten(one: Point) -> bool:
        return any(
            other.cost <= one.cost and other.worth >= one.worth and other[1:] != one[1:]
            for other in all_points
        )

    kept = front(all_points)
    assert {point.model for point in kept} == {p.model for p in all_points if not beaten(p)}
    assert [point.cost for point in kept] == sorted(point.cost for point in kept)


@pytest.mark.parametrize(
    ("value", "limit"),
    [(None, None), ("", None), (" ", None), ("300", 300.0), ("2,5", 2.5), (7, 7)],
)
def test_a_limit_is_read(value: object, limit: float | None) -> None:
    assert check_limit(value, "latency") == limit


@pytest.mark.parametrize("value", ["0", "-1", "fast", "nan", "inf", True, 0, "<b>"])
def test_a_wrong_limit_is_said(value: object) -> None:
    with pytest.raises(InputError, match="The limit of size must be a number above 0"):
        check_limit(value, "size")
