"""Running a benchmark from the page: what was asked for, how far it is, what it found so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import ByteSize

from instseg_ui.benchmark import BenchmarkRun, Kept, PhotoFile, Request, Shelf, concurrency_levels
from instseg_ui.benchmark.measure import BenchmarkProgress
from instseg_ui.benchmark.recorded_run import measure_and_keep
from instseg_ui.errors import Cancelled, ImageError, InputError, InstSegError
from instseg_ui.examples.photos import photo_folder
from instseg_ui.numbers import milliseconds, plural, seconds
from instseg_ui.settings import Settings
from instseg_ui.show.html import progress, summary
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Job, Jobs, Report, follow
from instseg_ui.ui.shared.services import Services

ENGINES = [
    ("As the server is set", ""),
    ("Normal", "normal"),
    ("High performance", "high_performance"),
]
ANSWERS = [("the JSON answer", "json"), ("the photo with its masks", "overlay")]

MOST_IMAGES, MOST_REPEATS, MOST_WARMUP, MOST_COLD, MOST_CALLERS = 20, 500, 50, 10, 16
"""What one visitor may ask of a machine that others use too."""

WAITING = progress("Waiting for its turn: one benchmark runs at a time")
HINT = summary(
    "The ticked models, one after another, on your photos, at most 20 of them. Nothing else should "
    "keep the machine busy meanwhile."
)


@dataclass(frozen=True, slots=True)
class BenchmarkForm:
    """What the visitor has set, as the page hands it over."""

    models: Sequence[str]
    images: Sequence[str] | None
    repeats: object
    warmup: object
    callers: object
    cold_starts: object
    threads: object
    answer: str
    engine: str


@dataclass(frozen=True, slots=True, eq=False)
class ShownRun:
    """The run that is looked at; `name` is its file's, empty while it is not kept.

    Gradio asks for a hash of what it keeps for a visitor, so it is told apart by identity.
    """

    run: BenchmarkRun
    name: str = ""


@dataclass(frozen=True, slots=True)
class BenchmarkView:
    """What to show; a part that is None stays as it is."""

    progress: str
    shown: ShownRun | None = None
    busy: bool = True
    failure: str | None = None


def merged(shown: BenchmarkView, view: BenchmarkView) -> BenchmarkView:
    """What a window is shown that comes later: the newest, and the run as it stood last."""
    return replace(view, shown=view.shown or shown.shown)


@dataclass(slots=True)
class _Latest:
    """Where the work is; written by its thread, read by the page's."""

    now: BenchmarkProgress | None = None
    run: BenchmarkRun | None = None
    shown: BenchmarkRun | None = field(default=None)

    def take(self, now: BenchmarkProgress) -> None:
        self.now = now
        self.run = now.run or self.run

    def news(self) -> BenchmarkRun | None:
        """The run as it stands, if it has grown since it was last asked for."""
        if self.run is self.shown:
            return None
        self.shown = self.run
        return self.run


def run(
    services: Services, jobs: Jobs, form: BenchmarkForm, session: str
) -> Iterator[BenchmarkView]:
    """Measure, and yield what to show while it goes on and how it ended.

    A newer benchmark of the same visitor ends this one in silence; what it has is kept on disk.
    """
    job = jobs.begin(session)
    try:
        settings = _settings(services, form)
        request, photos = _request(form), _photos(form.images, settings)
        yield from _follow(request, photos, settings, job)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield BenchmarkView("", busy=False, failure=told(error))
    finally:
        job.stopped.set()
        jobs.end(session, job)


def whole(value: object, name: str, most: int, least: int = 1) -> int:
    """`value` as a whole number within bounds.

    Raises:
        InputError: it is not.
    """
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not numeric or not least <= (number := float(str(value))) <= most or number % 1:
        shown = str(value)[:40]
        raise InputError(f"{name}: expected a whole number from {least} to {most}, got {shown}.")
    return int(number)


def _settings(services: Services, form: BenchmarkForm) -> Settings:
    """The server's settings with the threads asked for, and the memory that is left."""
    settings = services.settings
    left = settings.memory_budget - services.segmenter.registry.memory_mb() * 1e6
    threads = whole(form.threads, "Threads", max(64, settings.threads))
    return settings.model_copy(
        update={"threads": threads, "memory_budget": ByteSize(max(0, int(left)))}
    )


def _request(form: BenchmarkForm) -> Request:
    return Request(
        models=tuple(form.models),
        repeats=whole(form.repeats, "Runs of each image", MOST_REPEATS),
        warmup=whole(form.warmup, "Warm-up runs", MOST_WARMUP, least=0),
        cold_starts=whole(form.cold_starts, "Cold starts", MOST_COLD),
        concurrency=concurrency_levels(whole(form.callers, "Callers at once", MOST_CALLERS)),
        answer=_answer(form.answer),
        engine=form.engine or None,
    )


def _answer(text: str) -> Literal["json", "overlay"]:
    return "overlay" if text == "overlay" else "json"


def _photos(paths: Sequence[str] | None, settings: Settings) -> list[PhotoFile]:
    """The images' bytes. An upload is numbered: other visitors see the runs that are kept."""
    if not paths:
        raise InputError("There is no photo yet. Add one or more, then run the benchmark.")
    if len(paths) > MOST_IMAGES:
        raise InputError(f"Add at most {MOST_IMAGES} images; there are {len(paths)}.")
    examples = {path.name for path in photo_folder(settings.assets).glob("*")}
    photos = []
    for number, path in enumerate(map(Path, paths), 1):
        name = path.name if path.name in examples else f"image {number}{path.suffix.lower()}"
        photos.append(PhotoFile(name, _bytes(path, settings)))
    return photos


def _bytes(path: Path, settings: Settings) -> bytes:
    try:
        if path.stat().st_size > settings.max_upload:
            limit = settings.max_upload / 1e6
            raise ImageError(f"“{path.name}” is larger than the {limit:g} MB that are accepted.")
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"“{path.name}” could not be read. Add it again.") from error


def _follow(
    request: Request, photos: Sequence[PhotoFile], settings: Settings, job: Job
) -> Iterator[BenchmarkView]:
    latest = _Latest()

    def work(report: Report) -> Kept:
        def tell(now: BenchmarkProgress) -> None:
            latest.take(now)
            report(now.phase)

        return measure_and_keep(
            request,
            photos,
            settings,
            Shelf.of(settings),
            on_progress=tell,
            cancelled=job.stopped.is_set,
        )

    for step in follow(work, job):
        if isinstance(step, Done):
            run = step.value.run
            yield BenchmarkView(ended_html(run), ShownRun(run, step.value.name), busy=False)
        elif latest.now is not None:
            news = latest.news()
            shown = None if news is None else ShownRun(news)
            yield BenchmarkView(_progress(latest.now, step.elapsed), shown)


def _progress(now: BenchmarkProgress, elapsed: float) -> str:
    parts = [f"{now.model}: {now.phase}"]
    if now.latest_ms is not None:
        parts.append(f"{milliseconds(now.latest_ms)} an image")
    parts.append(f"{now.done} of {now.total} runs")
    if elapsed >= 1:
        parts.append(seconds(elapsed))
    return progress(" · ".join(parts), now.share)


def ended_html(run: BenchmarkRun) -> str:
    """How a run ended, as HTML."""
    states = [one.state for one in run.models]
    parts = [f"{states.count('done')} of {plural(len(states), 'model')} measured"]
    if failed := states.count("failed"):
        parts.append(f"{failed} failed: the reason is below")
    if run.state == "stopped":
        parts.append("stopped; what was measured by then is kept")
    return summary(" · ".join(parts))
