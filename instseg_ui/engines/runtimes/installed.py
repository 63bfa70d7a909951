"""What is installed for a runtime, told without importing it."""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib.util
from pathlib import Path
from typing import Any

_GPU_SETUP = "Install the GPU build: make setup REQUIREMENTS=requirements-gpu.txt."
_TENSORRT = "tensorrt_libs"


def package(name: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(name) is not None


def has_library(name: str) -> bool:
    """Whether the system's loader finds a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def no_cuda() -> str:
    """Why ONNX Runtime cannot use an NVIDIA card here; empty when nothing speaks against it."""
    if not has_provider("cuda"):
        return f"ONNX Runtime is installed for the CPU only. {_GPU_SETUP}"
    if not has_library("libcuda.so.1"):
        return "There is no NVIDIA driver. Install one, or set INSTSEG_DEVICE=cpu."
    return ""


def has_provider(kind: str) -> bool:
    """Whether the installed build of ONNX Runtime has a provider, `cuda` or `tensorrt`."""
    spec = importlib.util.find_spec("onnxruntime")
    places = (spec.submodule_search_locations or []) if spec else []
    file = f"libonnxruntime_providers_{kind}.so"
    return any((Path(place) / "capi" / file).is_file() for place in places)


def no_tensorrt() -> str:
    """Why ONNX Runtime cannot use TensorRT here; empty when nothing speaks against it."""
    if not has_provider("tensorrt"):
        return f"The installed ONNX Runtime has no TensorRT. {_GPU_SETUP}"
    if not package(_TENSORRT) and not ctypes.util.find_library("nvinfer"):
        return "TensorRT is not installed: .venv/bin/pip install 'tensorrt-cu12<11'."
    return ""


def preload_cuda(onnxruntime: Any) -> None:
    """Load CUDA's libraries where pip put them: the system's loader does not look there."""
    with contextlib.suppress(Exception):  # what is missing is told when a session starts
        onnxruntime.preload_dlls()


def preload_tensorrt() -> None:
    """The same for TensorRT, whose package loads its libraries when it is imported."""
    with contextlib.suppress(Exception):  # what is missing is told when a session starts
        importlib.import_module(_TENSORRT)
