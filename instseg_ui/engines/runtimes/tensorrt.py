"""TensorRT, through ONNX Runtime: what it cannot take runs by CUDA, and the rest on the CPU.

Built on the documented options and not measured: the tests run on a CPU.

Options: https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html
"""

from __future__ import annotations

import os
from pathlib import Path

from instseg_ui.engines.runtimes import installed
from instseg_ui.engines.runtimes.network import Network, split_device
from instseg_ui.engines.runtimes.onnxruntime import Provider, Session, providers


class TensorRt:
    """Networks whose parts TensorRT compiles; what it compiled is kept in the cache's folder."""

    def __init__(self, device: str, threads: int, cache: Path) -> None:
        # In full float32: TensorFloat-32 would round factors to ten bits.
        os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
        import onnxruntime

        installed.preload_cuda(onnxruntime)
        installed.preload_tensorrt()
        self.name = "tensorrt"
        self.notes = (
            "TensorRT compiles a model at its first run and at the first of each larger image, "
            "which takes minutes.",
        )
        self.versions = {"onnxruntime": str(onnxruntime.__version__)}
        cache.mkdir(parents=True, exist_ok=True)
        self._providers = [_provider(device, cache), *providers(device)]
        self._threads = threads

    @classmethod
    def unusable(cls, device: str) -> str:
        """See `instseg_ui.engines.runtimes.unusable`."""
        kind, _ = split_device(device)
        if kind == "cpu":
            return "TensorRT runs on an NVIDIA card only. With one, set INSTSEG_DEVICE=gpu:0."
        return installed.no_cuda() or installed.no_tensorrt()

    def load(self, file: Path) -> Network:
        """See `NetworkRuntime.load`."""
        return Session(file, self._threads, self._providers)


def _provider(device: str, cache: Path) -> Provider:
    options = {
        "device_id": str(split_device(device)[1]),
        "trt_fp16_enable": "False",
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(cache),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(cache),
    }
    return "TensorrtExecutionProvider", options
