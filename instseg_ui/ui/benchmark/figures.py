"""A benchmark run as the page shows it: tables and sentences, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from instseg_ui.benchmark import BenchmarkRun, Kept, compare_runs
from instseg_ui.benchmark.changes import CAVEAT, Changes
from instseg_ui.benchmark.context import busy, context, failures, in_short
from instseg_ui.numbers import plural, three
from instseg_ui.show.benchmark import ACCURACY, BEST_RATE, dashes, table_html
from instseg_ui.show.benchmark_tables import (
    Table,
    change_table,
    level_table,
    stage_table,
    summary_table,
)
from instseg_ui.ui.compare.decision import nothing

NO_RUN = nothing("Nothing was measured yet. Pick models and images above, then run the benchmark.")
NO_EARLIER = nothing("Choose an earlier run above to see what changed since then.")
NO_OTHER = nothing("A second run is needed: run the benchmark again, then compare the two.")


def figures_html(run: BenchmarkRun | None, price: float | None) -> str:
    """One row a model, and why a model or a figure is missing."""
    if run is None:
        return NO_RUN
    if not run.measured:
        return _waiting(run) if run.state == "running" else _failures(run)
    table = summary_table(run, price)
    notes = [in_short(run), busy(run), f"{BEST_RATE} {ACCURACY}", dashes(table)]
    if price is not None:
        notes.append(
            f"Cost at {three(price)} an hour, in that price's currency, the machine always busy."
        )
    return _scrolled(table) + _failures(run) + _notes(notes)


def stages_html(run: BenchmarkRun | None) -> str:
    """One row a model and stage, and one a model and number of callers."""
    if run is None or not run.measured:
        return NO_RUN
    stages, levels = stage_table(run), level_table(run)
    html = f"<h4>Stages</h4>{_scrolled(stages)}"
    if levels.rows:
        html += f"<h4>Callers at once</h4>{_scrolled(levels)}"
    return html + _notes([in_short(run), dashes(stages, levels)])


def short_html(run: BenchmarkRun | None) -> str:
    """What the charts stand on, in a line."""
    return NO_RUN if run is None or not run.measured else _notes([in_short(run), busy(run)])


def context_html(run: BenchmarkRun | None) -> str:
    """What the figures stand on."""
    if run is None:
        return ""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in context(run))
    return f'<dl class="bench-context">{rows}</dl>'


def changes_html(run: BenchmarkRun | None, earlier: Kept | None, others: int) -> str:
    """What changed since an earlier run, the changes beyond the noise first said in words."""
    if run is None or not run.measured:
        return NO_RUN
    if earlier is None:
        return NO_EARLIER if others else NO_OTHER
    changes = compare_runs(earlier.run, run)
    if not changes.changes:
        return nothing("No model was measured in both runs.")
    conditions = [f"Mind: {sentence}" for sentence in changes.conditions]
    latencies = [one for one in changes.changes if one.figure.startswith("latency")]
    few = replace(changes, changes=tuple(latencies))
    return (
        f"{_in_words(few)}{_notes(conditions)}{_changes(few)}"
        f"<details><summary>Every stage and figure</summary>{_changes(changes)}</details>"
        f"{_notes([CAVEAT])}"
    )


def _changes(changes: Changes) -> str:
    table = change_table(changes)
    beyond = [i for i, one in enumerate(changes.changes) if one in changes.beyond_noise]
    html = table_html(table, "bench-table", beyond)
    return f'<div class="cmp-scroll">{html}</div>{_notes([dashes(table)])}'


def label(kept: Kept) -> str:
    """A run in the list of runs: when, which models, on what."""
    run = kept.run
    models = [one.model for one in run.measured]
    named = models[0] if len(models) == 1 else plural(len(models), "model")
    state = {"done": "", "stopped": ", stopped", "running": ", not finished"}[run.state]
    engines = "+".join(dict.fromkeys(one.engine for one in run.measured))
    return (
        f"{run.made:%Y-%m-%d %H:%M:%S} · {named} · {engines} · "
        f"{plural(run.machine.threads, 'thread')} · {run.image_size} px{state}"
    )


def _in_words(changes: Changes) -> str:
    told = changes.beyond_noise
    if not told:
        words = "No latency differs by more than the noise of the runs."
        return f'<div class="cmp-verdict"><h4>Within the noise</h4><p>{words}</p></div>'
    items = "".join(
        f"<li><b>{escape(one.model)}</b> is {one.verdict}: {three(one.before)} → "
        f"{three(one.after)} ms{_percent(one.percent)}</li>"
        for one in told
    )
    head = f"{len(told)} of {plural(len(changes.changes), 'model')} beyond the noise"
    return f'<div class="cmp-verdict"><h4>{head}</h4><ul>{items}</ul></div>'


def _percent(value: float | None) -> str:
    if value is None:
        return ""
    return f", {'+' if value > 0 else '−'}{three(abs(value))} %"


def _waiting(run: BenchmarkRun) -> str:
    return nothing(f"{run.models[0].model} is being measured; its figures appear when it is done.")


def _failures(run: BenchmarkRun) -> str:
    rows = failures(run) if run.state != "running" else _failed(run)
    items = "".join(
        f'<li class="failure"><b>{escape(name)}</b>: {escape(why)}</li>' for name, why in rows
    )
    return f'<ul class="bench-failures">{items}</ul>' if items else ""


def _failed(run: BenchmarkRun) -> Sequence[tuple[str, str]]:
    return [(one.model, one.failure) for one in run.models if one.state == "failed"]


def _scrolled(table: Table) -> str:
    return f'<div class="cmp-scroll">{table_html(table, "bench-table")}</div>'


def _notes(sentences: Sequence[str]) -> str:
    return "".join(f'<p class="cmp-note">{escape(one)}</p>' for one in sentences if one)
