"""A comparison to take away: one self-contained HTML file, or JSON with every figure.

The HTML asks nothing of the network: pictures are data URIs, style is inline, there is no
script. Decision, figures and agreement are those of the page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import htpy as h
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from instseg_ui import __version__, prediction_json
from instseg_ui.catalog import Basis, ModelSpec
from instseg_ui.comparison.objects import Comparison
from instseg_ui.exports.overlay import overlay
from instseg_ui.images import Image
from instseg_ui.latency import Latency
from instseg_ui.numbers import plural
from instseg_ui.palette import class_colors
from instseg_ui.results import Prediction
from instseg_ui.show.agreement import MEASURES, TOO_FEW, agreement, matched_objects
from instseg_ui.show.decision import HERE, ComparedModel, decision, decision_figures
from instseg_ui.show.html import facts, page, section
from instseg_ui.show.model_facts import device
from instseg_ui.show.stages import STYLE as STAGES_STYLE
from instseg_ui.verdict import Accuracy, Verdict, verdict_json
from instseg_ui.workers.hardware import hardware

STYLE = Path(__file__).parent / "comparison.css"
_SIDE = 1000
_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Study:
    """One comparison, whole.

    Attributes:
        image: the photo.
        predictions: of the models that are done, each at its threshold.
        thresholds: of these, in the same order.
        specs: their rows of the catalog, in the same order.
        failures: why the others have no result, by model.
        comparison: what was matched; None with fewer than two predictions.
        verdict: which one to ship, and why.
        basis: where the published figures come from.
        made: when.
        colors: of their classes, by name, where they are to be those of the page.
        hardware: what it was run on; `place` is that in words.
        latencies: by model, as they are known here.
        accuracies: by model, as they are known from the visitor's own work.
    """

    image: Image
    predictions: tuple[Prediction, ...]
    thresholds: tuple[float, ...]
    specs: tuple[ModelSpec, ...]
    failures: Mapping[str, str]
    comparison: Comparison | None
    verdict: Verdict
    basis: Basis
    made: datetime
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    accuracies: Mapping[str, Accuracy] = field(default_factory=dict)
    hardware: Mapping[str, object] = field(default_factory=hardware)
    colors: Mapping[str, str] = field(default_factory=dict)
    place: str = HERE


def to_json(study: Study) -> bytes:
    """Everything, as UTF-8 JSON; masks are COCO run-length encodings."""
    value = {
        "instseg_ui": __version__,
        "made": study.made.isoformat(timespec="seconds"),
        "image": {
            "name": study.image.name,
            "width": study.image.width,
            "height": study.image.height,
            "sha256_of_pixels": study.image.digest,
        },
        "hardware": dict(study.hardware),
        "published_basis": asdict(study.basis),
        "models": [
            {
                **prediction_json.to_json(one),
                "threshold": threshold,
                "published": asdict(spec.published),
            }
            for one, threshold, spec in _rows(study)
        ],
        "failures": dict(study.failures),
        "agreement": _agreement(study.comparison),
        "objects": _objects(study.comparison),
        "decision": verdict_json(study.verdict),
    }
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def to_html(study: Study) -> bytes:
    """The report as one HTML file."""
    title, models = f"{len(study.predictions)} models on {study.image.name}", _models(study)
    return page(
        title,
        (STYLE, STAGES_STYLE),
        h.h1[title],
        _facts(study),
        section("Decision", decision(study.verdict, models)),
        section("Figures", decision_figures(study.verdict, models, study.place)),
        section("Pictures", _pictures(study)),
        section("Agreement", _agreement_tables(study.comparison)),
        section("Matched objects", matched_objects(study.comparison)),
        _failures(study.failures),
    )


def _rows(study: Study) -> list[tuple[Prediction, float, ModelSpec]]:
    return list(zip(study.predictions, study.thresholds, study.specs, strict=True))


def _agreement(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    return {
        "note": "Agreement between models, not accuracy.",
        "models": list(comparison.models),
        "f1": _plain(comparison.f1),
        "mean_iou": _plain(comparison.mean_iou),
    }


def _plain(table: npt.NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in table]


def _objects(comparison: Comparison | None) -> list[dict[str, Any]]:
    """Matched objects; `instance` counts in that model's `instances` here."""
    if comparison is None:
        return []
    return [
        {
            "state": one.state,
            "found_by": {
                name: {"instance": member.index, "iou": round(member.iou, 4)}
                for name, member in zip(comparison.models, one.members, strict=True)
                if member is not None
            },
        }
        for one in comparison.objects
    ]


def _models(study: Study) -> list[ComparedModel]:
    return [
        ComparedModel(
            one,
            threshold,
            spec,
            study.latencies.get(one.model),
            study.accuracies.get(one.model),
        )
        for one, threshold, spec in _rows(study)
    ]


def _facts(study: Study) -> Markup:
    hardware, image = study.hardware, study.image
    devices = ", ".join(dict.fromkeys(device(one.runtime) for one in study.predictions))
    return facts(
        (
            ("Image", f"{image.name}, {image.width} × {image.height} px"),
            ("SHA-256 of its pixels", image.digest),
            ("Made", f"{study.made:%Y-%m-%d %H:%M %Z} by InstSeg UI {__version__}"),
            ("Measured on", f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['system']}"),
            ("Run on", devices or "nothing"),
            ("Published figures", f"{study.basis.publisher}: {study.basis.hardware}"),
        )
    )


def _pictures(study: Study) -> h.Element:
    figures = [_figure("The photo", study.image.pixels)]
    colors = study.colors or class_colors(*(one.classes for one in study.predictions))
    for one, threshold, _ in _rows(study):
        drawn = overlay(study.image.pixels, one.instances, threshold=threshold, colors=colors)
        words = f"{one.model}: {plural(len(one.instances), 'instance')} at {threshold:.2f}"
        figures.append(_figure(words, drawn))
    return h.div(".pictures")[figures]


def _figure(words: str, pixels: npt.NDArray[np.uint8]) -> h.Element:
    return h.figure[h.img(src=_data_uri(pixels), alt=words), h.figcaption[words]]


def _data_uri(pixels: npt.NDArray[np.uint8]) -> str:
    """A JPEG of at most 1000 pixels a side."""
    scale = min(1.0, _SIDE / max(pixels.shape[:2]))
    if scale < 1:
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"


def _agreement_tables(comparison: Comparison | None) -> h.Node:
    if comparison is None:
        return TOO_FEW
    return [(h.h3[measure], agreement(comparison, measure)) for measure in MEASURES]


def _failures(failures: Mapping[str, str]) -> Markup | None:
    if not failures:
        return None
    items = (h.li[h.b[model], f": {reason}"] for model, reason in failures.items())
    return section("Without a result", h.ul[items])
