"""A whole run, from the data set to the folder; what `process` does in a process of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from instseg_ui import __version__
from instseg_ui.errors import BusyError, Cancelled
from instseg_ui.evaluate import Dataset, ModelResult, open_coco, open_dataset
from instseg_ui.settings import Settings
from instseg_ui.train.checks import CHECKPOINT, LOCK, WORK, Lesson, check_room, lesson_of
from instseg_ui.train.fit import FitProgress
from instseg_ui.train.folder import finish, write_model
from instseg_ui.train.gain import AFTER, BEFORE, ap_of, class_figures, gain_of, old_classes
from instseg_ui.train.held_out import Judge
from instseg_ui.train.memory import FitDone, RunMemory
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.weights import read_folder
from instseg_ui.train.outcome import TrainingOutcome
from instseg_ui.train.pictures import HeldOutPictures, sample_of
from instseg_ui.train.proof import Proof
from instseg_ui.train.request import TrainingRequest
from instseg_ui.train.split import Part, parts
from instseg_ui.train.tutor import Tutor

_RESERVE_SHARE, _LONGEST_RESERVE_S = 0.2, 150.0
_LEAST_SECONDS = 1.0
_PROOF_PHOTOS = 3
_EXAMPLES = "examples/instances.json"

Report = Callable[[dict[str, Any]], None]
"""Takes an event: plain JSON values, of which `event` says what it tells."""


def _never() -> bool:
    return False


@dataclass(slots=True)
class Course:
    """One run. Made once, `run` once.

    Attributes:
        request: what is wanted.
        settings: limits of pictures, and where the examples lie.
        report: told how far it is.
        stopped: whether to stop, keeping the best so far.
        parked: whether, when stopped, to end without a model, so that it can be gone on with.
        resume: whether to go on from what is there.
    """

    request: TrainingRequest
    settings: Settings
    report: Report
    stopped: Callable[[], bool]
    resume: bool = False
    parked: Callable[[], bool] = _never
    _began: float = field(default_factory=time.monotonic)
    _memory: RunMemory = field(init=False)
    _pictures: HeldOutPictures = field(init=False)

    def __post_init__(self) -> None:
        self._memory = RunMemory(self.request.output / WORK, self.request.identity)

    def run(self) -> TrainingOutcome:
        """All of it.

        Raises:
            InputError: the data set cannot teach, or the folder cannot be written.
            ModelFolderError, LoadError: the start model cannot be taught, or the folder written is
                not equal to what was trained.
            DiskFullError: no room.
            BusyError: another run writes there.
            Cancelled: stopped before anything was learned.
        """
        work = self._memory.folder
        check_room(self.request.output, resume=self.resume)
        # Beside the work folder, which goes when the run is done.
        lock = FileLock(self.request.output / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(
                f"Another run teaches into “{self.request.output.name}”. Wait for its end, or name "
                "another folder."
            ) from None
        work.mkdir(exist_ok=True)
        try:
            return self._alone()
        finally:
            # What nothing can go on from is not left behind.
            if not (work / CHECKPOINT).exists():
                shutil.rmtree(work, ignore_errors=True)
            (self.request.output / LOCK).unlink(missing_ok=True)
            lock.release()

    def _alone(self) -> TrainingOutcome:
        if self.resume:
            self._memory.take_up(self.request)
        dataset = opened(self.request)
        try:
            return self._taught(dataset)
        finally:
            dataset.close()

    def _taught(self, dataset: Dataset) -> TrainingOutcome:
        request = self.request
        start = read_folder(request.folder, request.start)
        lesson = lesson_of(dataset, start.spec.classes, keep_classes=request.keep_classes)
        folds = parts(len(lesson.photos), lesson.present(dataset), request.seed)
        self._say_data(dataset, lesson, folds)
        judge = Judge(dataset, self.settings, self._memory.folder)
        tutor = Tutor(request, self.settings, dataset, lesson, start, judge)
        held_out = [photo for part in folds for photo in part.held_out]
        self._stage("judging the start model")
        self._draw(dataset, lesson, folds, judge)
        ap = ap_of(judge.result(BEFORE, [(start, held_out)]))
        self.report({"event": "before", "ap": ap})
        self._say_pictures("before")
        networks = self._folds(tutor, folds)
        final = networks[0][0] if len(folds) == 1 else self._last(tutor, len(folds))
        self._stage("judging the taught model")
        judged = [photo for _, photos in networks for photo in photos]
        before, after = judge.result(BEFORE, [(start, judged)]), judge.result(AFTER, networks)
        self._say_pictures("now")
        self._stage("writing the folder and proving it")
        photos = self._proof_photos(dataset, held_out)
        proof = write_model(final, self._memory.folder, photos, request.threads)
        self._stage("measuring what the old classes lost")
        examples = self._on_examples(start, final, lesson)
        outcome = self._outcome(dataset, lesson, folds, before, after, examples, proof)
        finish(self._memory.folder, request.output, outcome, request.folder)
        return outcome

    def _stage(self, words: str) -> None:
        self.report({"event": "stage", "stage": words})

    def _draw(self, dataset: Dataset, lesson: Lesson, folds: Sequence[Part], judge: Judge) -> None:
        """Have what is found in some held-out photos drawn, and say the truth of them."""
        photos = sample_of(dataset, folds[0].held_out)
        self._pictures = HeldOutPictures(
            dataset, self.settings, lesson.labels, lesson.classes, photos
        )
        judge.on_found = self._pictures.look
        self.report(self._pictures.truth())

    def _say_pictures(self, what: str) -> None:
        event = self._pictures.taken(what)
        if event is not None:
            self.report(event)

    def _say_data(self, dataset: Dataset, lesson: Lesson, folds: Sequence[Part]) -> None:
        self.report(
            {
                "event": "data",
                "photos": len(dataset.images),
                "training": len(folds[0].training),
                "held_out": len(folds[0].held_out),
                "folds": len(folds),
                "classes": list(lesson.classes),
                "new": list(lesson.new),
                "replayed": list(lesson.replayed),
                "dropped": list(lesson.dropped),
                "findings": [one.to_dict() for one in (*dataset.findings, *lesson.findings)],
            }
        )

    def _folds(
        self, tutor: Tutor, folds: Sequence[Part]
    ) -> list[tuple[PaddleModel, Sequence[int]]]:
        """The best network of each part, with the photos held out from it."""
        shares = len(folds) + (len(folds) > 1)
        networks: list[tuple[PaddleModel, Sequence[int]]] = []
        for index, part in enumerate(folds):
            if networks and self.stopped():
                break
            self._fit(tutor, index, shares, part.training, part.held_out)
            networks.append((tutor.network(self._memory.done[index].best), part.held_out))
        return networks

    def _last(self, tutor: Tutor, folds: int) -> PaddleModel:
        """The network of all photos; where it was stopped before, that of a fold."""
        if not self.stopped():
            self._fit(tutor, folds, folds + 1, tutor.lesson.photos, None)
        return tutor.network(self._memory.done[-1].best)

    def _fit(
        self,
        tutor: Tutor,
        index: int,
        shares: int,
        training: Sequence[int],
        held_out: Sequence[int] | None,
    ) -> None:
        """Train one part to its end, unless an earlier run has done so."""
        memory = self._memory
        if index < len(memory.done):
            return
        seconds = max(_LEAST_SECONDS, self._seconds_left() / (shares - index))
        fit = tutor.begin(training, held_out, seconds)
        if memory.take_up_fit(fit):
            self.report({"event": "resumed", "part": index + 1, "epoch": fit.clock.epoch})

        def tell(now: FitProgress) -> None:
            left = self._minutes_left(now, shares - index - 1)
            place = {"part": index + 1, "parts": shares, "minutes_left": left}
            self.report(
                {"event": "progress", **asdict(now), **place, "minutes": self._elapsed() / 60}
            )
            self._say_pictures("now")

        fit.run(self.stopped, tell, lambda: memory.save(self._elapsed(), fit))
        if self.parked():
            raise Cancelled("Cut off; what was learned up to the last round is kept.")
        if not fit.learned and not memory.done:
            raise Cancelled("Stopped before anything was learned; nothing was written.")
        memory.done.append(FitDone.of(fit, stopped=self.stopped()))
        memory.save(self._elapsed())

    def _elapsed(self) -> float:
        return self._memory.earlier + time.monotonic() - self._began

    @property
    def _reserve(self) -> float:
        """Seconds for judging, writing and proving."""
        return min(_RESERVE_SHARE * 60 * self.request.minutes, _LONGEST_RESERVE_S)

    def _seconds_left(self) -> float:
        """For what is still to be trained."""
        return 60 * self.request.minutes - self._reserve - self._elapsed()

    def _minutes_left(self, now: FitProgress, parts_left: int) -> float:
        if self.request.epochs is None:
            return max(0.0, self._seconds_left() + self._reserve) / 60
        share = max(now.progress, 1e-6)
        whole = now.seconds_left / max(1 - share, 1e-6)
        return (now.seconds_left + parts_left * whole + self._reserve) / 60

    def _proof_photos(
        self, dataset: Dataset, held_out: Sequence[int]
    ) -> list[npt.NDArray[np.uint8]]:
        return [
            np.ascontiguousarray(dataset.read(photo, self.settings)[0].pixels)
            for photo in held_out[:_PROOF_PHOTOS]
        ]

    def _on_examples(
        self, start: PaddleModel, final: PaddleModel, lesson: Lesson
    ) -> tuple[ModelResult, ModelResult] | None:
        """Both networks on the example data set, where it is here and can tell something."""
        file = self.settings.assets / _EXAMPLES
        if not lesson.replayed or not file.is_file():
            return None
        examples = open_coco(file.parent, file)
        try:
            judge = Judge(examples, self.settings, self._memory.folder)
            every = range(len(examples.images))
            return judge.result(BEFORE, [(start, every)]), judge.result(AFTER, [(final, every)])
        finally:
            examples.close()

    def _outcome(
        self,
        dataset: Dataset,
        lesson: Lesson,
        folds: Sequence[Part],
        before: ModelResult,
        after: ModelResult,
        examples: tuple[ModelResult, ModelResult] | None,
        proof: Proof,
    ) -> TrainingOutcome:
        request, last = self.request, self._memory.done[-1]
        return TrainingOutcome(
            name=request.name,
            licence=request.licence,
            start=request.start,
            data=dataset.name,
            photos=len(dataset.images),
            objects=int((~dataset.truths.crowd).sum()),
            training=_taught_on(folds, lesson, len(self._memory.done)),
            held_out=_held_out_words(folds),
            classes=lesson.classes,
            by_class=class_figures(before, after),
            gain=gain_of(before, after, before.mapping.known()),
            old=old_classes(examples, lesson.replayed, lesson.dropped),
            minutes=self._elapsed() / 60,
            epochs=last.epochs,
            history=self._memory.done[0].history,
            ended=last.ended,
            seed=request.seed,
            proof=proof.to_dict(),
            proof_words=str(proof),
            versions={"paddlepaddle": version("paddlepaddle"), "instseg-ui": __version__},
        )


def opened(request: TrainingRequest) -> Dataset:
    """The data set of a request. Raises `InputError`."""
    if request.annotations is not None:
        return open_coco(request.images, request.annotations)
    return open_dataset(request.images, split=request.split, reach=request.reach)


def _taught_on(folds: Sequence[Part], lesson: Lesson, done: int) -> int:
    """How many photos taught the network that is kept."""
    return len(lesson.photos) if 1 < len(folds) < done else len(folds[0].training)


def _held_out_words(folds: Sequence[Part]) -> str:
    if len(folds) == 1:
        return "held out from training"
    return (
        f"each held out in turn from one of {len(folds)} trainings; the model itself was then "
        "taught on all of them"
    )
