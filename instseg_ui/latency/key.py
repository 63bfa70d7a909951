"""What a latency holds for: the worker's identity, the image's size, and the machine."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from instseg_ui.hpi.identity import Identity
from instseg_ui.latency.load import visible_cores
from instseg_ui.segmenter import Segmenter
from instseg_ui.workers.hardware import hardware


@dataclass(frozen=True, slots=True)
class LatencyKey:
    """A latency of another key is another figure.

    Attributes:
        identity: weights, engine, mode, versions, devices and threads, see `Identity`.
        size: class of the image's size, see `size_class`.
        floor, limit: of what is kept of a prediction; more masks take longer.
        cpu, cores: the machine.
    """

    identity: Identity
    size: int
    floor: float
    limit: int
    cpu: str
    cores: int

    @classmethod
    def of(
        cls,
        segmenter: Segmenter,
        model: str,
        size: tuple[int, int],
        engine: str | None = None,
    ) -> LatencyKey | None:
        """The key of a model as it would run now; None before its engines were proven here.

        Args:
            segmenter: what would run it.
            model: a name of the catalog.
            size: width and height, pixels.
            engine: one of `engines.MODES`; None is the setting's.

        Raises:
            InputError: there is no such engine.
            UnknownModelError, NotFetchedError, ModelFolderError: no such model here.
        """
        identity = segmenter.identity(model, engine=engine)
        if identity is None:
            return None
        settings = segmenter.settings
        return cls(
            identity,
            size_class(*size),
            settings.floor,
            settings.max_instances,
            str(hardware()["cpu"]),
            visible_cores(),
        )

    @property
    def digest(self) -> str:
        """As a file's name."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:40]


def size_class(width: int, height: int) -> int:
    """Images of one class have pixels within a factor of two of each other.

    The class c holds from 2^(c - 1/2) up to 2^(c + 1/2) pixels: 640 x 480 and 512 x 512 share 18.
    """
    return round(math.log2(max(1, width * height)))
