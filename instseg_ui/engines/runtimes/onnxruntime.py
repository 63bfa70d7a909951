"""ONNX Runtime, on the CPU or on an NVIDIA card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instseg_ui.engines.runtimes import installed
from instseg_ui.engines.runtimes.network import Array, Network, failed, refused, split_device, taken
from instseg_ui.errors import LoadError

_NAME = "ONNX Runtime"
_FATAL_ONLY = 4
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"

# Name and options of an execution provider, as `InferenceSession` takes them.
Provider = tuple[str, dict[str, str]]


class OnnxRuntime:
    """Networks as sessions of ONNX Runtime."""

    def __init__(self, device: str, threads: int, cache: Path) -> None:
        import onnxruntime

        self.name = "onnxruntime"
        self.notes: tuple[str, ...] = ()
        self.versions = {"onnxruntime": str(onnxruntime.__version__)}
        self._providers = providers(device)
        self._threads = threads
        if self._providers[0][0] != _CPU:
            installed.preload_cuda(onnxruntime)

    @classmethod
    def unusable(cls, device: str) -> str:
        """See `instseg_ui.engines.runtimes.unusable`."""
        if not installed.package("onnxruntime"):
            return "ONNX Runtime is not installed: make setup."
        kind, _ = split_device(device)
        return installed.no_cuda() if kind == "gpu" else ""

    def load(self, file: Path) -> Network:
        """See `NetworkRuntime.load`."""
        return Session(file, self._threads, self._providers)


class Session:
    """One ONNX file in a session of ONNX Runtime, whichever execution providers it uses."""

    def __init__(self, file: Path, threads: int, wanted: list[Provider]) -> None:
        import onnxruntime

        try:
            session = onnxruntime.InferenceSession(
                str(file), _options(onnxruntime, threads), providers=wanted, enable_fallback=0
            )
        except Exception as error:  # it raises a class of its own for each fault
            raise refused(_NAME, file, error) from error
        # It goes on without a provider whose libraries do not load, with a line in the log.
        name = wanted[0][0]
        if name not in session.get_providers():
            raise LoadError(
                f"{_NAME} could not start its {name}: libraries of the card are missing or do not "
                "fit. Expected CUDA 12, cuDNN 9 and for TensorRT its version 10; see "
                "requirements-gpu.txt."
            )
        self._session: Any = session
        self.inputs = tuple(entry.name for entry in session.get_inputs())

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """See `Network.run`."""
        wanted = taken(self, feeds)
        try:
            outputs: list[Array] = self._session.run(None, wanted)
        except Exception as error:  # it raises a class of its own for each fault
            raise failed(_NAME, error) from error
        return outputs


def providers(device: str) -> list[Provider]:
    """The execution providers for a device, the preferred one first."""
    kind, number = split_device(device)
    if kind == "cpu":
        return [(_CPU, {})]
    # In full float32: TensorFloat-32 would round factors to ten bits.
    return [(_CUDA, {"device_id": str(number), "use_tf32": "0"}), (_CPU, {})]


def _options(onnxruntime: Any, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads that spin while they wait take the cores that other workers need, and the page.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of memory for every shape of image: 200 MB more for a ResNet50, and no faster.
    options.enable_mem_pattern = False
    # A converted file holds dozens of unused initialisers, each worth a warning to it; and what
    # goes wrong comes as an exception too.
    options.log_severity_level = _FATAL_ONLY
    return options
