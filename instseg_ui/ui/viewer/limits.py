"""What the viewers show at most. The browser is given these numbers and has none of its own."""

from __future__ import annotations

from instseg_ui.settings import Settings

MAX_PANES = 16
"""Panes of a grid, and models that are compared at once."""
MAX_INSTANCES = 1000
"""Instances of a picture that are drawn."""
FLOOR: float = Settings.model_fields["floor"].default
"""The least threshold while no prediction says what its own is."""


def limits() -> dict[str, float]:
    """As a component's prop."""
    return {"panes": MAX_PANES, "instances": MAX_INSTANCES, "floor": FLOOR}
