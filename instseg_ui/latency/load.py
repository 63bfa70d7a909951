"""Other work on this machine: how much of its cores is taken while nothing of ours runs."""

from __future__ import annotations

import os
import time

import psutil

BUSY = 0.3
"""Share of the cores that a model wants, which others may want too before it is said."""


def others(seconds: float) -> float | None:
    """How many cores' worth of work was done in the next `seconds`, in which the caller sleeps.

    Of the cores that this process may run on; what other threads and workers of this product do
    counts too. None where the system does not tell, or for no time at all.
    """
    if seconds <= 0:
        return None
    before = _busy_s()
    start = time.monotonic()
    time.sleep(seconds)
    after, took = _busy_s(), time.monotonic() - start
    if before is None or after is None or took <= 0:
        return None
    return max(0.0, (after - before) / took)


def held(work: float | None, cores: int, threads: int) -> bool:
    """Whether so many cores' worth of other work took cores from a model with so many threads."""
    wanted = min(threads, cores)
    return work is not None and work > cores - (1 - BUSY) * wanted


def visible_cores() -> int:
    """How many cores this process may run on, whatever share of their time it gets."""
    return len(_visible()) or 1


def _visible() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _busy_s() -> float | None:
    """Seconds of work that the visible cores have done since the machine started."""
    try:
        times = psutil.cpu_times(percpu=True)
        mine = [times[core] for core in _visible() if core < len(times)]
    except (OSError, psutil.Error, NotImplementedError):
        return None
    # Idle, and waiting for disks; guests' time is part of the user's.
    names = ("user", "nice", "system", "irq", "softirq", "steal")
    return float(sum(getattr(one, name, 0.0) for one in mine for name in names))
