"""Simulated photos and models whose quality is known, and how they answer to a judge.

Objects differ in difficulty, and so do photos; models share what is hard for all of them and what
looks like an object to all of them, so that they are not independent as the judge takes them to be.
A model's scores are its own: each is warped in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from instseg_ui.judge.outcomes import THRESHOLDS, Outcomes, count_marked
from instseg_ui.judge.posterior import ABSENT, NONE_RIGHT

Array = npt.NDArray[np.float64]
POPULATION = 3000
"""Photos that the true figures are counted on."""


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """H models: how well each finds, invents, outlines, and how it warps its scores; (H,) each."""

    skill: Array
    invention: Array
    outlining: Array
    warp: Array

    def __len__(self) -> int:
        return len(self.skill)

    def tied(self, first: int, second: int) -> Models:
        """The second as good as the first, in everything; their finds still differ."""
        values = {
            name: getattr(self, name).copy() for name in ("skill", "invention", "outlining", "warp")
        }
        for value in values.values():
            value[second] = value[first]
        return replace(self, **values)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Photos, R real objects and what else looks like one.

    Attributes:
        photo, other_photo: (R,), (Q,) where they are.
        scores, other_scores: (R, H), (Q, H) what the models gave them, 0 for not found.
        right: (R, H) whether the outline is right.
    """

    photos: int
    photo: npt.NDArray[np.intp]
    scores: Array
    right: npt.NDArray[np.bool_]
    other_photo: npt.NDArray[np.intp]
    other_scores: Array


def graded_models(rng: np.random.Generator, count: int, spread: float) -> Models:
    """Models whose qualities differ by `spread`."""
    return Models(
        rng.normal(1.2, spread, count),
        rng.normal(0, 0.6 * spread, count),
        np.clip(rng.normal(0.93, 0.04, count), 0.7, 1),
        np.exp(rng.normal(0, 0.3, count)),
    )


def make_world(rng: np.random.Generator, models: Models, photos: int) -> World:
    """Some eight objects and five distractors a photo."""
    hard = rng.normal(0, 0.5, photos)
    photo = np.repeat(np.arange(photos), rng.poisson(8, photos))
    difficulty = rng.normal(0, 1.2, photo.size) + hard[photo]
    scores = _scores(rng, models, models.skill - difficulty[:, None], 0.3)
    right = (scores > 0) & (rng.random(scores.shape) < models.outlining)
    other = np.repeat(np.arange(photos), rng.poisson(5, photos))
    likeness = rng.normal(-0.8, 1.2, other.size)
    others = _scores(rng, models, models.invention + likeness[:, None], -0.3)
    return World(photos, photo, scores, right, other, others)


def _scores(rng: np.random.Generator, models: Models, strength: Array, lift: float) -> Array:
    strength = strength + rng.normal(0, 0.8, strength.shape)
    found = strength + rng.normal(0, 0.3, strength.shape) > -0.5
    warped = models.warp * strength + lift + rng.normal(0, 0.4, strength.shape)
    return np.asarray(np.clip(1 / (1 + np.exp(-warped)), 0.051, 0.999) * found)


def best_f1(world: World, hidden: float = 0.0) -> Array:
    """(H,) F1 of each model at its best threshold.

    Args:
        world: the photos.
        hidden: share of all objects that no model found, beside those of the world.
    """
    seen = int(world.scores.any(axis=1).sum()) / (1 - hidden)
    found = []
    for model in range(world.scores.shape[1]):
        right = np.sort(world.scores[world.right[:, model], model])
        marked = np.concatenate([world.scores[:, model], world.other_scores[:, model]])
        marked = np.sort(marked[marked > 0])
        hits = right.size - np.searchsorted(right, THRESHOLDS)
        outlines = marked.size - np.searchsorted(marked, THRESHOLDS)
        found.append((2 * hits / np.maximum(outlines + seen, 1)).max())
    return np.array(found)


def to_outcomes(rng: np.random.Generator, world: World) -> tuple[Outcomes, npt.NDArray[np.intp]]:
    """The judge's table, and which outcome is true of each object.

    Outlines that are right are nearly the same and are one candidate, so are those that are not; of
    what is no object all are one but for a few.
    """
    count = world.scores.shape[1]
    scores = np.concatenate([world.scores, world.other_scores])
    real = np.arange(len(scores)) < len(world.scores)
    alike = np.concatenate([world.right, rng.random(world.other_scores.shape) < 0.95])
    photo = np.concatenate([world.photo, world.other_photo])
    kept = np.flatnonzero(scores.any(axis=1))
    kept = kept[np.argsort(photo[kept], kind="stable")]
    scores, real, alike, photo = scores[kept], real[kept], alike[kept], photo[kept]
    owner: list[int] = []
    right: list[npt.NDArray[np.float64]] = []
    truth = np.where(real, NONE_RIGHT, ABSENT)
    for i in range(len(scores)):
        for way in (alike[i], ~alike[i]):
            models = way & (scores[i] > 0)
            if models.any():
                if real[i] and alike[i][models].all():
                    truth[i] = len(owner)
                owner.append(i)
                right.append(np.where(models, scores[i], 0))
    rows, columns = np.nonzero(scores)
    marked = count_marked(
        photo[rows].astype(np.int32),
        columns.astype(np.int32),
        scores[rows, columns].astype(np.float32),
        world.photos,
        count,
    )
    return Outcomes(
        tuple(f"model {i + 1}" for i in range(count)),
        world.photos,
        photo.astype(np.int32),
        scores.astype(np.float32),
        np.array(owner, np.int32),
        np.array(right, np.float32).reshape(-1, count),
        marked,
    ), truth
