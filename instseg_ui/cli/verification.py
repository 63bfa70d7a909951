"""Whether a model on this machine is whole and runs, and which engines are equal to Paddle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from instseg_ui.catalog import ModelSpec
from instseg_ui.catalog.model_folder import CONFIG, GRAPHS, WEIGHTS
from instseg_ui.examples.photos import OPENING, photo_folder
from instseg_ui.hpi import Record
from instseg_ui.hpi.calibration import Picture
from instseg_ui.hpi.environment import current
from instseg_ui.images import Image, read
from instseg_ui.latency import Latency, measure
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.latency import latency_words
from instseg_ui.weights import WeightsStore

# After which no new run of the latency begins.
_SECONDS = 10.0


def verify_model(
    spec: ModelSpec,
    store: WeightsStore,
    settings: Settings,
    *,
    pictures: Sequence[Picture] = (),
    on_stage: Callable[[str], None] = lambda stage: None,
) -> dict[str, Any]:
    """What was checked, as JSON values.

    The folder must be whole, and Paddle must load it and run it on the bundled photo. Then it is
    converted, and every engine that this machine has is held against Paddle and timed.

    Args:
        spec: the model's row in the catalog.
        store: where its folder lies.
        settings: of the engines.
        pictures: more images to compare on.
        on_stage: told what begins, in words.

    Raises:
        ModelError, WorkerError: it is not whole, or does not run.
    """
    facts = store.folder(spec)
    graph = next(name for name, kind in GRAPHS.items() if kind == facts.format)
    photo = read(photo_folder(settings.assets) / OPENING, settings)
    with Segmenter(settings) as segmenter:
        prediction = segmenter.segment(photo, spec.id)
        latency = _measured(segmenter, spec.id, photo)
        record = None
        if not settings.fake_engine:
            record = segmenter.verify(spec.id, pictures=pictures, on_stage=on_stage)
    found = {
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
        "latency": latency_words(latency),
        "photo": OPENING,
        "objects": len(prediction.at(facts.draw_threshold).instances),
        "threshold": facts.draw_threshold,
    }
    return found | _high_performance(record, settings)


def _measured(segmenter: Segmenter, model: str, photo: Image) -> Latency | None:
    """The model's latency on the photo; None where it fails."""
    *_, last = measure(segmenter, [model], photo, seconds=_SECONDS)
    return last.latencies.get(model)


def _high_performance(record: Record | None, settings: Settings) -> dict[str, Any]:
    if record is None:
        return {"verdict": "whole, and it runs"}
    key = current(settings)
    order = record.order(key)
    return {
        "recipe": record.recipe or "none",
        "fallen_back_because": list(record.reasons),
        "parity": {name: check.sentence for name, check in record.checks.items()},
        "timed_ms": {name: timing.ms for name, timing in record.timings.get(key, {}).items()},
        "timed_on": record.image,
        "high_performance_engine": order[0] if order else "paddle",
        "speedup": round(record.speedup(order[0], key) or 1.0, 2) if order else 1.0,
        "verdict": _verdict(order),
    }


def _verdict(order: tuple[str, ...]) -> str:
    if not order or order[0] == "paddle":
        return "whole, and it runs; no engine here is both faster than Paddle and equal to it"
    return f"whole, and it runs; high-performance mode is {order[0]}, equal to Paddle"
