"""What the tabs are given: settings, the segmenter, and the visitors' running work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from instseg_ui.catalog import ModelSpec
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.jobs import Jobs


@dataclass(frozen=True)
class Services:
    """Shared by all visitors; safe to use from many threads."""

    segmenter: Segmenter
    jobs: Jobs = field(default_factory=Jobs)
    fetches: Jobs = field(default_factory=Jobs)
    comparisons: Jobs = field(default_factory=Jobs)
    verifications: Jobs = field(default_factory=Jobs)

    def leave(self, session: str) -> None:
        """Stop all work of a visitor who has closed the page."""
        self.jobs.stop(session)
        self.fetches.stop(session)
        self.comparisons.stop(session)
        self.verifications.stop(session)

    @property
    def settings(self) -> Settings:
        return self.segmenter.settings

    @property
    def examples(self) -> list[Path]:
        """The example images, the first one shown when the page opens."""
        folder = self.settings.assets / "examples"
        return sorted(folder.glob("*.jpg"), key=lambda path: (path.stem != "cats", path.name))

    def spec(self, model: str | None) -> ModelSpec:
        """The catalog's row for `model`, or for the default model."""
        catalog = self.segmenter.catalog
        return catalog.get(model) if model else catalog.default(self.settings)
