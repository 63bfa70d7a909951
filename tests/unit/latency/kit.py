"""Latencies built by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from instseg_ui.latency import Latency

_ONE = Latency(
    "A",
    (1.0,),
    "normal",
    "fake",
    "cpu",
    2,
    80,
    60,
    "EPYC",
    2,
    datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    "s",
    size_mb=12.0,
    memory_mb=300.0,
)


def latency_of(model: str, runs_ms: Sequence[float], **changes: Any) -> Latency:
    """These runs of a model."""
    return replace(_ONE, model=model, runs_ms=tuple(runs_ms), **changes)


def around(model: str, median: float, **changes: Any) -> Latency:
    """Five runs within two percent."""
    runs = [median * factor for factor in (0.98, 0.99, 1.0, 1.01, 1.02)]
    return latency_of(model, runs, **changes)
