"""Against an earlier run: what exceeds the noise, what does not, what else differs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instseg_ui.benchmark import compare_runs
from instseg_ui.benchmark.bootstrap import autocorrelation, block_length, median_difference
from instseg_ui.benchmark.records import ImageFacts
from tests.unit.benchmark.kit import made_run, model_run, sample

NOISE = np.random.default_rng(7)


def noisy(mean: float, n: int = 40) -> list[float]:
    return [float(value) for value in NOISE.normal(mean, 2.0, n)]


def test_the_same_values_give_the_same_interval() -> None:
    before, after = [noisy(100)], [noisy(120)]
    interval = median_difference(before, after)
    assert interval == median_difference(before, after)
    assert interval.low < interval.estimate < interval.high
    assert interval.excludes_zero
    assert interval.estimate == pytest.approx(20, abs=3)


def test_constant_values_leave_no_width() -> None:
    interval = median_difference([[5.0] * 5], [[7.0] * 9])
    assert (interval.low, interval.estimate, interval.high) == (2.0, 2.0, 2.0)


def test_runs_that_follow_each_other_are_drawn_together() -> None:
    apart, alike = NOISE.normal(size=100), np.repeat(NOISE.normal(size=10), 10)
    assert block_length(apart) <= 3
    assert 10 <= block_length(alike) <= 33
    assert autocorrelation(np.arange(50.0)) > 0.9
    assert block_length(np.ones(9)) == 1
    assert block_length(np.array([1.0, 2.0])) == 1
    # The same values: in a row they are less evidence than one by one.
    shuffled = NOISE.permutation(alike)
    wide = median_difference([list(alike)], [list(alike)])
    narrow = median_difference([list(shuffled)], [list(shuffled)])
    assert wide.high - wide.low > narrow.high - narrow.low


def test_an_interval_covers_nothing_as_often_as_it_says() -> None:
    drawn = [median_difference([noisy(100)], [noisy(100)], resamples=400) for _ in range(100)]
    assert sum(one.excludes_zero for one in drawn) <= 12


def test_images_are_drawn_from_apart() -> None:
    # Pooled, a resample could hold the slow image only; drawn apart, half of it is always fast.
    interval = median_difference([[1.0] * 10, [101.0] * 10], [[1.0] * 10, [101.0] * 10])
    assert (interval.low, interval.high) == (0.0, 0.0)


def test_no_values() -> None:
    with pytest.raises(ValueError, match="both sides"):
        median_difference([[]], [[1.0]])


def test_faster_slower_and_noise() -> None:
    before = made_run(model_run("A", noisy(100)), model_run("B", noisy(100)), model_run("C", [1]))
    after = made_run(model_run("A", noisy(80)), model_run("B", noisy(130)), model_run("D", [1]))
    changes = compare_runs(before, after)
    found = {(one.model, one.figure): one for one in changes.changes}
    assert found["A", "latency p50, ms"].verdict == "faster"
    assert found["B", "latency p50, ms"].verdict == "slower"
    assert found["A", "decode p50, ms"].verdict == "within the noise"
    assert found["A", "latency p50, ms"].percent == pytest.approx(-19, abs=4)
    assert found["A", "peak memory, MB"].verdict == "one value"
    assert found["A", "cold start, ms"].before == 120.0
    assert {one.figure for one in changes.beyond_noise} == {"latency p50, ms", "inference p50, ms"}
    assert set(changes.missing) == {"C", "D"}
    assert changes.conditions == ()


def test_a_sure_difference_may_still_not_matter() -> None:
    before, after = made_run(model_run("A", [995.0] * 9)), made_run(model_run("A", [996.0] * 9))
    change = compare_runs(before, after).changes[0]
    assert change.interval is not None
    assert change.interval.excludes_zero
    assert change.verdict == "under 1 %"


def test_too_few_runs_are_not_judged() -> None:
    changes = compare_runs(made_run(model_run("A", [1.0] * 4)), made_run(model_run("A", [9.0] * 9)))
    first = changes.changes[0]
    assert (first.verdict, first.interval) == ("too few runs", None)
    assert changes.beyond_noise == ()


def test_what_else_differs_is_said() -> None:
    before = made_run(model_run("A", noisy(100)))
    after = replace(
        made_run(model_run("A", noisy(100), engine="other", versions={"opencv": "5"})),
        machine=replace(before.machine, cpu="Another CPU", threads=8),
        images=(ImageFacts("a.png", 80, 60, 1000, "d2"),),
    )
    assert compare_runs(before, after).conditions == (
        "CPU: AMD EPYC before, Another CPU now.",
        "Threads: 2 before, 8 now.",
        "The images are not the same.",
        "A, engine: fake before, other now.",
        "A, opencv: 4 before, 5 now.",
    )


def test_a_busy_machine_is_said() -> None:
    quiet = made_run(model_run("A", noisy(100)))
    busy = replace(quiet, machine=replace(quiet.machine, load=3.0))
    assert compare_runs(quiet, busy).conditions == (
        "The machine had other work: load 0 before the earlier run, 3 before this one.",
    )


def test_several_images() -> None:
    runs = [sample(value, image) for image in (0, 1) for value in noisy(100 + 50 * image)]
    model = model_run("A", [], samples=tuple(runs))
    images = tuple(ImageFacts(f"{i}.png", 80, 60, 9, f"d{i}") for i in range(2))
    run = made_run(model, images=images)
    assert compare_runs(run, run).changes[0].verdict == "within the noise"
