"""Which model to ship: decided by figures alone, and withheld where they cannot tell.

The most accurate of those within the limits is named where the 95 % interval of its difference to
each other one excludes zero. Only figures of one kind and one basis are ranked; a figure that was
published on other pictures leads at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from instseg_ui.comparison.front import Point, front
from instseg_ui.verdict.accuracy import KINDS, LEAST_TO_DECIDE, Accuracy, Difference, difference
from instseg_ui.verdict.candidate import Candidate
from instseg_ui.verdict.limits import Limits
from instseg_ui.verdict.more_pictures import more_pictures

State = Literal["ship", "leads", "withheld", "fastest", "nobody", "empty"]
"""`ship`: sure. `leads`: by published figures. `withheld`: the figures cannot tell. `fastest`: no
accuracy is known. `nobody`: none remains. `empty`: there are no candidates."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A model that the leader was held against; `difference` is None where nobody can tell."""

    model: str
    difference: Difference | None

    @property
    def beaten(self) -> bool:
        """Whether it is surely less accurate."""
        return self.difference is not None and self.difference.sure


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the figures say.

    Attributes:
        state: how sure it is.
        leader: the most accurate of those that are ranked, or the fastest; None for nobody.
        accuracy: the leader's.
        rivals: those ranked after it, the most accurate first.
        unranked: models within the limits whose accuracy does not compare, and why.
        ruled_out: models that cannot be shipped, and why.
        limits: what was allowed.
        candidates: all of them.
        front: models that no other beats in both latency and accuracy, of those ranked.
        more: about how many more pictures would settle it; None where it is settled, or where
            more pictures would hardly help.
        loosened: which limits to raise, where nobody remains.
        fault: what is wrong with the question, where it was none.
    """

    state: State
    leader: str | None = None
    accuracy: Accuracy | None = None
    rivals: tuple[Rival, ...] = ()
    unranked: dict[str, str] = field(default_factory=dict)
    ruled_out: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    candidates: tuple[Candidate, ...] = ()
    front: tuple[str, ...] = ()
    more: int | None = None
    loosened: str = ""
    fault: str = ""

    @property
    def best(self) -> str | None:
        """The model to ship; None where that is not sure."""
        return self.leader if self.state == "ship" else None

    @property
    def certainty(self) -> float | None:
        """That the leader is better than each of the others, 0 to 1; None without rivals."""
        known = [one.difference.certainty for one in self.rivals if one.difference]
        return min(known) if known and len(known) == len(self.rivals) else None

    @property
    def tied(self) -> tuple[Rival, ...]:
        """The rivals that cannot be told apart from the leader."""
        return tuple(one for one in self.rivals if not one.beaten)

    def candidate(self, model: str) -> Candidate:
        """Raises `KeyError`."""
        for one in self.candidates:
            if one.model == model:
                return one
        raise KeyError(model)


def decide(candidates: Sequence[Candidate], limits: Limits | None = None) -> Verdict:
    """What the candidates' figures say within the limits; a pure function of both."""
    limits, every = limits or Limits(), tuple(candidates)
    if not every:
        return Verdict("empty", limits=limits)
    unfit: dict[str, str] = {one.model: one.unfit for one in every if one.unfit}
    fit = [one for one in every if one.model not in unfit]
    beyond = {one.model: why for one in fit if (why := limits.against(one))}
    within = [one for one in fit if one.model not in beyond]
    out = unfit | beyond
    ruled_out = {one.model: out[one.model] for one in every if one.model in out}
    if not within:
        return Verdict(
            "nobody",
            ruled_out=ruled_out,
            limits=limits,
            candidates=every,
            loosened=limits.loosened(fit),
        )
    ranked = ranking(within)
    if not ranked:
        return _by_latency(within, ruled_out, limits, every)
    return _ranked(ranked, within, ruled_out, limits, every)


def ranking(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those of the strongest kind of accuracy that compare with each other, the best first.

    Of several bases the one with the most models; of equal figures the faster, then the smaller.
    """
    for kind in KINDS:
        groups: dict[tuple[str, str], list[Candidate]] = {}
        for one in candidates:
            if one.accuracy is not None and one.accuracy.kind == kind:
                groups.setdefault((one.accuracy.figure, one.accuracy.basis), []).append(one)
        if groups:
            largest = max(groups.values(), key=lambda group: len(group))
            return sorted(largest, key=_rank)
    return []


def _rank(one: Candidate) -> tuple[float, float, float]:
    assert one.accuracy is not None
    infinite = float("inf")
    latency, size = one.median_ms, one.size_mb
    return (
        -one.accuracy.value,
        infinite if latency is None else latency,
        infinite if size is None else size,
    )


def _ranked(
    ranked: Sequence[Candidate],
    within: Sequence[Candidate],
    ruled_out: dict[str, str],
    limits: Limits,
    every: tuple[Candidate, ...],
) -> Verdict:
    leader, accuracy = ranked[0], ranked[0].accuracy
    assert accuracy is not None
    rivals = tuple(
        Rival(one.model, difference(accuracy, one.accuracy))
        for one in ranked[1:]
        if one.accuracy is not None
    )
    names = {one.model for one in ranked}
    unranked = {one.model: _why_unranked(one, accuracy) for one in within if one.model not in names}
    return Verdict(
        _state(accuracy, rivals, alone=bool(unranked)),
        leader.model,
        accuracy,
        rivals,
        unranked,
        ruled_out,
        limits,
        every,
        _front(ranked),
        more_pictures(accuracy, [one.difference for one in rivals]),
    )


def _state(accuracy: Accuracy, rivals: Sequence[Rival], *, alone: bool) -> State:
    """`alone`: others are within the limits that cannot be ranked with it."""
    if accuracy.kind == "published":
        return "leads"
    if alone and not rivals:
        return "withheld"
    few = accuracy.kind == "measured" and accuracy.n < LEAST_TO_DECIDE
    if accuracy.samples is None or few:
        return "withheld"
    return "ship" if all(one.beaten for one in rivals) else "withheld"


def _why_unranked(one: Candidate, with_: Accuracy) -> str:
    if one.accuracy is None:
        return "its accuracy is unknown"
    if one.accuracy.kind != with_.kind:
        return f"its accuracy is {KIND_WORDS[one.accuracy.kind]}"
    return f"its accuracy stands on other pictures: {one.accuracy.basis}"


KIND_WORDS = {
    "measured": "measured on your pictures",
    "answers": "estimated from your answers",
    "published": "published only",
}
"""How an accuracy is known, in words."""


def _by_latency(
    within: Sequence[Candidate],
    ruled_out: dict[str, str],
    limits: Limits,
    every: tuple[Candidate, ...],
) -> Verdict:
    """Nobody's accuracy is known: the fastest is told as that, and as no more."""
    timed = [one for one in within if one.median_ms is not None]
    fastest = min(timed, key=lambda one: one.median_ms or 0.0, default=None)
    return Verdict(
        "fastest",
        fastest.model if fastest else None,
        unranked={one.model: "its accuracy is unknown" for one in within},
        ruled_out=ruled_out,
        limits=limits,
        candidates=every,
    )


def _front(ranked: Sequence[Candidate]) -> tuple[str, ...]:
    points = [
        Point(one.model, one.median_ms, one.accuracy.value)
        for one in ranked
        if one.accuracy is not None and one.median_ms is not None
    ]
    return tuple(point.model for point in front(points))
