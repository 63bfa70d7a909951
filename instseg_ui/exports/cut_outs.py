"""Every instance as a picture of its own: RGBA, cut to its mask, transparent around it.

Files are called `<number>_<class>_<score>.png`, numbered from 1 by falling score; several
pictures have a folder each. An instance with an empty mask has no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from instseg_ui.errors import InputError
from instseg_ui.exports.items import Entry, Item, safe_paths
from instseg_ui.exports.names import safe_name
from instseg_ui.images import Image
from instseg_ui.masks import Rle, decode_crop
from instseg_ui.numbers import score


def write(items: Sequence[Item]) -> list[Entry]:
    """The cut-outs of all pictures.

    Raises:
        InputError: a picture's pixels are not given, or are of another size.
    """
    several = len(items) > 1
    return [
        entry
        for item, stem in zip(items, safe_paths(items), strict=True)
        for entry in _cut_outs(item, f"{stem}/" if several else "")
    ]


def _cut_outs(item: Item, folder: str) -> Iterator[Entry]:
    image = _pixels(item)
    for i, instance in enumerate(item.prediction.instances, start=1):
        if instance.area:
            name = f"{i:03d}_{safe_name(instance.label, 'object')}_{score(instance.score)}.png"
            yield Entry(folder + name, cut_out(image, instance.mask))


def cut_out(image: Image, mask: Rle) -> bytes:
    """A PNG (h, w, 4) of the mask's extent, alpha 255 inside and 0 outside the mask.

    Colours outside the mask are black, so that nothing of the surroundings is handed on.
    """
    crop, (x, y) = decode_crop(mask)
    height, width = crop.shape
    alpha = crop * np.uint8(255)
    seen = image.pixels[y : y + height, x : x + width] & alpha[..., None]
    return cv2.imencode(".png", np.dstack((seen, alpha)))[1].tobytes()


def _pixels(item: Item) -> Image:
    image, prediction = item.image, item.prediction
    if image is None:
        raise InputError("Cut-outs need the picture itself. Give it along, or choose label-map.")
    if (image.width, image.height) != (prediction.width, prediction.height):
        raise InputError(
            f"Expected a picture of {prediction.width} x {prediction.height} pixels, as the model"
            f" saw it, got {image.width} x {image.height}."
        )
    return image
