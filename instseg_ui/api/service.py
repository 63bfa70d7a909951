"""What the endpoints share: one of each an application."""

from __future__ import annotations

from dataclasses import dataclass

from instseg_ui.api.gate import Gate
from instseg_ui.api.inference import Inference
from instseg_ui.api.metrics import Metrics
from instseg_ui.segmenter import Segmenter


@dataclass(frozen=True, slots=True)
class Service:
    """The gate, the operation behind it, and what they count."""

    segmenter: Segmenter
    gate: Gate
    metrics: Metrics
    infer: Inference

    @classmethod
    def of(cls, segmenter: Segmenter) -> Service:
        gate, metrics = Gate(segmenter.settings), Metrics()
        metrics.watch(segmenter, {"waiting": lambda: gate.waiting, "running": lambda: gate.running})
        return cls(segmenter, gate, metrics, Inference(segmenter, metrics))
