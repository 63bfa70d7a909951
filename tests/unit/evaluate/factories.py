"""Data sets and predictions whose right answer is known by construction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from instseg_ui import masks
from instseg_ui.evaluate.category_map import CategoryMap
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.importers import open_coco
from instseg_ui.evaluate.predictions import Predictions, RunKey, coco_results
from instseg_ui.evaluate.scores import IouKind, Scores, score
from instseg_ui.results import Instance, Instances, Prediction, Runtime, Timings

Box = tuple[int, int, int, int]
WIDTH, HEIGHT = 80, 60
RUNTIME = Runtime("fake", "cpu", 1, {"opencv": "4"}, 100, 20, 30)


def rectangle(box: Box, size: tuple[int, int] = (HEIGHT, WIDTH)) -> masks.Rle:
    """A filled rectangle x0, y0, x1, y1."""
    x0, y0, x1, y1 = box
    return masks.encode_crop(np.ones((y1 - y0, x1 - x0), bool), (x0, y0), size)


def instance(
    class_id: int, label: str, score_: float, box: Box, mask: masks.Rle | None = None
) -> Instance:
    mask = mask or rectangle(box)
    corners = tuple(float(value) for value in box)
    return Instance(class_id, label, score_, corners, masks.area(mask), mask)


@dataclass
class World:
    """A COCO data set of small gray images, in a folder."""

    folder: Path
    categories: Sequence[tuple[int, str]] = ((1, "cat"), (2, "dog"))
    size: tuple[int, int] = (HEIGHT, WIDTH)
    images: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)

    def image(self, image_id: int, *objects: tuple[int, Box], **more: Any) -> None:
        """An image and its objects, (category id, box) each; `crowd` lists the crowds."""
        name = f"{image_id}.png"
        height, width = self.size
        (self.folder / "images").mkdir(parents=True, exist_ok=True)
        pixels = np.full((height, width, 3), 127, np.uint8)
        cv2.imwrite(str(self.folder / "images" / name), pixels)
        self.images.append({"id": image_id, "file_name": name, "width": width, "height": height})
        for i, (category, box) in enumerate(objects):
            self.add(image_id, category, rectangle(box, self.size), i in more.get("crowd", ()))

    def add(
        self,
        image_id: int,
        category: int,
        mask: masks.Rle,
        crowd: bool = False,
        area: float | None = None,
    ) -> None:
        x0, y0, x1, y1 = masks.box_of(mask)
        self.annotations.append(
            {
                "id": len(self.annotations) + 1,
                "image_id": image_id,
                "category_id": category,
                "segmentation": mask,
                "area": masks.area(mask) if area is None else area,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "iscrowd": int(crowd),
            }
        )

    @property
    def file(self) -> Path:
        return self.folder / "instances.json"

    def write(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "images").mkdir(exist_ok=True)
        rows = [{"id": number, "name": name} for number, name in self.categories]
        value = {"images": self.images, "annotations": self.annotations, "categories": rows}
        self.file.write_text(json.dumps(value), encoding="utf-8")
        return self.file

    def open(self) -> Dataset:
        return open_coco(self.folder / "images", self.write())


def prediction(
    rows: Iterable[Instance], labels: Sequence[str], size: tuple[int, int]
) -> Prediction:
    found = Instances.from_rows(list(rows))
    timings = Timings(inference=5)
    return Prediction("m", size[1], size[0], found, timings, RUNTIME, 0.05, tuple(labels))


def predict(
    dataset: Dataset,
    path: Path,
    found: Mapping[int, Iterable[Instance]],
    labels: Sequence[str] = ("cat", "dog"),
) -> Predictions:
    """Predictions of all images; `found` has those of the images in which something is found."""
    key = RunKey("m", "f", tuple(labels), dataset.digest, 0.05, 100, "cpu")
    predictions = Predictions(path, key)
    for entry in dataset.images:
        rows = found.get(int(entry.id), ())
        size = (entry.height, entry.width)
        predictions.add(entry.id, prediction(rows, labels, size), 0)
    return predictions


def evaluate(
    world: World,
    found: Mapping[int, Iterable[Instance]],
    labels: Sequence[str] = ("cat", "dog"),
    kinds: Sequence[IouKind] = ("mask", "box"),
) -> tuple[Dataset, Predictions, CategoryMap, Scores]:
    dataset = world.open()
    predictions = predict(dataset, world.folder / "predictions.jsonl", found, labels)
    mapping = CategoryMap.by_name(dataset.categories, labels)
    return dataset, predictions, mapping, score(dataset, predictions, mapping, kinds=kinds)


def pycocotools(
    file: Path, dataset: Dataset, predictions: Predictions, mapping: CategoryMap, kind: str
) -> COCOeval:
    """The reference, from the files that a user would give it."""
    results = json.loads("".join(coco_results(dataset, predictions, mapping)))
    with redirect_stdout(StringIO()):
        truth = COCO(str(file))
        evaluation = COCOeval(truth, truth.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation
