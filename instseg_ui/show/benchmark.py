"""A run as one self-contained HTML file: tables, charts, and what the figures stand on.

It asks nothing of the network and has no script. Every text that came in is escaped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path

from instseg_ui.benchmark.changes import CAVEAT, Changes, compare_runs
from instseg_ui.benchmark.context import busy, context, failures, in_short
from instseg_ui.benchmark.records import BenchmarkRun
from instseg_ui.numbers import NONE, plural, three
from instseg_ui.show import benchmark_charts
from instseg_ui.show.benchmark_tables import (
    Cell,
    Column,
    Table,
    change_table,
    level_table,
    reasons,
    stage_table,
    summary_table,
)
from instseg_ui.show.comparison import STYLE

OWN_STYLE = Path(__file__).parent / "benchmark.css"

BEST_RATE = "Throughput is the best of the measured numbers of callers at once."
ACCURACY = "Published figures were measured by their publisher, on other hardware."


def to_html(
    run: BenchmarkRun,
    *,
    price_per_hour: float | None = None,
    earlier: tuple[str, BenchmarkRun] | None = None,
) -> bytes:
    """The report as one HTML file; `earlier` is another run to compare with, and its name."""
    title = f"Benchmark of {plural(len(run.models), 'model')}, {run.made:%Y-%m-%d %H:%M} UTC"
    parts = [f"<h1>{escape(title)}</h1>", _context(run)]
    if run.measured:
        parts += [_figures(run, price_per_hour), _charts(run), _details(run)]
    else:
        parts.append("<p>No model was measured.</p>")
    if earlier is not None:
        parts.append(_changes(earlier[0], compare_runs(earlier[1], run)))
    parts.append(_failures(run))
    style = STYLE.read_text(encoding="utf-8") + OWN_STYLE.read_text(encoding="utf-8")
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style>"
        f"</head><body><main>{''.join(parts)}</main></body></html>\n"
    )
    return page.encode("utf-8", "backslashreplace")


def table_html(table: Table, css_class: str = "", marked: Collection[int] = ()) -> str:
    """A table; rows whose number is in `marked` stand out, a dash tells its reason."""
    head = "".join(
        f'<th scope="col"{_kind(column)}>{escape(column.heading)}</th>' for column in table.columns
    )
    rows = "".join(
        f"<tr{' class=beyond' if number in marked else ''}>{_row(table.columns, row)}</tr>"
        for number, row in enumerate(table.rows)
    )
    named = f' class="{css_class}"' if css_class else ""
    return f"<table{named}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def dashes(*tables: Table) -> str:
    """Why cells of these tables show a dash, as one line; empty without any."""
    found = reasons(*tables)
    return f"{NONE}: {' '.join(found)}" if found else ""


def _row(columns: Sequence[Column], row: Sequence[Cell]) -> str:
    return "".join(
        f"<td{_kind(column)}{_why(cell)}>{escape(cell.text)}</td>"
        for column, cell in zip(columns, row, strict=True)
    )


def _kind(column: Column) -> str:
    if column.published:
        return ' class="published"'
    return "" if column.number else ' class="text"'


def _why(cell: Cell) -> str:
    return f' title="{escape(cell.reason)}"' if cell.reason else ""


def _context(run: BenchmarkRun) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in context(run))
    return f"<dl>{rows}</dl>"


def _figures(run: BenchmarkRun, price: float | None) -> str:
    table = summary_table(run, price)
    notes = [busy(run), BEST_RATE, ACCURACY, dashes(table)]
    if price is not None:
        notes.append(
            f"Cost: {three(price)} an hour, in the currency of that price, the machine busy all "
            "the time."
        )
    return _section("Figures", _scrolled(table_html(table)) + _notes(notes))


def _charts(run: BenchmarkRun) -> str:
    note = f'<p class="note">{escape(in_short(run))}</p>'
    ap = benchmark_charts.pareto(run, "ap")
    parts = (
        ("Latency of each run", benchmark_charts.distribution(run)),
        ("Where the time goes", benchmark_charts.stages(run)),
        ("Latency against published mask AP (hollow: published latency, elsewhere)", ap),
        ("Latency against size", benchmark_charts.pareto(run, "size")),
    )
    html = "".join(
        f"<h3>{escape(title)}</h3>{_scrolled(chart)}"
        f"{benchmark_charts.stage_legend() if title == 'Where the time goes' else ''}{note}"
        for title, chart in parts
    )
    return _section("Charts", html)


def _details(run: BenchmarkRun) -> str:
    stages, levels = stage_table(run), level_table(run)
    html = f"<h3>Stages</h3>{_scrolled(table_html(stages))}"
    if levels.rows:
        html += f"<h3>Callers at once</h3>{_scrolled(table_html(levels))}"
    return _section("Details", html + _notes([dashes(stages, levels)]))


def _changes(name: str, changes: Changes) -> str:
    beyond = [i for i, one in enumerate(changes.changes) if one in changes.beyond_noise]
    table = change_table(changes)
    html = (
        _scrolled(table_html(table, marked=beyond)) if table.rows else "<p>No model is in both.</p>"
    )
    conditions = [f"Mind: {sentence}" for sentence in changes.conditions]
    return _section(f"Against {name}", html + _notes([*conditions, CAVEAT, dashes(table)]))


def _failures(run: BenchmarkRun) -> str:
    rows = failures(run)
    if not rows:
        return ""
    items = "".join(f"<li><b>{escape(name)}</b>: {escape(why)}</li>" for name, why in rows)
    return _section("Not measured to the end", f"<ul>{items}</ul>")


def _section(title: str, html: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{html}</section>"


def _scrolled(html: str) -> str:
    return f'<div class="scroll">{html}</div>'


def _notes(sentences: Sequence[str]) -> str:
    return "".join(f'<p class="note">{escape(sentence)}</p>' for sentence in sentences if sentence)
