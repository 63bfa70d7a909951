"""What the viewers show at most. The browser is given these numbers and has none of its own."""

from __future__ import annotations

from typing import Any

from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.images.endings import PICTURE_SUFFIXES
from instseg_ui.settings import Settings

MAX_INSTANCES = 1000
"""Instances of a picture that are drawn."""
FLOOR: float = Settings.model_fields["floor"].default
"""The least threshold while no prediction says what its own is."""


def limits() -> dict[str, Any]:
    """As a component's prop; `endings` are those of files that are taken for photos."""
    return {
        "panes": MOST_MODELS,
        "instances": MAX_INSTANCES,
        "floor": FLOOR,
        "endings": list(PICTURE_SUFFIXES),
    }
