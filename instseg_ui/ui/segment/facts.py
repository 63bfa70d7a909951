"""The measured facts beside the picture, as HTML. Every text that came in is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from instseg_ui.catalog import ModelSpec
from instseg_ui.numbers import megabytes, milliseconds, three
from instseg_ui.results import Prediction, Runtime, stage_label
from instseg_ui.ui.shared import high_performance

# Characters of notes that are shown without a click.
_LONGEST_OPEN = 160


def facts_html(prediction: Prediction, spec: ModelSpec) -> str:
    """Latency, size, published accuracy and what ran, of one prediction."""
    timings, published = prediction.timings, spec.published.mask_ap
    head = "".join(
        (
            _figure("Latency", milliseconds(timings.latency), "warm, here"),
            _figure("Size", megabytes(prediction.size_mb), "on disk"),
            _figure(
                "Mask AP",
                "—" if published is None else three(published),
                "published" if published is not None else "not published",
            ),
        )
    )
    rows = "".join(_row(name, value, hint) for name, value, hint in _rows(prediction))
    return (
        f'<section class="facts" aria-label="Measured facts">'
        f'<h3 class="facts-model">{escape(spec.id)}</h3>{_gain(prediction)}'
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


def _gain(prediction: Prediction) -> str:
    """The engine of high-performance mode and what it gained; nothing in normal mode."""
    sentence = high_performance.gain_sentence(prediction.runtime)
    if not sentence:
        return ""
    runtime = prediction.runtime
    name = f'<b title="{escape(_versions(runtime))}">{escape(runtime.engine)}</b>'
    basis = escape(high_performance.BASIS)
    return f'<p class="facts-engine" title="{basis}">{name} · {escape(sentence)}</p>'


def _versions(runtime: Runtime) -> str:
    return ", ".join(f"{name} {number}" for name, number in runtime.versions.items())


def _figure(name: str, value: str, note: str) -> str:
    return (
        f'<div class="figure"><span class="figure-name">{escape(name)}</span>'
        f'<span class="figure-value">{escape(value)}</span>'
        f'<span class="figure-note">{escape(note)}</span></div>'
    )


def _rows(prediction: Prediction) -> tuple[tuple[str, str, str], ...]:
    runtime = prediction.runtime
    threads = "1 thread" if runtime.threads == 1 else f"{runtime.threads} threads"
    split = f"load {milliseconds(runtime.load_ms)}, first run {milliseconds(runtime.first_run_ms)}"
    # In high-performance mode the engine stands above, with what it gained.
    engine = ("Engine", runtime.engine, _versions(runtime))
    return (
        ("Cold start", milliseconds(runtime.cold_ms), split),
        ("Memory", megabytes(runtime.memory_mb), "of the model's own process"),
        *(() if high_performance.ran_so(runtime) else (engine,)),
        ("Device", f"{runtime.device.upper()}, {threads}", "of the engine"),
        ("Image", f"{prediction.width} × {prediction.height} px, n = 1", "one run of this image"),
    )


def _row(name: str, value: str, hint: str) -> str:
    return f'<dt>{escape(name)}</dt><dd title="{escape(hint)}">{escape(value)}</dd>'


def _stage_bar(prediction: Prediction) -> str:
    values = [(stage_label(name), value) for name, value in prediction.timings.stages.items()]
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
    """Notes on the photo, and those on the engine, folded where they are long."""
    return _list([*prediction.notes, *filter(None, [prediction.cut])]) + folded(
        prediction.runtime.notes
    )


def folded(notes: Sequence[str], summary: str = "What was tried and is not used") -> str:
    """Notes as a list; a long one is folded behind `summary`, and its number."""
    if sum(map(len, notes)) <= _LONGEST_OPEN:
        return _list(notes)
    head = f"<summary>{escape(summary)} ({len(notes)})</summary>"
    return f'<details class="facts-folded">{head}{_list(notes)}</details>'


def _list(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="facts-notes">{items}</ul>' if items else ""
