"""What is allowed at most, and which models keep within it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from instseg_ui.errors import InputError
from instseg_ui.latency import LEAST_RUNS
from instseg_ui.numbers import three
from instseg_ui.verdict.candidate import Candidate


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed at most; None allows all.

    Attributes:
        latency_ms: median, milliseconds.
        size_mb: on disk, MB of 10^6 bytes.
        memory_mb: of the model's process, MB of 10^6 bytes.
    """

    latency_ms: float | None = None
    size_mb: float | None = None
    memory_mb: float | None = None

    @classmethod
    def read(cls, latency: object = None, size: object = None, memory: object = None) -> Limits:
        """The limits as a person writes them, numbers or their digits; nothing for none.

        Raises:
            InputError: one is not a number above 0.
        """
        return cls(
            check_limit(latency, "latency"),
            check_limit(size, "size"),
            check_limit(memory, "memory"),
        )

    @property
    def words(self) -> str:
        """`within 100 ms and 50 MB`; empty without any."""
        parts = []
        if self.latency_ms is not None:
            parts.append(f"{self.latency_ms:g} ms")
        if self.size_mb is not None:
            parts.append(f"{self.size_mb:g} MB")
        if self.memory_mb is not None:
            parts.append(f"{self.memory_mb:g} MB of memory")
        return f"within {_joined(parts)}" if parts else ""

    def against(self, one: Candidate) -> str:
        """What rules the model out, in words; empty for nothing."""
        reasons = [
            self._against_latency(one),
            _over(one.size_mb, self.size_mb, "MB", "size not known here"),
            _over(one.memory_mb, self.memory_mb, "MB of memory", "memory not measured here"),
        ]
        return ", ".join(reason for reason in reasons if reason)

    def loosened(self, candidates: Sequence[Candidate]) -> str:
        """Which limits to raise, and to what, so that a model remains; empty where nobody can tell.

        The model that is the least beyond them.
        """
        known = [one for one in candidates if self._measured(one)]
        if not known:
            return ""
        best = min(known, key=self._excess)
        needed = [
            f"{rounded_up(value)} {unit}"
            for value, limit, unit in self._pairs(best)
            if limit is not None and value is not None and value > limit
        ]
        return f"Allow {_joined(needed)} to keep {best.model}." if needed else ""

    def _against_latency(self, one: Candidate) -> str:
        if self.latency_ms is None:
            return ""
        if one.latency is None:
            return "latency not measured here"
        if not one.latency.enough:
            return f"latency not known yet, {one.latency.n} of {LEAST_RUNS} runs"
        return _over(one.latency.median, self.latency_ms, "ms", "")

    def _pairs(self, one: Candidate) -> tuple[tuple[float | None, float | None, str], ...]:
        return (
            (one.median_ms, self.latency_ms, "ms"),
            (one.size_mb, self.size_mb, "MB"),
            (one.memory_mb, self.memory_mb, "MB of memory"),
        )

    def _measured(self, one: Candidate) -> bool:
        return all(limit is None or value is not None for value, limit, _ in self._pairs(one))

    def _excess(self, one: Candidate) -> float:
        """How many times the model passes the limits, multiplied."""
        found = 1.0
        for value, limit, _ in self._pairs(one):
            if limit is not None and value is not None:
                found *= max(1.0, value / limit)
        return found


def check_limit(value: object, name: str) -> float | None:
    """`value` as a limit, a number or its digits; None for none.

    Raises:
        InputError: it is not a number above 0.
    """
    if value is None or not str(value).strip():
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(str(value).replace(",", "."))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        shown = str(value).strip()[:40]
        raise InputError(f"The limit of {name} must be a number above 0, got “{shown}”.")
    return number


def rounded_up(value: float) -> str:
    """Three significant digits, rounded up: a limit of that much lets the value pass."""
    step = 10.0 ** (math.floor(math.log10(value)) - 2) if value > 0 else 1.0
    return three(math.ceil(value / step - 1e-9) * step).replace(",", "")


def _over(value: float | None, limit: float | None, unit: str, unknown: str) -> str:
    if limit is None:
        return ""
    if value is None:
        return unknown
    return f"{three(value)} {unit} is over {limit:g} {unit}" if value > limit else ""


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
