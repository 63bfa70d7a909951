"""Rounds of training: losses of kept views, a step every few of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from instseg_ui.train.bank import FeatureBank
from instseg_ui.train.losses import losses
from instseg_ui.train.optimizer import AdamW
from instseg_ui.train.schedule import Clock, rate_factor

BATCH = 2
"""Views a step. They run one by one: oneDNN takes no longer for that, and memory stays small."""


class Round(NamedTuple):
    """What one round came to: mean losses by name, and how many views it had."""

    losses: dict[str, float]
    views: int

    @property
    def loss(self) -> float:
        """Their sum."""
        return sum(self.losses.values())


def train_round(
    optimizer: AdamW,
    bank: FeatureBank,
    clock: Clock,
    seed: int,
    stopped: Callable[[], bool],
) -> Round | None:
    """Go through all photos once; None when it was stopped or time was over on the way.

    Raises:
        ImageError: a photo cannot be read any more.
    """
    totals: dict[str, float] = {}
    order = bank.order(clock.epoch)
    for done, photo in enumerate(order, 1):
        clock.tick()
        if stopped() or clock.over:
            return None
        rng = np.random.default_rng((seed, 4, clock.epoch, photo))
        kept = bank.get(photo, clock.epoch)
        optimizer.learn(clock.progress)
        found = losses(optimizer.model.network, kept.tensors(), kept.targets, kept.replay, rng)
        (sum(found.values()) / BATCH).backward()
        for name, value in found.items():
            totals[name] = totals.get(name, 0.0) + float(value)
        if done % BATCH == 0 or done == len(order):
            optimizer.step(rate_factor(clock.progress, optimizer.steps), clock.progress)
    clock.tick()
    clock.epoch += 1
    return Round({name: value / len(order) for name, value in totals.items()}, len(order))
