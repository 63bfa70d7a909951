"""`python -m performance.verdict`: whether the verdict is right as often as it says.

Models are simulated whose true mask AP is known: a population of pictures, some harder than others
for all models, with objects of two classes. A model finds them by its skill, more or less tightly,
and finds some where there are none. The truth is the AP of the whole population. Each simulation
draws some pictures from it, as a person's data set would be, and asks for the verdict. In the ties
two models take each picture's outcome from two others by a coin, so that neither is better.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate.matches import THRESHOLDS
from instseg_ui.evaluate.resampled_ap import RankedMatches, draws, resampled_ap
from instseg_ui.verdict import Accuracy, Candidate, Verdict, decide
from performance.machine import hardware, load_average
from performance.table import table

POPULATION, CLASSES, OBJECTS = 3000, 2, 4
LEVELS = ((1 << np.arange(THRESHOLDS.size + 1)) - 1).astype(np.uint16)
EVERY = int(LEVELS[-1])
SKILLS = (0.0, 0.25, 0.4, 0.5, 0.65)
"""Of the models; some gaps in AP that follow few pictures tell, and some only many do."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A population of pictures: objects (I, K), what each model does on them, and its true AP."""

    objects: Counts
    models: tuple[RankedMatches, ...]
    truth: tuple[float, ...]


@dataclass(slots=True)
class Score:
    """How often the verdict was given, and right."""

    name: str
    simulations: int = 0
    given: int = 0
    right: int = 0
    certainty: float = 0.0

    @property
    def row(self) -> list[str]:
        share = f"{100 * self.right / self.given:.1f}" if self.given else "—"
        said = f"{100 * self.certainty / self.given:.1f}" if self.given else "—"
        withheld = 100 * (1 - self.given / self.simulations)
        return [self.name, f"{self.simulations}", f"{withheld:.1f}", said, share]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    world = population(np.random.default_rng(options.seed))
    machine = hardware()
    print(f"{machine['cpu']}, {machine['cores']} cores, load {load_average():.1f}")
    print("True mask AP: " + ", ".join(f"{100 * one:.1f}" for one in world.truth))
    begun = process_time()
    scores = []
    for pictures in options.pictures:
        scores.append(simulate(world, pictures, options.simulations, options.seed))
        scores.append(tied(world, pictures, options.simulations, options.seed))
    print(table(["pictures", "simulations", "withheld, %", "said, %", "right, %"],
                [one.row for one in scores]))  # fmt: skip
    print(settled(world, options.simulations, options.seed))
    print(f"{process_time() - begun:.0f} s of CPU; {costs(options.large)}")
    return 0


def population(generator: np.random.Generator, skills: Sequence[float] = SKILLS) -> World:
    """Pictures, and models of these skills on them."""
    ease = generator.normal(0, 1, POPULATION)
    count = 1 + generator.poisson(OBJECTS - 1, POPULATION)
    image = np.repeat(np.arange(POPULATION), count).astype(np.int32)
    category = generator.integers(CLASSES, size=len(image)).astype(np.int32)
    objects = np.zeros((POPULATION, CLASSES), np.int64)
    np.add.at(objects, (image, category), 1)
    common = generator.normal(0, 1, len(image))
    models = tuple(
        _model(generator, image, category, ease[image] + common, skill) for skill in skills
    )
    ones = np.ones((POPULATION, 1), np.float32)
    truth = tuple(float(resampled_ap(one, objects, ones, bins=1000)[0]) for one in models)
    return World(objects, models, truth)


def _model(
    generator: np.random.Generator,
    image: npt.NDArray[np.int32],
    category: npt.NDArray[np.int32],
    ease: npt.NDArray[np.float64],
    skill: float,
) -> RankedMatches:
    """What a model finds: the easier an object, the surer, the higher the score, the tighter."""
    strength = skill + 0.8 * ease + generator.normal(0, 1, len(image))
    found = strength > -0.6
    level = np.clip(np.round(5 + 2.2 * strength + generator.normal(0, 1.5, len(image))), 0, 10)
    right = LEVELS[level.astype(int)][found]
    score = 1 / (1 + np.exp(-(strength[found] + generator.normal(0, 0.7, int(found.sum())))))
    wrong = generator.poisson(0.5, POPULATION)
    where = np.repeat(np.arange(POPULATION), wrong).astype(np.int32)
    class_ = generator.integers(CLASSES, size=len(where)).astype(np.int32)
    doubt = 1 / (1 + np.exp(-generator.normal(-1.0, 1, len(where))))
    matched = np.concatenate([right, np.zeros(len(where), np.uint16)])
    return RankedMatches(
        np.concatenate([image[found], where]),
        np.concatenate([category[found], class_]),
        np.concatenate([score, doubt]),
        matched,
        (~matched & np.uint16(EVERY)).astype(np.uint16),
    )


def simulate(world: World, pictures: int, simulations: int, seed: int) -> Score:
    """Two to four of the models on some pictures, again and again."""
    generator = np.random.default_rng([seed, pictures])
    score = Score(f"{pictures}")
    for _ in range(simulations):
        count = generator.integers(2, min(5, len(world.models) + 1))
        chosen = generator.choice(len(world.models), count, replace=False).tolist()
        verdict = _judged(world, [world.models[i] for i in chosen], pictures, generator)
        best = max(chosen, key=lambda i: world.truth[i])
        _count(score, verdict, str(chosen.index(best)))
    return score


def tied(world: World, pictures: int, simulations: int, seed: int) -> Score:
    """Two models that are equal in truth: whatever is shipped is wrong."""
    generator = np.random.default_rng([seed, pictures, 1])
    score = Score(f"{pictures}, tie")
    for _ in range(simulations):
        first = int(generator.integers(len(world.models) - 1))
        twins = _mixed(world.models[first], world.models[first + 1], generator)
        _count(score, _judged(world, twins, pictures, generator), "neither")
    return score


def settled(world: World, simulations: int, seed: int, pictures: int = 30) -> str:
    """How often the advised number of more pictures does settle a verdict that was withheld."""
    generator = np.random.default_rng([seed, pictures, 2])
    advised, done, more = 0, 0, []
    for _ in range(max(1, simulations // 4)):
        models = [world.models[1], world.models[-1]]
        verdict = _judged(world, models, pictures, generator)
        if verdict.more is None:
            continue
        advised += 1
        more.append(verdict.more)
        done += _judged(world, models, pictures + verdict.more, generator).state == "ship"
    if not advised:
        return f"Of {pictures} pictures: no advice was given."
    return (
        f"Of {pictures} pictures: {advised} times more were advised, {np.median(more):.0f} in the "
        f"median; with as many a verdict was given in {100 * done / advised:.0f} %."
    )


def costs(large: tuple[int, int]) -> str:
    """Seconds of CPU that the draws of one model take."""
    images, each = large
    generator = np.random.default_rng(0)
    image = np.repeat(np.arange(images), each).astype(np.int32)
    category = generator.integers(80, size=len(image)).astype(np.int32)
    right = LEVELS[generator.integers(11, size=len(image))]
    right[generator.random(len(image)) < 0.5] = 0
    wrong = (~right & np.uint16(EVERY)).astype(np.uint16)
    matches = RankedMatches(image, category, generator.random(len(image)), right, wrong)
    objects = np.zeros((images, 80), np.int64)
    np.add.at(objects, (image, category), 1)
    weights = draws(images)
    begun = process_time()
    resampled_ap(matches, objects, weights)
    took = process_time() - begun
    return (
        f"a model on {images:,} pictures with {each} predictions each in 80 classes, "
        f"{weights.shape[1]} draws: {took:.1f} s of CPU"
    )


def _mixed(
    one: RankedMatches, other: RankedMatches, generator: np.random.Generator
) -> list[RankedMatches]:
    """Each picture's outcome goes to the one or the other model by a coin."""
    coin = generator.random(POPULATION) < 0.5
    return [_joined(one, other, coin), _joined(one, other, ~coin)]


def _joined(
    one: RankedMatches, other: RankedMatches, first: npt.NDArray[np.bool_]
) -> RankedMatches:
    mine, theirs = first[one.image], ~first[other.image]
    return RankedMatches(
        *(
            np.concatenate([getattr(one, name)[mine], getattr(other, name)[theirs]])
            for name in ("image", "category", "score", "right", "wrong")
        )
    )


def _judged(
    world: World,
    models: Sequence[RankedMatches],
    pictures: int,
    generator: np.random.Generator,
) -> Verdict:
    """The verdict of a data set of so many pictures."""
    drawn = generator.integers(POPULATION, size=pictures)
    objects = world.objects[drawn]
    weights = draws(pictures, seed=int(generator.integers(2**31)))
    one_each = np.ones((pictures, 1), np.float32)
    candidates = []
    for name, model in enumerate(models):
        part = model.of_images(drawn, POPULATION)
        value = float(resampled_ap(part, objects, one_each)[0])
        samples = resampled_ap(part, objects, weights)
        accuracy = Accuracy.measured(value, samples, "simulated", pictures)
        candidates.append(Candidate(str(name), accuracy))
    return decide(candidates)


def _count(score: Score, verdict: Verdict, truth: str) -> None:
    score.simulations += 1
    if verdict.best is not None and verdict.certainty is not None:
        score.given += 1
        score.right += verdict.best == truth
        score.certainty += verdict.certainty


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m performance.verdict", description=__doc__)
    parser.add_argument("--simulations", type=int, default=500)
    parser.add_argument("--pictures", type=int, nargs="+", default=[10, 20, 40, 100, 300])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--large", type=int, nargs=2, default=(5000, 20), metavar=("PICTURES", "EACH")
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
