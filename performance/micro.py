"""The parts of a run that are our own code: encoding masks, decoding and drawing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from instseg_ui import masks
from instseg_ui.exports import overlay
from instseg_ui.results import Instance, Instances
from performance.figures import Figure, time_ms

WIDTH, HEIGHT, COUNT = 1920, 1080, 100
Frame = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Part:
    """One part, ours against the usual way where there is one; milliseconds for all masks."""

    name: str
    ours: Figure
    other_name: str = ""
    other: Figure | None = None


def measure_parts(repeats: int, count: int = COUNT) -> list[Part]:
    """Encode, decode and draw `count` masks of 1920 x 1080 pixels."""
    frames = [_ellipse(seed) for seed in range(count)]
    found = Instances.from_rows([_instance(i, frame) for i, frame in enumerate(frames)])
    packed = [coco.encode(_column_major(frame)) for frame in frames]
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    n = f"{count} masks"
    return [
        _versus(
            f"encode {n} of int32",
            lambda: [masks.encode(frame) for frame in frames],
            "pycocotools, full frames",
            lambda: [coco.encode(_column_major(frame)) for frame in frames],
            repeats,
        ),
        _versus(
            f"decode {n}",
            lambda: [masks.decode_crop(mask) for mask in found.masks],
            "pycocotools, full frames",
            lambda: [coco.decode(one) for one in packed],
            repeats,
        ),
        Part(f"draw {n}", time_ms(lambda: overlay.overlay(pixels, found), repeats)),
    ]


def _versus(
    name: str,
    ours: Callable[[], object],
    other_name: str,
    other: Callable[[], object],
    repeats: int,
) -> Part:
    return Part(name, time_ms(ours, repeats), other_name, time_ms(other, repeats))


def _ellipse(seed: int) -> Frame:
    """An ellipse of 40 to 300 pixels, full frame, as a network gives it."""
    rng = np.random.default_rng(seed)
    frame = np.zeros((HEIGHT, WIDTH), np.int32)
    middle = int(rng.integers(100, WIDTH - 100)), int(rng.integers(100, HEIGHT - 100))
    radii = int(rng.integers(20, 150)), int(rng.integers(20, 150))
    return np.asarray(cv2.ellipse(frame, middle, radii, 20, 0, 360, 1, -1), np.int32)


def _column_major(frame: Frame) -> npt.NDArray[np.uint8]:
    return np.asfortranarray(frame.astype(np.uint8))


def _instance(index: int, frame: Frame) -> Instance:
    rle = masks.encode(frame)
    score = 0.99 - 0.4 * index / COUNT
    return Instance(index % 80, "object", score, masks.box_of(rle), masks.area(rle), rle)
