"""Mask AP on held-out photos, by the product's own evaluation."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from instseg_ui.evaluate import CategoryMap, Dataset, Predictions
from instseg_ui.evaluate.predictions import RunKey
from instseg_ui.evaluate.results import ModelResult
from instseg_ui.evaluate.run import FLOOR, MAX_INSTANCES
from instseg_ui.evaluate.scores import score
from instseg_ui.results import Instances, Prediction, Runtime, Timings
from instseg_ui.settings import Settings
from instseg_ui.train.found import Seen, find, look
from instseg_ui.train.network.graph import PaddleModel

_ENGINE = "training"
_SEEN_BYTES = 150_000_000


def _unwatched(photo: int, found: Instances) -> None:
    """Nobody looks at what is found."""


class Judge:
    """What networks find in photos of a data set, counted.

    `on_found` is called with the place of every photo that is judged and what was found there.
    """

    def __init__(self, dataset: Dataset, settings: Settings, folder: Path) -> None:
        """Args:
        folder: where predictions may lie for a while.
        """
        self.on_found: Callable[[int, Instances], None] = _unwatched
        self.dataset, self._settings = dataset, settings
        self._folder = folder
        self._seen: dict[int, Seen] = {}
        self._bytes = 0

    def result(self, name: str, models: Sequence[tuple[PaddleModel, Sequence[int]]]) -> ModelResult:
        """One result of all photos named, each found by the network beside it.

        The networks have the same classes. Predictions are gone when this returns: figures stay.

        Raises:
            ImageError: a photo cannot be read.
        """
        labels = models[0][0].spec.classes
        mapping = CategoryMap.by_name(self.dataset.categories, labels)
        chosen = np.zeros(len(self.dataset.images), bool)
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            key = RunKey(name, "", labels, "", FLOOR, MAX_INSTANCES, "cpu", _ENGINE)
            with Predictions(Path(place) / "found.jsonl", key) as predictions:
                for model, photos in models:
                    chosen[list(photos)] = True
                    for photo in photos:
                        predictions.add(self.dataset.images[photo].id, self._find(model, photo), 0)
                scores = score(self.dataset, predictions, mapping, images=chosen, kinds=("mask",))
                return ModelResult(name, self.dataset, predictions, mapping, scores)

    def _find(self, model: PaddleModel, photo: int) -> Prediction:
        entry = self.dataset.images[photo]
        found = find(model, self._look(model, photo), model.spec.classes)
        self.on_found(photo, found)
        return Prediction(
            "", entry.width, entry.height, found, Timings(), Runtime(_ENGINE, "cpu", 1), FLOOR
        )

    def _look(self, model: PaddleModel, photo: int) -> Seen:
        """The backbone never changes: what it sees is kept, as far as there is room."""
        if photo in self._seen:
            return self._seen[photo]
        picture, _ = self.dataset.read(photo, self._settings)
        seen = look(model, np.ascontiguousarray(picture.pixels))
        size = sum(4 * int(np.prod(one.shape)) for one in seen.taps)
        if self._bytes + size <= _SEEN_BYTES:
            self._seen[photo] = seen
            self._bytes += size
        return seen
