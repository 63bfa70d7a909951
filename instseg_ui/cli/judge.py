"""`instseg judge`: which model is best on photos without annotations, by answers to questions."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from instseg_ui.cli.chosen_models import chosen_models
from instseg_ui.cli.console import Console, guarded
from instseg_ui.cli.tables import print_table
from instseg_ui.comparison.objects import MIN_IOU
from instseg_ui.errors import InputError, InstSegError, system_said
from instseg_ui.images import Image
from instseg_ui.images.sources import find_places, read_place
from instseg_ui.judge import KINDS, MODELS, Judgement
from instseg_ui.judge.export import to_coco
from instseg_ui.judge.folder import begin as begin_in
from instseg_ui.judge.folder import resume
from instseg_ui.numbers import plural
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.judgement import assessment_table, progress_words
from instseg_ui.show.tables import dashes

_LONGEST_LINE = 100_000

_Folder = Annotated[Path, typer.Argument(help="Folder of the judgement.", show_default=False)]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing but results and failures.")]


def judge() -> typer.Typer:
    """The commands of a judgement."""
    app = typer.Typer(
        help="Find the best of several models by answers about your photos; no annotations needed.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (begin, next_, answer, undo, report, export, talk):
        app.command(command.__name__.rstrip("_"))(command)
    return app


def begin(
    photos: Annotated[
        list[str], typer.Argument(help="Picture files, folders, patterns.", show_default=False)
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help=f"A model's name or folder; {MODELS[0]} to {MODELS[1]} of them.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to keep everything in.")
    ] = None,
    min_iou: Annotated[
        float, typer.Option(help="From which IoU to the right outline another one is right too.")
    ] = MIN_IOU,
    device: Annotated[str | None, typer.Option(help="cpu, gpu or gpu:0.")] = None,
    quiet: _Quiet = False,
) -> None:
    """Run the models on the photos and print the first question."""
    console = Console(quiet)
    with guarded():
        if output is None:
            raise InputError("Say where to keep the answers: --output FOLDER.")
        names, settings = _models(model or [], device, console)
        places = find_places(photos)
        with Segmenter(settings) as segmenter:
            begin_in(
                output,
                _pictures(places, settings, console),
                names,
                segmenter,
                min_iou=min_iou,
                on_photo=lambda name, done: console.say(f"[{done}/{len(places)}] {name}"),
            )
        with resume(output) as judgement:
            _print_next(judgement, 1, console)


def next_(
    folder: _Folder,
    count: Annotated[
        int, typer.Option("--count", "-n", help="How many questions, at most 20.")
    ] = 1,
) -> None:
    """Print the next question as JSON, null where all is answered; asking changes nothing."""
    with guarded(), resume(folder) as judgement:
        _print_next(judgement, count, Console())


def answer(
    folder: _Folder,
    said: Annotated[
        str,
        typer.Argument(
            metavar="ANSWER", help=f"What you say: {', '.join(KINDS)}; or a JSON object."
        ),
    ],
    question: Annotated[
        str | None, typer.Option("--question", help="Its name; else the one asked now.")
    ] = None,
    outline: Annotated[int | None, typer.Option(help="Which outline, from 1.")] = None,
    label: Annotated[
        str | None, typer.Option(help="The right class, with “wrong class” or “missed”.")
    ] = None,
    photo: Annotated[
        str | None, typer.Option(help="Which photo, with “missed” or “complete”.")
    ] = None,
    at: Annotated[
        tuple[float, float] | None, typer.Option(help="Where the missed object is, in pixels.")
    ] = None,
) -> None:
    """Take one answer and print the next question."""
    with guarded(), resume(folder) as judgement:
        value: object = {
            key: item
            for key, item in {
                "answer": said,
                "question": question,
                "outline": outline,
                "label": label,
                "photo": photo,
                "x": at[0] if at else None,
                "y": at[1] if at else None,
            }.items()
            if item is not None
        }
        if said.lstrip().startswith("{"):
            value = _parsed(said)
        elif question is None and photo is None:
            value = {"question": _current(judgement), **value}  # type: ignore[dict-item]
        judgement.answer(value)  # type: ignore[arg-type]
        _print_next(judgement, 1, Console())


def undo(folder: _Folder) -> None:
    """Take the last answer back and print what was taken back."""
    with guarded(), resume(folder) as judgement:
        undone = judgement.undo()
        Console().json(undone.to_dict() if undone else None)


def report(
    folder: _Folder,
    json: Annotated[bool, typer.Option("--json", help="All figures as JSON.")] = False,
) -> None:
    """Say what is known of the models, and whether to stop."""
    console = Console()
    with guarded(), resume(folder) as judgement:
        assessment = judgement.assessment()
        if judgement.passed_over:
            console.fail(f"{plural(judgement.passed_over, 'line')} of the file are no answers.")
        if json:
            console.json(assessment.to_dict())
            return
        table = assessment_table(assessment)
        console.out(progress_words(assessment))
        print_table(table, console)
        for line in ("", assessment.sentence, dashes(table)):
            console.out(line)


def export(
    folder: _Folder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; else standard output.")
    ] = None,
) -> None:
    """Write the answers as COCO annotations, for `instseg eval` and for training."""
    with guarded(), resume(folder) as judgement:
        data = to_coco(judgement)
        if output is None:
            sys.stdout.write(data.decode("utf-8"))
            return
        try:
            output.write_bytes(data)
        except OSError as error:
            raise InputError(
                f"“{output.name}” cannot be written.", remedy=system_said(error)
            ) from error


def talk(folder: _Folder) -> None:
    """Ask and take answers line by line, for scripts.

    Prints a question as one line of JSON, reads one line: an answer, `{"undo": true}`,
    `{"report": true}` or `{"next": 3}`. What was wrong comes back as `{"error": ...}`. Ends with
    the input.
    """
    console = Console()
    with guarded(), resume(folder) as judgement:
        console.json(_question(judgement), indent=None)
        for line in _lines():
            try:
                console.json(_reply(judgement, _parsed(line)), indent=None)
            except InstSegError as error:
                console.json({"error": str(error)}, indent=None)
            sys.stdout.flush()


def _lines() -> Iterator[str]:
    while line := sys.stdin.readline(_LONGEST_LINE):
        if line.strip():
            yield line


def _reply(judgement: Judgement, value: Any) -> object:
    if isinstance(value, dict) and value.keys() == {"undo"}:
        judgement.undo()
    elif isinstance(value, dict) and value.keys() == {"report"}:
        return judgement.assessment().to_dict()
    elif isinstance(value, dict) and value.keys() == {"next"}:
        return [one.to_dict() for one in judgement.questions(value["next"])]
    else:
        judgement.answer(value)
    return _question(judgement)


def _question(judgement: Judgement) -> dict[str, Any] | None:
    found = judgement.questions()
    return found[0].to_dict() if found else None


def _current(judgement: Judgement) -> str:
    found = judgement.questions()
    if not found:
        raise InputError("All objects are answered. `instseg judge report` says what is known.")
    return found[0].name


def _print_next(judgement: Judgement, count: int, console: Console) -> None:
    found = [one.to_dict() for one in judgement.questions(count)]
    console.json(found if count > 1 else next(iter(found), None))


def _parsed(text: str) -> Any:
    try:
        return json_.loads(text)
    except (ValueError, RecursionError):
        raise InputError(
            f"Expected an answer as a JSON object, got “{text.strip()[:60]}”."
        ) from None


def _models(
    wanted: Sequence[str], device: str | None, console: Console
) -> tuple[list[str], Settings]:
    """Catalog ids of the models, each here, and the settings that list them."""
    if not MODELS[0] <= len(wanted) <= MODELS[1]:
        raise InputError(
            f"Name {MODELS[0]} to {MODELS[1]} models: --model demo-cats --model everyday-M."
        )
    return chosen_models(wanted, device, console)


def _pictures(
    places: Sequence[Any], settings: Settings, console: Console
) -> Iterator[tuple[str, Image]]:
    """Names and pixels of the pictures that can be read; the others are named."""
    for place in places:
        for source in read_place(place, settings):
            try:
                image = source.get()
            except InputError as error:
                console.fail(f"{source.name}: {error.with_remedy}")
                continue
            page = "" if source.page_index is None else f" page {source.page_index + 1}"
            yield f"{source.below or source.name}{page}", image
