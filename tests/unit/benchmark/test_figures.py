"""Percentiles, spread, throughput, cost: answers known by construction."""

from __future__ import annotations

import pytest

from instseg_ui.benchmark.figures import (
    SampleSummary,
    check_price,
    cost_per_1000,
    latency,
    published_tradeoff,
    runs_needed,
    stage,
    throughput,
    tradeoff,
    why_none,
)
from instseg_ui.catalog import Published
from instseg_ui.errors import InputError
from instseg_ui.numbers import signed, three
from tests.unit.benchmark.kit import made_run, model_run


def test_percentiles_lie_between_the_sorted_values() -> None:
    summary = SampleSummary.of(float(value) for value in range(100, -1, -1))
    assert summary is not None
    assert summary.percentiles == {50: 50.0, 90: 90.0, 95: 95.0, 99: 99.0}
    assert (summary.n, summary.iqr, summary.least, summary.most) == (101, 50.0, 0.0, 100.0)
    two = SampleSummary.of([1.0, 2.0])
    assert two is not None
    assert two.percentiles[50] == 1.5
    assert two.deviation == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(
    ("n", "known"),
    [(1, {50}), (9, {50}), (10, {50, 90}), (20, {50, 90, 95}), (99, {50, 90, 95}),
     (100, {50, 90, 95, 99})],
)  # fmt: skip
def test_a_percentile_that_n_does_not_support_is_none(n: int, known: set[int]) -> None:
    summary = SampleSummary.of([1.0] * n)
    assert summary is not None
    assert {q for q, value in summary.percentiles.items() if value is not None} == known
    assert (summary.deviation is None) == (n < 2)
    assert (summary.iqr is None) == (n < 4)


def test_why_there_is_none() -> None:
    assert [runs_needed(q) for q in (50, 75, 90, 95, 99)] == [1, 4, 10, 20, 100]
    assert why_none(99) == "p99 needs 100 runs or more."
    assert SampleSummary.of([]) is None


def test_the_models_own_stages_add_up_to_the_latency() -> None:
    model = model_run("A", [10.0, 20.0, 30.0])
    whole, inference = latency(model), stage(model, "inference")
    assert whole is not None
    assert inference is not None
    assert (whole.median, inference.median) == (23.0, 20.0)
    assert model.samples[1].whole == 25.0


def test_throughput_is_the_best_level() -> None:
    model = model_run("A", [94.0] * 10)  # a wall of 100 ms each
    best = throughput(model)
    assert best is not None
    assert (best.callers, best.images_per_s) == (2, pytest.approx(20.0))
    assert throughput(model_run("A", [1.0], levels=())) is None


def test_cost() -> None:
    # 3.60 an hour is 0.001 a second; 10 images a second are 1,000 in 100 s.
    assert cost_per_1000(3.6, 10.0) == pytest.approx(0.1)
    assert cost_per_1000(3.6, 0.0) is None
    assert check_price(" 0,5 ") == 0.5
    assert check_price("") is None
    for wrong in ("-1", "cheap", "nan", True):
        with pytest.raises(InputError, match="price of an hour"):
            check_price(wrong)


def test_points_of_the_tradeoff() -> None:
    run = made_run(
        model_run("A", [97.0]), model_run("B", [47.0], published=Published(), size_mb=3.0)
    )
    assert tradeoff(run, "ap") == [("A", 100.0, 40.0)]
    assert tradeoff(run, "size") == [("A", 100.0, -12.0), ("B", 50.0, -3.0)]
    assert published_tradeoff(run) == [("A", 500.0, 40.0)]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,230"), (0.012345, "0.0123"), (0.0, "0"), (None, "—"), (float("nan"), "—"),
     (99.96, "100"), (9.996, "10.0")],
)  # fmt: skip
def test_three_digits(value: float | None, text: str) -> None:
    assert three(value) == text


def test_signs() -> None:
    assert (signed(1.5), signed(-0.25), signed(0.0)) == ("+1.50", "−0.250", "0")
