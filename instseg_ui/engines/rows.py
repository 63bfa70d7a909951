"""Candidates become instances: which are kept, and how a row is made of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.masks import Edges, area_of_edges, encode_edges
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


class Clipped(NamedTuple):
    """Boxes inside the image.

    Attributes:
        boxes: (N, 4) float32, xyxy.
        there: (N,) bool, whether anything of the box lies there, and it is finite.
    """

    boxes: npt.NDArray[np.float32]
    there: npt.NDArray[np.bool_]


def clipped(corners: npt.NDArray[np.float32], size: Frame) -> Clipped:
    """Boxes (N, 4), xyxy in pixels, cut off at the image of `size` (height, width)."""
    far = np.array([size[1], size[0], size[1], size[0]], np.float32)
    with np.errstate(invalid="ignore"):
        boxes = np.minimum(np.maximum(np.asarray(corners, np.float32), np.float32(0)), far)
        there = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return Clipped(boxes, there & np.isfinite(corners).all(axis=1))


def rows(
    chosen: Sequence[int],
    class_ids: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    boxes: npt.NDArray[np.float32],
    edges: Sequence[Edges],
    labels: Sequence[str],
    size: Frame,
) -> list[Instance]:
    """The candidates of these numbers as instances; `edges` are theirs, the others' not among them.

    Arguments as for `row`, of all candidates.
    """
    return [
        row(int(class_ids[i]), float(scores[i]), corners(boxes[i]), found, labels, size)
        for i, found in zip(chosen, edges, strict=True)
    ]


def corners(box: npt.NDArray[np.float32]) -> tuple[float, float, float, float]:
    """A box (4,) as numbers."""
    x0, y0, x1, y1 = box.tolist()
    return x0, y0, x1, y1


def row(
    class_id: int,
    score: float,
    box: tuple[float, float, float, float],
    edges: Edges,
    labels: Sequence[str],
    size: Frame,
) -> Instance:
    """One instance.

    Args:
        class_id: index into `labels`.
        score: 0..1, up to rounding.
        box: xyxy in pixels of the original image.
        edges: of its mask, settled.
        labels: class names by class id.
        size: height and width of the original image, pixels.
    """
    rle, area = encode_edges(edges, size), area_of_edges(edges)
    return Instance(class_id, label(labels, class_id), min(1.0, score), box, area, rle)


def label(labels: Sequence[str], class_id: int) -> str:
    """A class's name; its number where the folder names fewer classes than the network knows."""
    return labels[class_id] if class_id < len(labels) else f"class {class_id}"
