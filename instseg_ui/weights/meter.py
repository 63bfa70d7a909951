"""How long work is followed and stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from instseg_ui.errors import Cancelled


class FetchProgress(Protocol):
    """Any object with `total` and `update`, as tqdm and pooch have it. Units: bytes."""

    total: Any

    def update(self, n: int) -> object:
        """`n` more bytes are done."""


def never() -> bool:
    """The answer of somebody who does not cancel."""
    return False


@dataclass(frozen=True, slots=True)
class Meter:
    """Reports bytes to whoever looks on, and raises `Cancelled` once they ask to stop.

    `stopped` is what is said then.
    """

    progress: FetchProgress | None = None
    cancelled: Callable[[], bool] = never
    stopped: str = "The fetch was stopped; nothing of it was kept."

    def begin(self, total: int | None) -> None:
        """`total` bytes are to come; None when nobody knows."""
        self.check()
        if self.progress is not None:
            self.progress.total = total

    def add(self, n: int) -> None:
        """`n` more bytes are done."""
        self.check()
        if self.progress is not None:
            self.progress.update(n)

    def check(self) -> None:
        """Raise `Cancelled` if that has been asked for."""
        if self.cancelled():
            raise Cancelled(self.stopped)

    def unseen(self) -> Meter:
        """The same meter, to be cancelled but not to be looked at."""
        return Meter(None, self.cancelled, self.stopped)
