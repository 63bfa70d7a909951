"""F1 from the answers alone, with the bias of asking on purpose taken out.

Objects that were chosen for what they teach are no fair sample. Active Testing (Kossen and others,
ICML 2021) weighs the m-th of M answers from N objects, drawn with chance q among those left, by

    v = 1 + (N - M) / (N - m) * (1 / ((N - m + 1) q) - 1)

(LURE, of Farquhar and others, ICLR 2021): the weighted mean is unbiased whatever the chances rest
on. It believes in no model of the objects, and so holds the posterior to account; with few answers
it is wide.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from instseg_ui.benchmark.bootstrap import Interval
from instseg_ui.judge.outcomes import Outcomes, right_at
from instseg_ui.judge.posterior import ABSENT, Known, Posterior
from instseg_ui.judge.regression import Array

_FEWEST = 5
_DEVIATES = 1.96


def lure_weights(chances: Array, count: int) -> Array:
    """(M,) weights of M answers in their order, see above.

    Args:
        chances: (M,) with which each was drawn among those that were left.
        count: N objects in all, at least M.
    """
    answered = chances.size
    number = np.arange(1, answered + 1)
    rest = np.where(count > number, (count - answered) / np.maximum(count - number, 1), 0.0)
    return np.asarray(1 + rest * (1 / ((count - number + 1) * chances) - 1))


def unbiased_f1(
    outcomes: Outcomes, known: Known, chances: Array, found: Posterior
) -> tuple[Interval, ...] | None:
    """F1 of each model on these photos with a normal 95 % interval, from the answers alone.

    None below five answers, and where an answer's chance is not known (NaN).
    """
    if chances.size < _FEWEST or np.isnan(chances).any():
        return None
    weights = lure_weights(chances, len(outcomes))
    there = known.outcomes != ABSENT
    right = np.zeros((there.size, len(outcomes.models)))
    certain = known.outcomes >= 0
    right[certain] = right_at(outcomes, found.thresholds)[known.outcomes[certain]]
    scale = len(outcomes) / there.size
    hits = scale * (weights[:, None] * right).sum(axis=0)
    total = found.marked + scale * (weights * there).sum() + known.missed.size
    f1 = 2 * hits / np.maximum(total, 1e-9)
    errors = _errors(weights, right, there, f1) * len(outcomes) / np.maximum(total, 1e-9)
    return tuple(
        Interval(float(middle), *np.clip((middle - half, middle + half), 0, 1).tolist())
        for middle, half in zip(f1, _DEVIATES * errors, strict=True)
    )


def _errors(weights: Array, right: Array, there: npt.NDArray[np.bool_], f1: Array) -> Array:
    """(H,) standard errors of the mean of what each answer adds to a model's ratio."""
    adds = weights[:, None] * (2 * right - f1 * there[:, None])
    return np.asarray(adds.std(axis=0, ddof=1) / np.sqrt(weights.size))
