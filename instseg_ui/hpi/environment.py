"""What a timing holds for: the machine, the device, the threads and the engines' versions."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from instseg_ui.settings import Settings
from instseg_ui.workers.hardware import hardware

_PACKAGES = ("paddlepaddle", "paddlepaddle-gpu", "onnxruntime", "onnxruntime-gpu", "openvino")


def environment_key(device: str, threads: int) -> str:
    """One line that is the same as long as timings can be trusted."""
    machine = hardware()
    versions = " ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
    return f"{machine['cpu']}, {machine['cores']} cores, {device}, {threads} threads, {versions}"


def current(settings: Settings) -> str:
    """`environment_key` of these settings."""
    return environment_key(settings.first_device, settings.worker_threads)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
