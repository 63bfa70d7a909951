"""`instseg train`: an embedded model taught on one's own annotated pictures."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from instseg_ui.cli.chosen_models import chosen_models
from instseg_ui.cli.console import Console, guarded
from instseg_ui.cli.tables import print_table
from instseg_ui.errors import InputError
from instseg_ui.evaluate import Finding, Severity
from instseg_ui.segmenter import Segmenter
from instseg_ui.show.tables import dashes
from instseg_ui.show.taught_model import outcome_lines, outcome_table, training_words
from instseg_ui.train.outcome import TrainingOutcome
from instseg_ui.train.request import MINUTES, TrainingRequest, checked
from instseg_ui.train.session import TrainingSession


def train(
    images: Annotated[
        Path | None,
        typer.Option(
            help="Folder or zip of the pictures; or of a whole YOLO, LabelMe or COCO data set.",
            show_default=False,
        ),
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="COCO's annotation file.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to make of the model.", show_default=False),
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="The embedded model to start from, or one taught so.")
    ] = "everyday-M",
    minutes: Annotated[float, typer.Option(help="What the whole run may take.")] = MINUTES,
    name: Annotated[
        str, typer.Option(help="The new model's name; else the folder's.", show_default=False)
    ] = "",
    licence: Annotated[
        str, typer.Option(help="What the card says of its licence.", show_default=False)
    ] = "",
    keep_classes: Annotated[
        bool,
        typer.Option(
            "--keep-classes/--drop-classes",
            help="Whether the start model's other classes stay.",
        ),
    ] = True,
    split: Annotated[
        str | None,
        typer.Option(help="Which part: val, test, train, or a part of the JSON's name."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed splits and varies alike.")] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Rounds through the photos instead of time: the same model on every machine.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads that may work.", show_default=False)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run ended.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="The figures as JSON on the output.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but results and failures.")
    ] = False,
) -> None:
    """Teach an embedded model your own classes, on annotated pictures, on the CPU.

    Some pictures are held out to measure by. Ctrl-C stops and keeps the best so far; twice ends at
    once, and --resume goes on. Ends in a PaddleX inference folder with a MODEL_CARD.md.
    """
    console = Console(quiet)
    with guarded():
        if images is None or output is None:
            raise InputError(
                "Name the pictures and the folder to make: --images FOLDER --annotations FILE "
                "--output FOLDER."
            )
        names, settings = chosen_models([start], None, console)
        with Segmenter(settings) as segmenter:
            folder = segmenter.store.folder(segmenter.catalog.get(names[0])).path
        request = checked(
            images=images,
            annotations=annotations,
            split=split,
            start=names[0],
            folder=folder,
            output=output,
            minutes=minutes,
            epochs=epochs,
            name=name,
            licence=licence,
            seed=seed,
            keep_classes=keep_classes,
            threads=threads or settings.threads,
        )
        with TrainingSession(request, settings, resume=resume) as session:
            outcome = _followed(session, console)
        _show(outcome, request, console, as_json=json)


def _followed(session: TrainingSession, console: Console) -> Mapping[str, Any]:
    """Say how far it is until it is done; the outcome."""
    outcome: Mapping[str, Any] = {}
    with _stopping(session, console):
        for event in session.events():
            if event["event"] == "data":
                _say_findings(event["findings"], console)
            if event["event"] == "done":
                outcome = event["outcome"]
            elif words := training_words(event):
                console.say(words)
    return outcome


@contextmanager
def _stopping(session: TrainingSession, console: Console) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM asks the run to stop; the next one is as always."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def stop(number: int, frame: object) -> None:
        for one, handler in before.items():
            signal.signal(one, handler)
        console.say("Stopping; the best so far is written. Once more ends at once.")
        session.stop()

    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_findings(rows: list[dict[str, Any]], console: Console) -> None:
    for row in rows:
        level = Severity(row["level"])
        one = Finding(level, row["kind"], row["text"], row["count"], tuple(row["examples"]))
        (console.fail if level is Severity.ERROR else console.say)(f"{level.value}: {one}")


def _show(
    values: Mapping[str, Any], request: TrainingRequest, console: Console, *, as_json: bool
) -> None:
    if as_json:
        console.json(values)
    else:
        outcome = TrainingOutcome.from_dict(values)
        table = outcome_table(outcome)
        print_table(table, console)
        console.out("")
        for line in (*outcome_lines(outcome), dashes(table)):
            if line:
                console.out(line)
    console.say(f"Wrote {request.output}. Use it everywhere: instseg models add {request.output}")
