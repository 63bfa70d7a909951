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
class Place:
    """One worker's place: its key in the registry, its device and its share of the threads."""

    key: str
    device: str
    threads: int


class Places:
    """The places of all models. Safe to use from many threads.

    Each model has a place on every configured device, in every mode that it was asked for. A
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
    def taken(self, model: str, mode: str) -> Iterator[Place]:
        """The least busy place of a model, counted as busy meanwhile."""
        with self._lock:
            place = min(self._of(model, mode), key=lambda place: self._load[place.key])
            self._load[place.key] += 1
            self._models[place.key] = model
        try:
            yield place
        finally:
            with self._lock:
                self._load[place.key] -= 1

    def model(self, key: str) -> str:
        """The model that a place was taken for; the key itself if it is no place."""
        return self._models.get(key, key)

    def _of(self, model: str, mode: str) -> list[Place]:
        name = model if mode == NORMAL else f"{model} ({mode})"
        return [
            Place(f"{name}, worker {i + 1}" if i else name, device, self._threads)
            for i, device in enumerate(self._devices)
        ]
