"""A comparison to take away: one self-contained HTML file, or JSON with every figure.

The HTML asks nothing of the network: pictures are data URIs, style is inline, there is no
script. Every text that came in is escaped.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui import __version__, prediction_json
from instseg_ui.catalog import Basis, ModelSpec
from instseg_ui.comparison.decision import Verdict
from instseg_ui.comparison.objects import Comparison
from instseg_ui.exports.overlay import overlay
from instseg_ui.images import Image
from instseg_ui.numbers import score
from instseg_ui.results import Prediction, Runtime
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
    hardware: Mapping[str, object] = field(default_factory=hardware)


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
        "decision": asdict(study.verdict),
    }
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def to_html(study: Study) -> bytes:
    """The report as one HTML file."""
    title = f"{len(study.predictions)} models on {study.image.name}"
    body = "".join(
        (
            f"<h1>{escape(title)}</h1>",
            _facts(study),
            _section("Decision", f"<p>{escape(study.verdict.reason)}</p>{_figures(study)}"),
            _section("Pictures", _pictures(study)),
            _section("Agreement", _matrices(study.comparison)),
            _section("Matched objects", _object_table(study.comparison)),
            _failures(study.failures),
        )
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style>"
        f"</head><body><main>{body}</main></body></html>\n"
    )
    return page.encode("utf-8", "replace")


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


def _section(title: str, html: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{html}</section>"


def _facts(study: Study) -> str:
    hardware, image = study.hardware, study.image
    device = ", ".join(dict.fromkeys(_device(one) for one in study.predictions))
    rows = (
        ("Image", f"{image.name}, {image.width} × {image.height} px"),
        ("SHA-256 of its pixels", image.digest),
        ("Made", f"{study.made:%Y-%m-%d %H:%M %Z} by InstSeg UI {__version__}"),
        ("Measured on", f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['system']}"),
        ("Run on", f"{device}; n = 1 after a warm-up" if device else "nothing"),
        ("Published figures", f"{study.basis.publisher}: {study.basis.hardware}"),
    )
    return f"<dl>{''.join(f'<dt>{a}</dt><dd>{escape(str(b))}</dd>' for a, b in rows)}</dl>"


def _device(one: Prediction) -> str:
    runtime = one.runtime
    threads = "1 thread" if runtime.threads == 1 else f"{runtime.threads} threads"
    return f"{runtime.device.upper()}, {threads}"


def _figures(study: Study) -> str:
    heads = (
        "Model",
        "Mask AP, published",
        "Latency here, ms",
        "Cold here, ms",
        "Size, MB",
        "Memory, MB",
        "Threshold",
        "Instances",
        "Engine",
        "Ruled out",
    )
    rows = [_figures_row(*row, study.verdict) for row in _rows(study)]
    return _table(heads, rows, best=study.verdict.best) + _proofs(study)


def _proofs(study: Study) -> str:
    """What high-performance mode gained, and how it compares with Paddle, a line a model."""
    lines = [
        f"<li>{escape(one.model)} on {escape(one.runtime.engine)}: {escape(words)}</li>"
        for one in study.predictions
        if (words := _gain(one.runtime))
    ]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _gain(runtime: Runtime) -> str:
    gain = "" if runtime.speedup is None else f"{runtime.speedup:.1f}× Paddle's speed here"
    return "; ".join(filter(None, [gain, runtime.parity]))


def _figures_row(
    one: Prediction, threshold: float, spec: ModelSpec, verdict: Verdict
) -> tuple[str, ...]:
    ap = spec.published.mask_ap
    return (
        one.model,
        "—" if ap is None else f"{ap:.1f}",
        f"{one.timings.latency:.1f}",
        f"{one.runtime.cold_ms:.0f}",
        f"{one.size_mb:.1f}",
        f"{one.runtime.memory_mb:.0f}",
        f"{threshold:.2f}",
        str(len(one.instances)),
        one.runtime.engine,
        verdict.ruled_out.get(one.model, ""),
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], best: str | None = None) -> str:
    """A table whose first column names the rows."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        f"<tr{' class=best' if row[0] == best else ''}><th>{escape(row[0])}</th>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _pictures(study: Study) -> str:
    figures = [_figure("The photo", _data_uri(study.image.pixels))]
    for one, threshold, _ in _rows(study):
        drawn = overlay(study.image.pixels, one.instances, threshold=threshold)
        words = f"{one.model}: {len(one.instances)} instances at {threshold:.2f}"
        figures.append(_figure(words, _data_uri(drawn)))
    return f'<div class="pictures">{"".join(figures)}</div>'


def _figure(words: str, uri: str) -> str:
    text = escape(words)
    return f'<figure><img src="{uri}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def _data_uri(pixels: npt.NDArray[np.uint8]) -> str:
    """A JPEG of at most 1000 pixels a side."""
    scale = min(1.0, _SIDE / max(pixels.shape[:2]))
    if scale < 1:
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"


def _matrices(comparison: Comparison | None) -> str:
    if comparison is None:
        return "<p>Fewer than two models are done: there is nothing to agree on.</p>"
    heads = ("", *comparison.models)
    parts = ["<p>Agreement between models, not accuracy: two can agree and both be wrong.</p>"]
    for title, table in (("F1 of matched instances", comparison.f1),
                         ("Mean mask IoU of matched pairs", comparison.mean_iou)):  # fmt: skip
        rows = [
            (name, *("—" if np.isnan(v) else f"{v:.2f}" for v in row))
            for name, row in zip(comparison.models, table, strict=True)
        ]
        parts.append(f"<h3>{title}</h3>{_table(heads, rows)}")
    return "".join(parts)


def _object_table(comparison: Comparison | None) -> str:
    if comparison is None or not comparison.objects:
        return "<p>No objects were matched.</p>"
    rows = []
    for number, one in enumerate(comparison.objects, 1):
        cells = [
            f"{member.instance.label} {score(member.instance.score)}, IoU {member.iou:.2f}"
            if member
            else "—"
            for member in one.members
        ]
        rows.append((str(number), one.state, *cells))
    return _table(("Object", "State", *comparison.models), rows)


def _failures(failures: Mapping[str, str]) -> str:
    if not failures:
        return ""
    items = "".join(
        f"<li><b>{escape(model)}</b>: {escape(reason)}</li>" for model, reason in failures.items()
    )
    return _section("Without a result", f"<ul>{items}</ul>")
