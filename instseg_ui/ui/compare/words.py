"""The words of comparing the ticked models."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.show.html import summary


def button(picks: Sequence[str]) -> str:
    """The words of the button that starts."""
    if not picks:
        return "Compare"
    return "Run 1 model" if len(picks) == 1 else f"Compare {len(picks)} models"


def hint(picks: Sequence[str]) -> Markup:
    """What to do next, before anything ran."""
    if not picks:
        words = "Tick two or more models, then compare them on this photo."
    elif len(picks) == 1:
        words = "One model is ticked. Tick another one to compare it with."
    elif len(picks) > MOST_MODELS:
        words = f"{len(picks)} models are ticked; at most {MOST_MODELS} fit. Take some away."
    else:
        words = "The models run one after another; each result appears when it is done."
    return summary(words)
