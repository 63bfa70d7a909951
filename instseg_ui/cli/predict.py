"""`instseg predict`: PaddleX's command, and what it lacks."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, Any

import typer

from instseg_ui.cli.console import SOME_FAILED, BytesShown, Console, guarded
from instseg_ui.cli.output import PADDLEX, Saver
from instseg_ui.engines import MODES
from instseg_ui.errors import BusyError, InputError, InstSegError, WorkerError
from instseg_ui.exports.names import Names
from instseg_ui.images.sources import Source, find_places, read_place
from instseg_ui.pipeline import NAME, Pipeline, Result, create_pipeline, file_stem
from instseg_ui.prediction_json import to_json
from instseg_ui.results import check_threshold
from instseg_ui.settings import Settings
from instseg_ui.variables import read_settings


def _dictionary(text: str) -> dict[str, Any]:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise typer.BadParameter(f"expected a Python dictionary, got {text[:60]!r}.")
    return value


def _threshold(text: str) -> float | None:
    if text == "None":  # PaddleX's way to leave it to the model
        return None
    try:
        return check_threshold(float(text))
    except (ValueError, InputError):
        raise typer.BadParameter(f"expected a number from 0 to 1, got {text[:40]!r}.") from None


def predict(
    inputs: Annotated[
        list[str] | None, typer.Argument(help="More inputs.", show_default=False)
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "-i",
            help="File, folder, glob pattern, http(s) address, or - for standard input;"
            " may be repeated.",
            show_default=False,
        ),
    ] = None,
    pipeline: Annotated[str, typer.Option(help="The pipeline, or a pipeline file of it.")] = NAME,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="A model's name (`instseg models list`) or folder."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(parser=_threshold, help="Lowest score reported, 0 to 1.")
    ] = None,
    save_path: Annotated[
        str | None,
        typer.Option("--save_path", "--save-path", help="Folder for the results' files."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            help=f"What to save: {PADDLEX} (image and JSON, the default), coco, labelme, ...;"
            " may be repeated.",
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, gpu:0, or several: gpu:0,1.")] = None,
    engine: Annotated[
        str | None,
        typer.Option(help=f"What runs the model: {', '.join(MODES)}."),
    ] = None,
    use_hpip: Annotated[
        bool,
        typer.Option(
            "--use_hpip", "--use-hpip", help="High-performance mode: --engine high_performance."
        ),
    ] = False,
    hpi_config: Annotated[
        # The type is what typer shows; the parser says what comes.
        Any,
        typer.Option(
            "--hpi_config", "--hpi-config", parser=_dictionary, help="{'backend': 'onnxruntime'}."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but results and failures.")
    ] = False,
) -> None:
    """Segment pictures and print what was found.

    As `paddlex --pipeline instance_segmentation`, with a choice of models and formats.
    """
    console = Console(quiet)
    with guarded():
        places = find_places([*(given or []), *(inputs or [])])
        if not places:
            raise InputError("Name a picture: instseg predict --input picture.jpg")
        settings = read_settings()
        saver = Saver.create(save_path, formats or [], several=len(places) > 1)
        with BytesShown(console, "Fetching") as shown:
            loaded = create_pipeline(
                pipeline,
                model=model,
                device=device,
                engine=engine,
                use_hpip=use_hpip or None,
                hpi_config=hpi_config,
                settings=settings,
                on_note=console.say,
                progress=shown,
            )
        with loaded:
            console.say(_who_runs(loaded))
            run = _Run(loaded, settings, threshold, saver, console, as_json=json)
            for number, place in enumerate(places, 1):
                for source in read_place(place, settings):
                    run.one(source, f"[{number}/{len(places)}]")
        run.finish()
    if run.failures:
        raise typer.Exit(SOME_FAILED)


def _who_runs(pipeline: Pipeline) -> str:
    loaded = pipeline.loaded
    gain = f", {loaded.speedup:.3g} times Paddle's speed here" if loaded.speedup else ""
    parity = f"; {loaded.parity}" if loaded.parity else ""
    return f"Model: {pipeline.model}, run by {loaded.engine}{gain}{parity}."


@dataclass(slots=True)
class _Run:
    """The pictures of one command, one after the other; a bad one does not end the rest."""

    pipeline: Pipeline
    settings: Settings
    threshold: float | None
    saver: Saver
    console: Console
    as_json: bool
    done: int = 0
    failures: list[str] = field(default_factory=list)
    names: Names = field(default_factory=Names)

    def one(self, source: Source, position: str) -> None:
        try:
            # Into the picture's own folder: equal names in two of them do not meet.
            folder = PurePosixPath(source.below).parent
            stem = self.names.unique((folder / file_stem(source)).as_posix())
            result = self.pipeline.segment(source, self.threshold, stem)
            self._show(result)
            self.saver.save(result)
        except (InputError, WorkerError, BusyError) as error:
            self._failed(source, error, position)
        else:
            self.done += 1
            count = len(result["boxes"])
            took = result.prediction.timings.latency
            objects = "1 object" if count == 1 else f"{count} objects"
            self.console.say(f"{position} {source.name}: {objects}, {took:.0f} ms in this run")
            if result.prediction.cut:
                self.console.say(result.prediction.cut)

    def finish(self) -> None:
        """Write what covers all pictures, then say how it went."""
        for path in self.saver.finish():
            self.console.say(f"Wrote {path}")
        total = self.done + len(self.failures)
        if self.failures and total > 1:
            self.console.fail(f"{len(self.failures)} of {total} failed:")
            for line in self.failures:
                self.console.fail(f"  {line}")

    def _show(self, result: Result) -> None:
        if self.as_json:
            self.console.json(_with_facts(result), indent=None)
        else:
            result.print()
            sys.stdout.flush()

    def _failed(self, source: Source, error: Exception, position: str) -> None:
        told = error.with_remedy if isinstance(error, InstSegError) else str(error)
        line = f"{source.name}: {told}"
        self.failures.append(line)
        self.console.fail(f"{position} {line}")
        if self.as_json:
            fault = {"input_path": source.input_path, "page_index": source.page_index}
            self.console.json({"error": str(error), **fault}, indent=None)


def _with_facts(result: Result) -> dict[str, Any]:
    """PaddleX's structure, masks run-length encoded, and which model said so in what time."""
    facts = to_json(result.prediction)
    return result.rle | {
        "model": facts["model"],
        "image": facts["image"],
        "timings_ms": facts["timings_ms"],
        "runtime": facts["runtime"],
    }
