"""Samples of a time or a ratio, and how they are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np


@dataclass(frozen=True, slots=True)
class Figure:
    """Median and spread of `n` samples, in the samples' unit."""

    median: float
    p10: float
    p90: float
    n: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Figure:
        p10, median, p90 = (float(value) for value in np.percentile(samples, [10, 50, 90]))
        return cls(median, p10, p90, len(samples))

    @property
    def spread(self) -> str:
        return f"{digits(self.p10)}-{digits(self.p90)}"


def digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or abs(value) >= 99.95:
        return f"{value:.0f}"
    places = 2 - int(np.floor(np.log10(abs(float(f"{value:.2e}")))))
    return f"{value:.{places}f}"


def time_ms(work: Callable[[], object], repeats: int) -> Figure:
    """How long `work` takes, milliseconds, after one run that is not counted."""
    work()
    samples = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        samples.append((perf_counter() - start) * 1e3)
    return Figure.of(samples)
