"""What a run has come to, kept to go on from: trainings that are done, and the one under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from instseg_ui.errors import InputError
from instseg_ui.train import checkpoint
from instseg_ui.train.checks import START_OVER
from instseg_ui.train.fit import Fit
from instseg_ui.train.network.weights import Arrays
from instseg_ui.train.request import TrainingRequest

_ENDED = {
    "stopped": "It was stopped.",
    "early": "It ended early: nothing got better any more.",
    "over": "It ran to its end.",
}


@dataclass(frozen=True, slots=True)
class FitDone:
    """One training that is done: its best parameters and how it went."""

    best: Arrays
    epochs: int
    history: tuple[tuple[float, float], ...]
    ended: str

    @classmethod
    def of(cls, fit: Fit, *, stopped: bool) -> FitDone:
        """What stays of a training."""
        why = "early" if fit.ended_early else "stopped" if stopped else "over"
        return cls(fit.best, fit.clock.epoch, tuple(fit.history), _ENDED[why])

    @classmethod
    def restored(cls, notes: dict[str, Any], best: dict[str, Any]) -> FitDone:
        """Of `notes` and its arrays. Raises `KeyError`, `ValueError`, `TypeError`."""
        history = tuple((float(share), float(ap)) for share, ap in notes["history"])
        arrays = {key: np.array(value) for key, value in best.items()}
        return cls(arrays, int(notes["epochs"]), history, str(notes["ended"]))

    def notes(self) -> dict[str, Any]:
        """All but the arrays, as plain JSON values."""
        return {"epochs": self.epochs, "history": list(self.history), "ended": self.ended}


@dataclass(slots=True)
class RunMemory:
    """Kept in a folder under the request's identity.

    Attributes:
        folder: where.
        identity: of the request.
        done: trainings that are done.
        earlier: seconds that earlier runs took.
    """

    folder: Path
    identity: dict[str, Any]
    done: list[FitDone] = field(default_factory=list)
    earlier: float = 0.0
    _fit: tuple[int, dict[str, Any], dict[str, Any]] | None = None

    def take_up(self, request: TrainingRequest) -> None:
        """Read what an earlier run of the same left.

        Raises:
            InputError: there is nothing, or it is of another request.
        """
        name = request.output.name
        kept = checkpoint.load(self.folder)
        if kept is None:
            raise InputError(f"There is nothing to go on from in “{name}”: {START_OVER}.")
        notes, arrays = kept
        if notes.get("identity") != self.identity:
            raise InputError(
                f"What is kept in “{name}” is of another data set, model, seed or choice of "
                f"classes. Give the same ones, or {START_OVER}."
            )
        try:
            self.earlier = float(notes["seconds"])
            self.done = [
                FitDone.restored(one, _below(arrays, f"done{place}/"))
                for place, one in enumerate(notes["done"])
            ]
            if "fit" in notes:
                self._fit = len(self.done), notes["fit"], _below(arrays, "fit/")
        except (KeyError, ValueError, TypeError) as error:
            raise _damaged(name) from error

    def take_up_fit(self, fit: Fit) -> bool:
        """Put the training that was under way back, if it is the next one; whether it was."""
        if self._fit is None or self._fit[0] != len(self.done):
            return False
        _, notes, arrays = self._fit
        self._fit = None
        try:
            fit.restore(notes, arrays)
        except (KeyError, ValueError, TypeError) as error:
            raise _damaged(self.folder.parent.name) from error
        return True

    def save(self, seconds: float, fit: Fit | None = None) -> None:
        """Keep all of it. Raises `DiskFullError`, `InputError`."""
        notes: dict[str, Any] = {
            "identity": self.identity,
            "seconds": seconds,
            "done": [one.notes() for one in self.done],
        }
        arrays: dict[str, Any] = {}
        for place, one in enumerate(self.done):
            arrays |= {f"done{place}/{key}": value for key, value in one.best.items()}
        if fit is not None:
            notes["fit"], of_fit = fit.state()
            arrays |= {f"fit/{key}": value for key, value in of_fit.items()}
        checkpoint.save(self.folder, notes, arrays)


def _below(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)
    }


def _damaged(name: str) -> InputError:
    return InputError(f"What is kept in “{name}” cannot be read: {START_OVER}.")
