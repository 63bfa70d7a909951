"""What a lesson needs at hand: the start network, its replay, photos as they teach, a judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate import Dataset
from instseg_ui.settings import Settings
from instseg_ui.train.assign import Floats
from instseg_ui.train.augment import Augmentation, Shape
from instseg_ui.train.bank import FeatureBank, Teacher
from instseg_ui.train.checks import Lesson
from instseg_ui.train.fit import Fit
from instseg_ui.train.found import find, look
from instseg_ui.train.gain import AFTER, ap_of
from instseg_ui.train.held_out import Judge
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.spec import STRIDES
from instseg_ui.train.network.weights import Arrays, build, fill, untrained, with_classes
from instseg_ui.train.optimizer import NEW_CLASS, REPLAYED_CLASS, TAUGHT_CLASS
from instseg_ui.train.photos import Photos, rings_of
from instseg_ui.train.request import TrainingRequest
from instseg_ui.train.schedule import Clock

_SIDE_SHARE = 0.85  # of a photo's long side at run time, the side of the square views that teach
_SCALES = 0.65, 1.5  # of a view's photo, relative to the size that it has at run time
_MOSAICS, _PASTES = 0.25, 0.3  # shares of the views
_REPLAYED_SCORE = 0.5


@dataclass(frozen=True, slots=True)
class Tutor:
    """Shared by all trainings of a run."""

    request: TrainingRequest
    settings: Settings
    dataset: Dataset
    lesson: Lesson
    start: PaddleModel
    judge: Judge

    def begin(self, training: Sequence[int], held_out: Sequence[int] | None, seconds: float) -> Fit:
        """A training on some photos, checked on others, or on none."""
        seed = self.request.seed
        model = with_classes(self.start, self.lesson.classes, seed)
        if self.request.scratch:
            model = untrained(model, seed)
        bank = FeatureBank(self._teacher(), self._photos(training), self._augmentation(), seed)

        def check(model: PaddleModel) -> float:
            return ap_of(self.judge.result(AFTER, [(model, held_out or ())]))

        clock = Clock(seconds, self.request.epochs)
        return Fit(model, bank, clock, self._rows(), seed, check if held_out else None)

    def network(self, arrays: Arrays) -> PaddleModel:
        """The taught network of these parameters."""
        model = build(self.start.spec._replace(classes=self.lesson.classes))
        fill(model, arrays)
        return model

    def _rows(self) -> Floats:
        """How fast each class's scores learn; all alike where nothing is known yet."""
        if self.request.scratch:
            return np.full(len(self.lesson.classes), NEW_CLASS, np.float32)
        rates = dict.fromkeys(self.lesson.replayed, REPLAYED_CLASS)
        rates |= dict.fromkeys(self.lesson.new, NEW_CLASS)
        return np.array([rates.get(name, TAUGHT_CLASS) for name in self.lesson.classes], np.float32)

    def _teacher(self) -> Teacher:
        known, classes = self.start.spec.classes, self.lesson.classes
        replayed = self.lesson.replayed
        return Teacher(
            self.start,
            np.array([known.index(name) for name in replayed], np.int64),
            np.array([classes.index(name) for name in replayed], np.int64),
        )

    def _photos(self, training: Sequence[int]) -> Photos:
        lesson = self.lesson
        return Photos(
            self.dataset,
            training,
            lesson.labels,
            len(lesson.classes),
            self.settings,
            self._besides if lesson.replayed else None,
        )

    def _augmentation(self) -> Augmentation:
        """Photos about as large as at run time, where the long side decides."""
        long = self.start.spec.target_size[1]
        side = round(_SIDE_SHARE * long / STRIDES[-1]) * STRIDES[-1]
        scale = _SCALES[0] * long / side, _SCALES[1] * long / side
        return Augmentation(side, mosaic=_MOSAICS, paste=_PASTES, scale=scale)

    def _besides(self, pixels: npt.NDArray[np.uint8]) -> list[Shape]:
        """What the start network finds of the classes that are replayed, in RGB pixels."""
        seen = look(self.start, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        found = find(self.start, seen, self.start.spec.classes, _REPLAYED_SCORE)
        instances = []
        for one in found:
            rings = rings_of(one.mask, 1.0) if one.label in self.lesson.replayed else []
            if rings:
                instances.append(Shape(self.lesson.classes.index(one.label), rings))
        return instances
