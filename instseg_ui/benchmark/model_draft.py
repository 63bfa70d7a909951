"""A model's part of a run while it grows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from instseg_ui.benchmark.memory import read_memory
from instseg_ui.benchmark.records import (
    ColdStart,
    ConcurrencyLevel,
    Memory,
    ModelRun,
    Sample,
    State,
)
from instseg_ui.results import Prediction
from instseg_ui.segmenter import Segmenter


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


@dataclass(slots=True)
class Seat:
    """A model that takes its turns: its draft, its process, and how it ended.

    Attributes:
        place: in the run.
        draft: what it has so far.
        segmenter: runs it, and nothing else.
        last: its last prediction, by class of the image's size.
        work: what others did before each of its rounds, cores.
        state, failure: how it ended.
        fits: whether the memory had room for it beside the others.
    """

    place: int
    draft: Draft
    segmenter: Segmenter
    last: dict[int, Prediction] = field(default_factory=dict)
    work: list[float] = field(default_factory=list)
    state: State = "running"
    failure: str = ""
    fits: bool = True

    @property
    def ended(self) -> bool:
        """Whether its turns are over."""
        return self.state != "running"

    @property
    def held_mb(self) -> float:
        """Memory of its process, MB of 10^6 bytes."""
        return self.segmenter.registry.memory_mb()

    def end(self, state: State, failure: str = "") -> None:
        """No more turns; its process ends."""
        self.state, self.failure = state, failure
        self.close()

    def close(self) -> None:
        """Read its memory, and end its process."""
        self.draft.memory = read_memory(self.segmenter) or self.draft.memory
        self.segmenter.close()
