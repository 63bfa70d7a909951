"""A photo and what was found in it, as the viewers take them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import cv2

from instseg_ui.images import Image
from instseg_ui.palette import class_colors, instance_colors
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Prediction
from instseg_ui.ui import uploads
from instseg_ui.ui.viewer.viewer import ImageValue, PredictionValue

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
    """What a model found, each instance with its own colour.

    `engine` is what was asked to run it, None the setting's.
    """
    plain = to_json(prediction)
    colors = instance_colors(prediction.instances.boxes, prediction.width, prediction.height)
    rows = [{**row, "color": own} for row, own in zip(plain["instances"], colors, strict=True)]
    return cast(PredictionValue, {**plain, "instances": rows, "engine": engine or ""})


def colors_by_id(prediction: Prediction, colors: Mapping[str, str] | None = None) -> dict[str, str]:
    """The colours of the classes found, by class id.

    `colors` are those of all classes, by name, where other models are shown beside this one.
    """
    colors = colors or class_colors(prediction.classes)
    found = prediction.instances
    return {
        str(class_id): colors[label]
        for class_id, label in zip(found.class_ids.tolist(), found.labels, strict=True)
    }


def display_url(image: Image, cache: Path) -> str:
    """The upright pixels as a file that every browser can show, in Gradio's own cache.

    Its name cannot be guessed, and it is deleted an hour after it was last shown anew.
    """
    path = cache / uploads.private_name(image.digest) / "photo.jpg"
    if not uploads.renewed(path):
        data = cv2.imencode(".jpg", image.pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        uploads.write(path, data.tobytes())
    return f"/gradio_api/file={path.as_posix()}"
