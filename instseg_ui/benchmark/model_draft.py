"""A model's part of a run while it grows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from instseg_ui.benchmark.records import (
    ColdStart,
    ConcurrencyLevel,
    Memory,
    ModelRun,
    Sample,
    State,
)
from instseg_ui.results import Prediction


@dataclass(slots=True)
class Draft:
    """What one model has so far; `first` is its first prediction."""

    model: ModelRun
    first: Prediction | None = None
    cold: list[ColdStart] = field(default_factory=list)
    warmup: list[Sample] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    levels: list[ConcurrencyLevel] = field(default_factory=list)
    memory: Memory | None = None

    def ended(self, state: State, failure: str = "") -> ModelRun:
        """The record of what is there."""
        one = replace(
            self.model,
            state=state,
            failure=failure,
            cold=tuple(self.cold),
            warmup=tuple(self.warmup),
            samples=tuple(self.samples),
            levels=tuple(self.levels),
            memory=self.memory,
        )
        if self.first is None:
            return one
        runtime = self.first.runtime
        return replace(
            one,
            engine=runtime.engine,
            device=runtime.device,
            threads=runtime.threads,
            versions=dict(runtime.versions),
            notes=(*runtime.notes, *filter(None, [runtime.parity])),
            size_mb=self.first.size_mb,
        )
