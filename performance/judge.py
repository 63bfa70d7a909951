"""`python -m performance.judge`: how many questions name the best model, and how often rightly.

Simulated models of graded quality are judged by an oracle that answers from the truth and errs now
and then, in the order the judge asks and in a random one. Whatever is called sure is held against
the true F1 on thousands of photos. Then models that are equal; objects that no model finds; what an
answer costs. With `--dataset`, embedded models on annotated photos, which the oracle answers from.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from instseg_ui.judge import choice
from instseg_ui.judge.assessment import Decision, decide
from instseg_ui.judge.outcomes import Outcomes, right_at
from instseg_ui.judge.posterior import ABSENT, NONE_RIGHT, Known, Posterior, Sampler
from performance.figures import digits
from performance.judge_cost import cost_lines
from performance.judge_photos import annotated_case
from performance.judge_world import (
    POPULATION,
    best_f1,
    graded_models,
    make_world,
    to_outcomes,
)
from performance.machine import hardware, load_average
from performance.table import table

Order = Literal["asked", "random"]
NEVER = 10**6
_SPREAD = 0.8
_COUNTS = (2, 3, 4, 6)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the questions of one simulation ended.

    Attributes:
        questions: until a model was called the best with 95 %; `NEVER` if none was.
        leader: the likeliest best one at the end.
        right: whether it has the highest F1 on thousands of photos; on these photos `right_here`.
        lost: F1 that the true best one has more, on thousands of photos.
        decision: what was said at the end.
        error: of the leader's F1 on these photos, at its threshold.
        doubt: the posterior's standard deviation of it.
    """

    questions: int
    leader: int
    right: bool
    right_here: bool
    lost: float
    decision: Decision
    error: float
    doubt: float

    @property
    def named(self) -> bool:
        """Whether a model was called the best."""
        return self.questions < NEVER


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated.

    Attributes:
        photos: how many.
        most: questions at most.
        slips: share of wrong answers.
        tied: whether the best two models are equal.
        models: how many; 0 for 2, 3, 4, 6 in turn.
        ahead: questions between two looks at the figures; a page has the next ones ready too.
        draws: of the posterior.
    """

    photos: int
    most: int
    slips: float
    tied: bool = False
    models: int = 0
    ahead: int = 3
    draws: int = 256


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    print(f"{hardware()['cpu']}, load {load_average():.1f}")
    with ProcessPoolExecutor(options.workers) as pool:
        run = partial(pool.map, chunksize=4) if options.workers > 1 else map
        if not options.dataset:
            _simulations(options, run)
    if not options.dataset and options.cost:
        print("\n".join(cost_lines()))
    if options.dataset:
        _photos(options)
    return 0


def judge(
    outcomes: Outcomes,
    truth: npt.NDArray[np.intp],
    order: Order,
    setting: Setting,
    seed: int,
) -> tuple[int, Posterior, Decision]:
    """Ask until a model is called the best: questions or `NEVER`, and what is known then."""
    rng = np.random.default_rng([seed, 1])
    sampler, count = Sampler(outcomes, seed, most_draws=setting.draws), len(outcomes)
    line = rng.permutation(count)
    objects: list[int] = []
    said: list[int] = []
    while True:
        known = Known(np.array(objects, np.intp), np.array(said, np.intp), np.zeros(0, np.intp))
        found = sampler.update(known)
        decision = decide(outcomes, known, found, count - len(objects))
        if decision == "sure":
            return len(objects), found, decision
        if len(objects) >= min(count, setting.most):
            return NEVER, found, decision
        gain = choice.information(outcomes, sampler.features, found)
        for _ in range(min(setting.ahead, count - len(objects))):
            open_ = np.ones(count, bool)
            open_[objects] = False
            asked = order == "asked"
            place = (
                rng.choice(count, p=choice.chances(gain, open_)) if asked else line[len(objects)]
            )
            objects.append(int(place))
            said.append(_answer(outcomes, truth, int(place), setting.slips, rng))


def simulate(order: Order, setting: Setting, seed: int) -> Ended:
    """Models, photos, questions and the truth, all by the seed."""
    rng = np.random.default_rng(seed)
    models = graded_models(rng, setting.models or _COUNTS[seed % len(_COUNTS)], _SPREAD)
    if setting.tied:
        best = np.argsort(-best_f1(make_world(np.random.default_rng(seed), models, 500)))
        models = models.tied(int(best[0]), int(best[1]))
    everywhere = best_f1(make_world(rng, models, POPULATION))
    world = make_world(rng, models, setting.photos)
    outcomes, truth = to_outcomes(rng, world)
    questions, found, decision = judge(outcomes, truth, order, setting, seed)
    here, leader = best_f1(world), int(np.argmax(found.best))
    return Ended(
        questions,
        leader,
        bool(everywhere[leader] == everywhere.max()),
        bool(here[leader] == here.max()),
        float(everywhere.max() - everywhere[leader]),
        decision,
        float(found.here[:, leader].mean() - _f1_here(outcomes, truth, found, leader)),
        float(found.here[:, leader].std()),
    )


def _f1_here(
    outcomes: Outcomes, truth: npt.NDArray[np.intp], found: Posterior, model: int
) -> float:
    """True F1 of a model on these photos, at the threshold that is believed to be its best."""
    hits = right_at(outcomes, found.thresholds)[truth[truth >= 0], model].sum()
    return float(2 * hits / (found.marked[model] + (truth != ABSENT).sum()))


def _answer(
    outcomes: Outcomes,
    truth: npt.NDArray[np.intp],
    place: int,
    slips: float,
    rng: np.random.Generator,
) -> int:
    ways = range(int(outcomes.starts[place]), int(outcomes.starts[place + 1]))
    wrong = [one for one in (ABSENT, NONE_RIGHT, *ways) if one != truth[place]]
    return int(rng.choice(wrong)) if rng.random() < slips else int(truth[place])


Run = Callable[..., object]


def _simulations(options: argparse.Namespace, run: Run) -> None:
    setting = Setting(options.photos, options.questions, options.slips)
    print(
        f"{options.photos} photos, 2 to 6 models, at most {options.questions} questions, "
        f"{100 * options.slips:.0f} % of the answers wrong\n"
    )
    asked = _all(run, "asked", setting, options.simulations)
    random = _all(run, "random", setting, options.random)
    print(_questions(asked, random), flush=True)
    print(_calibration("asked", asked))
    print(_calibration("random", random), flush=True)
    tied = Setting(options.photos, options.questions, options.slips, tied=True)
    print(_ties(_all(run, "asked", tied, options.ties)))
    print(_hidden(options.photos))


def _all(run: Run, order: Order, setting: Setting, count: int) -> list[Ended]:
    return list(run(partial(simulate, order, setting), range(count)))  # type: ignore[call-overload]


def _questions(asked: Sequence[Ended], random: Sequence[Ended]) -> str:
    """Both orders on the same simulations."""
    pairs = list(zip(asked, random, strict=False))
    ours = np.array([one.questions for one, _ in pairs])
    theirs = np.array([one.questions for _, one in pairs])
    both = (ours < NEVER) & (theirs < NEVER)
    either = (ours < NEVER) | (theirs < NEVER)
    rows = [
        [name, str(len(pairs)), str(int((values < NEVER).sum())), _median(values[both]),
         _median(values[either])]
        for name, values in (("asked", ours), ("random", theirs))
    ]  # fmt: skip
    head = ["order", "runs", "named the best", "median, both named", "median, one named"]
    return (
        f"Questions until the best is named with 95 %\n{table(head, rows)}\n"
        f"asked / random, median of the runs in which one named it: {_ratio(ours, theirs)}\n"
    )


def _ratio(ours: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]) -> str:
    either = (ours < NEVER) | (theirs < NEVER)
    return digits(float(np.median(ours[either] / theirs[either]))) if either.any() else "none"


def _median(values: npt.NDArray[np.int64]) -> str:
    middle = float(np.median(values)) if values.size else float("nan")
    return "never" if middle >= NEVER / 2 else f"{middle:.0f}"


def _calibration(name: str, ended: Sequence[Ended]) -> str:
    named = [one for one in ended if one.named]
    right = sum(one.right for one in named)
    doubts = [one.error / one.doubt for one in ended]
    lost = max((one.lost for one in named), default=0.0)
    return (
        f"Called sure ({name}): {len(named)} of {len(ended)}; right in {right}, "
        f"{100 * right / max(len(named), 1):.1f} %; where wrong, {100 * lost:.1f} points of F1 "
        f"lost at most. Error of the leader's F1 over its doubt: mean {np.mean(doubts):.2f}, "
        f"spread {np.std(doubts):.2f}; within 95 %: {np.mean(np.abs(doubts) < 1.96):.2f}"
    )


def _ties(ended: Sequence[Ended]) -> str:
    """Of the best two, equal by make, one was called the best all the same."""
    named = sum(one.named for one in ended)
    kinds = {kind: sum(one.decision == kind for one in ended) for kind in
             ("equal", "more photos", "ask on")}  # fmt: skip
    return (
        f"\nThe best two models are equal: verdict withheld in {len(ended) - named} of "
        f"{len(ended)}; {', '.join(f'{count} {kind}' for kind, count in kinds.items())} at the end"
    )


def _hidden(photos: int, runs: int = 40) -> str:
    """What is said where a share of the objects is missed by all models alike."""
    rows = []
    for hidden in (0.0, 0.1, 0.3):
        gaps, kept = [], 0
        for seed in range(runs):
            rng = np.random.default_rng([seed, 2])
            world = make_world(rng, graded_models(rng, 4, _SPREAD), photos)
            said, true = best_f1(world), best_f1(world, hidden)
            gaps.append(said[np.argmax(said)] - true[np.argmax(said)])
            kept += int(np.argmax(said) == np.argmax(true))
        rows.append([
            f"{100 * hidden:.0f} %", f"{100 * np.mean(gaps):.1f}",
            f"{100 / (1 - hidden) - 100:.0f} %", f"{kept} of {runs}",
        ])  # fmt: skip
    head = ["missed by all", "F1 too high, points", "recall too high", "best one stays the best"]
    return f"\nThe limit: objects that all models miss and nobody marks\n{table(head, rows)}\n"


def _photos(options: argparse.Namespace) -> None:
    """Embedded models on annotated photos."""
    case = annotated_case(options.dataset, options.models, options.limit, options.kept)
    print(case.described)
    setting = Setting(case.outcomes.photos, options.questions, options.slips)
    rows = []
    orders: tuple[Order, ...] = ("asked", "random")
    for order in orders:
        ends = [
            judge(case.outcomes, case.truth, order, setting, seed)
            for seed in range(options.repeats)
        ]
        counts = np.array([end[0] for end in ends])
        names = [case.outcomes.models[int(np.argmax(end[1].best))] for end in ends]
        right = sum(name == case.best for name in names)
        rows.append([
            order, str(options.repeats), str(int((counts < NEVER).sum())), _median(counts),
            f"{right} of {options.repeats}",
        ])  # fmt: skip
    head = ["order", "runs", "named the best", "median questions", "leader is the true best"]
    print(table(head, rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m performance.judge", description=__doc__)
    parser.add_argument("--simulations", type=int, default=500, help="in the judge's order")
    parser.add_argument("--random", type=int, default=48, help="of these in random order too")
    parser.add_argument("--ties", type=int, default=40, help="with the best two models equal")
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--questions", type=int, default=150, help="at most")
    parser.add_argument("--slips", type=float, default=0.03, help="share of wrong answers")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--no-cost", dest="cost", action="store_false", help="skip its times")
    parser.add_argument("--dataset", type=Path, help="COCO annotations of photos beside them")
    parser.add_argument("--models", nargs="+", default=["demo-cats", "everyday-S", "everyday-M"])
    parser.add_argument("--limit", type=int, default=60, help="annotated photos")
    parser.add_argument("--repeats", type=int, default=20, help="runs on the annotated photos")
    parser.add_argument("--kept", type=Path, help="folder of predictions that are used again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
