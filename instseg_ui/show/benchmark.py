"""A benchmark run in sections: the page shows them one by one, the report all together."""

from __future__ import annotations

from dataclasses import replace

import htpy as h
from markupsafe import Markup

from instseg_ui.benchmark.changes import CAVEAT, Change, Changes
from instseg_ui.benchmark.context import busy, in_short
from instseg_ui.benchmark.context import context as facts_of
from instseg_ui.benchmark.context import failures as failures_of
from instseg_ui.benchmark.records import BenchmarkRun
from instseg_ui.latency import MEANING
from instseg_ui.numbers import plural, signed, three
from instseg_ui.show.benchmark_tables import (
    change_table,
    level_table,
    stage_table,
    summary_table,
)
from instseg_ui.show.html import facts, failures, markup, notes, nothing, scrolled
from instseg_ui.show.tables import Table, dashes, table_html

BEST_RATE = "Throughput is the best of the measured numbers of callers at once."
ACCURACY = "Published figures were measured by their publisher, on other hardware."


def figures(run: BenchmarkRun, price: float | None = None) -> Markup:
    """One row a model, and why a model or a figure is missing."""
    table = summary_table(run, price)
    return markup(
        scrolled(table_html(table)), missing(run), notes(*figure_notes(run, price), dashes(table))
    )


def figure_notes(run: BenchmarkRun, price: float | None = None) -> tuple[str, ...]:
    """What the figures stand on and how they are meant, a sentence each."""
    cost = (
        ""
        if price is None
        else f"Cost at {three(price)} an hour, in that price's currency, the machine always busy."
    )
    return tuple(filter(None, (in_short(run), busy(run), MEANING, f"{BEST_RATE} {ACCURACY}", cost)))


def stages(run: BenchmarkRun) -> Markup:
    """One row a model and stage, and one a model and number of callers."""
    tables = [("Stages", stage_table(run)), ("Callers at once", level_table(run))]
    return markup(
        (_titled(title, table) for title, table in tables if table.rows),
        notes(in_short(run), dashes(*(table for _, table in tables))),
    )


def basis(run: BenchmarkRun) -> Markup:
    """What the charts stand on, in a line."""
    return notes(in_short(run), busy(run))


def context(run: BenchmarkRun) -> Markup:
    """What all figures stand on."""
    return facts(facts_of(run))


def missing(run: BenchmarkRun) -> Markup:
    """Each model without all of its figures, and why; while it runs, those that failed."""
    if run.state != "running":
        return failures(failures_of(run))
    return failures((one.model, one.failure) for one in run.models if one.state == "failed")


def changes(found: Changes, *, unfolded: bool = False) -> Markup:
    """What changed since an earlier run: first in words, then latencies, then every figure.

    `unfolded` opens the long table, for paper.
    """
    if not found.changes:
        return nothing("No model was measured in both runs.")
    latencies = tuple(one for one in found.changes if one.figure.startswith("latency"))
    few = replace(found, changes=latencies)
    return markup(
        _in_words(few),
        notes(*conditions(found)),
        _change_table(few),
        h.details(open=unfolded)[h.summary["Every stage and figure"], _change_table(found)],
        notes(CAVEAT),
    )


def conditions(found: Changes) -> list[str]:
    """What else differs between the runs, a sentence each."""
    return [f"Mind: {sentence}" for sentence in found.conditions]


def _titled(title: str, table: Table) -> Markup:
    return markup(h.h4[title], scrolled(table_html(table)))


def _change_table(found: Changes) -> Markup:
    table = change_table(found)
    beyond = [i for i, one in enumerate(found.changes) if one in found.beyond_noise]
    return markup(scrolled(table_html(table, beyond)), notes(dashes(table)))


def _in_words(found: Changes) -> Markup:
    told = found.beyond_noise
    if not told:
        words = "No latency differs by more than the noise of the runs."
        return markup(h.div(".verdict")[h.h4["Within the noise"], h.p[words]])
    head = f"{len(told)} of {plural(len(found.changes), 'model')} beyond the noise"
    return markup(
        h.div(".verdict")[h.h4[head], h.ul[(h.li[h.b[one.model], _told(one)] for one in told)]]
    )


def _told(one: Change) -> str:
    percent = "" if one.percent is None else f", {signed(one.percent)} %"
    return f" is {one.verdict}: {three(one.before)} → {three(one.after)} ms{percent}"
