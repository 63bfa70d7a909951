"""A benchmark run as one self-contained HTML file: tables, charts, and what they stand on."""

from __future__ import annotations

from pathlib import Path

import htpy as h
from markupsafe import Markup

from instseg_ui.benchmark.changes import compare_runs
from instseg_ui.benchmark.records import BenchmarkRun
from instseg_ui.numbers import plural
from instseg_ui.show import benchmark, benchmark_charts
from instseg_ui.show.charts import Chart
from instseg_ui.show.comparison import STYLE
from instseg_ui.show.html import markup, nothing, page, scrolled, section
from instseg_ui.show.svg import svg

_STYLES = (STYLE, *(Path(__file__).parent / name for name in ("report.css", "benchmark.css")))


def to_html(
    run: BenchmarkRun,
    *,
    price_per_hour: float | None = None,
    earlier: tuple[str, BenchmarkRun] | None = None,
) -> bytes:
    """The report as one HTML file; `earlier` is another run to compare with, and its name."""
    title = f"Benchmark of {plural(len(run.models), 'model')}, {run.made:%Y-%m-%d %H:%M} UTC"
    parts: list[h.Node] = [h.h1[title], benchmark.context(run)]
    if run.measured:
        parts += [
            section("Figures", benchmark.figures(run, price_per_hour)),
            section("Charts", _charts(run)),
            section("Details", benchmark.stages(run)),
        ]
    else:
        parts += [nothing("No model was measured."), benchmark.missing(run)]
    if earlier is not None:
        name, before = earlier
        changes = benchmark.changes(compare_runs(before, run), unfolded=True)
        parts.append(section(f"Against {name}", changes))
    return page(title, _STYLES, parts)


def _charts(run: BenchmarkRun) -> Markup:
    charts: tuple[Chart, ...] = (
        benchmark_charts.distribution(run),
        benchmark_charts.stages(run),
        benchmark_charts.pareto(run, "ap"),
        benchmark_charts.pareto(run, "size"),
    )
    shown = ((h.h3[chart.title], scrolled(svg(chart))) for chart in charts)
    return markup(shown, benchmark.basis(run))
