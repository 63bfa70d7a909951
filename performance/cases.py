"""What is measured: model folders, and image files for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.settings import PROJECT_DIR
from tools.test_models import EXAMPLE_NAMES, FAMILIES, ModelOptions, build_variants, make_scene

SIZES = ((640, 480), (1920, 1080))
DEMO = PROJECT_DIR / "assets" / "models" / "demo-cats"
PHOTO = PROJECT_DIR / "assets" / "examples" / "man-with-cats.jpg"
# A test model resizes a full frame for every candidate, slower than a real network does.
TEST_CANDIDATES = 20
SCENE_OBJECTS = 4


@dataclass(frozen=True, slots=True)
class Case:
    """One model folder and the image files it is measured on."""

    folder: Path
    images: tuple[Path, ...]


def default_cases(work: Path, models: Sequence[Path], images: Sequence[Path]) -> list[Case]:
    """The demo model on photos and a test model of each family on scenes, or what was named.

    Args:
        work: folder for what has to be made first.
        models: model folders to measure instead.
        images: image files to measure on instead.
    """
    photos = tuple(images) or _photos(work)
    if models:
        return [Case(folder, photos) for folder in models]
    demo = [Case(DEMO, photos)] if (DEMO / "inference.pdiparams").is_file() else []
    scenes = tuple(images) or _scenes(work)
    return demo + [Case(folder, scenes) for folder in _test_models(work)]


def _test_models(work: Path) -> list[Path]:
    options = ModelOptions(candidates=TEST_CANDIDATES)
    folders = {family: work / f"test-{family}" for family in FAMILIES}
    build_variants([(folders[f], EXAMPLE_NAMES[f], options) for f in FAMILIES])
    return list(folders.values())


def _photos(work: Path) -> tuple[Path, ...]:
    photo = cv2.imread(str(PHOTO)) if PHOTO.is_file() else None
    if photo is None:
        return _scenes(work)
    return tuple(
        _write(work, f"photo-{w}x{h}", cv2.resize(photo, (w, h), interpolation=cv2.INTER_AREA))
        for w, h in SIZES
    )


def _scenes(work: Path) -> tuple[Path, ...]:
    """Coloured shapes with noise, which cost a decoder about what a photo costs it."""
    return tuple(
        _write(work, f"scene-{w}x{h}", make_scene(w, h, count=SCENE_OBJECTS, noise=8).image)
        for w, h in SIZES
    )


def _write(work: Path, name: str, pixels: npt.NDArray[np.uint8]) -> Path:
    path = work / f"{name}.jpg"
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return path
