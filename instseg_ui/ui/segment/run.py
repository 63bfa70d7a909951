"""Looking at one photo with one model: what the Segment tab shows at each moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import cv2

from instseg_ui import images
from instseg_ui.catalog import ModelSpec
from instseg_ui.errors import Cancelled, InstSegError
from instseg_ui.images import Image
from instseg_ui.numbers import seconds
from instseg_ui.palette import color
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Prediction, check_threshold
from instseg_ui.ui import uploads
from instseg_ui.ui.segment.facts import facts_html, waiting_html
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.jobs import Done, Job, Report, Stage, follow
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer.viewer import (
    ImageValue,
    MessageValue,
    PredictionValue,
    ViewerValue,
    viewer_value,
)

_QUALITY = 92
_STAGES = {
    "": "Waiting for",
    "loading": "Loading",
    "warming up": "Warming up",
    "running": "Running",
}


@dataclass(frozen=True, slots=True)
class View:
    """What to show: the viewer's value, the facts' HTML, and a sentence if something failed."""

    viewer: ViewerValue
    facts: str
    failure: str | None = None
    busy: bool = False


def look(
    services: Services,
    photo: str | None,
    model: str | None,
    session: str,
    cache: Path,
    engine: str | None = None,
) -> Iterator[View]:
    """Segment the photo at `photo` and yield what to show, stage by stage.

    `engine` is one of `engines.MODES`, None the setting's. A newer look of the same visitor ends
    this one in silence; asking again for what is running yields nothing, since starting over
    would cost the model's loading.
    """
    spec = services.spec(model)
    task = (photo, spec.id, engine)
    if services.jobs.doing(session) == task:
        return
    job = services.jobs.begin(session, task)
    try:
        if photo is None:
            yield nothing(spec)
            return
        yield from _look(services, photo, spec, engine, job, cache)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            view = failed(spec, str(error))
            yield replace(view, failure=None) if isinstance(error, Cancelled) else view
    finally:
        job.stopped.set()
        services.jobs.end(session, job)


def nothing(spec: ModelSpec) -> View:
    """Before any photo."""
    message: MessageValue = {"kind": "empty", "text": "Drop a photo here"}
    return View(viewer_value(message=message), waiting_html(spec, "Measured when it runs."))


def failed(spec: ModelSpec, sentence: str) -> View:
    """The old picture stays; the sentence says what to do."""
    message: MessageValue = {"kind": "error", "text": sentence}
    return View(viewer_value(message=message), waiting_html(spec, "It did not run."), sentence)


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


def _look(
    services: Services, photo: str, spec: ModelSpec, engine: str | None, job: Job, cache: Path
) -> Iterator[View]:
    image = images.read(photo, services.settings)
    shown: ImageValue = {
        "url": display_url(image, cache),
        "width": image.width,
        "height": image.height,
        "name": image.name,
    }

    def work(report: Report) -> Prediction:
        return services.segmenter.segment(
            image, spec.id, engine=engine, on_stage=report, cancelled=job.stopped.is_set
        )

    stage = ""
    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                yield _done(step.value, spec, engine, shown)
                return
            stage = step.name
            sentence = _busy_sentence(spec.id, step)
            message: MessageValue = {"kind": "busy", "text": sentence}
            viewer = viewer_value(image=shown, message=message)
            yield View(viewer, waiting_html(spec, sentence), busy=True)
    except Cancelled:
        if job.replaced or not high_performance.preparing(stage):
            raise
        raise Cancelled(high_performance.stopped_sentence(spec.id)) from None


def _busy_sentence(model: str, stage: Stage) -> str:
    sentence = high_performance.preparing_sentence(model, stage.name)
    sentence = sentence or f"{_STAGES.get(stage.name, 'Running')} {model}"
    return f"{sentence} · {seconds(stage.elapsed)}" if stage.elapsed >= 1 else sentence


def _done(prediction: Prediction, spec: ModelSpec, engine: str | None, shown: ImageValue) -> View:
    classes = {(row.class_id, row.label) for row in prediction.instances}
    viewer = viewer_value(
        image=shown,
        prediction=cast(PredictionValue, {**to_json(prediction), "engine": engine or ""}),
        colors={str(class_id): color(label) for class_id, label in classes},
    )
    return View(viewer, facts_html(prediction, spec))


def display_url(image: Image, cache: Path) -> str:
    """The upright pixels as a file that every browser can show, in Gradio's own cache.

    Its name cannot be guessed, and it is deleted an hour after it was last shown anew.
    """
    path = cache / uploads.private_name(image.digest) / "photo.jpg"
    if not uploads.renewed(path):
        data = cv2.imencode(".jpg", image.pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        uploads.write(path, data.tobytes())
    return f"/gradio_api/file={path.as_posix()}"
