"""`instseg bench`: how fast models are here, kept, exported and held against an earlier run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated, cast, get_args

import typer

from instseg_ui.benchmark import BenchmarkRun, Kept, PhotoFile, Request, Shelf, concurrency_levels
from instseg_ui.benchmark.figures import check_price
from instseg_ui.benchmark.measure import BenchmarkProgress
from instseg_ui.benchmark.recorded_run import measure_and_keep
from instseg_ui.benchmark.records import Answer
from instseg_ui.benchmark.run_store import read_file
from instseg_ui.catalog import Catalog
from instseg_ui.cli.bench_output import Writer, show_run
from instseg_ui.cli.console import INTERRUPTED, SOME_FAILED, Console, guarded
from instseg_ui.cli.options import settings_of
from instseg_ui.errors import InputError
from instseg_ui.examples.photos import OPENING, photo_folder
from instseg_ui.images.sources import find_places
from instseg_ui.pipeline.choice import read_device
from instseg_ui.settings import Settings
from instseg_ui.weights import WeightsStore

LAST = "last"


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Names of `instseg models list`; none: the default model."),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="Image file, folder or glob pattern; may be repeated."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All models that are here.")] = False,
    repeats: Annotated[int, typer.Option("--repeats", "-n", help="Runs of each image.")] = 20,
    warmup: Annotated[int, typer.Option(help="Runs before them, not counted.")] = 3,
    cold: Annotated[int, typer.Option(help="Starts from nothing.")] = 1,
    callers: Annotated[int, typer.Option("--concurrency", "-c", help="Most callers at once.")] = 1,
    answer: Annotated[
        str, typer.Option(help="What encode makes: json, or overlay, the drawn photo.")
    ] = "json",
    engine: Annotated[
        str | None,
        typer.Option(help="normal, high_performance, or one engine by name."),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the engine.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, gpu or gpu:0.")] = None,
    price: Annotated[
        str | None, typer.Option(help="What the machine costs an hour, for cost per 1,000 images.")
    ] = None,
    versus: Annotated[
        str | None, typer.Option(help="An earlier run: its name, its file, or last.")
    ] = None,
    show: Annotated[
        str | None, typer.Option(help="Show this kept run instead of measuring; or last.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the runs that are kept.")] = False,
    save: Annotated[
        list[str] | None,
        typer.Option("--save", "-s", help="Also write a .csv, .json or .html file; repeatable."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing but results.")] = False,
) -> None:
    """Measure models on images: latency by stage, throughput, memory; keep and compare runs."""
    console = Console(quiet)
    with guarded():
        settings = _settings(threads, device)
        shelf = Shelf.of(settings)
        if listed:
            _list(shelf, console)
            return
        writer = Writer.create(save or [], check_price(price))
        # Read first: after measuring, `last` would be the new run.
        earlier = None if versus is None else _find(versus, shelf)
        if show is not None:
            kept = _find(show, shelf)
        else:
            levels = concurrency_levels(callers)
            names = _models(models or [], every, settings)
            request = Request(
                names, repeats, warmup, cold, levels, cast(Answer, _answer(answer)), engine
            )
            kept = _measure(request, _photos(inputs or [], settings), settings, shelf, console)
        show_run(kept, earlier, writer.price, console, as_json=json)
        writer.write(kept.run, earlier, console)
    _end(kept.run, measured=show is None)


def _settings(threads: int | None, device: str | None) -> Settings:
    return settings_of(threads=threads, device=read_device(device) if device else None)


def _answer(text: str) -> str:
    if text not in get_args(Answer):
        raise InputError(f"Expected --answer json or overlay, got “{text[:40]}”.")
    return text


def _models(given: Sequence[str], every: bool, settings: Settings) -> tuple[str, ...]:
    catalog = Catalog.load(settings)
    if not every:
        named = [catalog.get(name) for name in given] or [catalog.default(settings)]
        return tuple(spec.id for spec in named)
    store = WeightsStore(settings)
    return tuple(spec.id for spec in catalog if store.status(spec).usable)


def _photos(given: Sequence[str], settings: Settings) -> list[PhotoFile]:
    places = find_places(list(given) or [str(photo_folder(settings.assets) / OPENING)])
    photos = []
    for place in places:
        if isinstance(place.content, InputError):
            raise place.content
        if not isinstance(place.content, Path):
            raise InputError(
                f"Expected files, folders or patterns to measure on, got {place.name}."
            )
        photos.append(PhotoFile(place.name, _bytes(place.content, settings)))
    return photos


def _bytes(path: Path, settings: Settings) -> bytes:
    try:
        if path.stat().st_size > settings.max_upload:
            raise InputError(f"{path.name} is larger than INSTSEG_MAX_UPLOAD allows.")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}).") from error


def _measure(
    request: Request,
    photos: Sequence[PhotoFile],
    settings: Settings,
    shelf: Shelf,
    console: Console,
) -> Kept:
    with _stoppable() as stop:
        kept = measure_and_keep(
            request,
            photos,
            settings,
            shelf,
            on_progress=_Line(console),
            cancelled=stop.is_set,
        )
    if kept.name:
        console.say(f"Kept as {kept.name}")
    return kept


@contextmanager
def _stoppable() -> Iterator[Event]:
    """The first Ctrl-C ends the run and keeps what was measured; a second ends the command."""
    stop = Event()

    def interrupted(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(slots=True)
class _Line:
    """Progress: a line that moves in a terminal, a line a phase in a log."""

    console: Console
    _said: set[str] = field(default_factory=set)

    def __call__(self, progress: BenchmarkProgress) -> None:
        if self.console.quiet:
            return
        phase = f"{progress.model}: {progress.phase}"
        if sys.stderr.isatty():
            typer.echo(f"\r\033[K{phase} ({100 * progress.share:.0f} %)", err=True, nl=False)
            if progress.share >= 1:
                typer.echo("", err=True)
        elif phase not in self._said:
            self._said.add(phase)
            self.console.say(phase)


def _find(name: str, shelf: Shelf) -> Kept:
    """A kept run by name, the last one, or a run in a file."""
    if name == LAST:
        return shelf.latest()
    path = Path(name)
    return Kept(path.name, read_file(path) if path.is_file() else shelf.read(name))


def _list(shelf: Shelf, console: Console) -> None:
    listing = shelf.listing()
    for kept in listing.kept:
        models = ", ".join(one.model for one in kept.run.models)
        console.out(f"{kept.name}  {models}")
    for finding in listing.findings:
        console.fail(finding)
    console.say(f"{len(listing.kept)} runs are kept in {shelf.folder}")


def _end(run: BenchmarkRun, *, measured: bool) -> None:
    """End with the exit code that this run deserves."""
    if measured and run.state == "stopped":
        typer.echo("Stopped.", err=True)
        raise typer.Exit(INTERRUPTED)
    if any(one.state == "failed" for one in run.models):
        raise typer.Exit(SOME_FAILED)
