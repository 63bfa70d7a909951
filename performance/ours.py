"""Our side: an image file to a JSON file and a drawn JPEG, by stage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import cv2

from instseg_ui import images
from instseg_ui.exports import overlay
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Prediction
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.variables import read_settings

Stages = dict[str, float]

# What Pillow writes by default, so that both sides write the same.
JPEG_QUALITY = 75


def settings_for(folders: Sequence[Path], threads: int, converted: Path | None = None) -> Settings:
    """Settings that list these folders and keep no prediction: every run really runs.

    `converted`: where converted models are kept; None is among the fetched ones.
    """
    return read_settings(
        {
            "model_folders": tuple(folders),
            "threads": threads,
            "cache_predictions": 0,
            "fake_engine": False,
            "converted_dir": converted,
        }
    )


def names_of(segmenter: Segmenter, folders: Sequence[Path]) -> dict[Path, str]:
    """Catalog ids of these folders; a bundled one goes by its own id."""
    ids: dict[Path, str] = {}
    for spec in segmenter.catalog:
        # An absolute location stays as it is.
        ids.setdefault((segmenter.settings.assets / spec.location).absolute(), spec.id)
    return {folder: ids[folder.expanduser().absolute()] for folder in folders}


def run_ours(
    segmenter: Segmenter, model: str, engine: str, image: Path, out: Path, threshold: float
) -> tuple[Stages, Prediction]:
    """One image from file to files.

    Returns:
        Milliseconds by stage, `total` being the whole, `masks` what the worker does from pixels to
        masks, and the prediction at the threshold.
    """
    start = perf_counter()
    decoded = images.read(image, segmenter.settings)
    ready = perf_counter()
    prediction = segmenter.segment(decoded, model, engine=engine).at(threshold)
    found = perf_counter()
    (out / "ours.json").write_text(json.dumps(to_json(prediction)), encoding="utf-8")
    told = perf_counter()
    drawn = overlay.overlay(decoded.pixels, prediction.instances, threshold=threshold, boxes=True)
    cv2.imwrite(str(out / "ours.jpg"), drawn, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    end = perf_counter()
    timings = prediction.timings
    stages = {
        "total": end - start,
        **{name: value / 1e3 for name, value in timings.stages.items()},
        "decode": ready - start,
        "json": told - found,
        "draw": end - told,
    }
    stages["masks"] = stages["preprocess"] + stages["inference"] + stages["postprocess"]
    return {name: seconds * 1e3 for name, seconds in stages.items()}, prediction
