"""The images that engines are held against Paddle on: bundled photos and generated collages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

_SEED = 20
_PHOTOS = ("man-with-cats.jpg", "cyclists.jpg")
# Height and width of the generated ones: a wide, a tall and a small image.
_COLLAGES = ((540, 960), (720, 405))
_PATCHES = 12
# Saturated and apart, as many everyday things are; BGR.
_COLOURS = ((40, 40, 220), (60, 200, 60), (230, 90, 40), (30, 210, 230), (200, 60, 200))


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image by name: (H, W, 3) uint8 BGR."""

    name: str
    pixels: Pixels


def pictures(assets: Path) -> list[Picture]:
    """Two bundled photos, and two collages of their pieces with shapes; always the same."""
    photos = [Picture(name, _read(assets / "examples" / name)) for name in _PHOTOS]
    random = np.random.default_rng(_SEED)
    collages = [
        Picture(f"collage {height}x{width}", _collage(photos, (height, width), random))
        for height, width in _COLLAGES
    ]
    return photos + collages


def nudged(pixels: Pixels, seed: int) -> Pixels:
    """The image with eight values changed by one grey level: nobody can see it."""
    random = np.random.default_rng(seed)
    changed = pixels.copy()
    flat = changed.reshape(-1)
    places = random.integers(0, flat.size, 8)
    flat[places] = np.where(flat[places] < 128, flat[places] + 1, flat[places] - 1)
    return changed


def _read(file: Path) -> Pixels:
    image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(image, np.uint8)


def _collage(photos: list[Picture], size: tuple[int, int], random: np.random.Generator) -> Pixels:
    coarse = random.integers(60, 190, (6, 8, 3), dtype=np.uint8)
    canvas = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    for number in range(_PATCHES):
        height, width = (int(side * random.uniform(0.15, 0.45)) for side in size)
        y, x = (
            int(random.uniform(0, side - part))
            for side, part in zip(size, (height, width), strict=True)
        )
        piece = canvas[y : y + height, x : x + width]
        if number % 3:
            _paste(piece, photos[number % len(photos)].pixels, random)
        else:
            _ellipse(piece, _COLOURS[number // 3 % len(_COLOURS)])
    return np.asarray(canvas, np.uint8)


def _paste(piece: Pixels, photo: Pixels, random: np.random.Generator) -> None:
    """Fill `piece` with a random half of the photo, shrunk, mirrored every other time."""
    height, width = photo.shape[0] // 2, photo.shape[1] // 2
    y, x = int(random.integers(0, height)), int(random.integers(0, width))
    part = photo[y : y + height, x : x + width]
    if random.random() < 0.5:
        part = part[:, ::-1]
    piece[:] = cv2.resize(
        np.ascontiguousarray(part), piece.shape[1::-1], interpolation=cv2.INTER_AREA
    )


def _ellipse(piece: Pixels, colour: tuple[int, int, int]) -> None:
    height, width = piece.shape[:2]
    drawn = piece.copy()
    cv2.ellipse(
        drawn, (width // 2, height // 2), (width // 2 - 1, height // 2 - 1), 0, 0, 360, colour, -1
    )
    piece[:] = drawn
