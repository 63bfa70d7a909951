"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from instseg_ui import __version__
from instseg_ui.settings import available_cpus, available_memory

PACKAGES = ("paddlepaddle", "paddlex", "numpy", "opencv-contrib-python", "pycocotools", "pillow")


def hardware() -> dict[str, Any]:
    """CPU name, cores this process may use, memory in MB of 10^6 bytes, system."""
    return {
        "cpu": cpu_name(),
        "cores": available_cpus(),
        "memory_mb": round(available_memory() / 1e6),
        "system": f"{platform.system()} {platform.machine()}",
    }


def stack() -> dict[str, str]:
    """Versions of what computed the figures."""
    found = {"instseg-ui": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def load_average() -> float:
    """Processes that wanted a core over the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def cpu_name() -> str:
    """The CPU as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
