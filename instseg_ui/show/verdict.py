"""The verdict and the sheet behind it: for page, report and command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import htpy as h
from markupsafe import Markup

from instseg_ui.numbers import NONE, percent, three
from instseg_ui.show.html import markup, notes, nothing, scrolled
from instseg_ui.show.latency import latency_cell, latency_notes
from instseg_ui.show.tables import Cell, Column, Table, dashes, table_html
from instseg_ui.verdict import Accuracy, Candidate, Verdict, kind_words, verdict_words

TITLE = "Which model to ship"
_SHORT = {"measured": "measured", "answers": "from answers", "published": "published"}
_UNKNOWN = "Accuracy is unknown: nothing was annotated, answered or published."
_COLUMNS = (
    Column("Model", number=False),
    Column("Accuracy, %"),
    Column("Known by", number=False),
    Column("Latency, ms"),
    Column("Size, MB"),
    Column("Memory, MB"),
    Column("Verdict", number=False),
)
_METHOD = (
    "In brackets or below: 95 % interval of the accuracy by the bootstrap over pictures, and the "
    "middle half of the runs. The interval of the difference decides, on the same pictures drawn: "
    "two intervals may overlap and the difference still be sure."
)


def verdict_html(verdict: Verdict, *more: h.Node) -> Markup:
    """The headline, the reason, and what would settle it; read out when it changes."""
    words = verdict_words(verdict)
    return markup(
        h.div(".verdict", role="status")[
            h.h4[words.headline],
            h.p[words.reason],
            h.p[words.settle] if words.settle else None,
            more,
            notes(*words.notes),
        ]
    )


def sheet(verdict: Verdict) -> Markup:
    """One row a model with all that decides, the ranked ones first."""
    if not verdict.candidates:
        return nothing("Nothing was measured yet. Pick models and compare them.")
    table = sheet_table(verdict)
    return markup(
        scrolled(table_html(table, kinds=row_kinds(verdict))), notes(*sheet_notes(verdict, table))
    )


def sheet_table(verdict: Verdict) -> Table:
    """One row a model: accuracy and how it is known, latency, size, memory, what became of it."""
    return Table(_COLUMNS, tuple(_row(one, verdict) for one in in_order(verdict)))


def sheet_notes(verdict: Verdict, *tables: Table) -> tuple[str, ...]:
    """What the sheet stands on."""
    times = [one.latency for one in verdict.candidates if one.latency is not None]
    known = [one.accuracy for one in verdict.candidates if one.accuracy is not None]
    basis = tuple(dict.fromkeys(f"Accuracy: {one.figure}, {kind_words(one)}." for one in known))
    doubt = _METHOD if any(one.samples is not None for one in known) else ""
    return tuple(filter(None, (*basis, doubt, *latency_notes(times), dashes(*tables))))


def in_order(verdict: Verdict) -> list[Candidate]:
    """The leader, its rivals, those that are not ranked, those that are ruled out."""
    names = [verdict.leader, *(one.model for one in verdict.rivals), *verdict.unranked]
    order = {name: place for place, name in enumerate(dict.fromkeys(filter(None, names)))}
    return sorted(verdict.candidates, key=lambda one: order.get(one.model, len(order)))


def row_kinds(verdict: Verdict) -> Mapping[int, str]:
    """The rows of the sheet that stand out: the one to ship, and those that are ruled out."""
    kinds = {}
    for number, one in enumerate(in_order(verdict)):
        if one.model == verdict.best:
            kinds[number] = "best"
        elif one.model in verdict.ruled_out:
            kinds[number] = "out"
    return kinds


def standing(model: str, verdict: Verdict) -> str:
    """What became of a model, in words."""
    if model in verdict.ruled_out:
        return f"no: {verdict.ruled_out[model]}"
    if model in verdict.unranked and model != verdict.leader:
        return f"not ranked: {verdict.unranked[model]}"
    if model == verdict.leader:
        return {"ship": "ship", "fastest": "fastest, accuracy unknown"}.get(verdict.state, "leads")
    rival = next((one for one in verdict.rivals if one.model == model), None)
    if rival is None or rival.difference is None:
        return "after the leader"
    certainty = int(100 * min(rival.difference.certainty, 0.99))
    return f"behind with {certainty} % certainty" if rival.beaten else "cannot be told apart"


def _row(one: Candidate, verdict: Verdict) -> tuple[Cell, ...]:
    return (
        Cell(one.model),
        _accuracy(one.accuracy),
        Cell(_SHORT[one.accuracy.kind] if one.accuracy else NONE),
        latency_cell(one.latency),
        Cell(three(one.size_mb)),
        Cell(three(one.memory_mb)),
        Cell(standing(one.model, verdict)),
    )


def _accuracy(found: Accuracy | None) -> Cell:
    if found is None:
        return Cell(NONE, _UNKNOWN)
    if found.interval is None:
        return Cell(percent(found.value))
    low, high = found.interval
    return Cell(percent(found.value), below=f"{percent(low)} to {percent(high)}")


def verdict_lines(verdict: Verdict) -> Sequence[str]:
    """The verdict for a terminal, a line each."""
    return verdict_words(verdict).text.splitlines()
