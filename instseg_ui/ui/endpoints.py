"""The named endpoints of the page: for `gradio_client`, for scripts, and as MCP tools.

A photo comes as an upload or by its address. Which of either is taken is decided in one place,
`uploads`, before any of these functions runs; Gradio's own components believe the caller's path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from instseg_ui import images
from instseg_ui.comparison import objects as comparison
from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.errors import InputError, InstSegError
from instseg_ui.latency import known
from instseg_ui.prediction_json import number
from instseg_ui.results import Prediction, check_threshold
from instseg_ui.ui.segment import run
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.export import ShownResult, export_file
from instseg_ui.ui.shared.photo import PhotoInput
from instseg_ui.ui.shared.services import Services

P = ParamSpec("P")
T = TypeVar("T")


def endpoints(services: Services) -> None:
    """Register `/segment`, `/compare`, `/export` and `/list_models`.

    The page itself does not use them.
    """
    queued: dict[str, Any] = {"concurrency_id": "models", "concurrency_limit": 4}
    default = services.settings.default_model

    @_sentences
    def segment(
        image: str | None, model: str, threshold: float, engine: str | None = None
    ) -> dict[str, Any]:
        """Find the instances of one image with one model.

        Args:
            image: the photo, as a file or an address.
            model: a name of the catalog, as `list_models` gives it.
            threshold: lowest score of an instance, 0 to 1.
            engine: normal, high_performance or an engine; empty is the server's choice.
        """
        return run.answer(services, image, model, threshold, engine)

    @_sentences
    def compare(
        image: str | None, models: str, threshold: float, engine: str | None = None
    ) -> dict[str, Any]:
        """Run several models on one image and match what they found, object by object.

        Args:
            image: the photo, as a file or an address.
            models: two to sixteen names of the catalog, separated by commas; the first is the
                reference.
            threshold: lowest score of an instance, 0 to 1.
            engine: normal, high_performance or an engine; empty is the server's choice.
        """
        return _compare(services, image, models, threshold, engine)

    @_sentences
    def export(
        image: str | None, model: str, threshold: float, format: str, engine: str | None = None
    ) -> str:
        """Find the instances of one image and write them as a file.

        Args:
            image: the photo, as a file or an address.
            model: a name of the catalog, as `list_models` gives it.
            threshold: lowest score of an instance, 0 to 1.
            format: paddlex-json, coco, coco-results, labelme, yolo-seg, label-map or cut-outs.
            engine: normal, high_performance or an engine; empty is the server's choice.
        """
        model, least = model or default, check_threshold(threshold)
        shown = ShownResult(model, threshold=least, engine=engine or "")
        return str(export_file(services, image, format, shown, Path(photo.GRADIO_CACHE)))

    @_sentences
    def list_models() -> list[dict[str, Any]]:
        """List the models that can be run, their published figures and whether they are here."""
        return [_listed(services, name) for name in services.segmenter.catalog.names]

    photo = PhotoInput(label="image", visible=False)
    limit = gr.Number(0.5, label="threshold", visible=False)
    engine = gr.Textbox(None, label="engine", visible=False)
    gr.Button(visible=False).click(
        segment,
        [photo, gr.Textbox(default, label="model", visible=False), limit, engine],
        gr.JSON(label="prediction", visible=False),
        api_name="segment",
        api_description=(
            "Find the instances of one image: label, score, box (xyxy, pixels) and COCO "
            "run-length mask of each, the timings in milliseconds and the model's size in MB."
        ),
        **queued,
    )
    gr.Button(visible=False).click(
        compare,
        [photo, gr.Textbox(default, label="models", visible=False), limit, engine],
        gr.JSON(label="comparison", visible=False),
        api_name="compare",
        api_description=(
            "Run two to sixteen models (names separated by commas) on one image and match their "
            "instances by mask IoU. Says where the models agree, not which of them is right."
        ),
        **queued,
    )
    gr.Button(visible=False).click(
        export,
        [
            photo,
            gr.Textbox(default, label="model", visible=False),
            limit,
            gr.Textbox("coco", label="format", visible=False),
            engine,
        ],
        gr.File(label="file", visible=False),
        api_name="export",
        api_description=(
            "Find the instances of one image and write them as a file: paddlex-json, coco, "
            "coco-results, labelme, yolo-seg, label-map or cut-outs."
        ),
        **queued,
    )
    gr.Button(visible=False).click(
        list_models,
        None,
        gr.JSON(label="models", visible=False),
        api_name="list_models",
        api_description="The models of the catalog: state, size in MB, published figures.",
    )


def _sentences(function: Callable[P, T]) -> Callable[P, T]:
    """What goes wrong reaches the caller as its sentence, without a stack."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except InstSegError as error:
            raise gr.Error(told(error), print_exception=False) from None

    return call


def _compare(
    services: Services, photo: str | None, models: str, threshold: float, engine: str | None
) -> dict[str, Any]:
    threshold = check_threshold(threshold)
    names = [name.strip() for name in str(models).split(",") if name.strip()]
    if not 2 <= len(dict.fromkeys(names)) <= MOST_MODELS:
        raise InputError(
            f"Expected two to {MOST_MODELS} different models, separated by commas, "
            f"got {len(names)}."
        )
    predictions = [
        prediction.at(threshold)
        for prediction in _predict(services, photo, list(dict.fromkeys(names)), engine)
    ]
    return _compared(services, predictions, engine) | {"threshold": threshold}


def _predict(
    services: Services, photo: str | None, models: Sequence[str], engine: str | None
) -> list[Prediction]:
    if photo is None:
        raise images.ImageError("No image came. Send one as `image`.")
    image = images.read(photo, services.settings)
    return [services.segmenter.segment(image, model or None, engine=engine) for model in models]


def _compared(
    services: Services, predictions: Sequence[Prediction], engine: str | None
) -> dict[str, Any]:
    result = comparison.compare(predictions)
    return {
        "models": [_summary(services, prediction, engine) for prediction in predictions],
        "agreement_f1": result.f1.round(4).tolist(),
        "objects": [
            {
                "state": item.state,
                "found_by": {
                    model: {
                        "label": member.instance.label,
                        "score": number(member.instance.score),
                        "box": [round(value, 2) for value in member.instance.box],
                        "iou": round(member.iou, 4),
                    }
                    for model, member in zip(result.models, item.members, strict=True)
                    if member
                },
            }
            for item in result.objects
        ],
    }


def _latency(services: Services, prediction: Prediction, engine: str | None) -> dict[str, Any]:
    """What is known of the model's latency here: its median, or null, and of how many runs."""
    size = prediction.width, prediction.height
    found = known(services.segmenter, prediction.model, size, engine)
    enough = found is not None and found.enough
    return {
        "latency_ms": round(found.median, 3) if found is not None and enough else None,
        "latency_runs": found.n if found else 0,
    }


def _summary(services: Services, prediction: Prediction, engine: str | None) -> dict[str, Any]:
    return {
        "model": prediction.model,
        "instances": len(prediction.instances),
        "counts": prediction.instances.counts(),
        **_latency(services, prediction, engine),
        "run_ms": round(prediction.timings.latency, 3),
        "size_mb": round(prediction.size_mb, 3),
        "engine": prediction.runtime.engine,
        "speedup": prediction.runtime.speedup,
        "parity": prediction.runtime.parity,
    }


def _listed(services: Services, name: str) -> dict[str, Any]:
    segmenter = services.segmenter
    spec = segmenter.catalog.get(name)
    status, figures = segmenter.store.status(spec), spec.published
    return {
        "model": spec.id,
        "family": spec.family,
        "description": spec.description,
        "state": "loaded" if spec.id in segmenter.loaded() else status.state.value,
        "size_mb": None if status.size_bytes is None else round(status.size_bytes / 1e6, 3),
        "published": {
            "mask_ap": figures.mask_ap,
            "gpu_normal_ms": figures.gpu_normal_ms,
            "gpu_high_performance_ms": figures.gpu_hp_ms,
            "cpu_normal_ms": figures.cpu_normal_ms,
            "cpu_high_performance_ms": figures.cpu_hp_ms,
            "storage_mb": figures.storage_mb,
        },
    }
