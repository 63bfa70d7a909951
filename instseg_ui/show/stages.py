"""The stages of a latency as one bar, and what its colours stand for."""

from __future__ import annotations

from pathlib import Path

import htpy as h
from markupsafe import Markup

from instseg_ui.numbers import milliseconds
from instseg_ui.results import STAGES, Timings
from instseg_ui.show.html import markup

STYLE = Path(__file__).parent / "stages.css"


def stage_bar(timings: Timings, longest: float | None = None) -> Markup:
    """A part a stage, as wide as its share of the latency.

    `longest` is the latency, ms, that fills the whole width; by default this one's own.
    """
    values = _values(timings)
    total = sum(value for _, value in values)
    parts = (
        h.span(
            f".stage.stage-{place}",
            style=f"flex-grow:{value / (total or 1):.4f}",
            title=f"{name} {milliseconds(value)}",
        )
        for place, (name, value) in enumerate(values)
        if value > 0
    )
    share = None if not longest else f"--share:{total / longest:.4f}"
    return markup(h.span(".stages", style=share)[parts])


def stage_legend(timings: Timings | None = None) -> Markup:
    """The stages by colour, each with its time where there is one."""
    values = [None] * len(STAGES) if timings is None else [value for _, value in _values(timings)]
    items = (
        h.li[
            h.i(f".stage-{place}"),
            name.capitalize(),
            None if value is None else h.b[milliseconds(value)],
        ]
        for place, (name, value) in enumerate(zip(STAGES, values, strict=True))
    )
    return markup(h.ul(".stage-legend")[items])


def _values(timings: Timings) -> list[tuple[str, float]]:
    return [(name.capitalize(), float(getattr(timings, name))) for name in STAGES]
