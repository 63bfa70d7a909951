"""The measured facts beside the picture, as HTML. Every text that came in is escaped."""

from __future__ import annotations

from html import escape

from instseg_ui.catalog import ModelSpec
from instseg_ui.results import Prediction
from instseg_ui.ui.numbers import megabytes, milliseconds, three

_STAGES = (
    ("decode", "Decode"),
    ("preprocess", "Preprocess"),
    ("inference", "Inference"),
    ("postprocess", "Postprocess"),
    ("transfer", "Transfer"),
)


def facts_html(prediction: Prediction, spec: ModelSpec) -> str:
    """Latency, size, published accuracy and what ran, of one prediction."""
    timings, published = prediction.timings, spec.published.mask_ap
    head = "".join(
        (
            _figure("Latency", milliseconds(timings.latency), "warm, here"),
            _figure("Size", megabytes(prediction.size_mb), "on disk"),
            _figure(
                "Mask AP",
                "–" if published is None else three(published),
                "published" if published is not None else "not published",
            ),
        )
    )
    rows = "".join(_row(name, value, hint) for name, value, hint in _rows(prediction))
    return (
        f'<section class="facts" aria-label="Measured facts">'
        f'<h3 class="facts-model">{escape(spec.id)}</h3>'
        f'<div class="facts-head">{head}</div>{_stage_bar(prediction)}'
        f'<dl class="facts-rows">{rows}</dl>{_notes(prediction)}</section>'
    )


def waiting_html(spec: ModelSpec, sentence: str) -> str:
    """The same panel before there is anything to say about this model."""
    return (
        f'<section class="facts" aria-label="Measured facts">'
        f'<h3 class="facts-model">{escape(spec.id)}</h3>'
        f'<p class="facts-waiting">{escape(sentence)}</p></section>'
    )


def progress_html(sentence: str, share: float | None = None) -> str:
    """A sentence over a bar; `share` from 0 to 1, or None where the end is not known."""
    value = "" if share is None else f' value="{share:.4f}"'
    return (
        f'<div class="progress" role="status"><span>{escape(sentence)}</span>'
        f'<progress max="1"{value}></progress></div>'
    )


def _figure(name: str, value: str, note: str) -> str:
    return (
        f'<div class="figure"><span class="figure-name">{escape(name)}</span>'
        f'<span class="figure-value">{escape(value)}</span>'
        f'<span class="figure-note">{escape(note)}</span></div>'
    )


def _rows(prediction: Prediction) -> tuple[tuple[str, str, str], ...]:
    runtime = prediction.runtime
    threads = "1 thread" if runtime.threads == 1 else f"{runtime.threads} threads"
    versions = ", ".join(f"{name} {number}" for name, number in runtime.versions.items())
    split = f"load {milliseconds(runtime.load_ms)}, first run {milliseconds(runtime.first_run_ms)}"
    return (
        ("Cold start", milliseconds(runtime.cold_ms), split),
        ("Memory", megabytes(runtime.memory_mb), "of the model's own process"),
        ("Engine", runtime.engine, versions),
        ("Device", f"{runtime.device.upper()}, {threads}", "of the engine"),
        ("Image", f"{prediction.width} × {prediction.height} px, n = 1", "one run of this image"),
    )


def _row(name: str, value: str, hint: str) -> str:
    return f'<dt>{escape(name)}</dt><dd title="{escape(hint)}">{escape(value)}</dd>'


def _stage_bar(prediction: Prediction) -> str:
    values = [(name, getattr(prediction.timings, key)) for key, name in _STAGES]
    total = sum(value for _, value in values) or 1.0
    parts = "".join(
        f'<span class="stage stage-{i}" style="flex-grow:{value / total:.4f}" '
        f'title="{name} {milliseconds(value)}"></span>'
        for i, (name, value) in enumerate(values)
    )
    legend = "".join(
        f'<li><i class="stage-{i}"></i>{name}<b>{milliseconds(value)}</b></li>'
        for i, (name, value) in enumerate(values)
    )
    return f'<div class="stages">{parts}</div><ul class="stage-legend">{legend}</ul>'


def _notes(prediction: Prediction) -> str:
    notes = (*prediction.notes, *prediction.runtime.notes)
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="facts-notes">{items}</ul>' if items else ""
