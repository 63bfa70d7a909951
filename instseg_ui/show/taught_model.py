"""A training while it runs and when it is done: the line, the table, the sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from instseg_ui.numbers import NONE, percent, plural, three
from instseg_ui.show.tables import Cell, Table, number_columns, text_columns
from instseg_ui.train.outcome import ClassFigures, TrainingOutcome
from instseg_ui.train.words import difference_words, old_words

_NOT_KNOWN = "The start model does not know the class."
_NOT_THERE = "No held-out photo has one."


def training_words(event: Mapping[str, Any]) -> str:
    """One event of a run as a line; empty where it is none to show."""
    kind = event["event"]
    if kind == "progress":
        return _progress_words(event)
    if kind == "data":
        return _data_words(event)
    if kind == "before":
        return f"mask AP before, on the held-out photos: {percent(event['ap'])}"
    if kind == "resumed":
        return f"Going on after round {event['epoch']}."
    return str(event["stage"]) if kind == "stage" else ""


def _progress_words(event: Mapping[str, Any]) -> str:
    parts = [f"round {event['epoch']}", f"{100 * event['progress']:.0f} %"]
    if event["parts"] > 1:
        parts.insert(0, f"part {event['part']} of {event['parts']}")
    if event["views_per_s"] is not None:
        parts.append(f"{three(event['views_per_s'])} images/s")
    if event["loss"] is not None:
        parts.append(f"loss {three(event['loss'])}")
    if event["ap"] is not None:
        parts.append(f"mask AP {percent(event['ap'])} (best {percent(event['best'])})")
    return ", ".join([*parts, f"{event['minutes_left']:.1f} minutes left"])


def _data_words(event: Mapping[str, Any]) -> str:
    count = plural(event["photos"], "photo")
    if event["folds"] > 1:
        split = f"each held out in one of {event['folds']} trainings"
    else:
        split = f"{event['training']} to learn from, {event['held_out']} held out"
    new = ", ".join(event["new"])
    return f"{count}: {split}. New classes: {new or 'none'}."


def outcome_table(outcome: TrainingOutcome) -> Table:
    """Mask AP before and after, a row a class that was taught."""
    columns = (*text_columns("Class"), *number_columns("Objects", "AP before", "AP after"))
    rows = [_row(one) for one in outcome.by_class]
    gain = outcome.gain
    mean = Cell("mean"), Cell(""), Cell(percent(gain.before)), Cell(percent(gain.after))
    return Table(columns, (*rows, mean))


def _row(one: ClassFigures) -> tuple[Cell, ...]:
    before = Cell(NONE, _NOT_KNOWN) if one.before is None else Cell(percent(one.before))
    after = Cell(NONE, _NOT_THERE) if one.after is None else Cell(percent(one.after))
    return Cell(one.name), Cell(str(one.objects)), before, after


def outcome_lines(outcome: TrainingOutcome) -> tuple[str, ...]:
    """What the table means, and what was lost."""
    return (
        f"Mask AP in percent on {plural(outcome.gain.photos, 'photo')}, {outcome.held_out}.",
        f"{difference_words(outcome)} {outcome.gain.words}",
        old_words(outcome),
        f"The folder is equal to what was trained: {outcome.proof_words}.",
    )
