"""A prediction as JSON: the one place that writes its shape, for every door.

- `to_json`: the product's own shape; viewer, endpoints, reports and command line share it.
  `from_json` reads it back.
- `coco_result`: a row of COCO's results list, for exports and evaluation.
- `paddlex_box`: an object as PaddleX's Python results and `save_to_json` have it. PaddleX's HTTP
  format is a translation of its own, in `api/`.

Scores are float32 and are written by their shortest digits, so that they are read as the same
number and reach the same thresholds (`results.reaches`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from instseg_ui.errors import InputError
from instseg_ui.masks import Rle, area
from instseg_ui.results import STAGES, Instance, Instances, Prediction, Runtime, Timings

Box = tuple[float, float, float, float]


class InstanceJson(TypedDict):
    """One object; `box` is xyxy in pixels, `area` counts mask pixels."""

    class_id: int
    label: str
    score: float
    box: list[float]
    area: int
    mask: Rle


class ImageJson(TypedDict):
    """The image's size, pixels."""

    width: int
    height: int


class PredictionJson(TypedDict):
    """What a model found, the best score first, in what time and by what."""

    model: str
    image: ImageJson
    floor: float
    instances: list[InstanceJson]
    timings_ms: dict[str, float]
    runtime: dict[str, Any]
    size_mb: float
    notes: list[str]


def to_json(prediction: Prediction) -> PredictionJson:
    """A prediction in the product's own shape, plain JSON values."""
    timings = prediction.timings
    return {
        "model": prediction.model,
        "image": {"width": prediction.width, "height": prediction.height},
        "floor": prediction.floor,
        "instances": [instance_json(instance) for instance in prediction.instances],
        "timings_ms": _rounded(asdict(timings) | {"latency": timings.latency}),
        "runtime": _rounded(asdict(prediction.runtime)),
        "size_mb": round(prediction.size_mb, 3),
        "notes": [*prediction.notes, *filter(None, [prediction.cut])],
    }


def from_json(values: Any, labels: Sequence[str]) -> Prediction:
    """The prediction that `to_json` wrote; its notes and what was cut stand together in `notes`.

    Args:
        values: what was written, of any type.
        labels: all classes the model knows, by class id.

    Raises:
        InputError: it is none, or a damaged one.
    """
    try:
        runtime = values["runtime"] | {"notes": tuple(values["runtime"]["notes"])}
        timings = {name: float(values["timings_ms"][name]) for name in (*STAGES, "queue")}
        return Prediction(
            model=str(values["model"]),
            width=int(values["image"]["width"]),
            height=int(values["image"]["height"]),
            instances=Instances.from_rows([_row(one) for one in values["instances"]]),
            timings=Timings(**timings),
            runtime=Runtime(**runtime),
            floor=float(values["floor"]),
            labels=tuple(map(str, labels)),
            size_mb=float(values["size_mb"]),
            notes=tuple(map(str, values["notes"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("This is not a prediction, or a damaged one.") from error


def instance_json(instance: Instance) -> InstanceJson:
    """One object of it."""
    return {
        "class_id": instance.class_id,
        "label": instance.label,
        "score": number(instance.score),
        "box": [round(value, 2) for value in instance.box],
        "area": instance.area,
        "mask": instance.mask,
    }


def paddlex_box(instance: Instance) -> dict[str, Any]:
    """One object's entry of `boxes` in PaddleX's results; `coordinate` is xyxy in pixels."""
    return {
        "cls_id": instance.class_id,
        "label": instance.label,
        "score": number(instance.score),
        "coordinate": [number(value) for value in instance.box],
    }


def coco_result(
    image_id: int | str, category_id: int | str, score: float, mask: Rle, xywh: Iterable[float] = ()
) -> dict[str, Any]:
    """One row of COCO's results list; without `xywh` it has no box."""
    row = {
        "image_id": image_id,
        "category_id": category_id,
        "score": number(score),
        "segmentation": mask,
    }
    box = list(xywh)
    return row | {"bbox": box} if box else row


def number(value: float) -> float:
    """A float32 by its shortest digits: read as float32, they are the same number again."""
    return float(str(np.float32(value)))


def instances_of(
    class_ids: Sequence[int],
    scores: Sequence[float],
    xywh: npt.NDArray[np.float64],
    masks: Sequence[Rle],
    labels: Sequence[str],
) -> Instances:
    """The instances of columns that were read back, such as an evaluation's from the disk.

    Args:
        class_ids: N indices into `labels`.
        scores: N, as `number` wrote them.
        xywh: (N, 4), x, y, width, height in pixels.
        masks: N.
        labels: class names; a class without one is called `class <id>`.
    """
    return Instances.from_rows(
        [
            Instance(
                class_id,
                labels[class_id] if class_id < len(labels) else f"class {class_id}",
                score,
                (x, y, x + width, y + height),
                area(mask),
                mask,
            )
            for class_id, score, (x, y, width, height), mask in zip(
                class_ids, scores, xywh.tolist(), masks, strict=True
            )
        ]
    )


def _row(one: Any) -> Instance:
    x0, y0, x1, y1 = map(float, one["box"])
    box, mask = (x0, y0, x1, y1), one["mask"]
    return Instance(int(one["class_id"]), one["label"], float(one["score"]), box, area(mask), mask)


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: round(value, 3) if isinstance(value, float) else value for key, value in values.items()
    }
