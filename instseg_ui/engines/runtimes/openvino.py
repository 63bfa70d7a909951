"""OpenVINO, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instseg_ui.engines.runtimes import installed
from instseg_ui.engines.runtimes.network import Array, Network, failed, refused, split_device, taken

_NAME = "OpenVINO"


class OpenVino:
    """Networks as models that OpenVINO compiled."""

    def __init__(self, device: str, threads: int, cache: Path) -> None:
        import openvino

        self.name = "openvino"
        self.notes: tuple[str, ...] = ()
        self.versions = {"openvino": str(openvino.__version__).partition("-")[0]}
        self._core: Any = openvino.Core()
        self._config = _config(threads)

    @classmethod
    def unusable(cls, device: str) -> str:
        """See `instseg_ui.engines.runtimes.unusable`."""
        kind, _ = split_device(device)
        if kind == "gpu":
            return "OpenVINO does not run on NVIDIA cards. Set INSTSEG_DEVICE=cpu."
        if not installed.package("openvino"):
            return "OpenVINO is not installed: .venv/bin/pip install -r requirements-openvino.txt."
        return ""

    def load(self, file: Path) -> Network:
        """See `NetworkRuntime.load`."""
        try:
            model = self._core.read_model(str(file))
            # From the file: compiled, an input can go by the name of something inside.
            names = tuple(port.get_any_name() for port in model.inputs)
            compiled = self._core.compile_model(model, "CPU", self._config)
        except Exception as error:
            raise refused(_NAME, file, error) from error
        return _Compiled(compiled, names)


class _Compiled:
    """One ONNX file that OpenVINO compiled; `names` of its inputs, in the file's order."""

    def __init__(self, compiled: Any, names: tuple[str, ...]) -> None:
        self._request = compiled.create_infer_request()
        self._outputs = len(compiled.outputs)
        self.inputs = names

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """See `Network.run`."""
        wanted = taken(self, feeds)
        try:
            self._request.infer(list(wanted.values()), share_inputs=True, share_outputs=True)
            tensors = [self._request.get_output_tensor(i) for i in range(self._outputs)]
            # Its own memory, which the next run writes over.
            return [tensor.data.copy() for tensor in tensors]
        except Exception as error:
            raise failed(_NAME, error) from error


def _config(threads: int) -> dict[str, object]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        # Pinned, the threads of all workers would sit on the same first cores.
        "ENABLE_CPU_PINNING": False,
        # Where the processor has bfloat16 it would otherwise use that, and scores would move.
        "INFERENCE_PRECISION_HINT": "f32",
    }
