"""Made-up raw outputs of networks, as large as the real ones: smooth masks, scores of all kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Size = tuple[int, int]
Random = np.random.Generator

_CELLS, _INPUT = 160, 640
"""Sides of the maps and of the input of Mask-RT-DETR and PP-YOLOE_seg."""
_SOLO_GRIDS = ((40, 8), (36, 8), (24, 16), (16, 32), (12, 32))
_SMOOTH = 24
"""Cells over which a map changes."""
_NMS = {
    "score_threshold": 0.01,
    "nms_top_k": 1000,
    "keep_top_k": 300,
    "nms_threshold": 0.7,
    "normalized": True,
    "nms_eta": 1.0,
    "background_label": -1,
}


@dataclass
class Replayed:
    """A network that answers what it is told to, run after run."""

    runs: list[list[Array]]
    inputs: tuple[str, ...] = ()
    _next: int = field(default=0)

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """The next answer, the caller's own."""
        answer = self.runs[self._next % len(self.runs)]
        self._next += 1
        return [output.copy() for output in answer]


@dataclass(frozen=True)
class Raw:
    """What a tail of `recipe` is given: networks, parameters, and the input's sizes."""

    recipe: str
    networks: dict[str, Replayed]
    params: dict[str, Any]
    resized: Size
    padded: Size


def detr(random: Random, size: Size, objects: int) -> Raw:
    """Mask-RT-DETR-S: 300 queries, 128 features of 160 x 160 cells."""
    scores = np.full((1, 300, 80), 0.001, np.float32)
    rows = np.arange(objects)
    scores[0, rows, random.integers(0, 80, objects)] = np.linspace(0.9, 0.06, objects)
    outputs = [
        scores,
        boxes(random, 300, size, (0.05, 0.6))[np.newaxis],
        (random.standard_normal((1, 300, 128)) / 2).astype(np.float32),
        maps(random, 128, (_CELLS, _CELLS))[np.newaxis],
    ]
    params = {"classes": 80, "count": 100, "level": 0.0}
    return _one("detr", outputs, params, (_INPUT, _INPUT))


def yoloe(random: Random, size: Size, objects: int) -> Raw:
    """PP-YOLOE_seg-S: 8400 candidates, 32 prototypes of 160 x 160 cells."""
    scores = (random.random((1, 80, 8400)) * 0.004).astype(np.float32)
    chosen = random.choice(8400, objects, replace=False)
    scores[0, np.arange(objects) % 80, chosen] = np.linspace(0.9, 0.06, objects)
    outputs = [
        boxes(random, 8400, (_INPUT, _INPUT), (0.03, 0.3))[np.newaxis],
        scores,
        (random.standard_normal((1, 32, 8400)) / 2).astype(np.float32),
        maps(random, 32, (_CELLS, _CELLS))[np.newaxis],
    ]
    params = {
        "nms": _NMS,
        "by_channel": True,
        "input": [_INPUT, _INPUT],
        "level": 0.5,
        "truncated": True,
    }
    return _one("yoloe", outputs, params, (_INPUT, _INPUT))


def solo(random: Random, size: Size, objects: int) -> Raw:
    """SOLOv2: 3872 kernels of 256 numbers, five candidates an object."""
    scale = min(800 / min(size), 1333 / max(size))
    resized = round(size[0] * scale), round(size[1] * scale)
    padded = -(-resized[0] // 32) * 32, -(-resized[1] // 32) * 32
    cells = sum(side * side for side, _ in _SOLO_GRIDS)
    scores = (random.random((cells, 80)) * 0.05).astype(np.float32)
    chosen = random.choice(cells, 5 * objects, replace=False)
    scores[chosen, random.integers(0, 80, chosen.size)] = random.uniform(0.11, 0.95, chosen.size)
    outputs = [
        scores,
        (random.standard_normal((cells, 256)) * 0.4).astype(np.float32),
        maps(random, 256, (padded[0] // 4, padded[1] // 4))[np.newaxis],
    ]
    params = {
        "strides": [[side * side, stride] for side, stride in _SOLO_GRIDS],
        "mask": 0.5,
        "level": 0.5,
        "score": 0.1,
        "factor": 4,
        "candidates": 500,
        "objects": objects,
        "sigma": 2.0,
        "decayed": 0.05,
    }
    raw = _one("solo", outputs, params, resized)
    return Raw(raw.recipe, raw.networks, params, resized, padded)


def maps(random: Random, count: int, size: Size) -> Array:
    """(count, h, w) float32 of about unit variance."""
    coarse = size[0] // _SMOOTH + 3, size[1] // _SMOOTH + 3
    found = np.empty((count, *size), np.float32)
    for one in found:
        values = random.standard_normal(coarse).astype(np.float32)
        one[:] = cv2.resize(values, size[::-1], interpolation=cv2.INTER_CUBIC)
    return found


def boxes(random: Random, count: int, size: Size, sides: tuple[float, float]) -> Array:
    """(count, 4) float32 xyxy inside `size`; `sides` are the least and the largest share of it."""
    far = np.array(size[::-1])
    side = random.uniform(*sides, (count, 2)) * far
    corner = random.uniform(0, 1, (count, 2)) * (far - side)
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


def _one(recipe: str, outputs: list[Array], params: dict[str, Any], size: Size) -> Raw:
    return Raw(recipe, {"network": Replayed([outputs])}, params, size, size)
