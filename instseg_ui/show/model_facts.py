"""What was measured of one model on one image, beside its published accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h
from markupsafe import Markup

from instseg_ui.catalog import ModelSpec
from instseg_ui.latency import MEANING, Latency
from instseg_ui.numbers import NONE, megabytes, milliseconds, plural
from instseg_ui.results import Prediction, Runtime
from instseg_ui.show.engine_gain import BASIS, gain_sentence, is_high_performance
from instseg_ui.show.html import bullets, facts, folded, markup
from instseg_ui.show.knowledge import knows
from instseg_ui.show.latency import latency_basis, latency_figure, latency_note, latency_words
from instseg_ui.show.stages import stage_bar, stage_legend

_NOT_USED = "What was tried and is not used"
_AGAIN = "Measure again"


def model_facts(
    prediction: Prediction, spec: ModelSpec, latency: Latency | None = None, busy: str = ""
) -> Markup:
    """Latency, size, published accuracy and what ran, of one prediction.

    `latency` is the model's on images of that size, and `busy` says what is done to know it; while
    nothing is, a button asks to measure it again.
    """
    rows, hints = _rows(prediction, latency)
    lead = (
        _knowledge(prediction.labels),
        _gain(prediction.runtime),
        h.div(".facts-head")[
            _figure(
                "Latency",
                latency_figure(latency),
                busy or latency_note(latency),
                MEANING if latency is None else f"{latency_words(latency)}. {MEANING}",
                None if busy else h.button(".again", data_again=True, type="button")[_AGAIN],
            ),
            _figure("Size", megabytes(prediction.size_mb), "on disk"),
            _accuracy(spec),
        ],
    )
    return _panel(
        spec,
        lead,
        h.div(".facts-stages")[stage_bar(prediction.timings), stage_legend(prediction.timings)],
        h.div(".facts-rest")[
            facts(rows, hints),
            bullets([*prediction.notes, *filter(None, [prediction.cut])]),
            folded(prediction.runtime.notes, _NOT_USED),
        ],
    )


def waiting(spec: ModelSpec, sentence: str, classes: Sequence[str] = ()) -> Markup:
    """The same panel before anything was measured of this model."""
    return _panel(spec, (_knowledge(classes), h.p(".facts-waiting")[sentence]))


def accuracy(mask_ap: float | None) -> str:
    """Mask AP as COCO's tables have it: percent, one decimal; a dash for none."""
    return NONE if mask_ap is None else f"{mask_ap:.1f}"


def device(runtime: Runtime) -> str:
    """`CPU, 2 threads`."""
    return f"{runtime.device.upper()}, {plural(runtime.threads, 'thread')}"


def _panel(spec: ModelSpec, lead: h.Node, *nodes: h.Node) -> Markup:
    head = h.div(".facts-lead")[h.h3(".facts-model")[spec.id], lead]
    return markup(h.section(".facts", aria_label="Measured facts")[head, nodes])


def _knowledge(classes: Sequence[str]) -> h.Node:
    """What the model looks for; nothing where that is not known."""
    return (
        h.p(".facts-knows", title=", ".join(classes))[f"Knows {knows(classes)}"]
        if classes
        else None
    )


def _accuracy(spec: ModelSpec) -> h.Element:
    """The published mask AP, or what was measured here, and which of them it is."""
    ap, measured = spec.published.mask_ap, spec.measured
    if ap is None and measured is not None:
        hint = f"Measured by this project on {measured.data}"
        return _figure("Mask AP", accuracy(measured.mask_ap), "on our photos", hint)
    return _figure("Mask AP", accuracy(ap), "not published" if ap is None else "published")


def _figure(
    name: str, value: str, note: str, hint: str | None = None, more: h.Node = None
) -> h.Element:
    return h.div(".figure", title=hint)[
        h.span(".figure-name")[name],
        h.span(".figure-value")[value],
        h.span(".figure-note")[note],
        more,
    ]


def _gain(runtime: Runtime) -> h.Node:
    """The engine of high-performance mode and what it gained; nothing in normal mode."""
    sentence = gain_sentence(runtime)
    if not sentence:
        return None
    return h.p(".facts-engine", title=BASIS)[
        h.b(title=_versions(runtime))[runtime.engine], f" · {sentence}"
    ]


def _versions(runtime: Runtime) -> str:
    return ", ".join(f"{name} {number}" for name, number in runtime.versions.items())


def _rows(
    prediction: Prediction, latency: Latency | None
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    runtime = prediction.runtime
    split = f"load {milliseconds(runtime.load_ms)}, first run {milliseconds(runtime.first_run_ms)}"
    rows = [
        ("Cold start", milliseconds(runtime.cold_ms), split),
        ("Memory", megabytes(runtime.memory_mb), "of the model's own process"),
        ("Engine", runtime.engine, _versions(runtime)),
        ("Device", device(runtime), "of the engine"),
        ("Image", f"{prediction.width} × {prediction.height} px", "this image"),
        (
            "This run",
            milliseconds(prediction.timings.whole),
            "one run of this image, decoding included; below by stage",
        ),
    ]
    if latency is not None:
        rows.append(("Latency of", latency_basis(latency), MEANING))
    if is_high_performance(runtime):
        # The engine is named at the top then, with what it gained.
        rows = [row for row in rows if row[0] != "Engine"]
    return [row[:2] for row in rows], {name: hint for name, _, hint in rows}
