"""What the viewers show at most. The browser is given these numbers and has none of its own."""

from __future__ import annotations

from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.settings import Settings

MAX_INSTANCES = 1000
"""Instances of a picture that are drawn."""
FLOOR: float = Settings.model_fields["floor"].default
"""The least threshold while no prediction says what its own is."""


def limits() -> dict[str, float]:
    """As a component's prop."""
    return {"panes": MOST_MODELS, "instances": MAX_INSTANCES, "floor": FLOOR}
