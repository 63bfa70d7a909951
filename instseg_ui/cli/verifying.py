"""Whether a model on this machine is whole and runs."""

from __future__ import annotations

from typing import Any

from instseg_ui.catalog import ModelSpec
from instseg_ui.images import read
from instseg_ui.model_folder import CONFIG, GRAPHS, WEIGHTS
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.weights import WeightsStore

PHOTO = "cats.jpg"


def verify_model(spec: ModelSpec, store: WeightsStore, settings: Settings) -> dict[str, Any]:
    """What was checked, as JSON values.

    The folder must be whole, and the engine must load it and run it on the bundled photo.

    Raises:
        ModelError, WorkerError: it is not whole, or does not run.
    """
    facts = store.folder(spec)
    graph = next(name for name, kind in GRAPHS.items() if kind == facts.format)
    photo = read(settings.assets / "examples" / PHOTO, settings)
    with Segmenter(settings) as segmenter:
        prediction = segmenter.segment(photo, spec.id)
    return {
        "model": spec.id,
        "model_name": facts.model_name,
        "classes": len(facts.labels),
        "files": {
            name: f"{(facts.path / name).stat().st_size} bytes" for name in (CONFIG, graph, WEIGHTS)
        },
        "weights_sha256": facts.weights_sha256,
        "engine": prediction.runtime.engine,
        "versions": prediction.runtime.versions,
        "cold_ms": round(prediction.runtime.cold_ms, 1),
        "latency_ms": round(prediction.timings.latency, 1),
        "photo": PHOTO,
        "objects": len(prediction.at(facts.draw_threshold).instances),
        "threshold": facts.draw_threshold,
        "verdict": "whole, and it runs",
    }
