"""Memory of a model's process, read from outside it."""

from __future__ import annotations

from pathlib import Path

import psutil

from instseg_ui.benchmark.records import Memory
from instseg_ui.segmenter import Segmenter


def read_memory(segmenter: Segmenter) -> Memory | None:
    """What the segmenter's workers hold now and held at most, added up; None without any alive."""
    pids = [item.worker.pid for item in segmenter.registry.residents()]
    held = [one for pid in pids if pid is not None and (one := process_memory(pid)) is not None]
    if not held:
        return None
    peaks = [one.peak_mb for one in held if one.peak_mb is not None]
    return Memory(
        resident_mb=sum(one.resident_mb for one in held),
        own_mb=sum(one.own_mb for one in held),
        peak_mb=sum(peaks) if len(peaks) == len(held) else None,
    )


def process_memory(pid: int) -> Memory | None:
    """Memory of a process, MB of 10^6 bytes; None if it has ended."""
    try:
        held = psutil.Process(pid).memory_full_info()
    except psutil.Error:
        return None
    # Read after it, so that the peak is never below what is held.
    peak = _peak_mb(pid)
    return Memory(held.rss / 1e6, held.uss / 1e6, peak)


def _peak_mb(pid: int) -> float | None:
    """The highest resident memory of the process's life, as Linux counts it (`VmHWM`, kB)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 / 1e6 if found else None
