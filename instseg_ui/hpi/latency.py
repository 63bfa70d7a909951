"""A few timed runs of a loaded engine: enough to choose by, not a benchmark."""

from __future__ import annotations

import statistics
import time

import numpy as np
import numpy.typing as npt

from instseg_ui.hpi.record import Timing
from instseg_ui.settings import Settings
from instseg_ui.workers.worker import Answer, IsCancelled, Worker

_RUNS = 5
# A slow engine is known to be slow after fewer.
_SECONDS = 5.0


def known(answer: Answer) -> Timing | None:
    """The timing that one answer of a warm worker tells, if it took so long that it is enough."""
    ms = _ms(answer)
    return Timing(round(ms, 3), 1, round(answer.memory_mb, 1)) if ms > 1e3 * _SECONDS else None


def measure(
    worker: Worker, pixels: npt.NDArray[np.uint8], settings: Settings, cancelled: IsCancelled
) -> Timing:
    """Median time from pixels to instances after one run that is not counted.

    Raises:
        WorkerError, Cancelled: see `Worker.run`.
    """
    times: list[float] = []
    memory = 0.0
    start = time.monotonic()
    while len(times) <= _RUNS and (len(times) < 2 or time.monotonic() - start < _SECONDS):
        answer = worker.run(pixels, settings.floor, settings.max_instances, cancelled)
        times.append(_ms(answer))
        memory = max(memory, answer.memory_mb)
    counted = times[1:]
    return Timing(round(statistics.median(counted), 3), len(counted), round(memory, 1))


def _ms(answer: Answer) -> float:
    output = answer.output
    return output.preprocess + output.inference + output.postprocess
