"""Running a model over a data set: picture by picture, to be stopped and taken up again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instseg_ui.errors import BusyError, Cancelled, ImageError, WorkerError
from instseg_ui.evaluate.builder import IsCancelled, never
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.predictions import Predictions, RunKey
from instseg_ui.images import Image
from instseg_ui.results import Prediction
from instseg_ui.segmenter import Segmenter

FLOOR = 0.001
"""Lowest score that an evaluation keeps: AP needs the low ones too."""
MAX_INSTANCES = 100
"""Most instances that an evaluation keeps of one picture, as COCO does."""
_GIVE_UP = 5
_BUSY_WAITS = 60
_BUSY_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class EvaluationProgress:
    """How far an evaluation is.

    Attributes:
        stage: `loading`, `warming up`, `running`, `checking`, `measuring` or `scoring`.
        model: which one is at work.
        done, total: pictures; runs while measuring.
        image: the picture's name.
        seconds_left: of this model's run; None when nobody can tell.
    """

    stage: str
    model: str
    done: int = 0
    total: int = 0
    image: str = ""
    seconds_left: float | None = None


OnProgress = Callable[[EvaluationProgress], None]


def ignore(progress: EvaluationProgress) -> None:
    """Nobody looks on."""


def for_evaluation(
    segmenter: Segmenter,
    floor: float = FLOOR,
    max_instances: int = MAX_INSTANCES,
    engine: str | None = None,
) -> Segmenter:
    """A segmenter that keeps low scores, with the same loaded models. Do not close it.

    Args:
        engine: what runs the models, as the setting of that name; None is the setting's.
    """
    changes: dict[str, Any] = {
        "floor": floor,
        "max_instances": max_instances,
        "cache_predictions": 0,
    }
    changes |= {"engine": engine} if engine else {}
    return segmenter.sibling(**changes)


def open_predictions(
    dataset: Dataset, segmenter: Segmenter, model: str, folder: Path, *, restart: bool = False
) -> Predictions:
    """The file of a model's predictions in `folder`; what is there of the same run is taken up.

    Args:
        segmenter: of `for_evaluation`.

    Raises:
        UnknownModelError, NotFetchedError, ModelFolderError: no such model here.
        BusyError, InputError: see `Predictions`.
    """
    spec = segmenter.catalog.get(model)
    facts = segmenter.store.folder(spec)
    settings = segmenter.settings
    key = RunKey(
        spec.id,
        facts.content,
        facts.labels,
        dataset.digest,
        settings.floor,
        settings.max_instances,
        settings.device,
        settings.engine,
    )
    return Predictions(folder / f"{spec.id}.jsonl", key, restart=restart)


def predict(
    dataset: Dataset,
    segmenter: Segmenter,
    predictions: Predictions,
    *,
    images: Sequence[int] | None = None,
    on_progress: OnProgress = ignore,
    cancelled: IsCancelled = never,
) -> None:
    """Run the model on the pictures that it has not been run on.

    A picture that cannot be read, or on which the model fails, is written down as such and the
    others go on; it is tried again when the run is taken up.

    Args:
        dataset: where the pictures are.
        segmenter: of `for_evaluation`.
        predictions: where they are written, as they come.
        images: places of the pictures; None is all.
        on_progress: told at each picture.
        cancelled: asked all the time.

    Raises:
        Cancelled: `cancelled` said so; what was written stays.
        ModelError: the model cannot be loaded.
        WorkerError: it failed on its first pictures, one after the other.
        InputError: the predictions cannot be written.
    """
    places = list(range(len(dataset.images)) if images is None else images)
    run = _EvaluationRun(dataset, segmenter, predictions, len(places), on_progress, cancelled)
    if predictions.taken_up:
        run.check(places)
    for done, place in enumerate(places):
        run.tell("running", done, dataset.images[place].name)
        if dataset.images[place].id not in predictions:
            run.one(place)
    predictions.sync()
    run.tell("running", len(places))


@dataclass(slots=True)
class _EvaluationRun:
    """One model's way through the pictures."""

    dataset: Dataset
    segmenter: Segmenter
    predictions: Predictions
    total: int
    on_progress: OnProgress
    cancelled: IsCancelled
    _ran: int = 0
    _failed: int = 0
    _done: int = 0
    _name: str = ""
    _started: float = field(default_factory=time.monotonic)

    def check(self, places: Sequence[int]) -> None:
        """Pictures that were replaced since are run again."""
        for done, place in enumerate(places):
            self.tell("checking", done)
            entry = self.dataset.images[place]
            if entry.id in self.predictions:
                try:
                    now = self.dataset.checksum(place, self.segmenter.settings)
                except ImageError:
                    now = -1
                if now != self.predictions.checksum(entry.id):
                    self.predictions.forget(entry.id)
        self._started = time.monotonic()

    def one(self, place: int) -> None:
        entry = self.dataset.images[place]
        size = entry.height, entry.width
        try:
            picture, checksum = self.dataset.read(place, self.segmenter.settings)
        except ImageError as error:
            self.predictions.add_failure(entry.id, size, str(error), unreadable=True)
            return
        try:
            prediction = self._segment(picture)
        except WorkerError as error:
            self._failed += 1
            if not self._ran and self._failed >= min(_GIVE_UP, self.total):
                raise
            self.predictions.add_failure(entry.id, size, str(error), unreadable=False)
        else:
            self._ran += 1
            self.predictions.add(entry.id, prediction, checksum)

    def tell(self, stage: str, done: int, name: str = "") -> None:
        """Say how far it is, and stop where that is asked for."""
        self._done, self._name = done, name
        self.on_progress(self._progress(stage))
        if self.cancelled():
            self.predictions.sync()
            raise Cancelled("Stopped. What was predicted is kept; start again to go on.")

    def _segment(self, picture: Image) -> Prediction:
        for wait in range(_BUSY_WAITS):
            try:
                return self.segmenter.segment(
                    picture,
                    self.predictions.key.model,
                    on_stage=lambda stage: self.on_progress(self._progress(stage)),
                    cancelled=self.cancelled,
                )
            except BusyError:
                if wait + 1 == _BUSY_WAITS:
                    raise
                time.sleep(_BUSY_WAIT_S)
        raise AssertionError("The last wait raises.")

    def _progress(self, stage: str) -> EvaluationProgress:
        model, left = self.predictions.key.model, None
        if self._ran:
            each = (time.monotonic() - self._started) / self._ran
            left = each * (self.total - self._done)
        return EvaluationProgress(stage, model, self._done, self.total, self._name, left)
