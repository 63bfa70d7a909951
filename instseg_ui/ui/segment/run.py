"""One photo run through one model: what the Segment tab shows at each moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from instseg_ui import images
from instseg_ui.catalog import ModelSpec
from instseg_ui.errors import Cancelled, ImageError, ImageSizeError, InstSegError, NotFetchedError
from instseg_ui.images import Image
from instseg_ui.images.scaled import scaled_down
from instseg_ui.latency import known
from instseg_ui.numbers import seconds
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Prediction, check_threshold
from instseg_ui.settings import Settings
from instseg_ui.show.knowledge import classes_of, nothing_found, wider_model
from instseg_ui.show.latency import again_words
from instseg_ui.show.model_facts import model_facts, waiting
from instseg_ui.ui import uploads
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Job, JobStage, Report, follow
from instseg_ui.ui.shared.latencies import latencies, renewed
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer.picture import colors_by_id, image_value, prediction_value
from instseg_ui.ui.viewer.viewer import ImageValue, MessageValue, ViewerValue, viewer_value
from instseg_ui.ui.workbench.tray import THRESHOLD

_STAGES = {
    "": "Waiting for",
    "loading": "Loading",
    "warming up": "Warming up",
    "running": "Running",
}


_MEASURING = "measuring …"
STAYS: Any = gr.skip()
"""The viewer's value where it is not to change."""


@dataclass(frozen=True, slots=True)
class SegmentView:
    """What to show: the viewer's value and the facts; `refused` says why the photo is none.

    `fits_at` is the share of its size at which a photo with too many pixels is accepted, `found`
    how many objects there are at the threshold of the tray.
    """

    viewer: ViewerValue
    facts: Markup
    refused: str = ""
    busy: bool = False
    fits_at: float | None = None
    found: int | None = None


def run(
    services: Services,
    photo: str | None,
    model: str | None,
    session: str,
    cache: Path,
    engine: str | None = None,
    refused: str = "",
    threshold: float = THRESHOLD,
) -> Iterator[SegmentView]:
    """Segment the photo at `photo` and yield what to show, stage by stage.

    `engine` is one of `engines.MODES`, None the setting's. Without a photo `refused` says why the
    last one was none. At `threshold` the viewer begins. A newer run of the same visitor ends
    this one in silence; asking again for what is running yields nothing, since starting over
    would cost the model's loading.
    """
    spec = services.spec(model)
    task = (photo, spec.id, engine)
    if services.jobs["segment"].doing(session) == task:
        return
    job = services.jobs["segment"].begin(session, task)
    try:
        if photo is None:
            yield refusal(spec, refused) if refused else no_photo(spec)
            return
        yield from _run(services, photo, spec, engine, job, cache, threshold)
    except ImageError as error:
        share = error.share if isinstance(error, ImageSizeError) else None
        yield replace(refusal(spec, told(error)), fits_at=share)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield failed(spec, error)
    finally:
        job.stopped.set()
        services.jobs["segment"].end(session, job)


def measured_again(
    services: Services,
    photo: str | None,
    model: str | None,
    session: str,
    engine: str | None = None,
) -> Iterator[SegmentView]:
    """Measure the latency of what is shown anew, and yield the facts as it gets on.

    Fewer runs than make a figure, after a stop or too long a time, leave what was known.
    """
    spec = services.spec(model)
    job = services.jobs["segment"].begin(session)
    try:
        if photo is not None:
            yield from _measured_again(services, photo, spec, engine, job)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield SegmentView(STAYS, waiting(spec, told(error)))
    finally:
        job.stopped.set()
        services.jobs["segment"].end(session, job)


def _measured_again(
    services: Services, photo: str, spec: ModelSpec, engine: str | None, job: Job
) -> Iterator[SegmentView]:
    image = images.read(photo, services.settings)
    prediction = services.segmenter.segment(
        image, spec.id, engine=engine, cancelled=job.stopped.is_set
    )
    size = image.width, image.height
    earlier = known(services.segmenter, spec.id, size, engine)
    before = {spec.id: earlier} if earlier else {}
    words = _MEASURING
    yield SegmentView(STAYS, model_facts(prediction, spec, earlier, words), busy=True)
    for step in latencies(services, image, [spec.id], engine, job, again=True):
        if isinstance(step, Done):
            found = renewed(before, step.value)
            services.remember(found)
            gr.Info(again_words(step.value.values()), duration=6)
            yield SegmentView(STAYS, model_facts(prediction, spec, found.get(spec.id)))
        elif (now := step.name.rpartition(": ")[2] or _MEASURING) != words:
            words = now
            yield SegmentView(STAYS, model_facts(prediction, spec, earlier, words), busy=True)


def scaled(photo: str, settings: Settings) -> tuple[str, str]:
    """A photo with too many pixels as an upload that is accepted; and what was done to it.

    Raises:
        InputError: it is no upload of this server.
        ImageError: it cannot be read, or is too large to be scaled here.
    """
    path = uploads.received(photo)
    data, before, now = scaled_down(path.read_bytes(), settings)
    smaller = uploads.kept(data, f"{path.stem[:80]}-scaled.jpg")
    width, height = before
    return str(smaller), (
        f"Scaled from {width:,} × {height:,} to {now[0]:,} × {now[1]:,} pixels, "
        f"{now[0] / width:.0%} of each side."
    )


def no_photo(spec: ModelSpec) -> SegmentView:
    """Before any photo."""
    message: MessageValue = {"kind": "empty", "text": "Drop a photo here"}
    return SegmentView(viewer_value(message=message), waiting(spec, "Measured when it runs."))


def refusal(spec: ModelSpec, sentence: str) -> SegmentView:
    """The photo cannot be used: nothing is left of it, nor of the one before."""
    message: MessageValue = {"kind": "refused", "text": sentence}
    facts = waiting(spec, "Measured when it runs.")
    return SegmentView(viewer_value(message=message), facts, sentence)


def failed(spec: ModelSpec, error: InstSegError) -> SegmentView:
    """The photo stays, without instances; the sentence says what to do."""
    message: MessageValue = {"kind": "error", "text": told(error)}
    return SegmentView(viewer_value(message=message), waiting(spec, "It did not run."))


def answer(
    services: Services,
    photo: str | None,
    model: str | None,
    threshold: float,
    engine: str | None = None,
) -> dict[str, Any]:
    """One photo's instances at `threshold` as plain JSON values; see `prediction_json.to_json`.

    Raises:
        InstSegError: no photo, no such model or engine, or it failed.
    """
    threshold = check_threshold(threshold)
    if photo is None:
        raise images.ImageError("No image came. Send one as `image`.")
    image = images.read(photo, services.settings)
    prediction = services.segmenter.segment(image, model or None, engine=engine)
    return {**to_json(prediction.at(threshold)), "threshold": threshold}


def _run(
    services: Services,
    photo: str,
    spec: ModelSpec,
    engine: str | None,
    job: Job,
    cache: Path,
    threshold: float,
) -> Iterator[SegmentView]:
    image = images.read(photo, services.settings)
    shown = image_value(image, cache)

    def work(report: Report) -> Prediction:
        return services.segmenter.segment(
            image, spec.id, engine=engine, on_stage=report, cancelled=job.stopped.is_set
        )

    stage, classes = "", classes_of(services.segmenter.store, spec)
    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                view = _done(services, step.value, spec, engine, shown, threshold)
                yield from _with_latency(services, view, step.value, image, engine, job)
                return
            stage = step.name
            sentence = _busy_sentence(spec.id, step)
            message: MessageValue = {"kind": "busy", "text": sentence}
            viewer = viewer_value(image=shown, message=message)
            yield SegmentView(viewer, waiting(spec, sentence, classes), busy=True)
    except NotFetchedError as error:
        # A state, not a fault.
        message = {"kind": "empty", "text": told(error)}
        viewer = viewer_value(image=shown, message=message)
        yield SegmentView(viewer, waiting(spec, "Not fetched yet."))
    except Cancelled:
        if job.replaced or not high_performance.preparing(stage):
            raise
        raise Cancelled(high_performance.stopped_sentence(spec.id)) from None


def _busy_sentence(model: str, stage: JobStage) -> str:
    sentence = high_performance.preparing_sentence(model, stage.name)
    sentence = sentence or f"{_STAGES.get(stage.name, 'Running')} {model}"
    return f"{sentence} · {seconds(stage.elapsed)}" if stage.elapsed >= 1 else sentence


def _done(
    services: Services,
    prediction: Prediction,
    spec: ModelSpec,
    engine: str | None,
    shown: ImageValue,
    threshold: float,
) -> SegmentView:
    found, colors = prediction_value(prediction, engine), colors_by_id(prediction)
    found["hint"] = _hint(services, spec, prediction.labels)
    viewer = viewer_value(image=shown, prediction=found, colors=colors, threshold=threshold)
    seen = prediction.at(max(THRESHOLD, prediction.floor))
    return SegmentView(viewer, model_facts(prediction, spec), found=len(seen.instances))


def _hint(services: Services, spec: ModelSpec, classes: Sequence[str]) -> str:
    """What to say where nothing is found: what the model knows, and which one knows more."""
    catalog, store = services.segmenter.catalog, services.segmenter.store
    return nothing_found(spec.id, classes, wider_model(store, list(catalog), len(classes)))


def _with_latency(
    services: Services,
    view: SegmentView,
    prediction: Prediction,
    image: Image,
    engine: str | None,
    job: Job,
) -> Iterator[SegmentView]:
    """The view at once with the latency as far as it is known, then as it is measured."""
    spec = services.spec(prediction.model)
    found = known(services.segmenter, spec.id, (image.width, image.height), engine)
    services.remember({spec.id: found} if found else {})
    busy = "" if found and found.enough else _MEASURING
    yield replace(view, facts=model_facts(prediction, spec, found, busy))
    if not busy:
        return
    for step in latencies(services, image, [spec.id], engine, job):
        if isinstance(step, Done):
            services.remember(step.value)
            facts = model_facts(prediction, spec, step.value.get(spec.id, found))
            yield SegmentView(STAYS, facts)
