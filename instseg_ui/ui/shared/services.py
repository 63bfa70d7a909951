"""What the tabs are given: settings, the segmenter, and the visitors' running work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from instseg_ui.catalog import ModelSpec
from instseg_ui.examples.photos import example_photos
from instseg_ui.latency import Latency
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.accuracies import KnownAccuracies
from instseg_ui.ui.shared.jobs import JobsByKind
from instseg_ui.ui.shared.visits import Visits


@dataclass(frozen=True)
class Services:
    """Shared by all visitors; safe to use from many threads."""

    segmenter: Segmenter
    jobs: JobsByKind = field(default_factory=JobsByKind)
    latencies: dict[str, float] = field(default_factory=dict)
    """By model, its latency on this machine as it was last looked at, milliseconds."""
    accuracies: KnownAccuracies = field(default_factory=KnownAccuracies)

    @cached_property
    def visits(self) -> Visits:
        """Who has the page open, and what is kept of whom."""
        settings = self.settings
        visits = Visits(settings.models_dir / ".visits", settings.keep_visits * 3600)
        visits.on_absence(self.jobs.leave)
        return visits

    def remember(self, found: Mapping[str, Latency]) -> None:
        """Keep the medians of five or more runs for the list of models."""
        known = {model: one.median for model, one in found.items() if one.enough}
        self.latencies.update(known)

    @property
    def settings(self) -> Settings:
        return self.segmenter.settings

    @property
    def examples(self) -> list[Path]:
        """The example images, the first one shown when the page opens."""
        return example_photos(self.settings.assets)

    def spec(self, model: str | None) -> ModelSpec:
        """The catalog's row for `model`, or for the default model."""
        catalog = self.segmenter.catalog
        return catalog.get(model) if model else catalog.default(self.settings)
