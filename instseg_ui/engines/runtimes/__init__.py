"""What runs ONNX files. No runtime's library is imported until one is created."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from instseg_ui.engines.runtimes.network import Array, Network, NetworkRuntime
from instseg_ui.errors import LoadError

RUNTIMES = {
    "onnxruntime": "instseg_ui.engines.runtimes.onnxruntime:OnnxRuntime",
    "openvino": "instseg_ui.engines.runtimes.openvino:OpenVino",
    "tensorrt": "instseg_ui.engines.runtimes.tensorrt:TensorRt",
}

__all__ = ["RUNTIMES", "Array", "Network", "NetworkRuntime", "create", "unusable"]


def unusable(name: str, device: str) -> str:
    """Why a runtime cannot run here on `cpu` or `gpu:<n>`, and what to do; empty when it can.

    Cheap: looks for packages and their files, and imports no library.

    Raises:
        LoadError: there is no such runtime or device.
    """
    return _runtime(name).unusable(device)


def create(name: str, device: str, threads: int, cache: Path) -> NetworkRuntime:
    """A runtime, in the process that will use it.

    Args:
        name: one of `RUNTIMES`.
        device: `cpu` or `gpu:<n>`.
        threads: cores that one run may take.
        cache: folder for what a runtime compiles; made when it is first written to.

    Raises:
        LoadError: there is no such runtime or device, or it cannot run here.
    """
    if why := unusable(name, device):
        sentence = f"{name} does not run on this machine. Choose another engine."
        raise LoadError(sentence, remedy=why)
    return _runtime(name)(device, threads, cache)


def _runtime(name: str) -> type[NetworkRuntime]:
    if name not in RUNTIMES:
        raise LoadError(f"There is no runtime “{name[:40]}”. Known: {', '.join(RUNTIMES)}.")
    module, _, cls = RUNTIMES[name].partition(":")
    runtime: type[NetworkRuntime] = getattr(import_module(module), cls)
    return runtime
