"""The machine: system, Python, cores, memory, graphics cards, browser."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator

import psutil

from instseg_ui.doctor.diagnosis import Diagnosis, note, wrong
from instseg_ui.settings import Settings, available_cpus, available_memory

_PYTHONS = ((3, 11), (3, 12))
# Loading the smallest official model takes about this much, MB.
_LEAST_MEMORY_MB = 1500.0
_BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
_SMI = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")


def machine(settings: Settings) -> Iterator[Diagnosis]:
    """What the machine has."""
    yield Diagnosis("system", f"{_system()}, {platform.machine()}")
    yield _python()
    yield _cores(settings)
    yield _memory(settings)
    yield _graphics(settings)
    yield _browser()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform(terse=True)


def _python() -> Diagnosis:
    found = f"{platform.python_version()} ({sys.prefix})"
    if sys.version_info[:2] in _PYTHONS:
        return Diagnosis("Python", found)
    return wrong("Python", found, "Use Python 3.11 or 3.12: make clean, then make setup.")


def _cores(settings: Settings) -> Diagnosis:
    usable, all_cores = available_cpus(), os.cpu_count() or 1
    found = f"{usable} of {all_cores} usable; models run on {settings.threads} threads"
    if settings.threads > usable:
        return note(
            "cores", found, f"More threads than cores slow models: INSTSEG_THREADS={usable}."
        )
    return Diagnosis("cores", found)


def _memory(settings: Settings) -> Diagnosis:
    machine_mb = psutil.virtual_memory().total / 1e6
    limit_mb, budget_mb = available_memory() / 1e6, settings.memory_budget / 1e6
    limited = "" if limit_mb >= machine_mb else f", {limit_mb:.0f} MB for this process"
    found = f"{machine_mb:.0f} MB{limited}; loaded models may take {budget_mb:.0f} MB"
    if budget_mb > limit_mb:
        remedy = "Models may take more than there is: lower INSTSEG_MEMORY_BUDGET."
        return wrong("memory", found, remedy)
    if budget_mb < _LEAST_MEMORY_MB:
        return note("memory", found, "Large models do not fit; raise INSTSEG_MEMORY_BUDGET.")
    return Diagnosis("memory", found)


def _graphics(settings: Settings) -> Diagnosis:
    cards = _cards()
    found = "; ".join(cards) or "no NVIDIA card"
    if settings.device != "cpu" and not cards:
        return wrong("GPU", found, f"INSTSEG_DEVICE is {settings.device}: set it to cpu.")
    if settings.device == "cpu" and cards:
        remedy = (
            "Models run on the CPU. For the card: requirements-gpu.txt and INSTSEG_DEVICE=gpu:0."
        )
        return note("GPU", found, remedy)
    return Diagnosis("GPU", found)


def _cards() -> list[str]:
    if not shutil.which(_SMI[0]):
        return []
    try:
        done = subprocess.run(_SMI, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def _browser() -> Diagnosis:
    named = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else []
    found = next(filter(None, map(shutil.which, (*named, *_BROWSERS))), None)
    if found:
        return Diagnosis("browser", found)
    remedy = "Only the tests need one: apt-get install chromium, or name its path in CHROMIUM."
    return note("browser", "no Chromium on the path", remedy)
