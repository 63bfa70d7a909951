"""From samples to figures: percentiles that the number of runs supports, spread, throughput, cost.

Percentiles are numpy's linear method: the value at (n - 1) q between the sorted samples
(Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996, definition 7).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from instseg_ui.benchmark.records import BenchmarkRun, ConcurrencyLevel, ModelRun
from instseg_ui.comparison.front import Point
from instseg_ui.errors import InputError

PERCENTILES = (50, 90, 95, 99)

Against = Literal["ap", "size"]
"""What latency is weighed against."""


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """`n` values summed up, in their own unit.

    `deviation` is the sample standard deviation and `iqr` the distance from the 25th to the 75th
    percentile; both, and every percentile, are None where `n` is too small for them.
    """

    n: int
    mean: float
    deviation: float | None
    iqr: float | None
    least: float
    most: float
    percentiles: dict[int, float | None]

    @classmethod
    def of(cls, values: Iterable[float]) -> SampleSummary | None:
        """The summary of the values; None without any."""
        array: npt.NDArray[np.float64] = np.fromiter(values, np.float64)
        if not array.size:
            return None
        quarters = np.percentile(array, (25, 75)) if array.size >= runs_needed(75) else None
        return cls(
            n=int(array.size),
            mean=float(array.mean()),
            deviation=float(array.std(ddof=1)) if array.size > 1 else None,
            iqr=None if quarters is None else float(quarters[1] - quarters[0]),
            least=float(array.min()),
            most=float(array.max()),
            percentiles={q: _percentile(array, q) for q in PERCENTILES},
        )

    @property
    def median(self) -> float:
        """The 50th percentile, which any number of runs has."""
        value = self.percentiles[50]
        assert value is not None
        return value


def runs_needed(percentile: int) -> int:
    """How many runs a percentile above the median needs: one beyond it is to be expected.

    Of fewer, the percentile would be little else than the slowest run.
    """
    return 1 if percentile <= 50 else math.ceil(100 / (100 - percentile))


def why_none(percentile: int) -> str:
    """Why a percentile is not given."""
    return f"p{percentile} needs {runs_needed(percentile)} runs or more."


def latency(model: ModelRun) -> SampleSummary | None:
    """One image's time of the warm model, ms; what is contained says `latency.MEANING`."""
    return SampleSummary.of(sample.latency for sample in model.samples)


def stage(model: ModelRun, name: str) -> SampleSummary | None:
    """One stage's time, ms; `name` is one of `STAGES`."""
    return SampleSummary.of(getattr(sample, name) for sample in model.samples)


def cold(model: ModelRun) -> SampleSummary | None:
    """Load and first run, ms."""
    return SampleSummary.of(start.cold_ms for start in model.cold)


def throughput(model: ModelRun) -> ConcurrencyLevel | None:
    """The level that answers the most images a second; of equals the one with fewer callers."""
    return max(model.levels, key=lambda level: (level.images_per_s, -level.callers), default=None)


def cost_per_1000(price_per_hour: float, images_per_s: float) -> float | None:
    """What 1,000 images cost in the price's currency, the machine busy all the time.

    price_per_hour / 3600 s * 1000 / images_per_s; None without throughput.
    """
    return price_per_hour / 3.6 / images_per_s if images_per_s > 0 else None


def check_price(value: object) -> float | None:
    """`value` as a price an hour, a number or its digits; None for none.

    Raises:
        InputError: it is not a number from 0 up.
    """
    if value is None or not str(value).strip():
        return None
    try:
        price = math.nan if isinstance(value, bool) else float(str(value).replace(",", "."))
    except ValueError:
        price = math.nan
    if not (math.isfinite(price) and price >= 0):
        shown = str(value).strip()[:40]
        raise InputError(f"The price of an hour must be a number from 0 up, got “{shown}”.")
    return price


def _percentile(array: npt.NDArray[np.float64], percentile: int) -> float | None:
    if array.size < runs_needed(percentile):
        return None
    return float(np.percentile(array, percentile, method="linear"))


def tradeoff(run: BenchmarkRun, against: Against) -> list[Point]:
    """Each measured model as a point: its median latency here, ms, and what that buys.

    The worth is the published mask AP, percent, or the size on disk, MB, negated: less is better.
    A model without a published AP has no point against it.
    """
    points = []
    for one in run.measured:
        figures, ap = latency(one), one.published.mask_ap
        worth = -one.size_mb if against == "size" else ap
        if figures is not None and worth is not None:
            points.append(Point(one.model, figures.median, worth))
    return points


def published_tradeoff(run: BenchmarkRun) -> list[Point]:
    """The same models by the latency published for this kind of device, against mask AP."""
    kind = "gpu" if run.machine.device.startswith("gpu") else "cpu"
    points = []
    for one in run.measured:
        cost, worth = getattr(one.published, f"{kind}_normal_ms"), one.published.mask_ap
        if cost is not None and worth is not None:
            points.append(Point(one.model, cost, worth))
    return points
