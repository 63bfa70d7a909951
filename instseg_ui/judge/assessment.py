"""What the answers say of the models: figures with intervals, and whether one is the best.

Two questions are kept apart. Which model is best *on these photos* is settled by more answers.
Which is best *on photos like these* needs more photos too, and is what a choice rests on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from instseg_ui.benchmark.bootstrap import Interval
from instseg_ui.judge.outcomes import Outcomes
from instseg_ui.judge.posterior import CLEAR_LEAD, Known, Posterior
from instseg_ui.judge.regression import Array
from instseg_ui.judge.weights import unbiased_f1
from instseg_ui.numbers import plural

Decision = Literal["sure", "equal", "more photos", "ask on"]

SURE = 0.95
EQUAL_WITHIN = 0.02
"""F1 by which two models may differ and count as equal."""
FEWEST_ANSWERS = 10
FEWEST_PHOTOS = 5
_PHOTOS_SHARE = 0.75
_MOST_PHOTOS = 10_000


@dataclass(frozen=True, slots=True)
class ModelAssessment:
    """What is known of one model.

    Attributes:
        model: its name.
        threshold: the one of its best expected F1; the figures hold there.
        precision, recall, f1: on photos like these, mean and 95 % interval; shares of 1.
        f1_here: on these photos.
        best: chance of the highest F1 on photos like these.
        clear: chance that it leads all others there by a point of F1 or more.
        best_here: chance of the highest F1 on these photos.
        unbiased: F1 on these photos from the answers alone; None before there are five, or where
            objects were answered that were not asked about.
    """

    model: str
    threshold: float
    precision: Interval
    recall: Interval
    f1: Interval
    f1_here: Interval
    best: float
    clear: float
    best_here: float
    unbiased: Interval | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known after the answers so far.

    Attributes:
        models: in the order they were given.
        leader: the likeliest best one.
        decision: `sure` - stop, the leader is the best, and by a point of F1 or more, with 95 %
            certainty; `equal` - stop, the others that could be best are within two points of F1;
            `more photos` - stop, what is not known hangs on the photos; `ask on` - answers settle
            more.
        certainty: chance that the leader is the best on photos like these.
        equals: models that are as good as the leader, where the decision says so.
        more_photos: about how many would settle it, where the decision says so; None if thousands.
        answered, skipped, left: objects.
        missed: objects that a person marked and no model found.
        complete: photos of which a person said that nothing else is missed.
        photos: all of them.
        objects: how many there are, expected.
    """

    models: tuple[ModelAssessment, ...]
    leader: str
    decision: Decision
    certainty: float
    equals: tuple[str, ...]
    more_photos: int | None
    answered: int
    skipped: int
    left: int
    missed: int
    complete: int
    photos: int
    objects: float

    @property
    def sentence(self) -> str:
        """The decision in words, with its certainty and its limit."""
        return f"{_decided(self)} {_limit(self)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; shares of 1."""
        value = asdict(self)
        value["models"] = [
            asdict(one) | {key: _plain(getattr(one, key)) for key in _INTERVALS}
            for one in self.models
        ]
        return value | {"sentence": self.sentence}


_INTERVALS = ("precision", "recall", "f1", "f1_here", "unbiased")


def assess(
    outcomes: Outcomes,
    known: Known,
    found: Posterior,
    chances: Array,
    *,
    skipped: int = 0,
    left_out: int = 0,
    complete: int = 0,
) -> Assessment:
    """Make figures and a decision of the posterior.

    Args:
        chances: (n,) with which each answered object was drawn, NaN where it was not.
        skipped: objects that will not be asked about.
        left_out: others that cannot be, because their photo is gone.
        complete: photos that a person looked through.
    """
    unbiased = unbiased_f1(outcomes, known, chances, found)
    leader = int(np.argmax(found.best))
    left = len(outcomes) - known.objects.size - skipped - left_out
    equals = _equals(found, leader)
    decision = decide(outcomes, known, found, left)
    return Assessment(
        models=tuple(
            ModelAssessment(
                name,
                float(found.thresholds[i]),
                _interval(found.precision[:, i]),
                _interval(found.recall[:, i]),
                _interval(found.f1[:, i]),
                _interval(found.here[:, i]),
                float(found.best[i]),
                float(found.clear[i]),
                float(found.best_here[i]),
                unbiased[i] if unbiased else None,
            )
            for i, name in enumerate(outcomes.models)
        ),
        leader=outcomes.models[leader],
        decision=decision,
        certainty=float(found.best[leader]),
        equals=tuple(outcomes.models[i] for i in equals) if decision == "equal" else (),
        more_photos=_more_photos(outcomes, found, leader) if decision == "more photos" else None,
        answered=known.objects.size,
        skipped=skipped,
        left=left,
        missed=known.missed.size,
        complete=complete,
        photos=outcomes.photos,
        objects=found.objects,
    )


def decide(outcomes: Outcomes, known: Known, found: Posterior, left: int) -> Decision:
    """Whether to go on, with `left` objects that can be asked about."""
    leader = int(np.argmax(found.best))
    basis = min(FEWEST_ANSWERS, len(outcomes))
    founded = outcomes.photos >= FEWEST_PHOTOS and known.objects.size >= basis
    if founded and found.clear[leader] >= SURE:
        return "sure"
    if known.objects.size < FEWEST_ANSWERS and left:
        return "ask on"
    if _equals(found, leader):
        return "equal"
    return "more photos" if not left or _hangs_on_photos(found, leader) else "ask on"


def _rivals(found: Posterior, leader: int) -> list[int]:
    """Models that could be best instead."""
    return [
        i for i, chance in enumerate(found.best.tolist()) if i != leader and chance > (1 - SURE) / 5
    ]


def _equals(found: Posterior, leader: int) -> tuple[int, ...]:
    """The rivals, if all are surely within `EQUAL_WITHIN` of the leader."""
    rivals = _rivals(found, leader)
    apart = np.abs(found.f1[:, rivals] - found.f1[:, [leader]]).max(axis=1, initial=0)
    near = float((apart <= EQUAL_WITHIN).mean()) >= SURE
    return tuple(rivals) if rivals and near else ()


def _runner_up(found: Posterior, leader: int) -> int:
    chances = found.best.copy()
    chances[leader] = -1
    return int(np.argmax(chances))


def _hangs_on_photos(found: Posterior, leader: int) -> bool:
    """Whether most of the doubt about the runner-up would stay if everything were answered."""
    other = _runner_up(found, leader)
    here = float((found.here[:, leader] - found.here[:, other]).var())
    everywhere = float((found.f1[:, leader] - found.f1[:, other]).var())
    return here < (1 - _PHOTOS_SHARE) * everywhere


def _more_photos(outcomes: Outcomes, found: Posterior, leader: int) -> int | None:
    """How many more would settle it if the lead stays what it is: doubt falls as 1/root n."""
    lead = found.f1[:, leader] - found.f1[:, _runner_up(found, leader)]
    mean, spread = float(lead.mean()), float(lead.std())
    if mean <= CLEAR_LEAD:
        return None
    wanted = outcomes.photos * (1.645 * spread / max(mean - CLEAR_LEAD, 1e-9)) ** 2
    more = ceil(wanted - outcomes.photos)
    return max(more, 1) if more < _MOST_PHOTOS else None


def _interval(draws: npt.NDArray[np.float32]) -> Interval:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(draws.mean()), float(low), float(high))


def _plain(value: Interval | None) -> dict[str, float] | None:
    return None if value is None else asdict(value)


def _decided(found: Assessment) -> str:
    sure = f"{100 * found.certainty:.0f} %"
    if found.decision == "sure":
        return f"Stop: {found.leader} is the best with {sure} certainty."
    if found.decision == "equal":
        return (
            f"Stop: {_listed((found.leader, *found.equals))} are equal within "
            f"{100 * EQUAL_WITHIN:.0f} points of F1."
        )
    if found.decision == "more photos":
        needed = (
            "thousands of photos more"
            if found.more_photos is None
            else f"about {plural(found.more_photos, 'more photo')}"
        )
        return (
            f"Stop: these photos cannot tell which model is best. {found.leader} leads with {sure};"
            f" it would take {needed}."
        )
    return f"Go on: {found.leader} leads with {sure} so far."


def _limit(found: Assessment) -> str:
    marked = (
        f"{plural(found.missed, 'missed object')} marked"
        if found.missed
        else "no missed object marked"
    )
    return (
        "Recall counts objects that a model found or a person marked "
        f"({marked}, {found.complete} of {plural(found.photos, 'photo')} looked through)."
    )


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
