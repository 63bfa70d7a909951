"""Engines: what runs a model folder. Nothing heavy is imported until an engine is created."""

from __future__ import annotations

from importlib import import_module
from typing import get_args

from instseg_ui.engines.base import ONEDNN_BY_DEFAULT, Engine, EngineRequest, Output
from instseg_ui.errors import LoadError
from instseg_ui.settings import EngineMode

ENGINES = {
    "paddle": "instseg_ui.engines.paddle:PaddleEngine",
    "paddle-onednn": "instseg_ui.engines.paddle:PaddleEngine",
    "onnxruntime": "instseg_ui.engines.converted:ConvertedEngine",
    "openvino": "instseg_ui.engines.converted:ConvertedEngine",
    "tensorrt": "instseg_ui.engines.converted:ConvertedEngine",
    "fake": "instseg_ui.engines.fake:FakeEngine",
}

NORMAL = "normal"
"""Run as PaddleX does by default."""
HIGH_PERFORMANCE = "high_performance"
"""High-performance mode: the fastest engine here that is proven equal to Paddle."""
MODES: tuple[str, ...] = get_args(EngineMode)
"""What may be asked for."""

CONVERTED = ("onnxruntime", "openvino", "tensorrt")
"""Engines that run a converted model."""

__all__ = [
    "CONVERTED",
    "ENGINES",
    "HIGH_PERFORMANCE",
    "MODES",
    "NORMAL",
    "Engine",
    "EngineRequest",
    "Output",
    "candidates",
    "create",
    "unusable",
]


def candidates(model_name: str, device: str) -> tuple[str, ...]:
    """The engines to try for a PaddleX model name, the preferred one first."""
    if device == "cpu" and model_name in ONEDNN_BY_DEFAULT:
        return ("paddle-onednn", "paddle")
    return ("paddle",)


def unusable(engine: str, device: str) -> str:
    """Why an engine cannot run on `cpu` or `gpu:<n>` here; empty if it can. Imports no library."""
    if engine in CONVERTED:
        from instseg_ui.engines import runtimes

        return runtimes.unusable(engine, device)
    if engine == "paddle-onednn" and device != "cpu":
        return "oneDNN runs on the CPU only."
    return ""


def create(request: EngineRequest) -> Engine:
    """Load the model of `request`. Called in the process and thread that will use it.

    Raises:
        LoadError: there is no such engine, or it refused the model.
    """
    if request.engine not in ENGINES:
        raise LoadError(f"There is no engine “{request.engine}”. Known: {', '.join(ENGINES)}.")
    module, _, name = ENGINES[request.engine].partition(":")
    engine: Engine = getattr(import_module(module), name)(request)
    return engine
