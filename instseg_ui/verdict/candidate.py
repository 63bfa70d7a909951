"""One model that may be shipped, with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from instseg_ui.latency import Latency
from instseg_ui.verdict.accuracy import Accuracy


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One model's figures; None where there is none.

    Attributes:
        model: its name in the catalog.
        accuracy: the strongest that is known.
        latency: measured here.
        size_mb: on disk here, MB of 10^6 bytes.
        memory_mb: of its own process, MB of 10^6 bytes.
        found: how many objects it found on what was looked at; None where nobody looked.
        failure: why it was not run; empty where it was.
    """

    model: str
    accuracy: Accuracy | None = None
    latency: Latency | None = None
    size_mb: float | None = None
    memory_mb: float | None = None
    found: int | None = None
    failure: str = ""

    @property
    def median_ms(self) -> float | None:
        """The median latency, ms; None until there are enough runs."""
        return self.latency.median if self.latency is not None and self.latency.enough else None

    @property
    def unfit(self) -> str:
        """Why it cannot be shipped whatever the limits; empty where it can."""
        if self.failure:
            return f"it was not run: {self.failure}"
        if self.found == 0:
            return "it found nothing"
        if self.accuracy is not None and self.accuracy.kind != "published":
            return "" if self.accuracy.value > 0 else "it found nothing right"
        return ""
