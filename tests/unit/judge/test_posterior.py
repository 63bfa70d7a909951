"""What is known after answers, what is asked next, and what the answers alone say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from instseg_ui.judge import choice
from instseg_ui.judge.assessment import assess, decide
from instseg_ui.judge.outcomes import Outcomes
from instseg_ui.judge.posterior import ABSENT, Known, Sampler, chances_of_best
from instseg_ui.judge.weights import lure_weights, unbiased_f1
from performance.judge_world import graded_models, make_world, to_outcomes
from tests.unit.judge.factories import table

NOTHING = Known(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.intp))


def known(truth: npt.NDArray[np.intp], objects: npt.NDArray[np.intp] | range) -> Known:
    chosen = np.array(objects, np.intp)
    return Known(chosen, truth[chosen], np.zeros(0, np.intp))


def true_f1(
    outcomes: Outcomes, truth: npt.NDArray[np.intp], thresholds: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    hits = (outcomes.right[truth[truth >= 0]] >= thresholds) & (
        outcomes.right[truth[truth >= 0]] > 0
    )
    marked = (outcomes.scores >= thresholds) & (outcomes.scores > 0)
    return 2 * hits.sum(axis=0) / (marked.sum(axis=0) + (truth != ABSENT).sum())


def test_before_the_first_answer_agreement_is_all_there_is() -> None:
    outcomes, _ = table(0)
    found = Sampler(outcomes).update(NOTHING)
    behind = (outcomes.scores > 0).sum(axis=1)
    assert found.there[behind == 3].mean() > found.there[behind == 1].mean() + 0.2
    assert found.best.sum() == pytest.approx(1)
    assert found.best.max() < 0.95
    assert found.way.max() <= 1
    assert np.all(found.way <= found.there + 1e-6)


def test_when_all_is_answered_the_figures_are_the_truths() -> None:
    outcomes, truth = table(1)
    found = Sampler(outcomes).update(known(truth, range(len(truth))))
    here = true_f1(outcomes, truth, found.thresholds)
    np.testing.assert_allclose(found.here.mean(axis=0), here, atol=0.03)
    assert int(np.argmax(found.best)) == int(np.argmax(here)) == 0
    # The photos are a sample: on others it could be otherwise.
    assert found.f1.std(axis=0).min() > 2 * found.here.std(axis=0).min()


def test_answers_narrow_what_is_known() -> None:
    outcomes, truth = table(2)
    sampler = Sampler(outcomes)
    few = sampler.update(known(truth, range(0, 60, 6))).here.std(axis=0)
    many = sampler.update(known(truth, range(0, 60, 2))).here.std(axis=0)
    assert np.all(many < few)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    inside = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        outcomes, truth = to_outcomes(rng, make_world(rng, graded_models(rng, 3, 0.8), 30))
        asked = np.flatnonzero(rng.random(len(outcomes)) < 0.1)
        found = Sampler(outcomes, seed).update(known(truth, asked))
        low, high = np.percentile(found.here, [2.5, 97.5], axis=0)
        here = true_f1(outcomes, truth, found.thresholds)
        inside.append((here >= low) & (here <= high))
    assert 0.88 <= np.mean(inside) <= 1


def test_the_same_answers_give_the_same_figures() -> None:
    outcomes, truth = table(3)
    answers = known(truth, range(20))
    sampler = Sampler(outcomes)
    sampler.update(known(truth, range(10)))
    again = sampler.update(answers).f1
    np.testing.assert_allclose(again, Sampler(outcomes).update(answers).f1, atol=2e-3)


def test_a_missed_object_lowers_everybodys_recall() -> None:
    outcomes, truth = table(4)
    sampler = Sampler(outcomes)
    before = sampler.update(known(truth, range(20)))
    missed = known(truth, range(20))._replace(missed=np.array([0, 0, 3], np.intp))
    after = sampler.update(missed)
    assert np.all(after.recall.mean(axis=0) < before.recall.mean(axis=0))
    assert after.objects == pytest.approx(before.objects + 3)


def test_equals_share_the_chance_of_being_best() -> None:
    draws = np.array([[0.5, 0.5, 0.1], [0.6, 0.5, 0.1]], np.float32)
    np.testing.assert_allclose(chances_of_best(draws), [0.75, 0.25, 0])


def test_the_next_question_is_one_that_tells_models_apart() -> None:
    outcomes, _ = table(5)
    sampler = Sampler(outcomes)
    gain = choice.information(outcomes, sampler.features, sampler.update(NOTHING))
    assert gain.shape == (60,)
    behind = (outcomes.scores > 0).sum(axis=1)
    sure = (behind == 3) & (outcomes.scores.min(axis=1) > 0.5)
    assert gain[behind < 3].max() > gain[sure].max(initial=0)


def test_what_was_answered_is_not_asked_again_and_all_else_may_be() -> None:
    open_ = np.array([True, False, True, True])
    chances = choice.chances(np.array([1.0, 9.0, 0.5, -1.0]), open_)
    assert chances[1] == 0
    assert chances.sum() == pytest.approx(1)
    assert chances[0] > chances[2] > 0
    assert chances[3] > 0
    np.testing.assert_allclose(choice.chances(np.zeros(4), open_), open_ / 3)
    assert not choice.chances(np.zeros(4), np.zeros(4, bool)).any()


def test_lure_weights_are_one_for_an_even_draw_and_when_all_is_answered() -> None:
    even = 1 / np.array([5.0, 4.0, 3.0])
    np.testing.assert_allclose(lure_weights(even, 5), 1)
    np.testing.assert_allclose(lure_weights(np.array([0.5, 0.9, 1.0]), 3), 1)


def test_lure_is_unbiased_whatever_is_asked() -> None:
    values = np.array([0.0, 1.0, 1.0, 0.0, 5.0])
    pull = np.array([8.0, 1.0, 1.0, 2.0, 1.0])
    rng = np.random.default_rng(0)
    means = []
    for _ in range(4000):
        left, chances, seen = list(range(5)), [], []
        for _ in range(2):
            share = pull[left] / pull[left].sum()
            place = int(rng.choice(len(left), p=share))
            chances.append(share[place])
            seen.append(values[left.pop(place)])
        means.append((lure_weights(np.array(chances), 5) * seen).mean())
    assert np.mean(means) == pytest.approx(values.mean(), abs=0.06)


def test_figures_from_the_answers_alone() -> None:
    outcomes, truth = table(6)
    everything = known(truth, range(60))
    found = Sampler(outcomes).update(everything)
    chances = 1 / np.arange(60, 0, -1)
    alone = unbiased_f1(outcomes, everything, chances, found)
    assert alone is not None
    np.testing.assert_allclose(
        [one.estimate for one in alone], true_f1(outcomes, truth, found.thresholds), rtol=1e-6
    )
    chances[3] = np.nan
    assert unbiased_f1(outcomes, everything, chances, found) is None
    assert unbiased_f1(outcomes, known(truth, range(4)), np.full(4, 0.1), found) is None


def test_nothing_is_sure_without_a_basis() -> None:
    outcomes, truth = table(7)
    sampler = Sampler(outcomes)
    few = known(truth, range(3))
    assert decide(outcomes, few, sampler.update(few), 57) == "ask on"
    assessment = assess(outcomes, few, sampler.update(few), np.full(3, 0.1))
    assert assessment.decision == "ask on"
    assert assessment.sentence.startswith(f"Go on: {assessment.leader} leads with ")
    assert assessment.models[0].unbiased is None
