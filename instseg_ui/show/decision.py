"""Which model to ship of those compared on one photo, and the figures behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import htpy as h
from markupsafe import Markup

from instseg_ui.catalog import ModelSpec
from instseg_ui.latency import Latency
from instseg_ui.numbers import NONE, percent, three
from instseg_ui.results import Prediction
from instseg_ui.show.engine_gain import (
    engine_and_gain,
    gain_sentence,
    gains,
    is_high_performance,
)
from instseg_ui.show.html import markup, notes, nothing, scrolled
from instseg_ui.show.latency import latency_cell
from instseg_ui.show.model_facts import accuracy, device
from instseg_ui.show.stages import stage_bar, stage_legend
from instseg_ui.show.tables import Cell, Column, Table, dashes, table_html
from instseg_ui.show.verdict import sheet_notes, standing, verdict_html
from instseg_ui.verdict import Accuracy, Candidate, Verdict

_NOT_YOUR_PHOTOS = (
    "Published mask AP need not hold for your photos: look at the masks, or measure it on your own "
    "annotated pictures under Evaluate."
)
HERE = "here"
"""Where a comparison was run, in words, unless it ships as an example."""


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A model that is done: what it found at `threshold`, its row of the catalog, its latency.

    `accuracy` is what the visitor's own work tells of it; None leaves what is published.
    """

    prediction: Prediction
    threshold: float
    spec: ModelSpec
    latency: Latency | None = None
    accuracy: Accuracy | None = None

    @property
    def name(self) -> str:
        return self.prediction.model

    @property
    def candidate(self) -> Candidate:
        """As the verdict takes it: this photo tells nothing of accuracy, but whether it finds."""
        one = self.prediction
        return Candidate(
            one.model,
            self.accuracy or Accuracy.published(self.spec),
            self.latency,
            one.size_mb or None,
            one.runtime.memory_mb or None,
            len(one.instances),
        )


def decision(verdict: Verdict, models: Sequence[ComparedModel]) -> Markup:
    """The verdict and its reason, and what ran its model where that is not Paddle's normal mode."""
    runtimes = [one.prediction.runtime for one in models if one.name == verdict.leader]
    ran = [
        h.p[f"Run by {one.engine} here: {gain_sentence(one)}."]
        for one in runtimes
        if is_high_performance(one)
    ]
    published = verdict.accuracy is not None and verdict.accuracy.kind == "published"
    return verdict_html(verdict, ran, notes(_NOT_YOUR_PHOTOS) if published else None)


def decision_figures(
    verdict: Verdict, models: Sequence[ComparedModel], place: str = HERE, *, linked: bool = False
) -> Markup:
    """What was measured of each model at that place, beside its published AP, as one table.

    With `linked`, a button asks to measure the latencies again; a file has no use for it.
    """
    if not models:
        return nothing("Nothing was measured yet. Tick models and compare them.")
    longest = max(one.prediction.timings.whole for one in models)
    yours = any(map(_is_yours, models))
    rows = tuple(_row(one, verdict, longest, yours=yours) for one in models)
    table = Table(_columns(place, yours=yours), rows)
    kinds = {
        number: "best" if one.name == verdict.best else "out"
        for number, one in enumerate(models)
        if one.name == verdict.best or one.name in verdict.ruled_out
    }
    return markup(
        scrolled(table_html(table, kinds=kinds)),
        h.button(".again", data_again=True, type="button")["Measure latency again"]
        if linked
        else None,
        stage_legend(),
        notes(_basis(models[0].prediction, place), *sheet_notes(verdict), dashes(table)),
        gains([one.prediction for one in models]),
    )


def _is_yours(one: ComparedModel) -> bool:
    """Whether its accuracy stands on the visitor's own pictures."""
    return one.accuracy is not None and one.accuracy.kind != "published"


def _columns(place: str, *, yours: bool) -> tuple[Column, ...]:
    return (
        Column("Model", number=False),
        *((Column("On your pictures, %"),) if yours else ()),
        Column("Mask AP, published", published=True),
        Column(f"Latency {place}, ms"),
        Column("This run", number=False),
        Column(f"Cold {place}, ms"),
        Column("Size, MB"),
        Column("Memory, MB"),
        Column("Threshold"),
        Column("Instances"),
        Column("Engine", number=False),
        Column("Verdict", number=False),
    )


def _yours(one: ComparedModel) -> Cell:
    """Accuracy on the visitor's own pictures, and how it is known."""
    found = one.accuracy
    if found is None or not _is_yours(one):
        return Cell(NONE, "Neither evaluated nor judged on your pictures.")
    known = "measured" if found.kind == "measured" else "from answers"
    return Cell(percent(found.value), below=f"{found.figure}, {known}, n = {found.n:,}")


def _row(one: ComparedModel, verdict: Verdict, longest: float, *, yours: bool) -> tuple[Cell, ...]:
    found, ap = one.prediction, one.spec.published.mask_ap
    return (
        Cell(one.name),
        *((_yours(one),) if yours else ()),
        Cell(accuracy(ap), "" if ap is not None else "Mask AP is not published."),
        latency_cell(one.latency),
        Cell(stage_bar(found.timings, longest)),
        Cell(three(found.runtime.cold_ms)),
        Cell(three(found.size_mb)),
        Cell(three(found.runtime.memory_mb)),
        Cell(f"{one.threshold:.2f}"),
        Cell(str(len(found.instances))),
        Cell(engine_and_gain(found.runtime)),
        Cell(standing(one.name, verdict) if verdict.candidates else ""),
    )


def _basis(first: Prediction, place: str) -> str:
    return (
        f"Run {place} on {device(first.runtime)}, on this image of {first.width} × {first.height} "
        "px. This run: where one run's time went, decoding included. Cold: load and first run. "
        "Memory: of the model's own process."
    )
