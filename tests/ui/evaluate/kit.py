"""A small data set with one mistake of each kind, for the built-in engine to make."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np

from tests.unit.evaluate.factories import World
from tests.unit.factories import BLUE, GREEN, RED

CATEGORIES = ((1, "red"), (2, "Green"), (3, "vehicle"))
SIZE = (120, 160)
"""Height and width of its images."""
RIGHT = (10, 10, 50, 40)
OTHER = (70, 10, 110, 40)
LOW = (10, 60, 50, 90)


def world(folder: Path, images: int = 4) -> World:
    """In each image: a red object that is found, a green one annotated as red, a patch that is
    nothing, an object without a patch, one that is annotated loosely, and a blue “vehicle”.
    """
    made = World(folder, CATEGORIES, SIZE)
    for image_id in range(1, images + 1):
        loose = (120, 10, 150, 34)
        made.image(
            image_id,
            (1, RIGHT),
            (1, OTHER),
            (2, (70, 90, 100, 115)),
            (1, (120, 10, 150, 45)),
            (3, LOW),
        )
        pixels = np.full((*SIZE, 3), 127, np.uint8)
        for (x0, y0, x1, y1), tint in (
            (RIGHT, RED),
            (OTHER, GREEN),
            ((115, 60, 150, 100), GREEN),
            (loose, RED),
            (LOW, BLUE),
        ):
            pixels[y0:y1, x0:x1] = tint
        cv2.imwrite(str(made.folder / "images" / f"{image_id}.png"), pixels)
    return made


def data_set_zip(folder: Path, images: int = 4) -> Path:
    """The same as a zip, with an annotation of an unknown image."""
    made = world(folder / "set", images)
    value = json.loads(made.write().read_text(encoding="utf-8"))
    value["annotations"].append({**value["annotations"][0], "id": 900, "image_id": 77})
    path = folder / "shapes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("annotations/instances.json", json.dumps(value))
        for file in sorted((made.folder / "images").iterdir()):
            archive.write(file, f"images/{file.name}")
    return path
