"""A photo and what was found in it, as the viewers take them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import cv2

from instseg_ui.images import Image
from instseg_ui.palette import color
from instseg_ui.results import Prediction
from instseg_ui.ui.viewer.viewer import ImageValue, InstanceValue, PredictionValue

_QUALITY = 92


def image_value(image: Image, cache: Path) -> ImageValue:
    """The photo, written to `cache` for the browser."""
    return {
        "url": display_url(image, cache),
        "width": image.width,
        "height": image.height,
        "name": image.name,
    }


def prediction_value(prediction: Prediction, engine: str | None = None) -> PredictionValue:
    """What a model found; `engine` is what was asked to run it, None the setting's."""
    return cast(PredictionValue, prediction.to_dict() | {"engine": engine or ""})


def class_colors(instances: Iterable[InstanceValue]) -> dict[str, str]:
    """The palette's colour of each class, by class id."""
    return {str(one["class_id"]): color(one["label"]) for one in instances}


def display_url(image: Image, cache: Path) -> str:
    """The upright pixels as a file that every browser can show, in Gradio's own cache."""
    name = hashlib.sha256(image.digest.encode()).hexdigest()[:40]
    path = cache / name / "photo.jpg"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        data = cv2.imencode(".jpg", image.pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        path.write_bytes(data.tobytes())
    return f"/gradio_api/file={path.as_posix()}"
