"""How far a training is, and what that means for the rates of its layers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

HEADS_SHARE = 0.4
"""Of the schedule in which the heads alone learn; then the neck does too, at a small rate."""
_WARM_UP_STEPS = 20
_FLAT_SHARE = 0.5
_FINAL_RATE = 0.02


@dataclass(slots=True)
class Clock:
    """Turns time, or rounds where their number is given, into the share that is done.

    Attributes:
        seconds: of the whole schedule.
        epochs: rounds of the whole schedule; None where time alone decides.
        spent: seconds of earlier runs, and of this one up to the last `tick`.
        epoch: rounds that are done.
    """

    seconds: float
    epochs: int | None
    spent: float = 0.0
    epoch: int = 0
    now: Callable[[], float] = time.monotonic
    _last: float | None = None

    def start(self) -> None:
        """Count from now on."""
        self._last = self.now()

    def tick(self) -> None:
        """Count the time since the last call."""
        now = self.now()
        self.spent += 0.0 if self._last is None else now - self._last
        self._last = now

    @property
    def progress(self) -> float:
        """From 0 to 1: of rounds where their number is given, else of time."""
        if self.epochs is not None:
            return min(1.0, self.epoch / self.epochs)
        return min(1.0, self.spent / self.seconds)

    @property
    def over(self) -> bool:
        """Whether rounds or time are over."""
        return self.progress >= 1 or self.spent >= self.seconds

    @property
    def seconds_left(self) -> float:
        """Until the end of the schedule."""
        left = max(0.0, self.seconds - self.spent)
        if self.epochs is None or not self.epoch:
            return left
        return min(left, self.spent / self.epoch * (self.epochs - self.epoch))


def rate_factor(progress: float, step: int) -> float:
    """Linear warm-up, then flat, then half a cosine down to a fiftieth."""
    warm_up = min(1.0, (step + 1) / _WARM_UP_STEPS)
    falling = min(max(0.0, (progress - _FLAT_SHARE) / (1 - _FLAT_SHARE)), 1.0)
    cosine = (1 + math.cos(math.pi * falling)) / 2
    return warm_up * (_FINAL_RATE + (1 - _FINAL_RATE) * cosine)
