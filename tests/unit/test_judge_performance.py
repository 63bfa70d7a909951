"""The benchmark of judging runs, and its worlds are what they say; how good it is is not tested."""

from __future__ import annotations

import numpy as np

from instseg_ui.judge.posterior import ABSENT
from performance.judge import NEVER, Setting, main, simulate
from performance.judge_cost import cost_lines
from performance.judge_world import best_f1, graded_models, make_world, to_outcomes

SMALL = Setting(photos=8, most=12, slips=0.0, models=3)


def test_a_world_has_one_truth() -> None:
    rng = np.random.default_rng(0)
    world = make_world(rng, graded_models(rng, 3, 0.8), 40)
    outcomes, truth = to_outcomes(rng, world)
    seen = int(world.scores.any(axis=1).sum())
    assert (truth != ABSENT).sum() == seen
    certain = truth[truth >= 0]
    assert np.array_equal(outcomes.owner[certain], np.flatnonzero(truth >= 0))
    f1 = best_f1(world)
    assert f1.shape == (3,)
    assert np.all(best_f1(world, hidden=0.3) < f1)


def test_tied_models_are_equal() -> None:
    models = graded_models(np.random.default_rng(1), 3, 0.8).tied(0, 2)
    assert models.skill[0] == models.skill[2]
    assert models.skill[0] != models.skill[1]
    everywhere = best_f1(make_world(np.random.default_rng(2), models, 4000))
    assert abs(everywhere[0] - everywhere[2]) < 0.01


def test_a_simulation_ends() -> None:
    for order in ("asked", "random"):
        ended = simulate(order, SMALL, 3)
        assert ended.questions == NEVER or ended.questions <= 12
        assert ended.doubt > 0


def test_the_cost_is_told() -> None:
    lines = list(cost_lines(models=2, photos=6, objects=4))
    assert lines[0].startswith("2 models x 6 photos x 4 objects: ")
    assert "all figures" in lines[-1]


def test_everything_is_printed(capsys) -> None:
    arguments = ["--simulations", "2", "--random", "2", "--ties", "1", "--photos", "6"]
    assert main([*arguments, "--questions", "4", "--no-cost"]) == 0
    shown = capsys.readouterr().out
    for title in ("Questions until", "Called sure (asked)", "verdict withheld", "The limit"):
        assert title in shown
