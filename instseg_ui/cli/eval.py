"""`instseg eval`: models measured against annotated pictures."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from instseg_ui.cli.chosen_models import chosen_models
from instseg_ui.cli.console import SOME_FAILED, Console, guarded
from instseg_ui.cli.tables import print_table
from instseg_ui.errors import InputError
from instseg_ui.evaluate import (
    Dataset,
    Evaluation,
    EvaluationProgress,
    Finding,
    Options,
    Severity,
    Watch,
    evaluate,
    open_coco,
    open_dataset,
)
from instseg_ui.evaluate.evaluation import Changes
from instseg_ui.evaluate.run import FLOOR, MAX_INSTANCES
from instseg_ui.evaluate.scores import KINDS
from instseg_ui.numbers import plural
from instseg_ui.results import check_threshold
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.evaluation import COCO, USAGE, dataset_words, in_short, progress_words
from instseg_ui.show.evaluation import KINDS as KINDS_SHOWN
from instseg_ui.show.evaluation_files import write_all
from instseg_ui.show.evaluation_tables import accuracy_table, usage_table
from instseg_ui.show.latency import latency_notes
from instseg_ui.show.tables import dashes
from instseg_ui.show.verdict import TITLE, sheet_notes, sheet_table, verdict_lines
from instseg_ui.verdict import Limits, candidates_of, decide

_PREDICTIONS = "predictions"


def eval_(
    dataset: Annotated[
        Path | None,
        typer.Option(
            help="A folder or zip of a COCO, YOLO segmentation or LabelMe data set.",
            show_default=False,
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Folder or zip of the pictures, with --annotations.", show_default=False),
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="COCO's annotation file.", show_default=False)
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A model's name (`instseg models list`) or folder; may be repeated.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the report and the predictions."),
    ] = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="CATEGORY=CLASS: which class of the model stands for a category of the data set;"
            " may be repeated, CATEGORY= for none.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Which part: val, test, train, or a part of the JSON's name."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first pictures.")] = None,
    floor: Annotated[float, typer.Option(help="Lowest score kept, 0 to 1.")] = FLOOR,
    max_instances: Annotated[
        int, typer.Option(min=1, help="Most instances kept of one picture.")
    ] = MAX_INSTANCES,
    boundary: Annotated[
        bool, typer.Option(help="Boundary IoU too; it takes the most time of the counting.")
    ] = True,
    device: Annotated[str | None, typer.Option(help="cpu, gpu or gpu:0.")] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="What runs the models: normal, high_performance, or an engine's name."),
    ] = None,
    max_latency: Annotated[
        float | None, typer.Option(help="Ship nothing slower: median ms here.", show_default=False)
    ] = None,
    max_size: Annotated[
        float | None, typer.Option(help="Ship nothing larger: MB on disk.", show_default=False)
    ] = None,
    max_memory: Annotated[
        float | None,
        typer.Option(help="Ship nothing that holds more: MB of memory.", show_default=False),
    ] = None,
    latency: Annotated[
        bool, typer.Option(help="Measure latencies that are not known here yet.")
    ] = True,
    restart: Annotated[
        bool, typer.Option("--restart", help="Run all pictures again, whatever is there.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="The figures as JSON on the output.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but results and failures.")
    ] = False,
) -> None:
    """Measure models against annotated pictures, and say which one to ship.

    Writes report.json, report.html and each model's predictions as a COCO results list. Started
    again with the same data set, model and floor it goes on where it stopped.
    """
    console = Console(quiet)
    with guarded():
        if output is None:
            raise InputError("Say where to write: --output FOLDER.")
        options = Options(
            floor=check_threshold(floor),
            max_instances=max_instances,
            kinds=KINDS if boundary else KINDS[:2],
            limit=limit,
            restart=restart,
            engine=engine,
            latency=latency,
        )
        limits = Limits.read(max_latency, max_size, max_memory)
        shown = _Shown(console)
        names, settings = _models(model or [], device, console)
        truth = _open(dataset, images, annotations, split, shown)
        try:
            console.say(_described(truth))
            _say_findings(truth.findings, console)
            changes = _changes(mapped or [])
            with Segmenter(settings) as segmenter:
                found = evaluate(
                    truth,
                    names,
                    segmenter,
                    output / _PREDICTIONS,
                    options,
                    changes=dict.fromkeys(names, changes),
                    on_progress=shown.progress,
                )
            shown.end()
            before = {str(one) for one in truth.findings}
            _say_findings([one for one in found.findings if str(one) not in before], console)
            failed = _finish(found, output, settings, limits, console, as_json=json)
        finally:
            truth.close()
    if failed:
        raise typer.Exit(SOME_FAILED)


def _models(
    wanted: Sequence[str], device: str | None, console: Console
) -> tuple[list[str], Settings]:
    """Catalog ids of the models, each here, and the settings that list them.

    Raises:
        InputError: none named, or unknown.
        ModelError: one cannot be fetched.
    """
    if not wanted:
        raise InputError("Name a model: --model everyday-M. `instseg models list` shows all.")
    return chosen_models(wanted, device, console)


def _open(
    dataset: Path | None,
    images: Path | None,
    annotations: Path | None,
    split: str | None,
    shown: _Shown,
) -> Dataset:
    watch = Watch(on_stage=shown.stage)
    if dataset is not None and images is None and annotations is None:
        return open_dataset(dataset, watch=watch, split=split, reach=True)
    if dataset is None and images is not None and annotations is not None:
        return open_coco(images, annotations, watch=watch)
    raise InputError(
        "Name the data set: --dataset FOLDER_OR_ZIP, or --images FOLDER --annotations FILE."
    )


def _changes(mapped: Sequence[str]) -> Changes:
    """`CATEGORY=CLASS` pairs by category. Raises `InputError`."""
    changes: dict[str, list[str]] = {}
    for pair in mapped:
        category, sign, label = pair.partition("=")
        if not sign or not category.strip():
            raise InputError(f"Expected --map CATEGORY=CLASS, got “{pair[:80]}”.")
        classes = changes.setdefault(category.strip(), [])
        if label.strip():
            classes.append(label.strip())
    return changes


def _described(dataset: Dataset) -> str:
    return f"{dataset.name} ({dataset.format}): {dataset_words(dataset)}"


def _say_findings(findings: Iterable[Finding], console: Console) -> None:
    for one in findings:
        say = console.fail if one.level is Severity.ERROR else console.say
        say(f"{one.level.value}: {one}")


def _finish(
    found: Evaluation,
    output: Path,
    settings: Settings,
    limits: Limits,
    console: Console,
    *,
    as_json: bool,
) -> bool:
    """Write and show what was found; whether a model failed."""
    try:
        for model, reason in found.failures.items():
            console.fail(f"{model}: {reason}")
        if not found.results:
            raise InputError("No model could be evaluated.")
        written = write_all(found, output, settings, limits)
        if as_json:
            console.out((output / "report.json").read_text(encoding="utf-8").rstrip())
        else:
            _show(found, console)
            _show_verdict(found, limits, console)
        for path in written:
            console.say(f"Wrote {path}")
        return bool(found.failures)
    finally:
        found.close()


def _show(found: Evaluation, console: Console) -> None:
    """The figures as the page and the report have them."""
    tables = [(KINDS_SHOWN[kind], accuracy_table(found, kind)) for kind in found.kinds]
    tables.append((USAGE, usage_table(found)))
    for title, table in tables:
        console.out(f"{title}, {plural(len(table.rows), 'model')}")
        print_table(table, console)
        console.out("")
    times = latency_notes(found.latencies.values())
    for note in (in_short(found), COCO, *times, dashes(*(table for _, table in tables))):
        if note:
            console.out(note)


def _show_verdict(found: Evaluation, limits: Limits, console: Console) -> None:
    """Which model to ship, last: it is what the command was started for."""
    verdict = decide(candidates_of(found), limits)
    table = sheet_table(verdict)
    console.out("")
    console.out(f"{TITLE}, {plural(len(table.rows), 'model')}")
    print_table(table, console)
    console.out("")
    for line in (*sheet_notes(verdict, table), "", *verdict_lines(verdict)):
        console.out(line)


@dataclass(slots=True)
class _Shown:
    """Progress: a line that moves in a terminal, a line every tenth in a log."""

    console: Console
    _last: float = 0.0
    _tenth: tuple[str, str, int] = ("", "", -1)
    _open: bool = False

    def stage(self, text: str) -> None:
        """How far reading is."""
        if sys.stderr.isatty():
            self._move(text)

    def progress(self, now: EvaluationProgress) -> None:
        """How far a model is."""
        if self.console.quiet or not now.total:
            return
        text = progress_words(now)
        # Only the models' own work takes long enough to be followed in a log.
        tenths = 0 if now.seconds_left is None else 10 * now.done // now.total
        tenth = (now.model, now.stage, tenths)
        if sys.stderr.isatty():
            self._move(text)
        elif tenth != self._tenth:
            self._tenth = tenth
            self.console.say(text)

    def end(self) -> None:
        """Leave the moving line."""
        if self._open:
            typer.echo("\r\033[K", err=True, nl=False)

    def _move(self, text: str) -> None:
        now = time.monotonic()
        if self.console.quiet or now < self._last + 0.1:
            return
        self._last, self._open = now, True
        typer.echo(f"\r\033[K{text}", err=True, nl=False)
