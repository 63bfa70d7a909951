"""Engines that are stand-ins: what is prepared, checked and run, without a process or a library."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from instseg_ui import engines
from instseg_ui.engines import EngineRequest, Output
from instseg_ui.hpi import environment, prepare
from instseg_ui.hpi.converter import Conversion
from instseg_ui.masks import encode_crop
from instseg_ui.results import Instance, Instances
from instseg_ui.workers.worker import Answer, Loaded, Worker

_PIDS = itertools.count(1)


class StubWorker:
    """A worker whose engine finds one object; a wrong engine gives it another score."""

    def __init__(self, lab: Lab, request: EngineRequest) -> None:
        self.lab, self.request = lab, request
        self.alive, self.pid = True, next(_PIDS)

    def load(self, on_stage: Callable[[str], None], cancelled: Callable[[], bool]) -> Loaded:
        on_stage("loading")
        return Loaded(self.request.engine, {}, (), 1.0, 1.0, 10.0)

    def run(
        self,
        pixels: npt.NDArray[np.uint8],
        floor: float,
        limit: int,
        cancelled: object,
        reference: Instances | None = None,
    ) -> Answer:
        self.lab.ran.append(self.request.engine)
        size = pixels.shape[0], pixels.shape[1]
        score = 0.4 if self.request.engine in self.lab.wrong else 0.9
        mask = encode_crop(np.ones((20, 30), bool), (5, 5), size)
        row = Instance(0, "cat", score, (5.0, 5.0, 35.0, 25.0), 600, mask)
        ms = self.lab.ms.get(self.request.engine, 10.0)
        return Answer(Output(Instances.from_rows([row]), 0.0, ms, 0.0), 10.0)

    def close(self) -> None:
        self.alive = False


class StubConverter:
    """Writes an empty model with the first recipe."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def convert(self, source: Path, out: Path, recipes: Sequence[str], **_: Any) -> Conversion:
        self._lab.converted += 1
        out.mkdir(parents=True, exist_ok=True)
        return Conversion(recipes[0], ())


@dataclass
class Lab:
    """What this machine has: engines with their versions, times, and which answer wrongly."""

    versions: dict[str, str] = field(default_factory=lambda: {"onnxruntime": "1.0"})
    ms: dict[str, float] = field(default_factory=lambda: {"paddle": 100.0})
    wrong: set[str] = field(default_factory=set)
    ran: list[str] = field(default_factory=list)
    converted: int = 0

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Have the product see this machine."""
        patch.setattr(engines, "unusable", self._unusable)
        patch.setattr(environment, "_version", lambda package: self.versions.get(package, ""))
        patch.setattr(prepare, "installed", lambda: (hash(str(self.versions)),))
        patch.setattr(prepare, "Converter", lambda settings: StubConverter(self))

    def worker(self, request: EngineRequest) -> Worker:
        return cast("Worker", StubWorker(self, request))

    @contextmanager
    def open(self, request: EngineRequest, cancelled: object) -> Iterator[Worker]:
        yield self.worker(replace(request))

    def _unusable(self, engine: str, device: str) -> str:
        return "" if engine in self.versions else "It is not here."
