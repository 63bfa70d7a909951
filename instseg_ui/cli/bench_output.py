"""What `instseg bench` prints and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from instseg_ui.benchmark import BenchmarkRun, Kept, compare_runs, to_csv, to_json
from instseg_ui.benchmark.changes import CAVEAT
from instseg_ui.benchmark.context import context, failures
from instseg_ui.cli.console import Console
from instseg_ui.cli.tables import print_table
from instseg_ui.errors import InputError
from instseg_ui.pipeline.result import writing
from instseg_ui.show.benchmark import conditions, figure_notes
from instseg_ui.show.benchmark_report import to_html
from instseg_ui.show.benchmark_tables import change_table, level_table, stage_table, summary_table
from instseg_ui.show.tables import dashes


@dataclass(frozen=True, slots=True)
class Writer:
    """The files asked for."""

    paths: tuple[Path, ...]
    price: float | None

    @classmethod
    def create(cls, names: Sequence[str], price: float | None) -> Writer:
        """Check what was asked for before anything runs."""
        paths = tuple(Path(name) for name in names)
        for path in paths:
            if path.suffix.lower() not in (".csv", ".json", ".html"):
                raise InputError(f"--save writes .csv, .json or .html files, got “{path.name}”.")
        return cls(paths, price)

    def write(self, run: BenchmarkRun, earlier: Kept | None, console: Console) -> None:
        for path in self.paths:
            with writing(path):
                path.write_bytes(self._data(path, run, earlier))
            console.say(f"Wrote {path}")

    def _data(self, path: Path, run: BenchmarkRun, earlier: Kept | None) -> bytes:
        match path.suffix.lower():
            case ".csv":
                return to_csv(run, self.price)
            case ".json":
                return to_json(run)
            case _:
                pair = None if earlier is None else (earlier.name, earlier.run)
                return to_html(run, price_per_hour=self.price, earlier=pair)


def show_run(
    kept: Kept, earlier: Kept | None, price: float | None, console: Console, *, as_json: bool
) -> None:
    """Print a run, what of it is missing and, as tables only, what changed since the earlier."""
    run = kept.run
    if as_json:
        console.out(to_json(run).decode().rstrip("\n"))
    elif run.measured:
        _show_tables(run, price, console)
    for model, why in failures(run):
        console.fail(f"{model}: {why}")
    if earlier is not None and not as_json:
        _show_changes(earlier, run, console)


def _show_tables(run: BenchmarkRun, price: float | None, console: Console) -> None:
    for name, text in context(run):
        console.out(f"{name}: {text}")
    tables = [summary_table(run, price), stage_table(run)]
    if max(run.request.concurrency) > 1:
        tables.append(level_table(run))
    for table in tables:
        print_table(table, console)
    for note in (*figure_notes(run, price), dashes(*tables)):
        if note:
            console.out(note)


def _show_changes(earlier: Kept, run: BenchmarkRun, console: Console) -> None:
    changes = compare_runs(earlier.run, run)
    console.out(f"\nAgainst {earlier.name}")
    table = change_table(changes)
    if table.rows:
        print_table(table, console)
    else:
        console.out("No model was measured in both runs.")
    for sentence in conditions(changes):
        console.out(sentence)
    console.out(CAVEAT)
