"""What is known of a model's accuracy: measured, estimated from answers, or published.

Figures of different kinds, or of different pictures, say nothing about each other: they are never
in one ranking.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from instseg_ui.catalog import ModelSpec
from instseg_ui.judge.posterior import CLEAR_LEAD

Kind = Literal["measured", "answers", "published"]
KINDS: tuple[Kind, ...] = ("measured", "answers", "published")
"""The strongest first."""

CONFIDENCE = 0.95
LEAST_PICTURES = 5
"""Of fewer an interval would be made up."""
LEAST_TO_DECIDE = 20
"""Of fewer no verdict is given: of the few that would be, too many are wrong.

Simulated (`python -m performance.verdict`): of 43 verdicts on 10 pictures 4 were wrong.
"""

Samples = npt.NDArray[np.float64]


class JudgedAccuracy(Protocol):
    """What a person's answers tell of one model, as `Accuracy.from_answers` takes it."""

    @property
    def figure(self) -> str:
        """What is estimated: `F1`."""

    @property
    def estimate(self) -> float:
        """0 to 1."""

    @property
    def samples(self) -> Samples:
        """(R,) draws of what the figure may be, 0 to 1; element r of all models is one draw."""

    @property
    def answers(self) -> int:
        """How many were given."""

    @property
    def session(self) -> str:
        """Equal for models that were judged together."""


@dataclass(frozen=True, slots=True, eq=False)
class Accuracy:
    """One model's accuracy, and how sure it is.

    Attributes:
        kind: how it is known.
        figure: `mask AP` or `F1`.
        value: 0 to 1.
        basis: on what, in words; figures of one kind, figure and basis may be compared.
        n: how many pictures or answers it rests on; 0 where that is not known.
        samples: (R,) what it may be, 0 to 1; element r of all models of one basis is one draw.
            None where nothing is known of its doubt.
    """

    kind: Kind
    figure: str
    value: float
    basis: str
    n: int = 0
    samples: Samples | None = None

    @classmethod
    def measured(cls, value: float, samples: Samples, basis: str, pictures: int) -> Accuracy:
        """Mask AP on annotated pictures; `samples` are those of `resampled_ap`.

        With few pictures the bootstrap's distribution is too narrow, by sqrt((n - 1) / n) and by
        the normal distribution's quantile instead of Student's (Hesterberg, What Teachers Should
        Know about the Bootstrap, 2015, section 3); and AP of pictures drawn twice is a little too
        high. It is widened by both factors, and moved to the value.
        """
        if pictures < LEAST_PICTURES or not np.isfinite(samples).any():
            return cls("measured", "mask AP", value, basis, pictures)
        known = samples[np.isfinite(samples)]
        drawn = np.where(np.isfinite(samples), samples, known.mean())
        spread = value + _widening(pictures) * (drawn - known.mean())
        return cls("measured", "mask AP", value, basis, pictures, spread)

    @classmethod
    def from_answers(cls, judged: JudgedAccuracy) -> Accuracy:
        """What a person's answers tell."""
        basis = f"your answers {judged.session}".strip()
        return cls("answers", judged.figure, judged.estimate, basis, judged.answers, judged.samples)

    @classmethod
    def published(cls, spec: ModelSpec) -> Accuracy | None:
        """Of the catalog; None where nothing is. Its own measurements stand on other photos."""
        if spec.published.mask_ap is not None:
            return cls("published", "mask AP", spec.published.mask_ap / 100, "COCO")
        if spec.measured is not None:
            return cls("published", "mask AP", spec.measured.mask_ap / 100, spec.measured.data)
        return None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which the figure lies with 95 %, inside 0 to 1; None where nobody can tell."""
        if self.samples is None:
            return None
        tail = (1 - CONFIDENCE) / 2
        low, high = np.clip(np.quantile(self.samples, (tail, 1 - tail)), 0, 1)
        return min(float(low), self.value), max(float(high), self.value)

    def compares_with(self, other: Accuracy) -> bool:
        """Whether the two may stand in one ranking."""
        return (self.kind, self.figure, self.basis) == (other.kind, other.figure, other.basis)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one model is than another, and how sure that is.

    Attributes:
        estimate: of the figure, -1 to 1; above 0 where the one is better.
        low, high: its 95 % interval.
        certainty: the largest confidence, 0 to 1, whose interval of the difference has no zero in
            it; 95 % and more exactly where the 95 % interval has none.
    """

    estimate: float
    low: float
    high: float
    certainty: float

    @property
    def sure(self) -> bool:
        """Whether the difference exceeds the doubt."""
        return self.certainty >= CONFIDENCE


def difference(one: Accuracy, other: Accuracy) -> Difference | None:
    """Of two that compare, by their paired samples; None where there are none.

    Of answers a lead of `CLEAR_LEAD` is asked for, as in Judge: whoever looks after each answer
    sees one of two equal models ahead sooner or later.
    """
    if one.samples is None or other.samples is None or not one.compares_with(other):
        return None
    drawn = one.samples - other.samples
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    lead = CLEAR_LEAD if one.kind == "answers" else 0.0
    wrong = min(_short_of(drawn, lead), _short_of(-drawn, lead))
    certainty = 1 - 2 * (wrong + 1) / (drawn.size + 2)
    return Difference(one.value - other.value, float(low), float(high), max(0.0, certainty))


def _short_of(drawn: Samples, lead: float) -> float:
    """How many draws are below that lead; one that is equal to it is half of one."""
    return np.count_nonzero(drawn < lead) + np.count_nonzero(drawn == lead) / 2


def _widening(pictures: int) -> float:
    """By how much the bootstrap's spread of so many pictures is too narrow."""
    upper = (1 + CONFIDENCE) / 2
    quantile = stdtrit(pictures - 1, upper) / ndtri(upper)
    return float(quantile * math.sqrt(pictures / (pictures - 1)))
