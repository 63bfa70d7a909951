"""What a timing and a check hold for: machine, device, threads and the engines' versions."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from instseg_ui.settings import Settings
from instseg_ui.workers.hardware import hardware

# The libraries of an engine, and those that the reference and all hosts' parts run on.
_OWN = {
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "openvino": ("openvino",),
    "tensorrt": ("onnxruntime-gpu", "tensorrt", "tensorrt-cu12"),
}
_OF_ALL = ("paddlepaddle", "paddlepaddle-gpu", "paddlex", "numpy", "opencv-contrib-python")
_PACKAGES = ("paddlepaddle", "paddlepaddle-gpu", "onnxruntime", "onnxruntime-gpu", "openvino")


def environment_key(device: str, threads: int) -> str:
    """One line that is the same as long as timings can be trusted."""
    machine = hardware()
    versions = " ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
    return f"{machine['cpu']}, {machine['cores']} cores, {device}, {threads} threads, {versions}"


def current(settings: Settings) -> str:
    """`environment_key` of these settings."""
    return environment_key(settings.first_device, settings.worker_threads)


def basis(engine: str, device: str) -> str:
    """What a check of `engine` against Paddle holds for: versions, the processor, the device."""
    packages = (*_OWN.get(engine, ()), *_OF_ALL)
    versions = ", ".join(f"{name} {found}" for name in packages if (found := _version(name)))
    return f"{versions}; {hardware()['cpu']}, {device}"


def versions() -> str:
    """Of everything that a model runs on, in one line."""
    packages = dict.fromkeys(
        (*_PACKAGES, *_OF_ALL, *(name for own in _OWN.values() for name in own))
    )
    return " ".join(f"{name} {found}" for name in packages if (found := _version(name)))


def _version(package: str) -> str:
    return _version_in(package, installed())


def installed() -> tuple[int, ...]:
    """Changes when something is installed, upgraded or removed: the folders' change times."""
    return tuple(folder.stat().st_ctime_ns for folder in map(Path, sys.path) if folder.is_dir())


@lru_cache(maxsize=64)
def _version_in(package: str, _: tuple[int, ...]) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
