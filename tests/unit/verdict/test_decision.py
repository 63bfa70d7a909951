"""Which model to ship, how sure that is, and what is said where nobody can tell."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.errors import InputError
from instseg_ui.verdict import (
    Accuracy,
    Candidate,
    Limits,
    check_limit,
    decide,
    verdict_json,
    verdict_words,
)
from tests.unit.latency.kit import latency_of
from tests.unit.verdict.kit import candidate, measured, published

GOOD = candidate("B", measured(0.571, 0.02, seed=1), 60, 25, memory_mb=200.0)
LESS = candidate("A", measured(0.48, 0.02, seed=2), 100, 50)
NEAR = candidate("C", measured(0.56, 0.02, seed=3), 30, 50)


def test_the_sentence_that_this_product_is_for() -> None:
    verdict = decide([LESS, GOOD])
    assert (verdict.state, verdict.best, verdict.front) == ("ship", "B", ("B",))
    words = verdict_words(verdict)
    assert words.headline == (
        "Ship B: better than A with over 99 % certainty, in 0.6 of its time and half its memory."
    )
    assert words.reason.startswith("Mask AP 57.1 % (")
    assert "measured on 40 annotated pictures of photos; next is A, 48.0 %" in words.reason
    assert "the difference is 9.1 points (95 % interval " in words.reason
    assert words.settle == ""


def test_the_interval_of_the_difference_decides_and_not_the_models_own() -> None:
    """On the same pictures what is hard is hard for both: two wide intervals, one sure gap."""
    one, other = measured(0.55, 0.10, seed=1), measured(0.50, 0.10, seed=1)
    verdict = decide([candidate("A", other), candidate("B", one)])
    assert one.interval is not None
    assert other.interval is not None
    assert one.interval[0] < other.interval[1]
    assert verdict.best == "B"


def test_where_the_interval_holds_zero_it_is_withheld_and_says_what_would_settle_it() -> None:
    verdict = decide([GOOD, NEAR])
    assert (verdict.state, verdict.best, verdict.leader) == ("withheld", None, "B")
    assert verdict.certainty is not None
    assert verdict.certainty < 0.95
    words = verdict_words(verdict)
    assert words.headline == "No verdict: B and C cannot be told apart."
    assert "would hardly settle it" in words.settle
    assert words.settle.endswith(
        "Of these, C is the fastest: against B, in half its time and 2.0 times its memory."
    )
    closer = decide([GOOD, candidate("C", measured(0.53, 0.02, seed=3))])
    assert closer.more is not None
    assert closer.more % 10 == 0
    assert f"About {closer.more} more annotated pictures would settle it." in str(
        verdict_words(closer).settle
    )


def test_better_than_each_of_several() -> None:
    words = verdict_words(decide([LESS, GOOD, candidate("D", measured(0.3, 0.02, seed=4))]))
    assert words.headline == "Ship B: better than each of 2 others with over 99 % certainty."
    assert "Against A: in 0.6 of its time and half its memory." in words.reason


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"found": 0}, "it found nothing"),
        ({"failure": "It does not load."}, "it was not run: It does not load."),
        ({"accuracy": measured(0.0, 0.0)}, "it found nothing right"),
    ],
)
def test_never_one_that_found_nothing_or_was_not_run(broken: dict[str, Any], why: str) -> None:
    verdict = decide([replace(GOOD, **broken), LESS])
    assert verdict.best == "A"
    assert verdict.ruled_out == {"B": why}
    alone = decide([replace(GOOD, **broken)])
    assert (alone.state, alone.best) == ("nobody", None)
    assert "B is ruled out" in verdict_words(alone).text


def test_the_only_one_is_shipped_as_that() -> None:
    words = verdict_words(decide([GOOD]))
    assert words.headline == "Ship B: the only model that is ranked."
    limited = verdict_words(decide([GOOD, LESS], Limits(latency_ms=80)))
    assert limited.headline == "Ship B: the only model within 80 ms."
    assert "A is ruled out: 100 ms is over 80 ms." in limited.notes


def test_without_accuracy_the_fastest_is_told_as_no_more() -> None:
    verdict = decide([candidate("A", None, 90), candidate("B", None, 40)])
    assert (verdict.state, verdict.best, verdict.leader) == ("fastest", None, "B")
    assert verdict_words(verdict).headline == "B is the fastest here; its accuracy is unknown."
    untimed = decide([candidate("A", None, None)])
    assert untimed.leader is None
    assert "unknown" in verdict_words(untimed).headline


def test_published_figures_lead_and_never_ship() -> None:
    verdict = decide([candidate("A", published(0.41), 300), candidate("B", published(0.457), 812)])
    assert (verdict.state, verdict.best, verdict.leader) == ("leads", None, "B")
    words = verdict_words(verdict)
    assert words.headline == "B leads by published accuracy; on your pictures nobody knows."
    assert words.reason == (
        "B has mask AP 45.7 %, published, on COCO, 812 ms here. Next: A, 41.0 %, 300 ms here."
    )


def test_kinds_are_never_mixed() -> None:
    """A published 90 % does not stand before a measured 48 %."""
    verdict = decide([LESS, candidate("P", published(0.9)), candidate("U"), GOOD])
    assert verdict.best == "B"
    assert verdict.unranked == {
        "P": "its accuracy is published only",
        "U": "its accuracy is unknown",
    }
    assert "P is not ranked: its accuracy is published only." in verdict_words(verdict).notes


def test_the_only_one_that_is_measured_is_not_shipped_before_others_that_are_not() -> None:
    verdict = decide([GOOD, candidate("P", published(0.4)), candidate("U")])
    assert (verdict.state, verdict.best, verdict.leader) == ("withheld", None, "B")
    words = verdict_words(verdict)
    assert words.headline == "No verdict: only B's accuracy is measured on your pictures."
    assert "P is not ranked: its accuracy is published only." in words.notes
    assert "U is not ranked: its accuracy is unknown." in words.notes


def test_published_on_other_photos_is_another_ranking() -> None:
    models = [
        candidate("A", published(0.4)),
        candidate("B", published(0.3)),
        candidate("own", published(0.8, "cats")),
    ]
    verdict = decide(models)
    assert verdict.leader == "A"
    assert verdict.unranked == {"own": "its accuracy stands on other pictures: cats"}


def test_few_pictures_make_no_verdict() -> None:
    few = Accuracy("measured", "mask AP", 0.9, "photos", 3)
    verdict = decide([candidate("A", few), candidate("B", few)])
    assert verdict.state == "withheld"
    assert verdict_words(verdict).headline == "No verdict: 3 pictures are too few."


def test_below_twenty_pictures_even_a_sure_difference_makes_no_verdict() -> None:
    few = [candidate(name, measured(value, 0.02, seed, n=19))
           for name, value, seed in (("A", 0.48, 2), ("B", 0.571, 1))]  # fmt: skip
    verdict = decide(few)
    assert (verdict.state, verdict.best, verdict.leader) == ("withheld", None, "B")
    words = verdict_words(verdict)
    assert words.headline == "No verdict: 19 pictures are too few."
    assert words.settle == "A verdict needs 20 annotated pictures or more."


def test_answers_go_before_what_is_published() -> None:
    class Judged:
        figure, answers, session = "F1", 30, "x"

        def __init__(self, estimate: float, seed: int) -> None:
            self.estimate = estimate
            self.samples = measured(estimate, 0.02, seed).samples

    one = candidate("A", Accuracy.from_answers(Judged(0.8, 1)))
    other = candidate("B", Accuracy.from_answers(Judged(0.6, 2)))
    verdict = decide([other, one, candidate("P", published(0.9))])
    assert verdict.best == "A"
    assert "F1 80.0 %" in verdict_words(verdict).reason
    # Whoever looks after each answer sees one of two equals ahead: a lead of a point is asked for.
    hair = [candidate(name, Accuracy.from_answers(Judged(value, 1)))
            for name, value in (("A", 0.609), ("B", 0.6))]  # fmt: skip
    assert decide(hair).state == "withheld"
    assert decide([replace(hair[0], accuracy=measured(0.609, 0.02, 1)),
                   replace(hair[1], accuracy=measured(0.6, 0.02, 1))]).best == "A"  # fmt: skip
    assert "estimated from 30 of your answers" in verdict_words(verdict).reason


@pytest.mark.parametrize(
    ("limits", "out"),
    [
        (Limits(80, None), {"A": "100 ms is over 80 ms"}),
        (Limits(80, 20), {"A": "100 ms is over 80 ms, 50.0 MB is over 20 MB",
                          "B": "25.0 MB is over 20 MB"}),
        (Limits(memory_mb=300), {"A": "400 MB of memory is over 300 MB of memory"}),
        (Limits(60, 25, 200), {"A": "100 ms is over 60 ms, 50.0 MB is over 25 MB, "
                                    "400 MB of memory is over 200 MB of memory"}),
    ],
)  # fmt: skip
def test_limits_rule_out_and_say_by_how_much(limits: Limits, out: dict[str, str]) -> None:
    assert decide([LESS, GOOD], limits).ruled_out == out


def test_limits_are_said_in_the_sentence() -> None:
    slow = candidate("D", measured(0.9, 0.02, seed=4), 500)
    within = Limits(latency_ms=200)
    assert verdict_words(decide([slow, GOOD, LESS], within)).headline.startswith(
        "Ship B: within 200 ms, better than A with over 99 % certainty"
    )
    assert verdict_words(decide([slow, GOOD, NEAR], within)).headline == (
        "No verdict within 200 ms: B and C cannot be told apart."
    )
    assert verdict_words(decide([candidate("A"), candidate("S", ms=500)], within)).headline == (
        "A is the fastest here within 200 ms; its accuracy is unknown."
    )


def test_what_is_not_known_is_not_within_a_limit() -> None:
    unknown = candidate("U", GOOD.accuracy, None, None, memory_mb=None)
    limits = Limits(10, 10, 10)
    assert decide([unknown], limits).ruled_out["U"] == (
        "latency not measured here, size not known here, memory not measured here"
    )
    two = candidate("T", GOOD.accuracy, latency=latency_of("T", [1.0, 2.0]))
    assert decide([two], Limits(10)).ruled_out["T"] == "latency not known yet, 2 of 5 runs"
    assert decide([two]).best == "T"


@pytest.mark.parametrize(
    ("limits", "advice"),
    [
        (Limits(50), "Allow 60.0 ms to keep B."),
        (Limits(200, 5), "Allow 25.0 MB to keep B."),
        (Limits(50, 5), "Allow 60.0 ms and 25.0 MB to keep B."),
        (Limits(memory_mb=100), "Allow 200 MB of memory to keep B."),
    ],
)
def test_when_nothing_remains_it_says_what_to_loosen(limits: Limits, advice: str) -> None:
    verdict = decide([LESS, GOOD], limits)
    assert (verdict.state, verdict.best) == ("nobody", None)
    assert verdict_words(verdict).reason == advice


@given(st.floats(0.001, 1e5), st.floats(0.001, 1e4))
def test_the_advice_works(latency: float, size: float) -> None:
    """A limit of what was advised lets the model pass."""
    only = candidate("A", GOOD.accuracy, latency, size)
    reason = verdict_words(decide([only], Limits(latency / 2, size * 2))).reason
    advised = check_limit(reason.split("Allow ")[1].split(" ms")[0], "latency")
    assert decide([only], Limits(advised, size * 2)).best == "A"


def test_no_candidates_at_all() -> None:
    verdict = decide([])
    assert verdict.best is None
    assert "Pick models and compare them" in verdict_words(verdict).reason


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


@pytest.mark.parametrize(
    "candidates",
    [[], [GOOD, LESS], [GOOD, NEAR], [candidate("P", published(0.4))], [candidate("U")],
     [Candidate("X", failure="broken")]],
)  # fmt: skip
def test_every_verdict_is_plain_json(candidates: list[Candidate]) -> None:
    value = json.loads(json.dumps(verdict_json(decide(candidates)), allow_nan=False))
    assert value["headline"].endswith(".")
    assert [one["model"] for one in value["models"]] == [one.model for one in candidates]
