"""What moves the weights: AdamW at a rate of its own for each part, and an average of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from instseg_ui.train.assign import Floats
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.weights import Arrays, arrays_of
from instseg_ui.train.schedule import HEADS_SHARE

RATE = 1e-3
"""Peak rate; every part has a share of it."""
NEW_CLASS, TAUGHT_CLASS, REPLAYED_CLASS = 4.0, 1.0, 0.0
"""Shares of a class's row of scores. Adam's steps are too small for a new one to leave the prior in
few of them, and would let one that nothing is wrong with wander."""
_HEAD_RATE, _NECK_RATE = 0.5, 0.15
_NECK = ("pyramid", "mask_branch")
_FROZEN, _SCORE = "backbone", "score."
# Towards the start (L2-SP, Li, Grandvalet and Davoine 2018) and not to zero: what the photos say
# nothing about stays as it was.
_PULL = 2.0
_BETAS = 0.9, 0.99
_EPSILON = 1e-8
_LARGEST_GRADIENT = 10.0
_AVERAGE_DECAY = 0.98


@dataclass(slots=True)
class AdamW:
    """Adam with decoupled decay (Loshchilov and Hutter 2019), towards the start.

    Written out because its whole state is then arrays that a checkpoint holds, and a part that does
    not learn yet costs nothing.

    Attributes:
        model: whose parameters are moved.
        rows: (C,) float32, each class's share of the rate in the layer of the scores.
        average: exponential moving average of all parameters; what is judged and shipped.
        steps: done so far.
    """

    model: PaddleModel
    rows: Floats
    average: Arrays = field(default_factory=dict)
    steps: int = 0
    _moments: dict[str, tuple[Any, Any, int]] = field(default_factory=dict)
    _start: Arrays = field(init=False)

    def __post_init__(self) -> None:
        self._start = arrays_of(self.model)
        if not self.average:
            self.average = dict(self._start)
        for name, parameter in self.model.network.named_parameters():
            parameter.stop_gradient = name.startswith(_FROZEN)

    def learn(self, progress: float) -> None:
        """Say which parts learn now."""
        for name, parameter in self.model.network.named_parameters():
            if not name.startswith(_FROZEN):
                parameter.stop_gradient = _rate_of(name, progress) == 0

    def step(self, factor: float, progress: float) -> None:
        """Move what has a gradient, at `factor` of the peak rates, and forget the gradients."""
        moving = [
            (name, one)
            for name, one in self.model.network.named_parameters()
            if not one.stop_gradient and one.grad is not None
        ]
        gradients = {name: one.grad.numpy() for name, one in moving}
        norm = float(np.sqrt(sum(float(np.square(g).sum()) for g in gradients.values())))
        self.steps += 1
        if np.isfinite(norm):
            shrink = min(1.0, _LARGEST_GRADIENT / max(norm, 1e-12))
            for name, one in moving:
                rate = RATE * factor * _rate_of(name, progress)
                self._move(name, one, gradients[name] * np.float32(shrink), rate)
        for _, one in moving:
            one.clear_gradient()
        self._follow()

    def state(self) -> dict[str, Any]:
        """Everything, as arrays by name."""
        arrays: dict[str, Any] = {f"model/{key}": v for key, v in arrays_of(self.model).items()}
        arrays |= {f"average/{key}": value for key, value in self.average.items()}
        for key, (first, second, steps) in self._moments.items():
            arrays |= {f"first/{key}": first, f"second/{key}": second, f"count/{key}": steps}
        return arrays | {"steps": self.steps}

    def restore(self, arrays: dict[str, Any]) -> None:
        """Take everything from `state`. Raises `KeyError`, `ValueError` where it does not fit."""
        for key, parameter in self.model.network.named_parameters():
            parameter.set_value(arrays[f"model/{key}"])
            self.average[key] = np.array(arrays[f"average/{key}"])
            if f"first/{key}" in arrays:
                first, second = np.array(arrays[f"first/{key}"]), np.array(arrays[f"second/{key}"])
                self._moments[key] = first, second, int(arrays[f"count/{key}"])
        self.steps = int(arrays["steps"])

    def _move(self, name: str, parameter: Any, gradient: Any, rate: float) -> None:
        nothing = np.zeros_like(gradient)
        first, second, steps = self._moments.get(name, (nothing, nothing.copy(), 0))
        steps += 1
        first = _BETAS[0] * first + (1 - _BETAS[0]) * gradient
        second = _BETAS[1] * second + (1 - _BETAS[1]) * np.square(gradient)
        self._moments[name] = first, second, steps
        ahead = first / (1 - _BETAS[0] ** steps)
        size = np.sqrt(second / (1 - _BETAS[1] ** steps)) + _EPSILON
        value = parameter.numpy()
        step = ahead / size + _PULL * (value - self._start[name])
        if name.startswith(_SCORE):
            step = step * self.rows.reshape(-1, *[1] * (value.ndim - 1))
        parameter.set_value((value - rate * step).astype(np.float32))

    def _follow(self) -> None:
        """The average's memory grows with the steps seen."""
        decay = np.float32(min(_AVERAGE_DECAY, (1 + self.steps) / (10 + self.steps)))
        for name, parameter in self.model.network.named_parameters():
            if not parameter.stop_gradient:
                self.average[name] = self.average[name] * decay + parameter.numpy() * (
                    np.float32(1) - decay
                )


def _rate_of(name: str, progress: float) -> float:
    """A parameter's share of the rate; 0 where it does not learn yet."""
    if name.startswith(_NECK):
        return _NECK_RATE if progress >= HEADS_SHARE else 0.0
    return 1.0 if name.startswith(_SCORE) else _HEAD_RATE
