"""The photos of a data set as training draws them: small, with polygons, decoded when needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from instseg_ui.evaluate import Dataset
from instseg_ui.masks import Rle, decode_crop
from instseg_ui.settings import Settings
from instseg_ui.train.augment import Rings, Shape, View

LONGEST_SIDE = 640
"""Pixels, of a photo that is kept; the network's input is smaller."""
_KEPT_BYTES = 200_000_000
_SUPERSAMPLE = 4  # contours run through pixel centres; on a larger mask they lie nearer the edges
_LEAST_AREA = 4.0

Besides = Callable[[np.ndarray], list[Shape]]
"""Objects that the start network finds in a photo, of classes that are not annotated."""


class Photos:
    """Views of some photos of a data set, by place; the last used ones are kept in memory.

    A class is known in a photo unless a crowd of it is there: a region of many that nobody drew.
    """

    def __init__(
        self,
        dataset: Dataset,
        places: Sequence[int],
        labels: dict[int, int],
        classes: int,
        settings: Settings,
        besides: Besides | None = None,
    ) -> None:
        """Args:
        places: of the photos in the data set.
        labels: the model's class by the data set's category, both by place.
        classes: how many the model has.
        besides: called with a photo's RGB pixels (h, w, 3).
        """
        self.places = tuple(places)
        self._dataset, self._labels, self._classes = dataset, labels, classes
        self._settings, self._besides = settings, besides
        self._kept: OrderedDict[int, View] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.places)

    def view(self, index: int) -> View:
        """One photo. Raises `ImageError` where it cannot be read."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        view = self._read(self.places[index])
        self._kept[index] = view
        self._bytes += view.pixels.nbytes
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.pixels.nbytes
        return view

    def _read(self, place: int) -> View:
        picture, _ = self._dataset.read(place, self._settings)
        scale = min(1.0, LONGEST_SIDE / max(picture.width, picture.height))
        size = round(picture.width * scale) or 1, round(picture.height * scale) or 1
        pixels = cv2.cvtColor(np.ascontiguousarray(picture.pixels), cv2.COLOR_BGR2RGB)
        if scale < 1:
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        known = np.zeros(self._classes, bool)
        known[list(self._labels.values())] = True
        instances = []
        for truth in self._dataset.truths_of(place):
            label = self._labels.get(truth.category)
            if label is None:
                continue
            if truth.crowd:
                known[label] = False
            elif rings := rings_of(truth.mask, scale):
                instances.append(Shape(label, rings))
        if self._besides is not None:
            instances += self._besides(pixels)
        return View(pixels, instances, known)


def rings_of(mask: Rle, scale: float) -> Rings:
    """Polygons of a mask, in pixels of a picture whose sides are `scale` times the mask's.

    A mask's holes are rings too: filled together, they leave them empty.
    """
    crop, (x0, y0) = decode_crop(mask)
    if not crop.size:
        return []
    height, width = crop.shape
    fine = _SUPERSAMPLE * scale
    size = max(1, round(width * fine)), max(1, round(height * fine))
    way = cv2.INTER_AREA if fine < 1 else cv2.INTER_LINEAR
    large = cv2.resize(crop * np.uint8(255), size, interpolation=way)
    large = cv2.copyMakeBorder(large, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    contours, _ = cv2.findContours(
        (large > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    simple = [cv2.approxPolyDP(contour, 0.3 * _SUPERSAMPLE, True) for contour in contours]
    steps = np.array([size[0] / (width * scale), size[1] / (height * scale)])
    origin = np.array([x0, y0]) * scale
    return [
        ((ring.reshape(-1, 2) - 0.5) / steps + origin).astype(np.float32)
        for ring in simple
        if len(ring) >= 3 and cv2.contourArea(ring) >= _LEAST_AREA
    ]
