"""Which model to ship, why, and the figures behind it: for the page and for reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import htpy as h
from markupsafe import Markup

from instseg_ui.catalog import ModelSpec
from instseg_ui.comparison.decision import Verdict
from instseg_ui.numbers import three
from instseg_ui.results import Prediction
from instseg_ui.show.engine_gain import (
    engine_and_gain,
    gain_sentence,
    gains,
    is_high_performance,
)
from instseg_ui.show.html import markup, notes, nothing, scrolled
from instseg_ui.show.model_facts import accuracy, device
from instseg_ui.show.stages import stage_bar, stage_legend
from instseg_ui.show.tables import Cell, Column, Table, dashes, table_html

_NOT_YOUR_PHOTOS = (
    "Mask AP is published, on COCO. It need not hold for your photos: look at the masks."
)
HERE = "here"
"""Where a comparison was run, in words, unless it ships as an example."""


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A model that is done: what it found at `threshold`, and its row of the catalog."""

    prediction: Prediction
    threshold: float
    spec: ModelSpec

    @property
    def name(self) -> str:
        return self.prediction.model


def decision(verdict: Verdict, models: Sequence[ComparedModel]) -> Markup:
    """The choice and its reason, and what ran it where that is not Paddle's normal mode."""
    head = f"Ship {verdict.best}" if verdict.best else "No choice yet"
    runtimes = [one.prediction.runtime for one in models if one.name == verdict.best]
    ran = (
        h.p[f"Run by {one.engine} here: {gain_sentence(one)}."]
        for one in runtimes
        if is_high_performance(one)
    )
    return markup(
        h.div(".verdict", role="status")[
            h.h4[head], h.p[verdict.reason], ran, notes(_NOT_YOUR_PHOTOS)
        ]
    )


def decision_figures(
    verdict: Verdict, models: Sequence[ComparedModel], place: str = HERE
) -> Markup:
    """What was measured of each model at that place, beside its published AP, as one table."""
    if not models:
        return nothing("Nothing was measured yet. Tick models and compare them.")
    longest = max(one.prediction.timings.latency for one in models)
    table = Table(_columns(place), tuple(_row(one, verdict, longest) for one in models))
    kinds = {
        number: "best" if one.name == verdict.best else "out"
        for number, one in enumerate(models)
        if one.name == verdict.best or one.name in verdict.ruled_out
    }
    return markup(
        scrolled(table_html(table, kinds=kinds)),
        stage_legend(),
        notes(_basis(models[0].prediction, place), dashes(table)),
        gains([one.prediction for one in models]),
    )


def _columns(place: str) -> tuple[Column, ...]:
    return (
        Column("Model", number=False),
        Column("Mask AP, published", published=True),
        Column(f"Latency {place}, ms"),
        Column("Stages", number=False),
        Column(f"Cold {place}, ms"),
        Column("Size, MB"),
        Column("Memory, MB"),
        Column("Threshold"),
        Column("Instances"),
        Column("Engine", number=False),
        Column("Within the limits", number=False),
    )


def _row(one: ComparedModel, verdict: Verdict, longest: float) -> tuple[Cell, ...]:
    found, ap = one.prediction, one.spec.published.mask_ap
    against = verdict.ruled_out.get(one.name)
    return (
        Cell(one.name),
        Cell(accuracy(ap), "" if ap is not None else "Mask AP is not published."),
        Cell(three(found.timings.latency)),
        Cell(stage_bar(found.timings, longest)),
        Cell(three(found.runtime.cold_ms)),
        Cell(three(found.size_mb)),
        Cell(three(found.runtime.memory_mb)),
        Cell(f"{one.threshold:.2f}"),
        Cell(str(len(found.instances))),
        Cell(engine_and_gain(found.runtime)),
        Cell("yes" if against is None else f"no: {against}"),
    )


def _basis(first: Prediction, place: str) -> str:
    return (
        f"Measured {place} on {device(first.runtime)}, on this image of {first.width} × "
        f"{first.height} px, n = 1 after a warm-up. Latency: warm. Cold: load and first run. "
        "Memory: of the model's own process. Mask AP is published, on COCO."
    )
