"""The tables of a benchmark run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from instseg_ui.benchmark.changes import Change, Changes
from instseg_ui.benchmark.figures import (
    PERCENTILES,
    SampleSummary,
    cold,
    cost_per_1000,
    latency,
    runs_needed,
    stage,
    throughput,
    why_none,
)
from instseg_ui.benchmark.records import STAGES, BenchmarkRun, ModelRun
from instseg_ui.numbers import NONE, percent, signed, three
from instseg_ui.show.tables import Cell, Column, Table, number_columns, text_columns

_Figure = Callable[[ModelRun], Cell]


def summary_table(run: BenchmarkRun, price_per_hour: float | None = None) -> Table:
    """One row a model: latency, throughput, cold start, memory, size, and the published figures."""
    columns = _summary_columns(run, price_per_hour)
    rows = tuple(tuple(figure(one) for _, figure in columns) for one in run.measured)
    return Table(tuple(column for column, _ in columns), rows)


def stage_table(run: BenchmarkRun) -> Table:
    """One row a model and stage: the latency first, from the file to the answer last."""
    columns = (
        *text_columns("Model", "Stage"),
        *number_columns("n", "Mean, ms", *(f"p{q}, ms" for q in PERCENTILES)),
        *number_columns("IQR, ms", "Std. dev., ms", "Max., ms"),
    )
    rows = [
        _stage_row(one.model, name, summary)
        for one in run.measured
        for name, summary in _stages(one)
    ]
    return Table(columns, tuple(rows))


def level_table(run: BenchmarkRun) -> Table:
    """One row a model and number of callers at once."""
    columns = (
        *text_columns("Model"),
        *number_columns("Callers at once", "n", "Throughput, images/s"),
        *number_columns("p50 with waiting, ms", "p95 with waiting, ms"),
    )
    rows = []
    for one in run.measured:
        for level in one.levels:
            summary = SampleSummary.of(level.walls)
            assert summary is not None
            rows.append(
                (
                    Cell(one.model),
                    Cell(str(level.callers)),
                    Cell(str(summary.n)),
                    Cell(three(level.images_per_s)),
                    _percentile(summary, 50),
                    _percentile(summary, 95),
                )
            )
    return Table(columns, tuple(rows))


def change_table(changes: Changes) -> Table:
    """One row a model and figure: before, now, the difference, its interval, the verdict."""
    columns = (
        *text_columns("Model", "Figure"),
        *number_columns("Before", "Now", "Difference", "%", "95 % interval"),
        *text_columns("Verdict"),
    )
    return Table(columns, tuple(_change_row(change) for change in changes.changes))


def _summary_columns(run: BenchmarkRun, price: float | None) -> list[tuple[Column, _Figure]]:
    device = "GPU" if run.machine.device.startswith("gpu") else "CPU"
    key = device.lower()
    columns: list[tuple[Column, _Figure]] = [
        (Column("Model", number=False), lambda one: Cell(one.model)),
        (Column("Engine", number=False), lambda one: Cell(one.engine)),
        (Column("n"), lambda one: Cell(str(len(one.samples)))),
        *((Column(f"p{q}, ms"), _latency_at(q)) for q in PERCENTILES),
        (Column("IQR, ms"), _iqr),
        (Column("Throughput, images/s"), _rate),
        (Column("Cold start, ms"), _cold),
        (Column("Peak memory, MB"), _peak),
        (Column("Resident memory, MB"), _resident),
        (Column("Size on disk, MB"), lambda one: Cell(three(one.size_mb))),
    ]
    if price is not None:
        columns.append((Column("Cost of 1,000 images"), _cost(price)))
    for heading, figure in (
        ("Mask AP, %", _published_ap),
        (f"{device}, ms", _published_ms(f"{key}_normal_ms")),
        (f"{device} high-performance, ms", _published_ms(f"{key}_hp_ms")),
    ):
        columns.append((Column(f"{heading}, published", published=True), figure))
    return columns


def _latency_at(percentile: int) -> _Figure:
    def figure(one: ModelRun) -> Cell:
        return _percentile(latency(one), percentile)

    return figure


def _percentile(summary: SampleSummary | None, percentile: int) -> Cell:
    if summary is None:
        return Cell(NONE, "There is no counted run.")
    value = summary.percentiles[percentile]
    return Cell(NONE, why_none(percentile)) if value is None else Cell(three(value))


def _iqr(one: ModelRun) -> Cell:
    return _spread(latency(one))


def _spread(summary: SampleSummary | None) -> Cell:
    if summary is not None and summary.iqr is not None:
        return Cell(three(summary.iqr))
    return Cell(NONE, f"IQR needs {runs_needed(75)} runs or more.")


def _rate(one: ModelRun) -> Cell:
    best = throughput(one)
    if best is None:
        return Cell(NONE, "Throughput was not measured: the run ended before it.")
    return Cell(three(best.images_per_s))


def _cold(one: ModelRun) -> Cell:
    summary = cold(one)
    return Cell(NONE if summary is None else three(summary.median))


def _peak(one: ModelRun) -> Cell:
    if one.memory is None or one.memory.peak_mb is None:
        return Cell(NONE, "Peak memory is not told by this system, or the process had ended.")
    return Cell(three(one.memory.peak_mb))


def _resident(one: ModelRun) -> Cell:
    if one.memory is None:
        return Cell(NONE, "Memory could not be read: the process had ended.")
    return Cell(three(one.memory.resident_mb))


def _cost(price: float) -> _Figure:
    def figure(one: ModelRun) -> Cell:
        best = throughput(one)
        cost = cost_per_1000(price, best.images_per_s) if best else None
        reason = "" if cost is not None else "Cost needs the throughput."
        return Cell(three(cost), reason)

    return figure


def _published_ap(one: ModelRun) -> Cell:
    return _of_publisher(percent(one.published.mask_ap, of=100))


def _published_ms(name: str) -> _Figure:
    def figure(one: ModelRun) -> Cell:
        return _of_publisher(three(getattr(one.published, name)))

    return figure


def _of_publisher(text: str) -> Cell:
    return Cell(text, _NOT_PUBLISHED if text == NONE else "")


_NOT_PUBLISHED = "A published figure is shown only where the publisher gives one."


def _stages(one: ModelRun) -> Iterator[tuple[str, SampleSummary]]:
    whole = latency(one)
    assert whole is not None, "a measured model has samples"
    yield "latency", whole
    for name in STAGES:
        summary = stage(one, name)
        assert summary is not None
        yield name, summary
    everything = SampleSummary.of(sample.whole for sample in one.samples)
    assert everything is not None
    yield "from file to answer", everything


def _stage_row(model: str, name: str, summary: SampleSummary) -> tuple[Cell, ...]:
    deviation = summary.deviation
    alone = "" if deviation is not None else "Std. dev. needs 2 runs or more."
    return (
        Cell(model),
        Cell(name),
        Cell(str(summary.n)),
        Cell(three(summary.mean)),
        *(_percentile(summary, q) for q in PERCENTILES),
        _spread(summary),
        Cell(three(deviation), alone),
        Cell(three(summary.most)),
    )


def _change_row(change: Change) -> tuple[Cell, ...]:
    interval, percent = change.interval, change.percent
    shown = NONE if interval is None else f"{signed(interval.low)} to {signed(interval.high)}"
    reason = {
        "one value": "A figure with one value a run has no interval.",
        "too few runs": "An interval needs 5 runs or more on both sides.",
    }.get(change.verdict, "")
    return (
        Cell(change.model),
        Cell(change.figure),
        Cell(three(change.before)),
        Cell(three(change.after)),
        Cell(signed(change.difference)),
        Cell(NONE if percent is None else signed(percent)),
        Cell(shown, reason),
        Cell(NONE if change.verdict == "one value" else change.verdict),
    )
