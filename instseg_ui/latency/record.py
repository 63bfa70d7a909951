"""What was measured of one model: every run, and all that the figure stands on."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import numpy as np
from pydantic import Field

from instseg_ui.latency.load import held, visible_cores
from instseg_ui.results import Prediction
from instseg_ui.workers.hardware import hardware

LEAST_RUNS = 5
"""Of fewer runs there is no spread, and the figure says how many there are."""

MEANING = (
    "Latency: from upright pixels to masks in a loaded model, the way to its process and back "
    "included; decoding the file, waiting and writing the answer are not."
)
"""What is contained in every latency, said once for all doors."""

_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Taken:
    """How runs were taken; the attributes are those of `Latency`."""

    measured: datetime
    session: str
    beside: tuple[str, ...] = ()
    others: float | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """One model's runs on one image size, milliseconds each; see `MEANING`.

    Attributes:
        model: id in the catalog.
        runs_ms: warm runs, in the order they were made.
        mode: what was asked to run it, one of `engines.MODES`.
        engine, device, threads, versions: what ran it.
        width, height: of the image, pixels.
        cpu, cores: of the machine; `cores` are those that this process may run on.
        measured: when it was begun, UTC.
        session: equal where models were measured together.
        beside: the models that took turns with it, itself among them.
        others: how many cores' worth of other work there was meanwhile; None where unknown.
        size_mb: on disk, MB of 10^6 bytes.
        memory_mb: the model's own process after its last run, MB of 10^6 bytes.
    """

    model: str
    runs_ms: tuple[_Amount, ...]
    mode: str
    engine: str
    device: str
    threads: int
    width: int
    height: int
    cpu: str
    cores: int
    measured: datetime
    session: str
    beside: tuple[str, ...] = ()
    others: _Amount | None = None
    size_mb: _Amount = 0.0
    memory_mb: _Amount = 0.0
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many runs there are."""
        return len(self.runs_ms)

    @property
    def enough(self) -> bool:
        """Whether the median is a figure yet."""
        return self.n >= LEAST_RUNS

    @property
    def median(self) -> float:
        """Of the runs, ms. Raises `StatisticsError` without any."""
        return float(statistics.median(self.runs_ms))

    @property
    def quartiles(self) -> tuple[float, float] | None:
        """Between which the middle half of the runs lies, ms; None of too few.

        numpy's linear percentiles, as in `benchmark.figures`.
        """
        if not self.enough:
            return None
        low, high = np.percentile(self.runs_ms, (25, 75))
        return float(low), float(high)

    @property
    def busy(self) -> bool:
        """Whether other work held cores that the model wanted."""
        return held(self.others, self.cores, self.threads)


def latency_of(last: Prediction, runs_ms: Sequence[float], mode: str, taken: Taken) -> Latency:
    """The record of these runs; `last` is the last one's prediction."""
    runtime = last.runtime
    return Latency(
        model=last.model,
        runs_ms=tuple(round(value, 4) for value in runs_ms),
        mode=mode,
        engine=runtime.engine,
        device=runtime.device,
        threads=runtime.threads,
        width=last.width,
        height=last.height,
        cpu=str(hardware()["cpu"]),
        cores=visible_cores(),
        measured=taken.measured,
        session=taken.session,
        beside=taken.beside,
        others=taken.others,
        size_mb=last.size_mb,
        memory_mb=runtime.memory_mb,
        versions=dict(runtime.versions),
    )
