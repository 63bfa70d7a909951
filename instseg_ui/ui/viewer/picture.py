"""A photo and what was found in it, as the viewers take them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import cv2

from instseg_ui.images import Image
from instseg_ui.palette import color
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Prediction
from instseg_ui.ui import uploads
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
    return cast(PredictionValue, {**to_json(prediction), "engine": engine or ""})


def class_colors(instances: Iterable[InstanceValue]) -> dict[str, str]:
    """The palette's colour of each class, by class id."""
    return {str(one["class_id"]): color(one["label"]) for one in instances}


def display_url(image: Image, cache: Path) -> str:
    """The upright pixels as a file that every browser can show, in Gradio's own cache.

    Its name cannot be guessed, and it is deleted an hour after it was last shown anew.
    """
    path = cache / uploads.private_name(image.digest) / "photo.jpg"
    if not uploads.renewed(path):
        data = cv2.imencode(".jpg", image.pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        uploads.write(path, data.tobytes())
    return f"/gradio_api/file={path.as_posix()}"
