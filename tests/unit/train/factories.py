"""A few of the product's own photos as a data set whose class no embedded model knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from instseg_ui.evaluate import Dataset, open_coco
from instseg_ui.settings import DATA_DIR, Settings
from instseg_ui.train.request import TrainingRequest, checked

EXAMPLES = DATA_DIR / "assets" / "examples"
START = "everyday-S"
START_FOLDER = DATA_DIR / "assets" / "models" / "everyday-s"
PHOTOS = ("street-at-night.jpg", "terrace-at-night.jpg", "turret-at-night.jpg")
NEW = "vitre à barreaux"


def document(copies: int = 1, names: tuple[str, ...] = PHOTOS) -> dict[str, Any]:
    """COCO: windows of night facades under another name; each photo so many times."""
    found = json.loads((EXAMPLES / "instances.json").read_text(encoding="utf-8"))
    window = next(one for one in found["categories"] if one["name"] == "window")
    images, annotations = [], []
    for copy in range(copies):
        for image in found["images"]:
            if image["file_name"] in names:
                new = {**image, "id": len(images) + 1}
                objects = (one for one in found["annotations"] if one["image_id"] == image["id"])
                annotations += [
                    {**one, "id": 1000 * copy + one["id"], "image_id": new["id"]}
                    for one in objects
                    if one["category_id"] == window["id"]
                ]
                images.append(new)
    category = {"id": window["id"], "name": NEW}
    return {"images": images, "annotations": annotations, "categories": [category]}


def written(folder: Path, value: dict[str, Any] | None = None) -> Path:
    """The document as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "instances.json"
    path.write_text(json.dumps(document() if value is None else value), encoding="utf-8")
    return path


def dataset(folder: Path, value: dict[str, Any] | None = None) -> Dataset:
    return open_coco(EXAMPLES, written(folder, value))


def request(place: Path, value: dict[str, Any] | None = None, **changes: Any) -> TrainingRequest:
    """A run of one round from the smallest embedded model."""
    return checked(
        **{
            "images": EXAMPLES,
            "annotations": written(place, value),
            "start": START,
            "folder": START_FOLDER,
            "output": place / "my model",
            "minutes": 60.0,
            "epochs": 1,
            "licence": "CC BY 4.0, of | me",
            **changes,
        }
    )


def settings() -> Settings:
    return Settings(fake_engine=False)
