"""Where a model's workers run: one a device, and requests spread over them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from instseg_ui.engines import NORMAL
from instseg_ui.settings import Settings


@dataclass(frozen=True, slots=True)
class Slot:
    """One worker's slot: its key in the registry, its device and its share of the threads."""

    key: str
    device: str
    threads: int


class Slots:
    """The slots of all models. Safe to use from many threads.

    Each model has a slot on every configured device, in every mode that it was asked for. A
    request takes the one with the fewest requests; the first of them where they are equal, so that
    a second worker is loaded only when two requests meet.
    """

    def __init__(self, settings: Settings) -> None:
        self._devices = settings.devices
        self._threads = settings.worker_threads
        self._load: Counter[str] = Counter()
        self._models: dict[str, str] = {}
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, model: str, mode: str) -> Iterator[Slot]:
        """The least busy slot of a model, counted as busy meanwhile."""
        with self._lock:
            slot = min(self._of(model, mode), key=lambda slot: self._load[slot.key])
            self._load[slot.key] += 1
            self._models[slot.key] = model
        try:
            yield slot
        finally:
            with self._lock:
                self._load[slot.key] -= 1

    def model(self, key: str) -> str:
        """The model that a slot was taken for; the key itself if it is no slot."""
        return self._models.get(key, key)

    def _of(self, model: str, mode: str) -> list[Slot]:
        name = model if mode == NORMAL else f"{model} ({mode})"
        return [
            Slot(f"{name}, worker {i + 1}" if i else name, device, self._threads)
            for i, device in enumerate(self._devices)
        ]
