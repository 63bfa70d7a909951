"""Evaluating from the page: the upload is opened, models are run on it, and the figures made."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from instseg_ui.errors import Cancelled, InputError, InstSegError
from instseg_ui.evaluate import (
    Dataset,
    Evaluation,
    EvaluationProgress,
    Options,
    Predictions,
    Watch,
    evaluate,
    for_evaluation,
    open_predictions,
    summarize,
)
from instseg_ui.evaluate.run import OnProgress
from instseg_ui.evaluate.scores import KINDS
from instseg_ui.ui.benchmark.run import whole
from instseg_ui.ui.evaluate.category_map import mapping_of
from instseg_ui.ui.evaluate.desk import NO_DATA, Desk, Desks
from instseg_ui.ui.evaluate.progress import ended, progress_of, sentence_of
from instseg_ui.ui.segment.facts import progress_html
from instseg_ui.ui.shared.jobs import Done, Job, Jobs, Report, follow
from instseg_ui.ui.shared.services import Services

MOST_IMAGES = 100_000
_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Form:
    """What the visitor has set, as the page hands it over."""

    models: Sequence[str]
    limit: object
    boundary: bool
    restart: bool
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What to show; `opened` and `scored` tell what is new on the desk."""

    progress: str
    busy: bool = True
    failure: str | None = None
    opened: bool = False
    scored: bool = False


@dataclass(slots=True)
class _Latest:
    """Where the work is; written by its thread, read by the page's."""

    progress: EvaluationProgress | None = None
    shown: float = 0.0

    def due(self) -> bool:
        """Whether it is time to show it again."""
        now = time.monotonic()
        if now < self.shown + _EVERY_S:
            return False
        self.shown = now
        return True


def open_upload(
    desks: Desks, jobs: Jobs, uploads: Sequence[str] | None, session: str
) -> Iterator[View]:
    """Open what was uploaded and yield how far it is; what was there before is put away."""
    job = jobs.begin(session)
    latest = _Latest()

    def work(report: Report) -> Dataset:
        return desks.take(session, uploads or (), Watch(report, job.stopped.is_set))

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                sentence = "Opened. Look at the findings and the mapping below, then evaluate."
                yield View(sentence_of(sentence), busy=False, opened=True, scored=True)
            elif latest.due():
                yield View(progress_html(step.name or "Opening the data set"))
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield View("", busy=False, failure=str(error), opened=True, scored=True)
    finally:
        job.stopped.set()
        jobs.end(session, job)


def run(services: Services, desks: Desks, jobs: Jobs, form: Form, session: str) -> Iterator[View]:
    """Evaluate the models, and yield what to show while it goes on and how it ended.

    A run that is stopped shows the figures of the images that all its models were run on.
    """
    job = jobs.begin(session)
    desk = desks.of(session)
    try:
        options, models = _options(form), _models(services, desk, form.models)
        yield from _follow(services, desk, models, options, job)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield View("", busy=False, failure=str(error))
    finally:
        job.stopped.set()
        jobs.end(session, job)


def rescore(desks: Desks, jobs: Jobs, session: str) -> Iterator[View]:
    """Count again what the models found, with the mapping as it is now; no model runs."""
    desk = desks.of(session)
    before = desk.evaluation
    if before is None or not desk.readable or not before.results:
        return
    job, latest = jobs.begin(session), _Latest()

    def work(report: Report) -> Evaluation:
        with desk.work, desk.reading:
            return _again(desk, before, report, latest, job)

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                yield View(ended(step.value, stopped=False), busy=False, scored=True)
            elif latest.progress is not None and latest.due():
                yield View(progress_of(latest.progress, []))
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield View("", busy=False, failure=str(error))
    finally:
        job.stopped.set()
        jobs.end(session, job)


def _options(form: Form) -> Options:
    limit = None if form.limit in (None, "", 0) else whole(form.limit, "Images", MOST_IMAGES)
    return Options(
        limit=limit,
        restart=form.restart,
        engine=form.engine,
        kinds=KINDS if form.boundary else KINDS[:2],
    )


def _models(services: Services, desk: Desk, models: Sequence[str]) -> list[str]:
    """The picked models, each with a class for at least one category.

    Raises:
        InputError: no data set, no model, or one that has nothing in common with the data set.
    """
    if desk.dataset is None:
        raise InputError(NO_DATA)
    if not models:
        raise InputError("No model is picked. Pick one or more, then evaluate.")
    for model in models:
        if not mapping_of(services, desk, model).known().any():
            raise InputError(
                f"{model} has no class that is named as a category of the data set. Say below "
                "which class stands for which category, or take the model away."
            )
    return list(dict.fromkeys(models))


def _follow(
    services: Services, desk: Desk, models: Sequence[str], options: Options, job: Job
) -> Iterator[View]:
    latest = _Latest()

    def work(report: Report) -> tuple[Evaluation, bool]:
        with desk.work:
            return _evaluate(services, desk, models, options, job, report, latest)

    for step in follow(work, job):
        if isinstance(step, Done):
            found, stopped = step.value
            yield View(ended(found, stopped=stopped), busy=False, scored=True)
        elif latest.progress is not None and latest.due():
            yield View(progress_of(latest.progress, models))


def _evaluate(
    services: Services,
    desk: Desk,
    models: Sequence[str],
    options: Options,
    job: Job,
    report: Report,
    latest: _Latest,
) -> tuple[Evaluation, bool]:
    """The evaluation, and whether it was stopped."""
    dataset, folder = desk.dataset, desk.predictions
    if dataset is None or folder is None or job.stopped.is_set():
        raise Cancelled("Stopped before it began.")

    def tell(progress: EvaluationProgress) -> None:
        latest.progress = progress
        report(progress.stage)

    desk.put_away()
    changes = {model: desk.changes.get(model, {}) for model in models}
    stopped = False
    try:
        found = evaluate(
            dataset,
            models,
            services.segmenter,
            folder,
            options,
            changes=changes,
            on_progress=tell,
            cancelled=job.stopped.is_set,
        )
    except Cancelled:
        if job.replaced:
            raise
        found, stopped = _so_far(services, desk, models, options, tell), True
    desk.show(found, options)
    return found, stopped


def _so_far(
    services: Services, desk: Desk, models: Sequence[str], options: Options, tell: OnProgress
) -> Evaluation:
    """The figures of what was predicted before a stop.

    Raises:
        Cancelled: nothing was.
    """
    dataset, folder = desk.dataset, desk.predictions
    assert dataset is not None
    assert folder is not None
    sibling = for_evaluation(
        services.segmenter, options.floor, options.max_instances, options.engine
    )
    begun: list[Predictions] = []
    for model in models:
        one = open_predictions(dataset, sibling, model, folder)
        if len(one):
            begun.append(one)
        else:
            one.close()
    if not begun:
        raise Cancelled("Stopped before an image was done.")
    changes: Mapping[str, Mapping[str, Sequence[str]]] = desk.changes
    return summarize(
        dataset,
        begun,
        options,
        changes=changes,
        on_progress=tell,
        cancelled=lambda: desk.left,
    )


def _again(desk: Desk, before: Evaluation, report: Report, latest: _Latest, job: Job) -> Evaluation:
    def tell(progress: EvaluationProgress) -> None:
        latest.progress = progress
        report(progress.stage)

    found = summarize(
        before.dataset,
        [one.predictions for one in before.results],
        desk.options,
        changes=desk.changes,
        failures=before.failures,
        on_progress=tell,
        cancelled=job.stopped.is_set,
    )
    desk.show(found, desk.options)
    return found
