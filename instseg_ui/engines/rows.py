"""Candidates become instances: which are kept, and how a row is made of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from instseg_ui.masks import encode_crop
from instseg_ui.results import Instance, reaches

Array = npt.NDArray[np.generic]
Frame = tuple[int, int]


def keep(
    class_ids: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], floor: float
) -> npt.NDArray[np.intp]:
    """Indices of the candidates to keep, the highest score first.

    A score of zero is the filling of a network that found nothing, a class below zero that of one
    that emptied a box.
    """
    found = (class_ids >= 0) & reaches(scores, floor) & (scores > 0) & np.isfinite(scores)
    candidates = np.flatnonzero(found)
    order = np.argsort(-scores[candidates], kind="stable")
    return candidates[order]


def clipped(
    corners: npt.NDArray[np.float32], size: Frame
) -> tuple[float, float, float, float] | None:
    """The box inside the image; None if nothing of it lies there, or it is not finite."""
    if not np.isfinite(corners).all():
        return None
    height, width = size
    x0, x1 = (float(value) for value in np.clip(corners[0::2], 0, width))
    y0, y1 = (float(value) for value in np.clip(corners[1::2], 0, height))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def row(
    class_id: int,
    score: float,
    box: tuple[float, float, float, float],
    crop: npt.NDArray[np.bool_],
    origin: tuple[int, int],
    labels: Sequence[str],
    size: Frame,
) -> Instance:
    """One instance.

    Args:
        class_id: index into `labels`.
        score: 0..1, up to rounding.
        box: xyxy in pixels of the original image.
        crop: (h, w) bool, the part of the mask that is known; background everywhere else.
        origin: x, y of the crop's upper left pixel in the image.
        labels: class names by class id.
        size: height and width of the original image, pixels.
    """
    rle = encode_crop(crop, origin, size)
    return Instance(
        class_id, label(labels, class_id), min(1.0, score), box, int(np.count_nonzero(crop)), rle
    )


def label(labels: Sequence[str], class_id: int) -> str:
    """A class's name; its number where the folder names fewer classes than the network knows."""
    return labels[class_id] if class_id < len(labels) else f"class {class_id}"
