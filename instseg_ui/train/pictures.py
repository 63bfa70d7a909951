"""A few held-out photos as small pictures: the truth, and what a network finds in them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate import Dataset
from instseg_ui.exports.overlay import overlay
from instseg_ui.masks import area, box_of, decode, encode
from instseg_ui.palette import class_colors
from instseg_ui.results import Instance, Instances
from instseg_ui.settings import Settings

MOST = 4
"""Photos."""
SCORE = 0.3
"""Lowest score that is drawn: a network that begins to see is not sure yet."""
_SIDE, _QUALITY = 360, 80

Pixels = npt.NDArray[np.uint8]


def sample_of(dataset: Dataset, held_out: Sequence[int]) -> tuple[int, ...]:
    """Places of up to `MOST` held-out photos, those with annotated objects first."""

    def empty(photo: int) -> bool:
        return all(one.crowd for one in dataset.truths_of(photo))

    return tuple(sorted(held_out, key=empty)[:MOST])


@dataclass(slots=True)
class HeldOutPictures:
    """Draws some photos of a data set with objects of the classes that are taught.

    Attributes:
        dataset: their data set.
        settings: limits of pictures.
        labels: class id by the place of the data set's category.
        classes: of the new model, by class id.
        photos: their places in the data set.
    """

    dataset: Dataset
    settings: Settings
    labels: Mapping[int, int]
    classes: Sequence[str]
    photos: tuple[int, ...]
    _small: dict[int, Pixels] = field(default_factory=dict)
    _drawn: dict[int, str] = field(default_factory=dict)

    def look(self, photo: int, found: Instances) -> None:
        """Draw what was found in a photo, if it is one of these."""
        if photo not in self.photos:
            return
        taught = {self.classes[label] for label in self.labels.values()}
        strange = set(found.labels) - taught
        self._drawn[photo] = self._draw(photo, list(found.at(SCORE).without(strange)))

    def truth(self) -> dict[str, Any]:
        """An event with the annotated objects."""
        drawn = {photo: self._draw(photo, self._annotated(photo)) for photo in self.photos}
        return self._event("truth", drawn)

    def taken(self, what: str) -> dict[str, Any] | None:
        """An event with what was drawn since the last one; None where that is nothing."""
        drawn, self._drawn = self._drawn, {}
        return self._event(what, drawn) if drawn else None

    def _event(self, what: str, drawn: Mapping[int, str]) -> dict[str, Any]:
        """`what` is `truth`, `before` or `now`; `jpeg` is base64."""
        rows = [
            {"name": self.dataset.images[photo].name, "jpeg": drawn[photo]}
            for photo in self.photos
            if photo in drawn
        ]
        return {"event": "pictures", "what": what, "photos": rows}

    def _annotated(self, photo: int) -> list[Instance]:
        return [
            Instance(label, self.classes[label], 1.0, box_of(one.mask), area(one.mask), one.mask)
            for one in self.dataset.truths_of(photo)
            if not one.crowd and (label := self.labels.get(one.category)) is not None
        ]

    def _draw(self, photo: int, objects: Sequence[Instance]) -> str:
        pixels = self._pixels(photo)
        small = Instances.from_rows([_shrunk(one, pixels) for one in objects])
        colors = class_colors(self.classes)
        drawn = overlay(pixels, small, threshold=0.0, labels=False, colors=colors)
        quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        return base64.b64encode(cv2.imencode(".jpg", drawn, quality)[1].tobytes()).decode("ascii")

    def _pixels(self, photo: int) -> Pixels:
        """The photo, small, BGR (h, w, 3). Raises `ImageError` where it cannot be read."""
        if photo not in self._small:
            picture, _ = self.dataset.read(photo, self.settings)
            scale = min(1.0, _SIDE / max(picture.width, picture.height))
            size = round(picture.width * scale) or 1, round(picture.height * scale) or 1
            pixels = np.ascontiguousarray(picture.pixels)
            shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            self._small[photo] = np.asarray(shrunk, np.uint8)
        return self._small[photo]


def _shrunk(one: Instance, pixels: Pixels) -> Instance:
    """The same object in a picture of another size."""
    height, width = pixels.shape[:2]
    mask = decode(one.mask).astype(np.uint8) * np.uint8(255)
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA) > 127
    rle = encode(small)
    return one._replace(mask=rle, box=box_of(rle), area=area(rle))
