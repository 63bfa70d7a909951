"""Evaluating from the page: the upload is opened, models are run on it, and the figures made."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

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
from instseg_ui.evaluate.latencies import kept_latencies, measured_latencies
from instseg_ui.evaluate.run import OnProgress
from instseg_ui.evaluate.scores import KINDS
from instseg_ui.show.evaluation import ended_words, progress_words
from instseg_ui.show.html import progress, summary
from instseg_ui.show.latency import again_words
from instseg_ui.ui.benchmark.run import whole
from instseg_ui.ui.evaluate.desk import NO_DATA, Desk, Desks
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Job, Jobs, Report, follow
from instseg_ui.ui.shared.latencies import renewed
from instseg_ui.ui.shared.services import Services
from instseg_ui.workers.hardware import hardware

MOST_IMAGES = 100_000
_EVERY_S = 0.25
HINT = summary(
    "Add a data set, tick models, then evaluate. A run that was stopped goes on where it was."
)
WAITING = progress("Waiting for its turn")


@dataclass(frozen=True, slots=True)
class EvaluationForm:
    """What the visitor has set, as the page hands it over."""

    models: Sequence[str]
    limit: object
    boundary: bool
    restart: bool
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """What to show; `opened` and `scored` tell what is new on the desk."""

    progress: str
    busy: bool = True
    failure: str | None = None
    opened: bool = False
    scored: bool = False


def merged(shown: EvaluationView, view: EvaluationView) -> EvaluationView:
    """What a window is shown that comes later: the newest, and all that is new on the desk."""
    return replace(view, opened=shown.opened or view.opened, scored=shown.scored or view.scored)


@dataclass(slots=True)
class _Latest:
    """Where the work is; written by its thread, read by the page's."""

    now: EvaluationProgress | None = None
    shown: float = 0.0

    def due(self) -> bool:
        """Whether it is time to show it again."""
        now = time.monotonic()
        if now < self.shown + _EVERY_S:
            return False
        self.shown = now
        return True


def open_upload(
    desks: Desks,
    jobs: Jobs,
    uploads: Sequence[str] | None,
    session: str,
    photos: Sequence[str] = (),
) -> Iterator[EvaluationView]:
    """Open what was uploaded and yield how far it is; what was there before is put away.

    `photos` are files beside the uploads that belong to somebody else and stay where they are.
    """
    job = jobs.begin(session)
    latest = _Latest()

    def work(report: Report) -> Dataset:
        return desks.take(session, uploads or (), Watch(report, job.stopped.is_set), photos)

    def steps() -> Iterator[EvaluationView]:
        for step in follow(work, job):
            if isinstance(step, Done):
                sentence = "Opened. Look at the findings and the mapping below, then evaluate."
                yield EvaluationView(summary(sentence), busy=False, opened=True, scored=True)
            elif latest.due():
                yield EvaluationView(progress(step.name or "Opening the data set"))

    failed = EvaluationView("", busy=False, opened=True, scored=True)
    yield from _until_its_end(steps(), failed, jobs, job, session)


def reopen(services: Services, desks: Desks, jobs: Jobs, session: str) -> Iterator[EvaluationView]:
    """Put back what an earlier server kept of the desk: the data set, and the figures counted anew.

    Nothing is yielded where nothing was kept; no model runs.
    """
    memory = desks.kept(session)
    if not memory:
        return
    job, desk, latest = jobs.begin(session), desks.of(session), _Latest()

    def work(report: Report) -> None:
        with desk.work:
            if desk.dataset is None:
                desks.take_again(session, memory, Watch(report, job.stopped.is_set))
                _count_again(services, desk, memory, report, latest)

    def steps() -> Iterator[EvaluationView]:
        for step in follow(work, job):
            if isinstance(step, Done):
                yield EvaluationView(HINT, busy=False, opened=True, scored=True)
            elif latest.now is not None and latest.due():
                yield EvaluationView(_progress(latest.now, []))
            elif latest.due():
                yield EvaluationView(progress(step.name or "Opening your data set again"))

    failed = EvaluationView("", busy=False, opened=True, scored=True)
    yield from _until_its_end(steps(), failed, jobs, job, session)


def _count_again(
    services: Services, desk: Desk, memory: Mapping[str, Any], report: Report, latest: _Latest
) -> None:
    """The figures of the kept predictions; without any the data set is there alone."""
    models, limit = memory.get("models") or [], memory.get("limit")
    options = Options(
        limit=limit if isinstance(limit, int) else None,
        engine=memory.get("engine"),
        kinds=tuple(kind for kind in KINDS if kind in (memory.get("kinds") or KINDS[:2])),
        latency=False,
    )

    def tell(now: EvaluationProgress) -> None:
        latest.now = now
        report(now.stage)

    with suppress(Cancelled, InstSegError):
        if models:
            desk.show(_so_far(services, desk, models, options, tell), options)


def run(
    services: Services, desks: Desks, jobs: Jobs, form: EvaluationForm, session: str
) -> Iterator[EvaluationView]:
    """Evaluate the models, and yield what to show while it goes on and how it ended.

    A run that is stopped shows the figures of the images that all its models were run on.
    """
    job = jobs.begin(session)
    desk = desks.of(session)

    def steps() -> Iterator[EvaluationView]:
        options, models = _options(form), _models(services, desk, form.models)
        yield from _follow(services, desk, models, options, job)

    yield from _until_its_end(steps(), EvaluationView("", busy=False), jobs, job, session)


def rescore(desks: Desks, jobs: Jobs, session: str) -> Iterator[EvaluationView]:
    """Count again what the models found, with the mapping as it is now; no model runs."""
    desk = desks.of(session)
    before = desk.evaluation
    if before is None or not desk.readable or not before.results:
        return
    job, latest = jobs.begin(session), _Latest()

    def work(report: Report) -> Evaluation:
        with desk.work, desk.reading:
            return _again(desk, before, report, latest, job)

    def steps() -> Iterator[EvaluationView]:
        for step in follow(work, job):
            if isinstance(step, Done):
                yield EvaluationView(summary(ended_words(step.value)), busy=False, scored=True)
            elif latest.now is not None and latest.due():
                yield EvaluationView(_progress(latest.now, []))

    yield from _until_its_end(steps(), EvaluationView("", busy=False), jobs, job, session)


def measured_again(
    services: Services, desks: Desks, jobs: Jobs, session: str
) -> Iterator[EvaluationView]:
    """Measure the latencies of an evaluation's models anew, in turn; its other figures stay."""
    desk = desks.of(session)
    job, latest = jobs.begin(session), _Latest()

    def work(report: Report) -> str:
        with desk.work:
            return _measured_again(services, desk, report, latest, job)

    def steps() -> Iterator[EvaluationView]:
        for step in follow(work, job):
            if isinstance(step, Done):
                yield EvaluationView(summary(step.value), busy=False, scored=True)
            elif latest.now is not None and latest.due():
                yield EvaluationView(_progress(latest.now, []))

    yield from _until_its_end(steps(), EvaluationView("", busy=False), jobs, job, session)


def _measured_again(
    services: Services, desk: Desk, report: Report, latest: _Latest, job: Job
) -> str:
    """Put the new latencies on the desk; how it ended, in words."""
    before = desk.evaluation
    if before is None or not before.results:
        raise InputError("There is nothing to measure yet. Evaluate a model first.")

    def tell(now: EvaluationProgress) -> None:
        latest.now = now
        report(now.stage)

    found = measured_latencies(
        before.dataset,
        services.segmenter,
        [one.model for one in before.results],
        before.images,
        desk.options.engine,
        again=True,
        on_progress=tell,
        cancelled=job.stopped.is_set,
    )
    services.remember(found)
    # The example's other figures are of another machine, but no times are among them now.
    machine = before.machine if desk.example is None else hardware()
    with desk.reading:
        desk.evaluation = replace(
            before, latencies=renewed(before.latencies, found), machine=machine
        )
    return again_words(found.values())


def _until_its_end(
    steps: Iterator[EvaluationView], failed: EvaluationView, jobs: Jobs, job: Job, session: str
) -> Iterator[EvaluationView]:
    """The steps; where they fail, `failed` with the reason, but in silence for a newer job."""
    try:
        yield from steps
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield replace(failed, failure=told(error))
    finally:
        job.stopped.set()
        jobs.end(session, job)


def _progress(now: EvaluationProgress, models: Sequence[str]) -> str:
    """The bar is that of all models together."""
    share, words = (now.done / now.total if now.total else None), progress_words(now)
    if len(models) > 1 and now.model in models and now.stage != "scoring":
        place = models.index(now.model)
        words += f" · model {place + 1} of {len(models)}"
        share = None if share is None else (place + share) / len(models)
    return progress(words, share)


def _options(form: EvaluationForm) -> Options:
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
        raise InputError("No model is ticked. Tick one or more, then evaluate.")
    for model in models:
        if not desk.mapping(services.segmenter, model).known().any():
            raise InputError(
                f"{model} has no class that is named as a category of the data set. Say below "
                "which class stands for which category, or take the model away."
            )
    return list(dict.fromkeys(models))


def _follow(
    services: Services, desk: Desk, models: Sequence[str], options: Options, job: Job
) -> Iterator[EvaluationView]:
    latest = _Latest()

    def work(report: Report) -> tuple[Evaluation, bool]:
        with desk.work:
            return _evaluate(services, desk, models, options, job, report, latest)

    for step in follow(work, job):
        if isinstance(step, Done):
            found, stopped = step.value
            yield EvaluationView(
                summary(ended_words(found, stopped=stopped)), busy=False, scored=True
            )
        elif latest.now is not None and latest.due():
            yield EvaluationView(_progress(latest.now, models))


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

    def tell(now: EvaluationProgress) -> None:
        latest.now = now
        report(now.stage)

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
    timed = kept_latencies(
        dataset,
        services.segmenter,
        [one.key.model for one in begun],
        np.ones(len(dataset.images), bool),
        options.engine,
    )
    return summarize(
        dataset,
        begun,
        options,
        changes=changes,
        latencies=timed,
        on_progress=tell,
        cancelled=lambda: desk.left,
    )


def _again(desk: Desk, before: Evaluation, report: Report, latest: _Latest, job: Job) -> Evaluation:
    def tell(now: EvaluationProgress) -> None:
        latest.now = now
        report(now.stage)

    found = summarize(
        before.dataset,
        [one.predictions for one in before.results],
        desk.options,
        changes=desk.changes,
        failures=before.failures,
        latencies=before.latencies,
        on_progress=tell,
        cancelled=job.stopped.is_set,
    )
    # No model ran: the times are still those of the machine that it was run on.
    found = replace(found, machine=before.machine)
    desk.show(found, desk.options)
    return found
