"""Which object is asked about next: the one whose answer says most about which model is best.

The rule is that of Consensus-Driven Active Model Selection (Kay and others, ICCV 2025): the
expected fall of the entropy of "which model is best". It is counted in closed form: the answers'
effect on the difference of two models' F1 is linear, directly by the object and through what it
teaches about others. The object is then drawn at random, mostly among the best: a known chance of
being asked is what the unbiased estimate of Active Testing (Kossen and others, ICML 2021) needs,
see `weights`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, xlogy

from instseg_ui.judge.outcomes import Outcomes, right_at
from instseg_ui.judge.posterior import Posterior
from instseg_ui.judge.regression import Array

_EVENLY = 0.2
_SHARPNESS = 4.0
_LEAST_LEFT = 0.02
_HOPELESS = 0.002


def information(outcomes: Outcomes, features: Array, known: Posterior) -> Array:
    """(N,) expected fall of the entropy of which model is best, in nats, by asking each object."""
    f1 = known.f1.mean(axis=0).astype(np.float64)
    leader = int(np.argmax(known.best))
    total = np.maximum(known.marked + known.objects, 1e-9)
    right = right_at(outcomes, known.thresholds).astype(np.float64)
    # What one more object, and one more right outline, does to the leader's lead over each model.
    lost = -(f1[leader] / total[leader] - f1 / total)
    won = 2 * (right[:, [leader]] / total[leader] - right / total)
    others = _rivals(known.best, leader)
    lost, won = lost[others], won[:, others]
    learnt = _learnt(outcomes, features, known, lost, won)
    lead = (known.f1[:, [leader]] - known.f1)[:, others]
    mean, variance = lead.mean(axis=0).astype(float), lead.var(axis=0).astype(float) + 1e-10
    return _gain(outcomes, known, lost, won, learnt, mean, variance)


def _rivals(best: Array, leader: int) -> npt.NDArray[np.intp]:
    """The models that may be the best instead, one at least."""
    order = np.argsort(-best, kind="stable")
    order = order[order != leader]
    return order[: max(1, int(np.count_nonzero(best[order] > _HOPELESS)))]


def chances(gain: Array, open_: npt.NDArray[np.bool_]) -> Array:
    """(N,) with which each object is asked next; 0 where it was answered, none negative, sum 1."""
    count = int(open_.sum())
    if not count:
        return np.zeros(len(gain))
    usable = np.where(open_, np.maximum(gain, 0), 0)
    top = usable.max()
    sharp = (usable / top) ** _SHARPNESS if top > 0 else open_.astype(np.float64)
    return np.asarray((1 - _EVENLY) * sharp / sharp.sum() + _EVENLY * open_ / count)


def _learnt(
    outcomes: Outcomes, features: Array, known: Posterior, lost: Array, won: Array
) -> Array:
    """(N, H - 1) how far a surprise of 1 at an object moves each lead through the coefficients."""
    there = known.there
    spread = there * (1 - there)
    # An object that is there brings its outlines' shares with it.
    shares = known.way / np.maximum(there[outcomes.owner], 1e-9)
    brings = np.add.reduceat(won * shares[:, None], outcomes.starts[:-1], axis=0) + lost
    slope = (spread[:, None] * brings).T @ features
    through = features @ known.regression.covariance
    inside = np.einsum("nd,nd->n", through, features)
    return np.asarray((through @ slope.T) / (1 + spread * inside)[:, None])


def _gain(
    outcomes: Outcomes,
    known: Posterior,
    lost: Array,
    won: Array,
    learnt: Array,
    mean: Array,
    variance: Array,
) -> Array:
    """(N,) what each object's outcomes, by their chances, take from the entropy of each lead."""
    there, way = known.there, known.way
    owner, starts = outcomes.owner, outcomes.starts[:-1]
    none = np.maximum(there - np.add.reduceat(way, starts), 0)
    chances = [each[:, None] for each in (1 - there, none, way)]
    expected = np.add.reduceat(won * chances[2], starts, axis=0) + lost * there[:, None]
    absent = -expected - learnt * there[:, None]
    nobody = lost - expected + learnt * chances[0]
    moves = [absent, nobody, won + nobody[owner]]

    def total(values: Sequence[Array]) -> Array:
        one, other, ways = (chance * value for chance, value in zip(chances, values, strict=True))
        return np.asarray(one + other + np.add.reduceat(ways, starts, axis=0))

    squares = total([move**2 for move in moves])
    left = 1 / np.sqrt(np.maximum(variance - squares, _LEAST_LEFT * variance))
    scales = (left, left, left[owner])
    after = total(
        [_entropy((mean + move) * scale) for move, scale in zip(moves, scales, strict=True)]
    )
    before = _entropy(mean / np.sqrt(variance))
    return np.asarray((before - after).sum(axis=1))


def _entropy(deviates: Array) -> Array:
    """Of which of two is the better one, by their difference in standard deviations; nats."""
    chance = ndtr(deviates)
    return np.asarray(-xlogy(chance, chance) - xlogy(1 - chance, 1 - chance))
