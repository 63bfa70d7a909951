"""Engines: what runs a model folder. Nothing heavy is imported until an engine is created."""

from __future__ import annotations

from importlib import import_module

from instseg_ui.engines.base import Engine, EngineRequest, Output
from instseg_ui.errors import LoadError

ENGINES = {
    "paddle": "instseg_ui.engines.paddle:PaddleEngine",
    "paddle-onednn": "instseg_ui.engines.paddle:PaddleEngine",
    "fake": "instseg_ui.engines.fake:FakeEngine",
}

# PaddleX turns oneDNN on by default for these and for no other instance segmentation model.
_ONEDNN_BY_DEFAULT = {
    "Mask-RT-DETR-L",
    "Mask-RT-DETR-X",
    "Mask-RT-DETR-H",
    "PP-YOLOE_seg-S",
}

__all__ = ["ENGINES", "Engine", "EngineRequest", "Output", "candidates", "create"]


def candidates(model_name: str, device: str) -> tuple[str, ...]:
    """The engines to try for a PaddleX model name, the preferred one first."""
    if device == "cpu" and model_name in _ONEDNN_BY_DEFAULT:
        return ("paddle-onednn", "paddle")
    return ("paddle",)


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
