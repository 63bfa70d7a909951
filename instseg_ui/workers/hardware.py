"""What the figures were measured on."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

from instseg_ui.settings import available_cpus, available_memory


def hardware() -> dict[str, object]:
    """What the figures were measured on; memory in MB of 10^6 bytes."""
    return {
        "cpu": _cpu_name(),
        "cores": available_cpus(),
        "memory_mb": round(available_memory() / 1e6),
        "system": f"{platform.system()} {platform.machine()}",
    }


@cache
def _cpu_name() -> str:
    """The CPU as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
