"""An evaluation as plain values: what `report.json` holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui import __version__
from instseg_ui.evaluate import boundary, calibration, confusion, tide
from instseg_ui.evaluate.average_precision import RECALLS
from instseg_ui.evaluate.matches import MAX_DETECTIONS, RANGES, SIZES, THRESHOLDS
from instseg_ui.evaluate.results import ClassRow, Evaluation, ModelResult
from instseg_ui.evaluate.scores import IouKind
from instseg_ui.latency import MEANING, Latency

METHOD = {
    "average_precision": "Equal to pycocotools' COCOeval: 101 recalls, IoU 0.50 to 0.95 in steps "
    "of 0.05, at most 100 predictions of a class in an image. The size of a prediction is its "
    "box's area, as pycocotools takes it from results with boxes; an object's is its annotation's.",
    "errors": tide.SOURCE,
    "calibration": calibration.SOURCE,
    "boundary": boundary.SOURCE,
    "confusion": "Predictions at or above the threshold, matched with objects at mask IoU 0.5 "
    "whatever their classes.",
    "best_f1": "All predictions together, right at mask IoU 0.5.",
    "latency": MEANING + " Models in turn on one of the pictures, n warm runs each; the quartiles "
    "are null below five.",
    "picture_ms": "The same stages over all evaluated pictures, one model after the other, at the "
    "evaluation's floor. Not to compare models by.",
}


def to_json(evaluation: Evaluation) -> bytes:
    """Every figure as UTF-8 JSON; shares are 0 to 1, null where there is no figure."""
    return encoded(to_dict(evaluation))


def encoded(values: dict[str, Any]) -> bytes:
    """Plain values as UTF-8 JSON."""
    text = json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def to_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Every figure as plain JSON values."""
    return {
        "instseg_ui": __version__,
        "made": evaluation.made.isoformat(timespec="seconds"),
        "hardware": dict(evaluation.machine),
        "dataset": _dataset(evaluation),
        "conditions": {
            "iou_thresholds": [round(float(value), 2) for value in THRESHOLDS],
            "max_detections": list(MAX_DETECTIONS),
            "areas": {name: list(span) for name, span in zip(SIZES, RANGES, strict=True)},
        },
        "method": METHOD,
        "models": [_model(one, evaluation) for one in evaluation.results],
        "failures": dict(evaluation.failures),
    }


def _dataset(evaluation: Evaluation) -> dict[str, Any]:
    dataset, images = evaluation.dataset, evaluation.images
    truths = dataset.truths
    inside = images[truths.image]
    return {
        "name": dataset.name,
        "format": dataset.format,
        "digest": dataset.digest,
        "images": len(dataset.images),
        "images_evaluated": int(images.sum()),
        "objects_evaluated": int(np.count_nonzero(inside & ~truths.crowd)),
        "crowds_evaluated": int(np.count_nonzero(inside & truths.crowd)),
        "categories": [{"id": one.id, "name": one.name} for one in dataset.categories],
        "findings": [one.to_dict() for one in evaluation.findings],
    }


def _model(result: ModelResult, evaluation: Evaluation) -> dict[str, Any]:
    key, kinds = result.predictions.key, evaluation.kinds
    value: dict[str, Any] = {
        "model": result.model,
        "fingerprint": key.fingerprint,
        "device": key.device,
        "engine": key.engine,
        "floor": key.floor,
        "max_instances": key.max_instances,
        "runtimes": list(result.predictions.runtimes),
        "latency": _latency(evaluation.latencies.get(result.model)),
        "picture_ms": result.picture_times()._asdict(),
        "images_failed": len(result.scores.failures),
        "predictions_counted": len(next(iter(result.scores.by.values())).detections),
        "mapping": result.mapping.to_dict(),
    }
    for kind in kinds:
        value[kind] = {
            **result.summary(kind).to_dict(),
            "mean_iou": result.mean_iou(kind),
            "of_known_categories": result.summary_of_known(kind).to_dict(),
            "by_class": [_class_row(row) for row in result.by_class(kind)],
            "curve": _curves(result, kind),
        }
    return value | (_analysis(result) if "mask" in kinds else {})


def _latency(found: Latency | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "n": found.n,
        "median_ms": found.median,
        "quartiles_ms": found.quartiles,
        "runs_ms": list(found.runs_ms),
        "image": [found.width, found.height],
        "measured": found.measured.isoformat(timespec="seconds"),
        "beside": list(found.beside),
        "other_work_cores": found.others,
        "busy": found.busy,
        "size_mb": found.size_mb,
        "memory_mb": found.memory_mb,
    }


def _analysis(result: ModelResult) -> dict[str, Any]:
    found = result.confusion()
    names = result.dataset.categories
    return {
        "best_f1": asdict(result.best) if result.best else None,
        "operating_points": [
            [round(value, 5) for value in (one.threshold, one.precision, one.recall, one.f1)]
            for one in result.operating_points()
        ],
        "errors": asdict(result.errors),
        "calibration": asdict(result.calibration),
        "confusion": {
            "threshold": found.threshold,
            "cells": [
                {
                    "truth": None if cell.truth == confusion.NOTHING else names[cell.truth].name,
                    "predicted": None
                    if cell.predicted == confusion.NOTHING
                    else names[cell.predicted].name,
                    "count": cell.count,
                }
                for cell in found.cells
            ],
        },
    }


def _class_row(row: ClassRow) -> dict[str, Any]:
    return {
        "id": row.category.id,
        "name": row.category.name,
        "objects": row.objects,
        "predictions": row.predictions,
        "ap": row.ap,
        "ap50": row.ap50,
        "ap75": row.ap75,
        "ar100": row.ar100,
        "best_f1": asdict(row.best) if row.best else None,
    }


def _curves(result: ModelResult, kind: IouKind) -> dict[str, Any]:
    """Precision at the recalls; by class at IoU 0.5 only."""
    iou50, iou75, mean = result.curve(kind=kind)
    by_class = {
        str(category.id): _plain(result.curve(k, kind)[0])
        for k, category in enumerate(result.dataset.categories)
        if result.scores.objects[k, 0]
    }
    return {
        "recall": [round(float(value), 2) for value in RECALLS],
        "iou50": _plain(iou50),
        "iou75": _plain(iou75),
        "mean": _plain(mean),
        "iou50_by_category_id": by_class,
    }


def _plain(values: npt.NDArray[np.float32]) -> list[float] | None:
    return None if np.isnan(values).any() else [round(float(value), 5) for value in values]
