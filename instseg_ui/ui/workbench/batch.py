"""Every photo of the tray through every ticked model: counts, and where the models disagree."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from markupsafe import Markup

from instseg_ui import images
from instseg_ui.comparison.objects import compare
from instseg_ui.errors import Cancelled, ImageError, InputError, InstSegError
from instseg_ui.numbers import plural, seconds
from instseg_ui.results import Prediction
from instseg_ui.show.html import alert, failure, markup, progress, summary
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Job, Report, follow
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.tray import THRESHOLD, Tray, TrayPhoto

# Models take turns over this many photos: their predictions are held until all have run, and a
# model that does not fit beside the others is loaded once for so many.
_CHUNK = 25
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class BatchView:
    """What to show; `noted` tells that photos have new figures."""

    progress: Markup
    busy: bool = True
    noted: bool = False


@dataclass(slots=True)
class _Course:
    """How far it is; written by the work's thread, read by the page's."""

    total: int
    done: int = 0
    skipped: int = 0
    words: str = ""
    noted: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @property
    def passed(self) -> int:
        return self.done + self.skipped


def label(photos: int, models: int) -> str:
    """The words of the button that starts it."""
    return f"Run {plural(models, 'model')} on {plural(photos, 'photo')}"


def run(
    services: Services, tray: Tray, models: Sequence[str], session: str, engine: str | None
) -> Iterator[BatchView]:
    """Run the models over the tray and yield how far it is; figures are noted in the tray.

    A photo that cannot be read and a model that fails are left out and named at the end. A newer
    run of the same visitor ends this one in silence.
    """
    job = services.jobs["batch"].begin(session)
    try:
        photos = tray.photos
        if not photos or not models:
            raise InputError("Tick one or more models and add photos, then run them.")
        yield from _follow(services, tray, photos, models, engine, job)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield BatchView(alert(told(error)), busy=False)
    finally:
        job.stopped.set()
        services.jobs["batch"].end(session, job)


def _follow(
    services: Services,
    tray: Tray,
    photos: Sequence[TrayPhoto],
    models: Sequence[str],
    engine: str | None,
    job: Job,
) -> Iterator[BatchView]:
    course = _Course(len(photos) * len(models))

    def work(report: Report) -> None:
        for some in _chunks(photos):
            _run_some(services, tray, some, models, engine, job, course)

    shown = 0
    for step in follow(work, job):
        if isinstance(step, Done):
            yield BatchView(_ended(course, job), busy=False, noted=True)
        else:
            noted, shown = course.noted != shown, course.noted
            yield BatchView(progress(_words(course), course.passed / course.total), noted=noted)


def _chunks(photos: Sequence[TrayPhoto]) -> Iterator[Sequence[TrayPhoto]]:
    for first in range(0, len(photos), _CHUNK):
        yield photos[first : first + _CHUNK]


def _run_some(
    services: Services,
    tray: Tray,
    photos: Sequence[TrayPhoto],
    models: Sequence[str],
    engine: str | None,
    job: Job,
    course: _Course,
) -> None:
    """All models on a few photos, then how far they disagree on each."""
    found: dict[str, list[Prediction]] = {photo.key: [] for photo in photos}
    for model in models:
        for photo in photos:
            if job.stopped.is_set():
                return
            course.words = f"{model} on {photo.name}"
            prediction = _one(services, photo, model, engine, job, course)
            if prediction is None:
                course.skipped += 1
                continue
            found[photo.key].append(prediction)
            tray.note(photo.key, {model: len(prediction.instances)})
            course.done += 1
            course.noted += 1
    for key, predictions in found.items():
        if len(predictions) > 1:
            tray.note(key, {}, disagreement(predictions))
    course.noted += 1


def disagreement(predictions: Sequence[Prediction]) -> float:
    """1 less the mean F1 of each two of two or more predictions of one photo, 0..1."""
    f1 = compare(predictions).f1
    pairs = np.triu_indices(len(predictions), 1)
    return float(1.0 - f1[pairs].mean())


def _one(
    services: Services,
    photo: TrayPhoto,
    model: str,
    engine: str | None,
    job: Job,
    course: _Course,
) -> Prediction | None:
    """What the model finds at `THRESHOLD`; None where the photo or the model fails."""
    if model in course.left_out or photo.key in course.left_out:
        return None
    try:
        image = images.read(Path(photo.path), services.settings)
    except ImageError as error:
        course.left_out[photo.key] = f"“{photo.name}”: {told(error)}"
        return None
    try:
        prediction = services.segmenter.segment(
            image, model, engine=engine, cancelled=job.stopped.is_set
        )
    except Cancelled:
        return None
    except InstSegError as error:
        course.left_out[model] = f"{model}: {told(error)}"
        return None
    return prediction.at(max(THRESHOLD, prediction.floor))


def _words(course: _Course) -> str:
    """Where it is, and how long it will take from what was done so far."""
    words = f"{course.passed + 1} of {course.total}: {course.words}"
    if course.done < 3:
        return words
    each = (time.monotonic() - course.started) / course.passed
    return f"{words} · about {seconds(each * (course.total - course.passed))} left"


def _ended(course: _Course, job: Job) -> Markup:
    stopped = "Stopped: " if job.stopped.is_set() else ""
    sentence = f"{stopped}{course.done} of {plural(course.total, 'run')} done."
    reasons = list(course.left_out.values())
    more = len(reasons) - _MOST_NAMED
    named = [failure(reason) for reason in reasons[:_MOST_NAMED]]
    rest = [failure(f"and {more} more.")] if more > 0 else []
    return markup(summary(sentence), *named, *rest)
