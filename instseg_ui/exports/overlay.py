"""Draws what a model found over the image: for exports, HTTP and the command line.

Each mask is decoded and drawn inside its own extent only, so the cost follows the area of
the objects and not the image's size times their number.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.masks import Extent, decode_crop
from instseg_ui.numbers import score
from instseg_ui.palette import class_colors
from instseg_ui.results import Instance, Instances, check_threshold

Pixels = npt.NDArray[np.uint8]
Bgr = tuple[int, int, int]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_PADDING = 3


def overlay(
    pixels: Pixels,
    instances: Instances,
    *,
    threshold: float = 0.5,
    opacity: float = 0.5,
    outlines: bool = True,
    boxes: bool = False,
    labels: bool = True,
    colors: Mapping[str, str] | None = None,
) -> Pixels:
    """Draw the instances over a copy of the image, the highest score on top.

    Args:
        pixels: (H, W, 3) uint8 BGR, upright; it is not changed.
        instances: of that image.
        threshold: lowest score drawn, 0..1.
        opacity: of the masks' fill, 0 (none) to 1.
        outlines: draw each mask's contour.
        boxes: draw each box.
        labels: write label and score at each box's upper left corner.
        colors: `#rrggbb` by class name, as `palette.class_colors` gives them for all classes of
            the model; by default for the classes found.

    Returns:
        (H, W, 3) uint8 BGR. An empty mask is not drawn.

    Raises:
        InputError: `threshold` is not a number from 0 to 1.
        ValueError: a mask is of another image size.
    """
    drawn = instances.at(check_threshold(threshold))
    _expect_size(pixels, drawn)
    canvas = pixels.copy()
    width = _line_width(pixels)
    colors = colors or class_colors(sorted(set(instances.labels)))
    upwards = [(one, bgr(colors[one.label])) for one in list(drawn)[::-1]]
    for instance, tint in upwards:
        _draw_mask(canvas, instance, tint, opacity, width if outlines else 0)
    for instance, tint in upwards:
        if boxes:
            _draw_box(canvas, instance, tint, width)
        if labels:
            _draw_label(canvas, instance, tint)
    return canvas


def bgr(color: str) -> Bgr:
    """A colour `#rrggbb` as OpenCV takes it."""
    red, green, blue = bytes.fromhex(color[1:])
    return blue, green, red


def _expect_size(pixels: Pixels, instances: Instances) -> None:
    expected = list(pixels.shape[:2])
    for mask in instances.masks:
        if list(mask["size"]) != expected:
            raise ValueError(f"Expected masks of {expected} (height, width), got {mask['size']}.")


def _line_width(pixels: Pixels) -> int:
    """Pixels; one for every 500 of the image's longer side."""
    return max(1, round(max(pixels.shape[:2]) / 500))


def _draw_mask(canvas: Pixels, instance: Instance, tint: Bgr, opacity: float, line: int) -> None:
    crop, (x, y) = decode_crop(instance.mask)
    if crop.size == 0:
        return
    region = canvas[y : y + crop.shape[0], x : x + crop.shape[1]]
    cv2.copyTo(_blended(region, tint, opacity), crop, region)
    if line:
        contours, _ = cv2.findContours(crop, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
        cv2.drawContours(canvas, contours, -1, tint, line)


def _blended(region: Pixels, tint: Bgr, opacity: float) -> Pixels:
    """The region under a film of `tint`; each value is off by one at most, from rounding."""
    film = tuple(round(value * opacity) for value in tint)
    faded = cv2.convertScaleAbs(region, alpha=1 - opacity)
    return np.asarray(cv2.add(faded, (*film, 0)), np.uint8)


def _draw_box(canvas: Pixels, instance: Instance, tint: Bgr, line: int) -> None:
    x0, y0, x1, y1 = (round(value) for value in instance.box)
    cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), tint, line)


def _draw_label(canvas: Pixels, instance: Instance, tint: Bgr) -> None:
    if not instance.area:
        return
    # OpenCV's own font has ASCII only; a label of another script is named by its number.
    name = instance.label if instance.label.isascii() else f"class {instance.class_id}"
    text = f"{name} {score(instance.score)}"
    scale = max(canvas.shape[:2]) / 2400 + 0.2
    (width, height), below = cv2.getTextSize(text, _FONT, scale, 1)
    size = (width + 2 * _PADDING, height + below + 2 * _PADDING)
    x0, y0, x1, y1 = _plate(canvas, instance, size)
    cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), tint, cv2.FILLED)
    foot = (x0 + _PADDING, y1 - _PADDING - below)
    cv2.putText(canvas, text, foot, _FONT, scale, _ink(tint), 1, cv2.LINE_AA)


def _plate(canvas: Pixels, instance: Instance, size: tuple[int, int]) -> Extent:
    """Where a label of `size` (width, height) goes: over the box, but inside the image."""
    left, top = round(instance.box[0]), round(instance.box[1]) - size[1]
    x = max(0, min(left, canvas.shape[1] - size[0]))
    y = max(0, min(top, canvas.shape[0] - size[1]))
    return x, y, x + size[0], y + size[1]


def _ink(tint: Bgr) -> Bgr:
    """Black or white, whichever reads better on `tint` (ITU-R BT.601 luma)."""
    blue, green, red = tint
    return _BLACK if 0.114 * blue + 0.587 * green + 0.299 * red > 128 else _WHITE
