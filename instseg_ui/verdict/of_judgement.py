"""What a person's answers tell of each model's accuracy: F1 with its doubt, as Judge has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instseg_ui.judge import Judgement
from instseg_ui.judge.assessment import FEWEST_ANSWERS, FEWEST_PHOTOS
from instseg_ui.verdict.accuracy import Accuracy, Samples


@dataclass(frozen=True, slots=True, eq=False)
class JudgedModel:
    """One model's F1 on photos like those that were judged, see `JudgedAccuracy`."""

    estimate: float
    samples: Samples
    answers: int
    session: str
    figure: str = "F1"


def accuracies_of(judgement: Judgement) -> dict[str, Accuracy]:
    """By model; nothing before there are as many answers and photos as Judge itself decides on."""
    known = judgement.assessment()
    if known.answered < FEWEST_ANSWERS or known.photos < FEWEST_PHOTOS:
        return {}
    draws = judgement.posterior().f1.astype(np.float64)
    session = judgement.candidates.digest[:8]
    return {
        one.model: Accuracy.from_answers(
            JudgedModel(one.f1.estimate, draws[:, place], known.answered, session)
        )
        for place, one in enumerate(known.models)
    }
