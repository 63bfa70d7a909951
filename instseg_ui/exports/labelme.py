"""LabelMe: one JSON a picture, to be opened and corrected in the annotation tool.

A shape is an exact `mask` by default (LabelMe 5.2 and later): `points` are its first and last
pixel, `mask` the base64 of a PNG of what lies between. Polygons are for older versions and
other tools: one for each part of an object, with the same `group_id`, holes joined to the
outline. The score stands in `description`, which the tool shows, and in `score`, which it keeps.

The picture is embedded when its pixels are known, upright as the model saw it; else LabelMe
looks for `imagePath` beside the JSON, which is called as the picture, its folders included.
Format: LabelMe 6.3, `labelme/_label_file.py` and `labelme/utils/shape.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.exports.items import Entry, Item, chosen, picture_paths, stem_paths, to_json
from instseg_ui.exports.rings import rings_of
from instseg_ui.masks import decode_crop
from instseg_ui.numbers import score
from instseg_ui.prediction_json import number
from instseg_ui.results import Instance

_VERSION = "5.5.0"  # of LabelMe's format; readers compare the first number


def write(items: Sequence[Item], *, shape: str = "mask", embed: bool = True) -> list[Entry]:
    """One JSON a picture; an instance with an empty mask has no shape.

    Args:
        items: the pictures.
        shape: "mask" is exact; "polygon" has IoU >= 0.98.
        embed: put the picture into the JSON, as PNG, where its pixels are known.
    """
    shape = chosen("shape", shape, ("mask", "polygon"))
    embed = chosen("embed", embed, (True, False))
    return [
        Entry(f"{stem}.json", to_json(_label_file(item, _last(path), shape, embed), indent=2))
        for item, stem, path in zip(items, stem_paths(items), picture_paths(items), strict=True)
    ]


def _last(path: str) -> str:
    """The picture's name from the JSON's folder, which is called as the picture's own."""
    return path.rpartition("/")[2]


def _label_file(item: Item, file_name: str, shape: str, embed: bool) -> dict[str, Any]:
    found = [instance for instance in item.prediction.instances if instance.area]
    shapes = [
        row
        for number_, instance in enumerate(found, start=1)
        for row in (_mask(instance, number_) if shape == "mask" else _polygons(instance, number_))
    ]
    return {
        "version": _VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": file_name,
        "imageData": _png(item.image.pixels) if embed and item.image else None,
        "imageHeight": item.prediction.height,
        "imageWidth": item.prediction.width,
    }


def _mask(instance: Instance, group: int) -> list[dict[str, Any]]:
    crop, (x, y) = decode_crop(instance.mask)
    height, width = crop.shape
    points = [[float(x), float(y)], [x + width - 1.0, y + height - 1.0]]
    return [_shape(instance, group, "mask", points, _png(crop * np.uint8(255)))]


def _polygons(instance: Instance, group: int) -> list[dict[str, Any]]:
    rings = rings_of(instance.mask)
    return [_shape(instance, group, "polygon", ring.round(2).tolist(), None) for ring in rings]


def _shape(
    instance: Instance, group: int, kind: str, points: list[list[float]], mask: str | None
) -> dict[str, Any]:
    return {
        "label": instance.label,
        "points": points,
        "group_id": group,
        "description": f"score {score(instance.score, 3)}",
        "shape_type": kind,
        "flags": {},
        "mask": mask,
        "score": number(instance.score),
    }


def _png(pixels: npt.NDArray[np.uint8]) -> str:
    return base64.b64encode(cv2.imencode(".png", pixels)[1].tobytes()).decode("ascii")
