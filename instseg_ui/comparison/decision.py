"""Which model to ship: what remains within the limits, and which of it is best.

Latency and size are what was measured on this machine; accuracy is the published mask AP.
Everything here is a pure function of those figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from instseg_ui.errors import InputError


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model's figures; None where there is none.

    Attributes:
        model: its name in the catalog.
        mask_ap: published, percent.
        latency_ms: warm, measured here, milliseconds an image.
        size_mb: on disk here, MB of 10^6 bytes.
    """

    model: str
    mask_ap: float | None = None
    latency_ms: float | None = None
    size_mb: float | None = None


@dataclass(frozen=True, slots=True)
class DecisionLimits:
    """What is allowed at most: milliseconds an image, MB on disk; None allows all."""

    latency_ms: float | None = None
    size_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who remains, who does not and why, which is best, and the reason in a sentence."""

    best: str | None
    remaining: tuple[str, ...]
    ruled_out: dict[str, str]
    reason: str


class Point(NamedTuple):
    """A model as a point of a chart: its cost (less is better) and its worth (more is)."""

    model: str
    cost: float
    worth: float


def check_limit(value: object, name: str) -> float | None:
    """`value` as a limit, a number or its digits; None for none.

    Raises:
        InputError: it is not a number above 0.
    """
    if value is None or not str(value).strip():
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(str(value).replace(",", "."))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        shown = str(value).strip()[:40]
        raise InputError(f"The limit of {name} must be a number above 0, got “{shown}”.")
    return number


def front(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats in both cost and worth (Pareto), the cheapest first.

    Of two equal points both stay.
    """
    kept: list[Point] = []
    for point in sorted(points, key=lambda one: (one.cost, -one.worth)):
        best = kept[-1] if kept else None
        if best is None or point.worth > best.worth or point[1:] == best[1:]:
            kept.append(point)
    return kept


def decide(candidates: Sequence[Candidate], limits: DecisionLimits) -> Verdict:
    """Which of the candidates to ship.

    The best is the one of the highest published mask AP; of equals the faster, then the
    smaller. Where none that remains has an AP, the fastest is named, then the smallest.
    """
    if not candidates:
        return Verdict(None, (), {}, "Nothing was measured yet. Pick models and compare them.")
    ruled_out = {
        one.model: reason for one in candidates if (reason := _against(one, limits)) is not None
    }
    remaining = [one for one in candidates if one.model not in ruled_out]
    if not remaining:
        return Verdict(None, (), ruled_out, _loosen(candidates, limits))
    ranked = sorted(remaining, key=_rank)
    names = tuple(one.model for one in remaining)
    return Verdict(ranked[0].model, names, ruled_out, _why(ranked, limits))


def _rank(one: Candidate) -> tuple[float, float, float]:
    return (
        -_or(one.mask_ap, -1.0),
        _or(one.latency_ms, math.inf),
        _or(one.size_mb, math.inf),
    )


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _against(one: Candidate, limits: DecisionLimits) -> str | None:
    """What rules the model out, or None."""
    reasons = [
        _over(one.latency_ms, limits.latency_ms, "ms", "not measured here"),
        _over(one.size_mb, limits.size_mb, "MB", "size not known here"),
    ]
    return ", ".join(reason for reason in reasons if reason) or None


def _over(value: float | None, limit: float | None, unit: str, unknown: str) -> str | None:
    if limit is None:
        return None
    if value is None:
        return unknown
    return f"{_figure(value)} {unit} is over {limit:g} {unit}" if value > limit else None


def _why(ranked: Sequence[Candidate], limits: DecisionLimits) -> str:
    """The reason for the first of the ranked."""
    best, others = ranked[0], ranked[1:]
    within = _within(limits)
    if best.mask_ap is None:
        return _why_without_ap(ranked, within)
    figures = f"published mask AP {_figure(best.mask_ap)}{_measured(best)}"
    if not others:
        return f"{best.model} is the only one {within or 'compared'}: {figures}."
    among = f"Of the {len(ranked)} models {within or 'compared'}, {best.model}"
    tied = [one for one in others if one.mask_ap == best.mask_ap]
    if tied:
        before = f"it goes before {_names(tied)} by {_by(best, tied[0])}"
        return f"{among} shares the highest {figures}; {before}."
    return f"{among} has the highest {figures}. Next: {_next(others[0])}."


def _why_without_ap(ranked: Sequence[Candidate], within: str) -> str:
    best = ranked[0]
    nobody = f"No model {within or 'compared'} has a published mask AP, so accuracy cannot decide"
    if len(ranked) == 1:
        only = f"{best.model} is the only one {within or 'compared'}"
        return f"{only}; it has no published mask AP{_measured(best)}."
    if best.latency_ms is None:
        return f"{nobody}, and none was measured here. Compare them first."
    return f"{nobody}; {best.model} is the fastest here, {_figure(best.latency_ms)} ms."


def _by(best: Candidate, tied: Candidate) -> str:
    """What decides between two of equal AP."""
    if best.latency_ms != tied.latency_ms:
        return "its latency here"
    return "its size" if best.size_mb != tied.size_mb else "its place in the list"


def _next(one: Candidate) -> str:
    figure = "no published mask AP" if one.mask_ap is None else f"AP {_figure(one.mask_ap)}"
    return f"{one.model}, {figure}{_measured(one)}"


def _measured(one: Candidate) -> str:
    """Its figures here, to be added to a sentence."""
    latency = "" if one.latency_ms is None else f", {_figure(one.latency_ms)} ms here"
    size = "" if one.size_mb is None else f", {_figure(one.size_mb)} MB"
    return latency + size


def _within(limits: DecisionLimits) -> str:
    """The limits in words, empty without any."""
    parts = []
    if limits.latency_ms is not None:
        parts.append(f"{limits.latency_ms:g} ms")
    if limits.size_mb is not None:
        parts.append(f"{limits.size_mb:g} MB")
    return f"within {' and '.join(parts)}" if parts else ""


def _loosen(candidates: Sequence[Candidate], limits: DecisionLimits) -> str:
    """Which limit to raise, and to what, so that a model remains."""
    by_latency = [one for one in candidates if _fits(one.size_mb, limits.size_mb)]
    by_size = [one for one in candidates if _fits(one.latency_ms, limits.latency_ms)]
    offers = [_offer(by_latency, "latency_ms", "ms"), _offer(by_size, "size_mb", "MB")]
    named = [offer for offer in offers if offer]
    nothing = f"No model remains {_within(limits)}."
    if named:
        return f"{nothing} Allow {', or '.join(named)}."
    known = [one for one in candidates if one.latency_ms is not None and one.size_mb is not None]
    if not known:
        return f"{nothing} None of them was measured here: compare them first."
    best = min(known, key=lambda one: _excess(one, limits))
    latency, size = _or(best.latency_ms, 0), _or(best.size_mb, 0)
    return f"{nothing} Allow {_up(latency)} ms and {_up(size)} MB to keep {best.model}."


def _fits(value: float | None, limit: float | None) -> bool:
    return limit is None or (value is not None and value <= limit)


def _offer(candidates: Sequence[Candidate], figure: str, unit: str) -> str | None:
    """The least that keeps one of the candidates, which break this limit only."""
    known = [one for one in candidates if getattr(one, figure) is not None]
    if not known:
        return None
    least = min(known, key=lambda one: getattr(one, figure))
    return f"{_up(getattr(least, figure))} {unit} to keep {least.model}"


def _excess(one: Candidate, limits: DecisionLimits) -> float:
    """How many times the model passes the limits, multiplied."""
    latency = _or(one.latency_ms, math.inf) / _or(limits.latency_ms, math.inf)
    size = _or(one.size_mb, math.inf) / _or(limits.size_mb, math.inf)
    return max(latency, 1) * max(size, 1)


def _names(candidates: Sequence[Candidate]) -> str:
    return ", ".join(one.model for one in candidates)


def _figure(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def _up(value: float) -> str:
    """Three significant digits, rounded up: a limit of that much lets the value pass."""
    step = 10.0 ** (math.floor(math.log10(value)) - 2) if value > 0 else 1.0
    up = math.ceil(value / step - 1e-9) * step
    return _figure(up)
