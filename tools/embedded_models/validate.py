"""Mask precision during training, each class on the photos that say where it is."""

import contextlib
import io
from typing import Any

import numpy as np
import torch
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from instseg_ui.train import augment
from tools.embedded_models import inference
from tools.embedded_models.dataset import Photo
from tools.embedded_models.network import Network


def validate(model: Network, photos: list[Photo]) -> dict[str, float]:
    """Mask AP of each class, on the photos in which it is annotated or known to be absent."""
    model.eval()
    found: list[dict[str, Any]] = []
    for photo in photos:
        prepared = inference.preprocess(photo.pixels, model.spec.target_size)
        with torch.autocast("cpu", torch.bfloat16):
            detections = inference.detect(model, prepared)
        found += _results(photo.image_id, detections)
    report = {}
    for label, name in enumerate(model.spec.classes):
        ids = [photo.image_id for photo in photos if _says(photo, label)]
        report[f"AP {name}"] = _precision(photos, found, label, ids)
    there = [value for value in report.values() if value >= 0]
    return report | {"AP": float(np.mean(there))}


def _says(photo: Photo, label: int) -> bool:
    return bool(photo.known[label]) or any(one.label == label for one in photo.instances)


def _results(image_id: int, detections: inference.Detections) -> list[dict[str, Any]]:
    """Detections of one image as COCO results, categories from 1."""
    arrays = (detections.classes.tolist(), detections.scores.tolist(), detections.masks.numpy())
    return [
        {
            "image_id": image_id,
            "category_id": label + 1,
            "score": score,
            "segmentation": rle.encode(np.asfortranarray(mask.astype(np.uint8))),
        }
        for label, score, mask in zip(*arrays, strict=True)
    ]


def _truth(photos: list[Photo], label: int) -> dict[str, Any]:
    """The objects of one class as a COCO document."""
    annotations: list[dict[str, Any]] = []
    for photo in photos:
        for instance in (one for one in photo.instances if one.label == label):
            mask = np.zeros(photo.pixels.shape[:2], np.uint8)
            augment.fill(mask, instance.rings)
            encoded = rle.encode(np.asfortranarray(mask))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": photo.image_id,
                    "category_id": label + 1,
                    "iscrowd": 0,
                    "segmentation": encoded,
                    "area": float(rle.area(encoded)),
                    "bbox": rle.toBbox(encoded).tolist(),
                }
            )
    images = [
        {"id": photo.image_id, "height": photo.pixels.shape[0], "width": photo.pixels.shape[1]}
        for photo in photos
    ]
    return {"images": images, "annotations": annotations, "categories": [{"id": label + 1}]}


def _precision(
    photos: list[Photo], found: list[dict[str, Any]], label: int, ids: list[int]
) -> float:
    """Mask AP of one class over the photos `ids`; -1 where there is nothing to find."""
    document = _truth(photos, label)
    wanted = set(ids)
    results = [
        one for one in found if one["category_id"] == label + 1 and one["image_id"] in wanted
    ]
    if not document["annotations"]:
        return -1.0
    if not results:
        return 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = document
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "segm")
        evaluation.params.imgIds = ids
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])
