"""A verdict as plain JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from instseg_ui.latency import Latency
from instseg_ui.verdict.accuracy import Accuracy
from instseg_ui.verdict.candidate import Candidate
from instseg_ui.verdict.decision import Verdict
from instseg_ui.verdict.words import verdict_words


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Everything that decided, shares from 0 to 1; null where there is no figure."""
    words = verdict_words(verdict)
    return {
        "state": verdict.state,
        "best": verdict.best,
        "leader": verdict.leader,
        "certainty": verdict.certainty,
        "headline": words.headline,
        "reason": words.reason,
        "settle": words.settle,
        "notes": list(words.notes),
        "more_pictures": verdict.more,
        "limits": asdict(verdict.limits),
        "differences": [
            {"model": one.model, **(asdict(one.difference) if one.difference else {})}
            for one in verdict.rivals
        ],
        "unranked": dict(verdict.unranked),
        "ruled_out": dict(verdict.ruled_out),
        "front": list(verdict.front),
        "models": [_candidate(one) for one in verdict.candidates],
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "model": one.model,
        "accuracy": _accuracy(one.accuracy),
        "latency": _latency(one.latency),
        "size_mb": one.size_mb,
        "memory_mb": one.memory_mb,
        "found": one.found,
        "failure": one.failure,
    }


def _accuracy(found: Accuracy | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "kind": found.kind,
        "figure": found.figure,
        "value": found.value,
        "interval": found.interval,
        "basis": found.basis,
        "n": found.n,
    }


def _latency(found: Latency | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "n": found.n,
        "median_ms": found.median,
        "quartiles_ms": found.quartiles,
        "measured": found.measured.isoformat(timespec="seconds"),
        "busy": found.busy,
    }
