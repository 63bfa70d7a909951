"""What is known of models' accuracy from a visitor's own work, the strongest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from instseg_ui.catalog import ModelSpec
from instseg_ui.verdict import Accuracy

AccuracySource = Callable[[str], Mapping[str, Accuracy]]
"""By the visitor's session, what is known there by model."""


class KnownAccuracies:
    """Measured on annotated pictures, else estimated from answers, else published."""

    def __init__(self) -> None:
        self._sources: dict[Literal["measured", "answers"], AccuracySource] = {}

    def tell(self, kind: Literal["measured", "answers"], source: AccuracySource) -> None:
        """Have `source` asked for accuracies of that kind."""
        self._sources[kind] = source

    def of(self, session: str, specs: Iterable[ModelSpec]) -> dict[str, Accuracy]:
        """The strongest that is known of each model; nothing of one where nothing is."""
        found: dict[str, Accuracy] = {}
        for kind in ("measured", "answers"):
            source = self._sources.get(kind)
            found = {**(source(session) if source else {}), **found}
        known = {spec.id: found.get(spec.id) or Accuracy.published(spec) for spec in specs}
        return {model: one for model, one in known.items() if one is not None}
