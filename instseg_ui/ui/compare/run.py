"""Several models run on one photo, one after another."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from markupsafe import Markup

from instseg_ui import images
from instseg_ui.catalog import ModelSpec
from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.errors import Cancelled, ImageError, InputError, InstSegError, NotFetchedError
from instseg_ui.examples.origin import Origin
from instseg_ui.images import Image
from instseg_ui.latency import Latency, known
from instseg_ui.numbers import megabytes, seconds
from instseg_ui.palette import class_colors
from instseg_ui.results import Prediction
from instseg_ui.show.engine_gain import engine_and_gain
from instseg_ui.show.html import alert, progress, summary
from instseg_ui.show.latency import again_words, latency_figure, latency_note
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Job, Report, follow
from instseg_ui.ui.shared.latencies import latencies, renewed
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer import grid_value, pane_value
from instseg_ui.ui.viewer.grid import GridValue, PaneState, PaneValue
from instseg_ui.ui.viewer.picture import colors_by_id, image_value, prediction_value
from instseg_ui.ui.viewer.viewer import ImageValue
from instseg_ui.weights import ModelState

_MEASURING = "Measuring the latency"
STOPPED = ("Stopped before it ran", "Stopped")
"""What is said of a model that was to run when the visitor stopped."""
_STAGES = {"": "waiting", "loading": "loading", "warming up": "warming up", "running": "running"}


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of one model: its pane, and what it found once it is done."""

    pane: PaneValue
    prediction: Prediction | None = None

    @property
    def model(self) -> str:
        return self.pane["model"]

    @property
    def state(self) -> PaneState:
        return self.pane["state"]


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonRun:
    """A comparison so far: the photo, and an outcome a model, in the order of the picks.

    `engine` is what was asked to run them, one of `engines.MODES`; None is the setting's. `origin`
    is where a comparison was run that ships as an example; None is here. `latencies` are those
    known of the models on images of that size. A pane begins at its model's of `thresholds`, or at
    `threshold`.
    """

    photo: str
    shown: ImageValue
    digest: str
    outcomes: tuple[Outcome, ...]
    threshold: float
    engine: str | None = None
    origin: Origin | None = None
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(outcome.model for outcome in self.outcomes)

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """What the models that are done found, at the floor."""
        return tuple(one.prediction for one in self.outcomes if one.prediction is not None)

    @property
    def colors(self) -> Mapping[str, str]:
        """The colours of all these models' classes, by name."""
        return class_colors(*(one.classes for one in self.predictions))

    def put(self, place: int, outcome: Outcome) -> ComparisonRun:
        """The same run with another outcome at that place."""
        outcomes = (*self.outcomes[:place], outcome, *self.outcomes[place + 1 :])
        return replace(self, outcomes=outcomes)


@dataclass(frozen=True, slots=True)
class CompareView:
    """What to show; a part that is None stays as it is, but for `cleared`: then no run is left."""

    progress: Markup
    run: ComparisonRun | None = None
    grid: GridValue | None = None
    busy: bool = True
    cleared: bool = False


def run(
    services: Services,
    photo: str | None,
    models: Sequence[str],
    threshold: float,
    session: str,
    cache: Path,
    engine: str | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> Iterator[CompareView]:
    """Run the models on the photo at `photo`, and yield what to show as each gets on.

    `engine` is one of `engines.MODES`, None the setting's. `thresholds` are those of models that
    have their own. A model that fails says why in its
    pane and the others go on. A newer run of the same visitor ends this one in silence.
    """
    job = services.jobs["compare"].begin(session)
    try:
        specs = picked(services, models)
        if photo is None:
            raise InputError("There is no photo yet. Choose one, then compare.")
        image = images.read(photo, services.settings)
        begun = replace(
            _begin(photo, image, specs, threshold, cache, engine), thresholds=dict(thresholds or {})
        )
        yield from _run_all(services, begun, image, job)
    except ImageError as error:
        # What is left below would be of another photo.
        yield CompareView(alert(told(error)), grid=grid_value(), busy=False, cleared=True)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield CompareView(alert(told(error)), busy=False)
    finally:
        job.stopped.set()
        services.jobs["compare"].end(session, job)


def measured_again(
    services: Services, run: ComparisonRun | None, session: str
) -> Iterator[CompareView]:
    """Measure the latencies of a comparison's models anew, in turn, and yield how far it is.

    Fewer runs than make a figure, after a stop or too long a time, leave what was known.
    """
    job = services.jobs["compare"].begin(session)
    try:
        if run is None or not run.predictions:
            raise InputError("There is nothing to measure yet. Compare models first.")
        if run.origin is not None:
            raise InputError("An example is not measured. Compare runs the models here.")
        image = images.read(run.photo, services.settings)
        yield from _with_latencies(services, run, image, job, again=True)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield CompareView(alert(told(error)), busy=False)
    finally:
        job.stopped.set()
        services.jobs["compare"].end(session, job)


def picked(services: Services, models: Sequence[str]) -> list[ModelSpec]:
    """The catalog's rows of the models; those that are not here stand last.

    Raises:
        InputError: none, too many, or one that is not in the catalog.
    """
    if not models:
        raise InputError("No model is ticked. Tick two or more, then compare.")
    if len(models) > MOST_MODELS:
        raise InputError(f"Tick at most {MOST_MODELS} models; {len(models)} are ticked.")
    specs = [services.segmenter.catalog.get(name) for name in dict.fromkeys(models)]
    # The first is the reference of the others.
    return sorted(specs, key=lambda spec: not services.segmenter.store.status(spec).usable)


def grid_of(run: ComparisonRun) -> GridValue:
    """The grid's value of a run."""
    return grid_value(
        image=run.shown,
        panes=[_with_threshold(outcome.pane, run.thresholds) for outcome in run.outcomes],
        threshold=run.threshold,
    )


def _with_threshold(pane: PaneValue, thresholds: Mapping[str, float]) -> PaneValue:
    pane = pane.copy()
    pane["threshold"] = thresholds.get(pane["model"])
    return pane


def _begin(
    photo: str,
    image: Image,
    specs: Sequence[ModelSpec],
    threshold: float,
    cache: Path,
    engine: str | None,
) -> ComparisonRun:
    shown = image_value(image, cache)
    outcomes = tuple(Outcome(pane_value(spec.id, message="Waiting")) for spec in specs)
    return ComparisonRun(photo, shown, image.digest, outcomes, threshold, engine)


def _run_all(
    services: Services, run: ComparisonRun, image: Image, job: Job
) -> Iterator[CompareView]:
    """Every model in turn; each view shows how far it is."""
    for place, model in enumerate(run.models):
        outcome = _not_here(services, model)
        if job.stopped.is_set():
            outcome = outcome or Outcome(pane_value(model, message=STOPPED[0]))
        if outcome is None:
            run = run.put(place, Outcome(pane_value(model, "running")))
            yield CompareView(_progress(run, place, "", 0), run, grid_of(run))
            outcome = yield from _run_one(services, run, place, image, job)
        run = run.put(place, outcome)
    yield from _with_latencies(services, run, image, job)


def _with_latencies(
    services: Services, run: ComparisonRun, image: Image, job: Job, *, again: bool = False
) -> Iterator[CompareView]:
    """The whole run at once, then with the latencies that are measured for it."""
    models = [one.model for one in run.predictions]
    if not models or job.stopped.is_set():
        yield CompareView(_summary(run), run, grid_of(run), busy=False)
        return
    yield CompareView(progress(_MEASURING), run, grid_of(run))
    found: Mapping[str, Latency] = {}
    for step in latencies(services, image, models, run.engine, job, again=again):
        if isinstance(step, Done):
            found = step.value
        else:
            yield CompareView(progress(step.name or _MEASURING))
    ended = summary(again_words(found.values())) if again else _summary(run)
    found = renewed(run.latencies, found)
    services.remember(found)
    run = replace(run, latencies=found, outcomes=_timed(run, found))
    yield CompareView(ended, run, grid_of(run), busy=False)


def _timed(run: ComparisonRun, found: Mapping[str, Latency]) -> tuple[Outcome, ...]:
    """The outcomes with their latencies in the captions."""
    timed: list[Outcome] = []
    for one in run.outcomes:
        before = [done.prediction for done in timed if done.prediction is not None]
        latency = found.get(one.model)
        timed.append(_done(one.prediction, before, latency) if one.prediction else one)
    return tuple(timed)


def _run_one(
    services: Services, run: ComparisonRun, place: int, image: Image, job: Job
) -> Generator[CompareView, None, Outcome]:
    model = run.models[place]

    def work(report: Report) -> Prediction:
        return services.segmenter.segment(
            image, model, engine=run.engine, on_stage=report, cancelled=job.stopped.is_set
        )

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                size = image.width, image.height
                latency = known(services.segmenter, model, size, run.engine)
                return _done(step.value, run.predictions, latency)
            yield CompareView(_progress(run, place, step.name, step.elapsed))
    except Cancelled:
        if job.replaced:
            raise
        return Outcome(pane_value(model, message=STOPPED[1]))
    except NotFetchedError as error:
        return Outcome(pane_value(model, "not fetched", message=told(error)))
    except InstSegError as error:
        return Outcome(pane_value(model, "failed", message=told(error)))
    raise AssertionError("follow() ends with Done or raises")


def _done(
    prediction: Prediction, before: Sequence[Prediction], latency: Latency | None = None
) -> Outcome:
    """What `before` has given its colours to keeps them, and so does a class of the same name."""
    colors = class_colors(*(one.classes for one in (*before, prediction)))
    pane = pane_value(
        prediction.model,
        "done",
        prediction=prediction_value(prediction),
        colors=colors_by_id(prediction, colors),
        caption=[
            f"{latency_figure(latency)} ({latency_note(latency)})",
            megabytes(prediction.size_mb),
            engine_and_gain(prediction.runtime),
        ],
    )
    return Outcome(pane, prediction)


def _not_here(services: Services, model: str) -> Outcome | None:
    """The outcome of a model that cannot run now; None if it can."""
    spec = services.segmenter.catalog.get(model)
    status = services.segmenter.store.status(spec)
    if status.usable:
        return None
    state: PaneState = "not fetched" if status.state is ModelState.NOT_FETCHED else "failed"
    return Outcome(pane_value(model, state, message=status.reason))


def _progress(run: ComparisonRun, place: int, stage: str, elapsed: float) -> Markup:
    model, count = run.models[place], len(run.outcomes)
    words = high_performance.preparing_sentence(model, stage)
    words = words or f"{model}: {_STAGES.get(stage, 'running')}"
    sentence = f"{words} · model {place + 1} of {count}"
    if elapsed >= 1:
        sentence += f" · {seconds(elapsed)}"
    return progress(sentence, place / count)


def _summary(run: ComparisonRun) -> Markup:
    """How the run ended."""
    total, done = len(run.outcomes), len(run.predictions)
    parts = [f"{done} of {total} models done"]
    parts += [
        f"{count} {words}"
        for state, words in (
            ("failed", "failed: the reason is in its pane"),
            ("not fetched", "not on this machine: fetch above"),
            ("waiting", "stopped"),
        )
        if (count := sum(one.state == state for one in run.outcomes))
    ]
    return summary(" · ".join(parts))
