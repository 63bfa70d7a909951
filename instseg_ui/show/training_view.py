"""A training to look at: loss and mask AP over time, held-out photos, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

import htpy as h
from markupsafe import Markup

from instseg_ui.numbers import percent, plural, three
from instseg_ui.show.charts import MEASURED, PUBLISHED, ChartAxis, Mark, Plot, Series, axis_of
from instseg_ui.show.comparison import STYLE as COMPARISON_STYLE
from instseg_ui.show.html import markup, notes, page, scrolled, section
from instseg_ui.show.svg import svg
from instseg_ui.show.tables import dashes, table_html
from instseg_ui.show.taught_model import outcome_lines, outcome_table
from instseg_ui.train.outcome import TrainingOutcome
from instseg_ui.train.pictures import SCORE

STYLE = Path(__file__).parent / "training_view.css"
_REPORT = (COMPARISON_STYLE, Path(__file__).parent / "report.css", STYLE)
SEEN = {"truth": "Truth", "before": "Before", "now": "Now"}
"""What a picture of a held-out photo shows, by the names of the event `pictures`."""


class TrainingRound(NamedTuple):
    """One round of a training.

    Attributes:
        minutes: since the beginning.
        part: which training of several, from 1.
        loss: of the round; None where it was not whole.
        ap: of the last check, 0 to 1; None before the first.
    """

    minutes: float
    part: int
    loss: float | None
    ap: float | None


def report(
    outcome: TrainingOutcome,
    rounds: Sequence[TrainingRound],
    pictures: Mapping[str, Mapping[str, str]],
) -> bytes:
    """All of it as one self-contained HTML file; see `pictures_html`."""
    title = f"{outcome.name}, taught from {outcome.start}"
    return page(
        title,
        _REPORT,
        h.h1[title],
        outcome_html(outcome),
        section("While it learned", charts_html(rounds, outcome.gain.before)),
        section("Held-out photos", pictures_html(pictures)),
    )


def charts_html(rounds: Sequence[TrainingRound], before: float | None) -> Markup:
    """Loss and mask AP beside each other; nothing before the first round."""
    drawn = [svg(one, small=True) for one in (loss_plot(rounds), ap_plot(rounds, before))]
    return markup(h.div(".charts")[(h.div[one] for one in drawn)]) if rounds else Markup("")


def loss_plot(rounds: Sequence[TrainingRound]) -> Plot:
    """The loss over the minutes, a line a training."""
    series = _lines(rounds, "loss", MEASURED, lambda one: one.loss, three)
    losses = [one.loss for one in rounds if one.loss is not None]
    return Plot(
        "Loss over time",
        _minutes(rounds),
        axis_of("Loss", losses, zero=True),
        series,
        empty="" if series else "No round is done yet.",
        legend=False,
    )


def ap_plot(rounds: Sequence[TrainingRound], before: float | None) -> Plot:
    """Mask AP on the held-out photos over the minutes; dotted, that of the start model."""

    def value(one: TrainingRound) -> float | None:
        return None if one.ap is None else 100 * one.ap

    taught = _lines(rounds, "taught", MEASURED, value, lambda ap: f"{ap:.1f} %")
    axis = _minutes(rounds)
    values = [one for one in map(value, rounds) if one is not None]
    start: tuple[Series, ...] = ()
    if before is not None:
        ends = (Mark(axis.low, 100 * before), Mark(axis.high, 100 * before))
        start = (Series("start model", PUBLISHED, ends, line="dotted"),)
        values.append(100 * before)
    top = max(10.0, 1.1 * max(values, default=0.0))
    return Plot(
        "Mask AP on held-out photos over time",
        axis,
        ChartAxis("Held-out mask AP, %", 0.0, top),
        (*start, *taught),
        empty="" if taught else "Not checked yet on the held-out photos.",
    )


def _minutes(rounds: Sequence[TrainingRound]) -> ChartAxis:
    return axis_of("Minutes", [one.minutes for one in rounds], zero=True)


def _lines(
    rounds: Sequence[TrainingRound],
    name: str,
    color: str,
    value: Callable[[TrainingRound], float | None],
    words: Callable[[float], str],
) -> tuple[Series, ...]:
    """A line for each training; each begins anew."""
    series: list[Series] = []
    for _part, group in groupby(rounds, key=lambda one: one.part):
        found = [(one.minutes, y) for one in group if (y := value(one)) is not None]
        marks = tuple(Mark(x, y, (f"{three(x)} minutes", f"{name} {words(y)}")) for x, y in found)
        if marks:
            dots: Literal["", "solid"] = "" if len(marks) > 1 else "solid"
            line = Series(name, color, marks, line="solid", dots=dots, in_legend=not series)
            series.append(line)
    return tuple(series)


def pictures_html(pictures: Mapping[str, Mapping[str, str]]) -> Markup:
    """Held-out photos as they are annotated, found before, and found now.

    Args:
        pictures: by the photo's name, a base64 JPEG by what it shows; see `SEEN`.
    """
    rows = (
        h.div(".held-out")[
            h.p[name], (_picture(name, words, one.get(what)) for what, words in SEEN.items())
        ]
        for name, one in pictures.items()
    )
    if not pictures:
        return Markup("")
    said = f"Held-out photos: objects of the taught classes, found at scores from {SCORE:.2f}."
    return markup(h.div(".held-outs")[rows], notes(said))


def _picture(name: str, words: str, jpeg: str | None) -> h.Element:
    source = f"data:image/jpeg;base64,{jpeg}"
    picture = h.img(src=source, alt=f"{name}: {words.lower()}")
    return h.figure[picture if jpeg else h.span(".no-picture"), h.figcaption[words]]


def outcome_html(outcome: TrainingOutcome) -> Markup:
    """AP before and after, what that is worth, the classes, and what was lost."""
    gain, table = outcome.gain, outcome_table(outcome)
    head = (
        f"Mask AP {percent(gain.before)} → {percent(gain.after)} % on "
        f"{plural(gain.photos, 'held-out photo')}"
    )
    basis, worth, old, proof = outcome_lines(outcome)
    return markup(
        h.div(".verdict")[h.h4[head], h.p[worth]],
        scrolled(table_html(table, kinds={len(table.rows) - 1: "total"})),
        notes(basis, dashes(table), old, proof),
    )
