"""The verdict as a person reads it: a headline, the reason, and what would settle it."""

from __future__ import annotations

from dataclasses import dataclass

from instseg_ui.latency import LEAST_RUNS
from instseg_ui.numbers import percent, three
from instseg_ui.verdict.accuracy import LEAST_TO_DECIDE, Accuracy
from instseg_ui.verdict.candidate import Candidate
from instseg_ui.verdict.decision import KIND_WORDS, Rival, Verdict

_SAME = 0.05
_HALF = (0.475, 0.525)


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """Sentences; `settle` is empty where nothing is open, `notes` say what is not ranked."""

    headline: str
    reason: str
    settle: str = ""
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything, a line each."""
        return "\n".join(filter(None, (self.headline, self.reason, self.settle, *self.notes)))


def verdict_words(verdict: Verdict) -> VerdictWords:
    """What the verdict says."""
    make = {
        "ship": _ship,
        "leads": _leads,
        "withheld": _withheld,
        "fastest": _fastest,
        "nobody": _nobody,
        "empty": _empty,
    }[verdict.state]
    return make(verdict)


def accuracy_words(found: Accuracy) -> str:
    """`mask AP 57.1 % (52.0 to 62.3), measured on 40 of your pictures`."""
    text = f"{found.figure} {percent(found.value)} %"
    if found.interval is not None:
        low, high = found.interval
        text += f" ({percent(low)} to {percent(high)})"
    return f"{text}, {kind_words(found)}"


def kind_words(found: Accuracy) -> str:
    """How it is known, and on what."""
    if found.kind == "measured":
        return f"measured on {found.n:,} annotated pictures of {found.basis}"
    if found.kind == "answers":
        return f"estimated from {found.n:,} of your answers"
    return f"published, on {found.basis}"


def certainty_words(certainty: float) -> str:
    """`96 % certainty`; rounded down, and never all of it."""
    whole = min(99, int(100 * certainty))
    return f"{'over ' if certainty > 0.99 else ''}{whole} % certainty"


def costs_words(one: Candidate, other: Candidate) -> str:
    """`in 0.6 of its time and half its memory`: what the one takes of what the other does."""
    parts = [_time_words(one, other), _memory_words(one, other)]
    return " and ".join(filter(None, parts))


def _ship(verdict: Verdict) -> VerdictWords:
    best = verdict.candidate(_name(verdict))
    within, accuracy = verdict.limits.words, verdict.accuracy
    assert accuracy is not None
    told = f"{_sentence(accuracy_words(accuracy))}"
    if not verdict.rivals:
        only = f"the only model {within or 'that is ranked'}"
        return VerdictWords(f"Ship {best.model}: {only}.", f"{told}.", notes=_notes(verdict))
    rival = min(verdict.rivals, key=_certainty)
    sure = certainty_words(_certainty(rival))
    costs = costs_words(best, verdict.candidate(rival.model))
    among = f"{within}, " if within else ""
    headline = f"Ship {best.model}: {among}better than {_others(verdict, rival)} with {sure}"
    told += f"; {_gap(verdict, rival)}."
    if costs and len(verdict.rivals) == 1:
        headline += f", {costs}"
    elif costs:
        told += f" Against {rival.model}: {costs}."
    return VerdictWords(f"{headline}.", told, notes=_notes(verdict))


def _withheld(verdict: Verdict) -> VerdictWords:
    leader, accuracy = _name(verdict), verdict.accuracy
    assert accuracy is not None
    within = _within(verdict)
    if not verdict.rivals and verdict.unranked:
        return VerdictWords(
            f"No verdict{within}: only {leader}'s accuracy is {KIND_WORDS[accuracy.kind]}.",
            f"{leader} has {accuracy_words(accuracy)}.",
            "Evaluate or judge the others on the same pictures, then they can be held against it.",
            _notes(verdict),
        )
    if accuracy.samples is None or not verdict.tied:
        return VerdictWords(
            f"No verdict{within}: {accuracy.n} pictures are too few.",
            f"{leader} leads with {accuracy_words(accuracy)}.",
            f"A verdict needs {LEAST_TO_DECIDE} annotated pictures or more.",
            _notes(verdict),
        )
    names = [one.model for one in verdict.tied]
    told = f"{_sentence(accuracy_words(accuracy))}, leads; {_gap(verdict, verdict.tied[0])}."
    return VerdictWords(
        f"No verdict{within}: {leader} and {_listed(names)} cannot be told apart.",
        f"{leader}, {told[0].lower()}{told[1:]}",
        _settle(verdict),
        _notes(verdict),
    )


def _settle(verdict: Verdict) -> str:
    accuracy = verdict.accuracy
    assert accuracy is not None
    noun = "answers" if accuracy.kind == "answers" else "annotated pictures"
    cheaper = _cheaper(verdict)
    if verdict.more is not None:
        return f"About {verdict.more:,} more {noun} would settle it. {cheaper}".strip()
    hardly = f"They are so close that more {noun} would hardly settle it."
    return f"{hardly} {cheaper or 'Choose by time, size and memory.'}"


def _cheaper(verdict: Verdict) -> str:
    """The fastest of those that cannot be told apart, where it surely is."""
    names = [_name(verdict), *(one.model for one in verdict.tied)]
    timed = [one for one in map(verdict.candidate, names) if one.median_ms is not None]
    timed.sort(key=lambda one: one.median_ms or 0.0)
    if len(timed) < 2 or _same_time(timed[0], timed[1]):
        return ""
    costs = costs_words(timed[0], timed[1])
    return f"Of these, {timed[0].model} is the fastest: against {timed[1].model}, {costs}."


def _leads(verdict: Verdict) -> VerdictWords:
    leader, accuracy = verdict.candidate(_name(verdict)), verdict.accuracy
    assert accuracy is not None
    within = verdict.limits.words
    among = f"Of those {within}, " if within else ""
    told = f"{among}{leader.model} has {accuracy_words(accuracy)}"
    told += f", {_latency_words(leader)}."
    if verdict.rivals:
        rival = verdict.candidate(verdict.rivals[0].model)
        assert rival.accuracy is not None
        told += f" Next: {rival.model}, {percent(rival.accuracy.value)} %, {_latency_words(rival)}."
    return VerdictWords(
        f"{leader.model} leads{_within(verdict)} by published accuracy; on your pictures nobody "
        "knows.",
        told,
        "Annotated pictures of your own, or your answers to a few dozen questions, would tell.",
        _notes(verdict),
    )


def _fastest(verdict: Verdict) -> VerdictWords:
    within = _within(verdict)
    if verdict.leader is None:
        return VerdictWords(
            "No verdict: accuracy and latency are unknown.",
            f"No model{within} has an accuracy, or {LEAST_RUNS} runs here. Measure them first.",
            notes=_ruled_out(verdict),
        )
    fastest = verdict.candidate(verdict.leader)
    return VerdictWords(
        f"{fastest.model} is the fastest here{within}; its accuracy is unknown.",
        f"No model{within} has a known accuracy: {fastest.model} takes {_latency_words(fastest)}.",
        "Annotated pictures of your own, or your answers to a few dozen questions, would tell.",
        _ruled_out(verdict),
    )


def _nobody(verdict: Verdict) -> VerdictWords:
    within = verdict.limits.words
    return VerdictWords(
        f"No model remains{f' {within}' if within else ''}.",
        verdict.loosened or "Look at the reasons, then measure or compare again.",
        notes=_ruled_out(verdict),
    )


def _empty(verdict: Verdict) -> VerdictWords:
    return VerdictWords(
        "No verdict yet.",
        verdict.fault or "Nothing was measured yet. Pick models and compare them.",
    )


def _notes(verdict: Verdict) -> tuple[str, ...]:
    unranked = tuple(f"{name} is not ranked: {why}." for name, why in verdict.unranked.items())
    return (*unranked, *_ruled_out(verdict))


def _ruled_out(verdict: Verdict) -> tuple[str, ...]:
    return tuple(
        f"{name} is ruled out: {why if why.endswith('.') else f'{why}.'}"
        for name, why in verdict.ruled_out.items()
    )


def _gap(verdict: Verdict, rival: Rival) -> str:
    """`next is A, 51.0 %: the difference is 6.1 points (1.2 to 10.9)`."""
    accuracy = verdict.candidate(rival.model).accuracy
    assert accuracy is not None
    text = f"next is {rival.model}, {percent(accuracy.value)} %"
    if rival.difference is None:
        return text
    low, high = _points(rival.difference.low), _points(rival.difference.high)
    gap = _points(rival.difference.estimate)
    return f"{text}: the difference is {gap} points (95 % interval {low} to {high})"


def _points(share: float) -> str:
    """A difference in points of percent."""
    text = percent(abs(share))
    return f"−{text}" if share < 0 and text != "0.0" else text


def _others(verdict: Verdict, closest: Rival) -> str:
    count = len(verdict.rivals)
    return closest.model if count == 1 else f"each of {count} others"


def _latency_words(one: Candidate) -> str:
    if one.latency is None:
        return "latency not measured here"
    if not one.latency.enough:
        return f"latency not known yet ({one.latency.n} of {LEAST_RUNS} runs)"
    return f"{three(one.latency.median)} ms here"


def _time_words(one: Candidate, other: Candidate) -> str:
    if one.median_ms is None or not other.median_ms:
        return ""
    return (
        "in about its time"
        if _same_time(one, other)
        else (f"in {_ratio(one.median_ms / other.median_ms)} its time")
    )


def _same_time(one: Candidate, other: Candidate) -> bool:
    """Whether the middle halves of the runs meet, or the medians hardly differ."""
    first, second = one.latency, other.latency
    if first is None or second is None or not (first.quartiles and second.quartiles):
        return True
    meet = first.quartiles[0] <= second.quartiles[1] and second.quartiles[0] <= first.quartiles[1]
    return meet or abs(first.median / second.median - 1) < _SAME if second.median else True


def _memory_words(one: Candidate, other: Candidate) -> str:
    if not one.memory_mb or not other.memory_mb:
        return ""
    ratio = one.memory_mb / other.memory_mb
    return "about its memory" if abs(ratio - 1) < _SAME else f"{_ratio(ratio)} its memory"


def _ratio(value: float) -> str:
    """`half`, `0.6 of`, `2.3 times`."""
    if _HALF[0] <= value <= _HALF[1]:
        return "half"
    return f"{three(value) if value < 0.1 else f'{value:.1f}'} {'of' if value < 1 else 'times'}"


def _certainty(rival: Rival) -> float:
    return rival.difference.certainty if rival.difference else 0.0


def _name(verdict: Verdict) -> str:
    assert verdict.leader is not None
    return verdict.leader


def _within(verdict: Verdict) -> str:
    """The limits with a space before them; empty without any."""
    return f" {verdict.limits.words}" if verdict.limits.words else ""


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _listed(names: list[str]) -> str:
    if len(names) > 3:
        return f"{len(names)} others"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
