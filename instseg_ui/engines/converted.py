"""A converted model: own preprocessing, a runtime's networks, a tail. Never imports Paddle."""

from __future__ import annotations

import time
from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.engines import runtimes, tails
from instseg_ui.engines.base import EngineRequest, Output
from instseg_ui.engines.manifest import Manifest
from instseg_ui.engines.preprocess import Preprocess
from instseg_ui.errors import LoadError
from instseg_ui.results import Instances

Array = npt.NDArray[np.generic]


class ConvertedEngine:
    """One converted model in ONNX Runtime, OpenVINO or TensorRT."""

    def __init__(self, request: EngineRequest) -> None:
        if request.converted is None:
            raise LoadError(f"{request.engine} runs converted models; convert this one first.")
        cv2.setNumThreads(request.threads)
        folder = request.converted
        manifest = Manifest.read(folder)
        runtime = runtimes.create(
            request.engine, request.device, request.threads, folder / request.engine
        )
        self.name = request.engine
        self.versions = runtime.versions
        self.notes = runtime.notes
        self._labels = request.labels
        self._preprocess = Preprocess.read(request.folder)
        self._clock = _Clock()
        networks = {
            name: _Timed(runtime.load(folder / part.file), self._clock)
            for name, part in manifest.parts.items()
        }
        self._tail = tails.create(manifest, networks)

    def run(
        self,
        pixels: npt.NDArray[np.uint8],
        floor: float,
        limit: int,
        reference: Instances | None = None,
    ) -> Output:
        """See `Engine.run`.

        `reference`: Paddle's answer to the image; decisions within rounding follow it.
        """
        start = time.perf_counter()
        prepared = self._preprocess(pixels)
        ready = time.perf_counter()
        self._clock.ms = 0.0
        size = (pixels.shape[0], pixels.shape[1])
        precedent = None if reference is None else tails.Precedent(reference, size)
        job = tails.TailInput(prepared, size, self._labels, floor, limit, precedent)
        instances = self._tail.run(job)
        total = (time.perf_counter() - ready) * 1e3
        inference = self._clock.ms
        ties = tuple(precedent.ties) if precedent else ()
        return Output(instances, (ready - start) * 1e3, inference, total - inference, ties)


class _Clock:
    """Milliseconds spent in networks since it was last set to zero."""

    ms = 0.0


class _Timed:
    """A network whose runs are added to a clock."""

    def __init__(self, network: runtimes.Network, clock: _Clock) -> None:
        self._network, self._clock = network, clock
        self.inputs = network.inputs

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """See `Network.run`."""
        start = time.perf_counter()
        outputs = self._network.run(feeds)
        self._clock.ms += (time.perf_counter() - start) * 1e3
        return outputs
