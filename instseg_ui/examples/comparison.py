"""What models found on the opening photo, as it ships: Compare opens with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from instseg_ui import images
from instseg_ui.errors import InputError
from instseg_ui.examples.origin import Origin, read_json, read_origin, result_folder
from instseg_ui.examples.photos import OPENING, photo_folder
from instseg_ui.prediction_json import from_json, to_json
from instseg_ui.results import Prediction
from instseg_ui.segmenter import Segmenter

MODELS = ("everyday-M", "everyday-S")
"""The models that are compared."""
_FILE = "comparison.json"


@dataclass(frozen=True, slots=True, eq=False)
class ExampleComparison:
    """The photo, what each model found on it at the floor, and where that was."""

    photo: Path
    predictions: tuple[Prediction, ...]
    origin: Origin


def compare_example(segmenter: Segmenter) -> tuple[Prediction, ...]:
    """Run the models on the opening photo, each warm."""
    assets = segmenter.settings.assets
    image = images.read(photo_folder(assets) / OPENING, segmenter.settings)
    fresh = segmenter.sibling(cache_predictions=0)
    for model in MODELS:
        fresh.segment(image, model)
    return tuple(fresh.segment(image, model) for model in MODELS)


def write_comparison(assets: Path, predictions: Sequence[Prediction]) -> None:
    """The file that `read_comparison` reads."""
    rows = [{"labels": list(one.labels), "found": to_json(one)} for one in predictions]
    text = json.dumps({"photo": OPENING, "predictions": rows}, ensure_ascii=False)
    (result_folder(assets) / _FILE).write_text(text + "\n", encoding="utf-8")


def read_comparison(assets: Path) -> ExampleComparison:
    """Raises `InputError` where there is none, or a damaged one."""
    values = read_json(result_folder(assets) / _FILE)
    try:
        rows, photo = values["predictions"], photo_folder(assets) / str(values["photo"])
        predictions = tuple(from_json(row["found"], row["labels"]) for row in rows)
    except (KeyError, TypeError) as error:
        raise InputError(f"The example file “{_FILE}” is damaged.") from error
    if not photo.is_file():
        raise InputError(f"The example photo “{photo.name}” is missing.")
    return ExampleComparison(photo, predictions, read_origin(assets))
