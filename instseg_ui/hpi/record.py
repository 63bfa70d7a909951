"""What is known of a model's engines on this machine, as it is kept beside the converted model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from instseg_ui.hpi.parity import Parity

FILE = "record.json"
FORMAT = 1
REFERENCE = "paddle"


@dataclass(frozen=True, slots=True)
class Timing:
    """Median of `runs` runs of one image, milliseconds, transfer to the worker left out."""

    ms: float
    runs: int
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Record:
    """The outcome of converting, checking and timing one model.

    Attributes:
        recipe: of the converted model; empty if no recipe passed.
        reasons: why better recipes and engines are not used, a sentence each.
        checks: verdict by engine, `paddle` itself left out.
        timings: by environment (see `environment_key`), then by engine.
        image: what was timed, in words: `cats.jpg, 640 x 480`.
        seconds: what the conversion took.
        created: UTC, ISO 8601.
        normal: the engine of PaddleX's normal mode, which a speedup is told against.
        checked: by engine, what its check was made with (see `environment.basis`). An engine that
            is missing here, or stands here with something else, is checked before it is used.
    """

    recipe: str
    reasons: tuple[str, ...]
    checks: dict[str, Parity]
    timings: dict[str, dict[str, Timing]]
    image: str
    seconds: float
    created: str
    versions: dict[str, str] = field(default_factory=dict)
    normal: str = REFERENCE
    checked: dict[str, str] = field(default_factory=dict)

    @property
    def proof(self) -> str:
        """Changes with everything that the engines' right to run rests on; not with timings."""
        return hashlib.sha256(json.dumps(asdict(replace(self, timings={}))).encode()).hexdigest()

    def order(self, environment: str) -> tuple[str, ...]:
        """Engines that are equal to Paddle here, the fastest first; `paddle` is one of them."""
        timed = self.timings.get(environment, {})
        good = [name for name in timed if name == REFERENCE or self._passed(name)]
        return tuple(sorted(good, key=lambda name: timed[name].ms))

    def speedup(self, engine: str, environment: str) -> float | None:
        """Normal mode's time over the engine's, both measured here; None if they were not."""
        timed = self.timings.get(environment, {})
        normal = timed.get(self.normal) or timed.get(REFERENCE)
        return normal.ms / timed[engine].ms if normal and engine in timed else None

    def _passed(self, engine: str) -> bool:
        check = self.checks.get(engine)
        return check is not None and check.passed

    def write(self, folder: Path) -> None:
        """Write `record.json` into `folder`, whole or not at all."""
        draft = folder / f"{FILE}.draft"
        draft.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1), "utf-8")
        draft.replace(folder / FILE)

    @classmethod
    def read(cls, folder: Path) -> Record | None:
        """The record in `folder`; None if there is none that can be read."""
        try:
            content: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
            if content.pop("format") != FORMAT:
                return None
            checks = {name: Parity(**value) for name, value in content.pop("checks").items()}
            timings = {
                key: {name: Timing(**value) for name, value in timed.items()}
                for key, timed in content.pop("timings").items()
            }
            reasons = tuple(content.pop("reasons"))
            return cls(reasons=reasons, checks=checks, timings=timings, **content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
