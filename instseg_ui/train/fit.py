"""One training from the start to its best checkpoint: on some photos, checked on others."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from instseg_ui.train.assign import Floats
from instseg_ui.train.bank import FeatureBank
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.weights import Arrays, arrays_of, fill
from instseg_ui.train.optimizer import AdamW
from instseg_ui.train.schedule import Clock
from instseg_ui.train.trainer import Round, train_round

CHECKS = 8
"""Times that a training is checked on its held-out photos, evenly over the schedule."""
PATIENCE = 3
"""Checks without a better one after which a training ends early."""
_EARLIEST_END = 0.5
_SAVE_S = 20.0

Check = Callable[[PaddleModel], float]
"""Mask AP on the held-out photos."""


@dataclass(frozen=True, slots=True)
class FitProgress:
    """How far one training is.

    Attributes:
        epoch: rounds that are done.
        progress: share of the schedule, 0 to 1.
        views_per_s: views a second of this round, its first drawing included.
        loss: of this round; None before the first.
        ap: the last check's mask AP, 0 to 1; None before the first.
        best: the best check's.
        seconds_left: of the schedule.
    """

    epoch: int
    progress: float
    views_per_s: float | None
    loss: float | None
    ap: float | None
    best: float | None
    seconds_left: float


@dataclass(slots=True)
class Fit:
    """One training; `run` may be called again after it was restored.

    Attributes:
        rows: (C,) float32, see `AdamW`.
        check: mask AP of a network; None where nothing is held out.
        checks: times that it is asked, evenly over the schedule.
        patience: checks without a better one after which it ends early.
        best: parameters of the best check, of the last average before the first check.
        best_ap: its mask AP; None before the first check.
        history: (progress, mask AP) of every check.
        ended_early: whether it ended because nothing got better.
    """

    model: PaddleModel
    bank: FeatureBank
    clock: Clock
    rows: Floats
    seed: int
    check: Check | None
    checks: int = CHECKS
    patience: int = PATIENCE
    best: Arrays = field(default_factory=dict)
    best_ap: float | None = None
    history: list[tuple[float, float]] = field(default_factory=list)
    ended_early: bool = False
    _optimizer: AdamW = field(init=False)
    _since_best: int = 0
    _saved: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._optimizer = AdamW(self.model, self.rows)
        self.best = self.best or dict(self._optimizer.average)

    def run(
        self,
        stopped: Callable[[], bool],
        on_progress: Callable[[FitProgress], None],
        save: Callable[[], None],
    ) -> None:
        """Train until time or rounds are over, nothing gets better, or it is stopped.

        Args:
            save: called now and then, when `state` can be kept.
        """
        self.clock.start()
        while not (self.clock.over or stopped() or self.ended_early):
            began, before = time.monotonic(), self.clock.epoch
            done = train_round(self._optimizer, self.bank, self.clock, self.seed, stopped)
            if done is not None and self._due():
                self._check()
            on_progress(self._progress(done, time.monotonic() - began))
            if self.clock.epoch > before and time.monotonic() > self._saved + _SAVE_S:
                save()
                self._saved = time.monotonic()
        if self.best_ap is None or (self.clock.over and self._moved()):
            self._check()
        if self.learned:
            save()

    @property
    def learned(self) -> bool:
        """Whether a step was done at all."""
        return self._optimizer.steps > 0

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Notes and arrays of it; see `restore`."""
        notes = {
            "epoch": self.clock.epoch,
            "spent": self.clock.spent,
            "seconds": self.clock.seconds,
            "best_ap": self.best_ap,
            "history": self.history,
            "since_best": self._since_best,
            "ended_early": self.ended_early,
        }
        arrays = self._optimizer.state() | {f"best/{key}": one for key, one in self.best.items()}
        return notes, arrays

    def restore(self, notes: dict[str, Any], arrays: dict[str, Any]) -> None:
        """Take up `state`. Raises `KeyError`, `ValueError`, `TypeError` where it does not fit."""
        self._optimizer.restore(arrays)
        self.best = {key: np.array(arrays[f"best/{key}"]) for key in self.best}
        self.clock.epoch, self.clock.spent = int(notes["epoch"]), float(notes["spent"])
        self.clock.seconds = float(notes["seconds"])
        self.best_ap = notes["best_ap"]
        self.history = [(float(progress), float(ap)) for progress, ap in notes["history"]]
        self._since_best = int(notes["since_best"])
        self.ended_early = bool(notes["ended_early"])

    def _due(self) -> bool:
        """Whether the schedule has passed the next of its checks."""
        last = self.history[-1][0] if self.history else 0.0
        return int(self.clock.progress * self.checks) > int(last * self.checks)

    def _moved(self) -> bool:
        """Whether something was learned since the last check."""
        return not self.history or self.history[-1][0] < self.clock.progress

    def _check(self) -> None:
        """Judge the average, and keep it if it is as good as the best."""
        average = dict(self._optimizer.average)
        if self.check is None:
            self.best = average
            return
        current = arrays_of(self.model)
        fill(self.model, average)
        ap = self.check(self.model)
        fill(self.model, current)
        self.clock.tick()
        self.history.append((self.clock.progress, ap))
        if self.best_ap is None or ap >= self.best_ap:
            self.best, self.best_ap, self._since_best = average, ap, 0
        else:
            self._since_best += 1
        late = self.clock.progress >= _EARLIEST_END
        self.ended_early = late and self._since_best >= self.patience

    def _progress(self, done: Round | None, seconds: float) -> FitProgress:
        return FitProgress(
            self.clock.epoch,
            self.clock.progress,
            done.views / max(seconds, 1e-6) if done else None,
            done.loss if done else None,
            self.history[-1][1] if self.history else None,
            self.best_ap,
            self.clock.seconds_left,
        )
