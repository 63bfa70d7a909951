"""Candidates built by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from instseg_ui.verdict import Accuracy, Candidate
from tests.unit.latency.kit import around


def measured(value: float, doubt: float, seed: int = 0, n: int = 40) -> Accuracy:
    """An accuracy whose draws scatter by so much; of another seed they are not paired."""
    noise = np.random.default_rng(seed).normal(0, 1, 2000)
    noise -= noise.mean()
    return Accuracy("measured", "mask AP", value, "photos", n, value + doubt * noise)


def published(value: float, basis: str = "COCO") -> Accuracy:
    return Accuracy("published", "mask AP", value, basis)


def candidate(
    model: str,
    accuracy: Accuracy | None = None,
    ms: float | None = 100.0,
    size: float | None = 50.0,
    **more: Any,
) -> Candidate:
    """A model with these figures; `memory` and `found` may be given."""
    more.setdefault("memory_mb", 400.0)
    more.setdefault("found", 7)
    latency = None if ms is None else around(model, ms)
    return Candidate(model, accuracy, more.pop("latency", latency), size, **more)
