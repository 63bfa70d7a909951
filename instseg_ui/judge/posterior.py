"""What is known of every object and every model after the answers so far.

Draws of the posterior by Monte Carlo. In each draw every coefficient has a value, every object that
was not answered has an outcome, and every photo has a weight: the photos are a sample of those the
models are meant for, and how far another sample could differ is the Bayesian bootstrap over them
(Rubin, 1981). F1 of all models is counted on the same draw, so that their differences are paired.
The random numbers are the same after every answer: what moves between two answers is what was
learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.judge import regression
from instseg_ui.judge.outcomes import THRESHOLDS, Floats, Outcomes, reached, right_at
from instseg_ui.judge.regression import SLIP, Array, Regression

ABSENT, NONE_RIGHT = -2, -1
"""Outcomes of an object beside its ways of being right: nothing there, or nobody has it right."""

CLEAR_LEAD = 0.01
"""F1 by which a model must lead to be called the best: less is no reason to choose it.

Of two equal models one seems ahead now and then on the way, and whoever looks after each answer
will see it; a lead this clear is rare among equals.
"""
MOST_DRAWS = 512
_FEWEST_DRAWS = 128
_CELLS = 3_000_000
_RIGHT_PRIOR = (9.0, 1.0)


class Known(NamedTuple):
    """The answers so far, as numbers.

    Attributes:
        objects: (n,) which were answered, each once.
        outcomes: (n,) `ABSENT`, `NONE_RIGHT` or a way of the object.
        missed: (m,) photos of the objects that a person marked and no model found.
    """

    objects: npt.NDArray[np.intp]
    outcomes: npt.NDArray[np.intp]
    missed: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is known.

    Attributes:
        there: (N,) chance that there is an object.
        way: (K,) chance of each way of being right.
        thresholds: (H,) the best one of each model.
        f1, precision, recall: (S, H) draws at those thresholds.
        best: (H,) chance of having the highest F1 on photos like these.
        best_here: (H,) chance of having it on these photos.
        clear: (H,) chance of leading all others by `CLEAR_LEAD` on photos like these.
        here: (S, H) draws of F1 on these photos.
        marked: (H,) outlines at the thresholds.
        objects: expected number of objects.
        regression: what the chances rest on.
    """

    there: Array
    way: Array
    thresholds: Floats
    f1: Floats
    precision: Floats
    recall: Floats
    best: Array
    best_here: Array
    clear: Array
    here: Floats
    marked: Array
    objects: float
    regression: Regression


class Sampler:
    """Draws the posterior of one table of outcomes, again after each answer."""

    def __init__(self, outcomes: Outcomes, seed: int = 0, *, most_draws: int = MOST_DRAWS) -> None:
        """Make the random numbers ready.

        Args:
            outcomes: N objects.
            seed: of the random numbers.
            most_draws: S, of a small table; a large one has fewer, so that an answer stays quick.
        """
        self.outcomes = outcomes
        self.features = regression.features(outcomes)
        self._mode: Array | None = None
        rng = np.random.default_rng(seed)
        count, models = len(outcomes), len(outcomes.models)
        self.draws = int(
            np.clip(_CELLS / max(count, 1), min(_FEWEST_DRAWS, most_draws), most_draws)
        )
        self._right_mode: Array | None = None
        self._normal = rng.standard_normal((2, self.features.shape[1], self.draws))
        self._deviates = rng.standard_normal((2, models, self.draws))
        weight = rng.standard_exponential((outcomes.photos, self.draws), dtype=np.float32)
        self._weight = weight / weight.mean(axis=0) if outcomes.photos else weight
        # Most objects can be right in one way only, which is quickly counted: they come first.
        ways = np.diff(outcomes.starts)
        self._order = np.argsort(ways > 1, kind="stable")
        self._single = int(np.count_nonzero(ways <= 1))
        self._place = np.empty(count, np.intp)
        self._place[self._order] = np.arange(count)
        self._features = self.features[self._order].astype(np.float32)
        self._uniform = rng.random((count, self.draws), dtype=np.float32)
        self._object_weight = self._weight[outcomes.photo[self._order]]
        self._levels = reached(outcomes.right)
        self._found = (outcomes.scores > 0).astype(np.float32)
        self._right = (outcomes.right > 0).astype(np.float32)
        self._several = _Several(outcomes, self._order[self._single :])

    def update(self, known: Known) -> Posterior:
        """What is known after these answers."""
        fitted = regression.fit(self.features[known.objects], known.outcomes != ABSENT, self._mode)
        self._mode = fitted.mean
        there, single, several = self._chances(fitted, known)
        mean_there, mean_way = self._means(there, single, several)
        thresholds = self._thresholds(mean_way, mean_there, known)
        weighted, counted = self._hits(single, several, thresholds)
        return self._figures(
            fitted,
            known,
            thresholds,
            self._uniform < there,
            weighted,
            counted,
            mean_there,
            mean_way,
        )

    def _chances(self, fitted: Regression, known: Known) -> tuple[Floats, Floats, Floats]:
        """(N, S) that there is one; of the first way of those with one; of the ways of the others.

        In the order of `_order`.
        """
        there = self._drawn(fitted, 0)
        right = self._drawn(self._rightness(known), 1)
        right *= there
        single, rest = right[: self._single], right[self._single :]
        none = there[self._single :] - rest
        several = self._several.chances(rest, *self._trust(known))
        self._observe(there, single, none, several, known)
        there[self._single :] = none + self._several.sums(several)
        return there, single, several

    def _drawn(self, fitted: Regression, which: int) -> Floats:
        """(N, S) chances by draws of the coefficients, in the order of `_order`."""
        drawn = fitted.mean[:, None] + fitted.root @ self._normal[which]
        return _sigmoid(self._features @ drawn.astype(np.float32))

    def _rightness(self, known: Known) -> Regression:
        """Whether somebody is right where there is an object."""
        there = known.outcomes != ABSENT
        objects, right = known.objects[there], known.outcomes[there] >= 0
        fitted = regression.fit(self.features[objects], right, self._right_mode, regression.RIGHT)
        self._right_mode = fitted.mean
        return fitted

    def _trust(self, known: Known) -> tuple[Floats, Floats]:
        """(H, S) log of how often a model's outline is right where there is an object; wrong."""
        there = known.outcomes != ABSENT
        right = self._right[known.outcomes[known.outcomes >= 0]].sum(axis=0)
        wrong = self._found[known.objects[there]].sum(axis=0) - right
        share = _beta(_RIGHT_PRIOR[0] + right, _RIGHT_PRIOR[1] + wrong, self._deviates)
        return np.log(share).astype(np.float32), np.log1p(-share).astype(np.float32)

    def _observe(
        self, there: Floats, single: Floats, none: Floats, several: Floats, known: Known
    ) -> None:
        """An answer makes what it says nearly certain: it may be a slip."""
        place = self._place[known.objects]
        alone = place < self._single
        at, outcome = place[alone], known.outcomes[alone, None]
        before, way = there[at], single[at]
        absent = (1 - before) * np.where(outcome == ABSENT, 1 - SLIP, SLIP / 2)
        nobody = (before - way) * np.where(outcome == NONE_RIGHT, 1 - SLIP, SLIP / 2)
        way = way * np.where(outcome >= 0, 1 - SLIP, SLIP / 2)
        total = absent + nobody + way
        there[at], single[at] = (nobody + way) / total, way / total
        for at, outcome in zip(place[~alone], known.outcomes[~alone].tolist(), strict=True):
            row = int(at) - self._single
            self._several.observe(row, outcome, there[at], none, several)

    def _means(self, there: Floats, single: Floats, several: Floats) -> tuple[Array, Array]:
        """(N,) and (K,) mean chances, in the table's order."""
        outcomes = self.outcomes
        mean_there = np.empty(len(outcomes))
        mean_there[self._order] = there.mean(axis=1)
        mean_way = np.empty(len(outcomes.owner))
        mean_way[self._first()] = single.mean(axis=1)
        mean_way[self._several.rows] = several.mean(axis=1)
        return mean_there, mean_way

    def _first(self) -> npt.NDArray[np.intp]:
        return self.outcomes.starts[self._order[: self._single]]

    def _thresholds(self, way: Array, there: Array, known: Known) -> Floats:
        """(H,) thresholds of the best expected F1."""
        models, size = len(self.outcomes.models), THRESHOLDS.size
        place = np.arange(models) * (size + 1) + self._levels
        weights = np.broadcast_to(way[:, None], place.shape)
        found = np.bincount(place.ravel(), weights.ravel(), models * (size + 1))
        right = found.reshape(models, size + 1)[:, :0:-1].cumsum(axis=1)[:, ::-1]
        marked = self.outcomes.marked.sum(axis=0)
        f1 = 2 * right / np.maximum(marked + there.sum() + known.missed.size, 1e-9)
        return THRESHOLDS[f1.argmax(axis=1)]

    def _hits(self, single: Floats, several: Floats, thresholds: Floats) -> tuple[Floats, Floats]:
        """(S, H) right outlines at the thresholds, by the photos' weights and as they are."""
        right = right_at(self.outcomes, thresholds).astype(np.float32)
        one, more = right[self._first()], right[self._several.rows]
        drawn = (self._uniform[: self._single] < single).astype(np.float32)
        others = self._several.drawn(several, self._uniform[self._single :]).astype(np.float32)
        counted = drawn.T @ one + others.T @ more
        drawn *= self._object_weight[: self._single]
        others *= self._object_weight[self._single :][self._several.objects]
        return drawn.T @ one + others.T @ more, counted

    def _figures(
        self,
        fitted: Regression,
        known: Known,
        thresholds: Floats,
        is_there: npt.NDArray[np.bool_],
        weighted: Floats,
        counted: Floats,
        mean_there: Array,
        mean_way: Array,
    ) -> Posterior:
        missed = self._weight[known.missed].sum(axis=0)
        objects = np.einsum("ns,ns->s", is_there, self._object_weight) + missed
        level = np.searchsorted(THRESHOLDS, thresholds)
        marked = self.outcomes.marked[:, np.arange(level.size), level]
        outlines = self._weight.T @ marked
        f1 = 2 * weighted / np.maximum(outlines + objects[:, None], 1e-6)
        total = np.count_nonzero(is_there, axis=0)[:, None] + known.missed.size + marked.sum(axis=0)
        here = 2 * counted / np.maximum(total, 1e-6)
        return Posterior(
            there=mean_there,
            way=mean_way,
            thresholds=thresholds,
            f1=f1,
            precision=weighted / np.maximum(outlines, 1e-6),
            recall=weighted / np.maximum(objects[:, None], 1e-6),
            here=here.astype(np.float32),
            best=chances_of_best(f1),
            best_here=chances_of_best(here),
            clear=chances_of_lead(f1),
            marked=marked.sum(axis=0).astype(np.float64),
            objects=float(mean_there.sum()) + known.missed.size,
            regression=fitted,
        )


def chances_of_lead(f1: Floats, by: float = CLEAR_LEAD) -> Array:
    """(H,) share of the draws in which a model is ahead of all others by so much."""
    second, first = np.partition(f1, -2, axis=1)[:, -2:].T
    ahead = (f1 >= first[:, None]) & (first - second >= by)[:, None]
    return np.asarray(ahead.mean(axis=0), np.float64)


class _Several:
    """The objects that can be right in more than one way."""

    def __init__(self, outcomes: Outcomes, chosen: npt.NDArray[np.intp]) -> None:
        counts = np.diff(outcomes.starts)[chosen]
        self.ends = np.cumsum(counts)
        self.starts = self.ends - counts
        self.objects = np.repeat(np.arange(len(chosen)), counts)
        self.rows = outcomes.starts[chosen][self.objects] + (
            np.arange(len(self.objects)) - self.starts[self.objects]
        )
        found = outcomes.scores[chosen] > 0
        self._right = (outcomes.right[self.rows] > 0).astype(np.float32)
        self._wrong = (found[self.objects] & (outcomes.right[self.rows] == 0)).astype(np.float32)
        rank = np.arange(len(self.objects)) - self.starts[self.objects]
        self._ranks = [np.flatnonzero(rank == one) for one in range(int(rank.max(initial=-1)) + 1)]

    def chances(self, somebody: Floats, right: Floats, wrong: Floats) -> Floats:
        """(k, S) of each way, adding up to that `somebody` (n, S) is right.

        Each model is right or not by itself, and one way is true.
        """
        way = np.exp(self._right @ right + self._wrong @ wrong)
        return np.asarray(way * (somebody / self.sums(way))[self.objects])

    def sums(self, way: Floats) -> Floats:
        """(n, S), the ways of each object added up."""
        sums = np.zeros((len(self.starts), way.shape[1]), np.float32)
        for rows in self._ranks:
            sums[self.objects[rows]] += way[rows]
        return sums

    def drawn(self, way: Floats, uniform: Floats) -> npt.NDArray[np.bool_]:
        """(k, S) whether each way is what happened in a draw; at most one of an object."""
        drawn = np.zeros(way.shape, bool)
        ends = np.zeros((len(self.starts), way.shape[1]), np.float32)
        for rows in self._ranks:
            objects = self.objects[rows]
            before = ends[objects]
            after = before + way[rows]
            drawn[rows] = (uniform[objects] >= before) & (uniform[objects] < after)
            ends[objects] = after
        return drawn

    def observe(self, row: int, outcome: int, there: Floats, none: Floats, way: Floats) -> None:
        """Weigh the outcomes of one object by the answer."""
        span = slice(int(self.starts[row]), int(self.ends[row]))
        slip = SLIP / (span.stop - span.start + 1)
        absent = (1 - there) * (1 - SLIP if outcome == ABSENT else slip)
        none[row] *= 1 - SLIP if outcome == NONE_RIGHT else slip
        way[span] *= np.where(self.rows[span] == outcome, 1 - SLIP, slip)[:, None]
        total = absent + none[row] + way[span].sum(axis=0)
        none[row] /= total
        way[span] /= total


def chances_of_best(f1: Floats) -> Array:
    """(H,) share of the draws in which a model is the best; of equals each has its part."""
    top = f1 >= f1.max(axis=1, keepdims=True) - 1e-6
    return np.asarray((top / top.sum(axis=1, keepdims=True)).mean(axis=0), np.float64)


def _sigmoid(values: Floats) -> Floats:
    """In place."""
    np.negative(values, out=values)
    np.exp(values, out=values)
    values += 1
    return np.reciprocal(values, out=values)


def _beta(right: Array, wrong: Array, deviates: Array) -> Array:
    """(H, S) draws of Beta(right, wrong) by normal deviates (2, H, S).

    By gamma variables as Wilson and Hilferty (1931) approximate them: the draws move smoothly with
    their parameters.
    """
    shapes = np.stack([right, wrong])[:, :, None]
    gammas = shapes * (1 - 1 / (9 * shapes) + deviates / (3 * np.sqrt(shapes))) ** 3
    gammas = np.maximum(gammas, 1e-3)
    return np.clip(gammas[0] / gammas.sum(axis=0), 1e-3, 1 - 1e-3)
