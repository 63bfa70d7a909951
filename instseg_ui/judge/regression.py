"""Is there an object, is it outlined rightly? A regression on what models said, with doubt kept.

It is Dawid and Skene's model (1979) in its discriminative form: where raters are independent given
the truth, the log odds of the truth are a sum of one term a rater. The prior is the agreement of
the models: before the first answer, what many models mark with high scores is likely there (the
"consensus prior" of Kay and others, ICCV 2025). Answers then teach how far each model is to be
trusted, when it stands alone too. The posterior is normal around its mode (Laplace).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instseg_ui.judge.outcomes import Outcomes

Array = npt.NDArray[np.float64]

SLIP = 0.02
"""Share of answers that are taken to be slips of the hand."""

# Of one, the mean score, the highest score, and the square of the share of models that found it.
THERE: Array = np.array([-2.5, 2.5, 2.5, 1.0])
"""Prior mean of whether there is an object."""
RIGHT: Array = np.array([0.5, 1.0, 1.5, 0.5])
"""Prior mean of whether an outline is right where there is one.

It depends on the scores as well: else what is learnt of the doubtful objects, which are asked about
most, would be believed of all.
"""
_CONSENSUS_SD = np.array([1.0, 1.0, 1.0, 1.5])
_FOUND_SD = 1.2
_SCORE_SD = 2.0
_STEPS = 25
_ENOUGH = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """A normal distribution of D coefficients.

    Attributes:
        mean: (D,).
        covariance: (D, D).
        root: (D, D) lower triangle, its product with its transpose is the covariance.
    """

    mean: Array
    covariance: Array
    root: Array


def features(outcomes: Outcomes) -> Array:
    """(N, D): what all models say together, and for each model whether it found it, how surely."""
    scores = outcomes.scores.astype(np.float64)
    found = scores > 0
    shared = [
        np.ones(len(scores)),
        scores.mean(axis=1),
        scores.max(axis=1, initial=0),
        found.mean(axis=1) ** 2,
    ]
    return np.column_stack([*shared, found, np.where(found, scores - 0.5, 0)])


def fit(
    known: Array,
    there: npt.NDArray[np.bool_],
    start: Array | None = None,
    consensus: Array = THERE,
) -> Regression:
    """The coefficients after answers.

    Args:
        known: (n, D) features of the objects that were answered.
        there: (n,) whether the answer was that there is an object, or a right outline.
        start: (D,) where the search begins, such as the last mode.
        consensus: (4,) `THERE` or `RIGHT`.
    """
    models = (known.shape[1] - consensus.size) // 2
    prior, precision = _prior(models, consensus)
    mode = prior if start is None else start
    bend = np.diag(precision)
    for _ in range(_STEPS):
        slope, bend = _derivatives(known, there, mode)
        slope -= precision * (mode - prior)
        bend += np.diag(precision)
        step = np.linalg.solve(bend, slope)
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-9))
        mode = mode + step
        if np.abs(step).max() < _ENOUGH:
            break
    covariance = np.asarray(np.linalg.inv(bend), np.float64)
    root = np.asarray(np.linalg.cholesky(covariance), np.float64)
    return Regression(mode, covariance, root)


def _prior(models: int, consensus: Array) -> tuple[Array, Array]:
    mean = np.concatenate([consensus, np.zeros(2 * models)])
    spread = np.concatenate([_CONSENSUS_SD, np.full(models, _FOUND_SD), np.full(models, _SCORE_SD)])
    return mean, spread**-2


def _derivatives(known: Array, there: npt.NDArray[np.bool_], mode: Array) -> tuple[Array, Array]:
    """Gradient of the log likelihood, and its expected curvature, with slips allowed for."""
    chance = 1 / (1 + np.exp(-known @ mode))
    said = SLIP + (1 - 2 * SLIP) * chance
    slope = (1 - 2 * SLIP) * chance * (1 - chance)
    spread = said * (1 - said)
    pull = (there - said) * slope / spread
    weight = slope**2 / spread
    return known.T @ pull, (known * weight[:, None]).T @ known
