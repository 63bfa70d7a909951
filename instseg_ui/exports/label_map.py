"""A PNG in which every pixel holds the number of the instance it belongs to.

0 is background; instances count from 1 by falling score. Where masks overlap, the higher
score is on top; with equal scores, the lower number. The PNG is gray with 8 bits up to 255
instances, with 16 bits above. A JSON of the same name says what each number stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.errors import InputError
from instseg_ui.exports.items import Entry, Item, safe_paths, to_json
from instseg_ui.masks import decode_crop
from instseg_ui.prediction_json import number
from instseg_ui.results import Prediction

_MOST = np.iinfo(np.uint16).max

LabelMap = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def write(items: Sequence[Item]) -> list[Entry]:
    """A PNG and a JSON a picture."""
    return [
        entry
        for item, stem in zip(items, safe_paths(items), strict=True)
        for entry in _pair(item.prediction, stem)
    ]


def label_map(prediction: Prediction) -> LabelMap:
    """(H, W) uint8 or uint16, the number of the instance on top or 0.

    Raises:
        InputError: there are more instances than 16 bits can number.
    """
    instances = prediction.instances
    if len(instances) > _MOST:
        raise InputError(f"A label map numbers at most {_MOST} instances; raise the threshold.")
    dtype = np.uint8 if len(instances) <= np.iinfo(np.uint8).max else np.uint16
    canvas = np.zeros((prediction.height, prediction.width), dtype)
    for index in reversed(range(len(instances))):
        crop, (x, y) = decode_crop(instances.masks[index])
        region = canvas[y : y + crop.shape[0], x : x + crop.shape[1]]
        region[crop != 0] = index + 1
    return canvas


def _pair(prediction: Prediction, stem: str) -> list[Entry]:
    canvas = label_map(prediction)
    png = cv2.imencode(".png", canvas)[1].tobytes()
    return [
        Entry(f"{stem}.png", png),
        Entry(f"{stem}.json", to_json(_legend(prediction, canvas, f"{stem}.png"), indent=2)),
    ]


def _legend(prediction: Prediction, canvas: LabelMap, file_name: str) -> dict[str, Any]:
    visible = np.bincount(canvas.ravel(), minlength=len(prediction.instances) + 1)
    return {
        "file": file_name,
        "width": prediction.width,
        "height": prediction.height,
        "model": prediction.model,
        "overlap": "highest score on top",
        "instances": [
            {
                "id": i,
                "class_id": instance.class_id,
                "label": instance.label,
                "score": number(instance.score),
                "area": instance.area,
                "visible_area": int(visible[i]),
            }
            for i, instance in enumerate(prediction.instances, start=1)
        ],
    }
