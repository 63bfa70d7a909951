"""Masks as each `maskFormat` writes them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.api.request import MaskFormat
from instseg_ui.exports.polygons import parts
from instseg_ui.masks import Extent, decode_crop, encode_crop
from instseg_ui.results import Instance

Pixels = npt.NDArray[np.uint8]


def mask_of(instance: Instance, mask_format: MaskFormat) -> dict[str, Any]:
    """One instance's mask, plain JSON values."""
    return _WRITERS[mask_format](instance)


def rounded_box(instance: Instance) -> Extent:
    """The box PaddleX crops to: its corners rounded, a half to the even neighbour."""
    x0, y0, x1, y1 = (round(value) for value in instance.box)
    return x0, y0, max(x0, x1), max(y0, y1)


def _crop_rle(instance: Instance) -> dict[str, Any]:
    x0, y0, x1, y1 = rounded_box(instance)
    inside, (x, y) = _inside_box(instance)
    rle = encode_crop(inside != 0, (x - x0, y - y0), (y1 - y0, x1 - x0))
    return {"rleResult": rle["counts"], "size": rle["size"]}


def _coco_rle(instance: Instance) -> dict[str, Any]:
    return {"counts": instance.mask["counts"], "size": instance.mask["size"]}


def _polygon(instance: Instance) -> dict[str, Any]:
    found = [
        [ring.ravel().round(2).tolist() for ring in part.rings] for part in parts(instance.mask)
    ]
    return {"polygons": found, "size": instance.mask["size"]}


def _png(instance: Instance) -> dict[str, Any]:
    x0, y0, x1, y1 = rounded_box(instance)
    inside, (x, y) = _inside_box(instance)
    # A PNG has at least one pixel; an empty box gets one of background.
    crop = np.zeros((max(1, y1 - y0), max(1, x1 - x0)), np.uint8)
    height, width = inside.shape
    crop[y - y0 : y - y0 + height, x - x0 : x - x0 + width] = inside * 255
    data = cv2.imencode(".png", crop, [cv2.IMWRITE_PNG_BILEVEL, 1])[1].tobytes()
    return {
        "png": base64.b64encode(data).decode("ascii"),
        "origin": [x0, y0],
        "size": list(crop.shape),
    }


def _inside_box(instance: Instance) -> tuple[Pixels, tuple[int, int]]:
    """The part of a mask that its rounded box holds, and x, y of its upper left pixel."""
    x0, y0, x1, y1 = rounded_box(instance)
    crop, (x, y) = decode_crop(instance.mask)
    left, top = max(x, x0), max(y, y0)
    right, bottom = min(x + crop.shape[1], x1), min(y + crop.shape[0], y1)
    if right <= left or bottom <= top:
        return np.zeros((0, 0), np.uint8), (x0, y0)
    return crop[top - y : bottom - y, left - x : right - x], (left, top)


_WRITERS: dict[MaskFormat, Callable[[Instance], dict[str, Any]]] = {
    "crop-rle": _crop_rle,
    "coco-rle": _coco_rle,
    "polygon": _polygon,
    "png": _png,
}
