"""Accuracy against latency, of the catalog's published figures and of what was measured here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instseg_ui.catalog import ModelSpec
from instseg_ui.numbers import megabytes, milliseconds, percent
from instseg_ui.show.charts import MEASURED, PUBLISHED, Mark, Plot, Series, axis_of, front_line

BASES: dict[str, str] = {
    "gpu_normal_ms": "GPU",
    "gpu_hp_ms": "GPU, high performance",
    "cpu_normal_ms": "CPU",
    "cpu_hp_ms": "CPU, high performance",
}
"""Which of the published latencies the chart shows, in words."""

_NO_SIZE_MB = 20.0
_HERE = "Measured on this machine"


def tradeoff(
    specs: Sequence[ModelSpec], measured: Mapping[str, tuple[float, float]], basis: str
) -> Plot:
    """Published mask AP against latency, with the Pareto front of each kind of latency.

    Args:
        specs: the models whose published figures are shown.
        measured: warm latency here, ms, and size on disk, MB, by model.
        basis: which published latency, a key of `BASES`.
    """
    name = f"Published, {BASES[basis]}"
    published = [mark for spec in specs if (mark := _published(spec, basis, name)) is not None]
    here = [mark for spec in specs if (mark := _measured(spec, measured)) is not None]
    drawn = [*published, *here]
    return Plot(
        "Published mask AP against latency",
        axis_of("Latency, ms", [mark.x for mark in drawn], log=True),
        axis_of("Published mask AP, %", [mark.y for mark in drawn]),
        (
            *_with_front(published, name, PUBLISHED, hollow=True),
            *_with_front(here, _HERE, MEASURED, hollow=False),
        ),
    )


def _published(spec: ModelSpec, basis: str, name: str) -> Mark | None:
    latency, ap = getattr(spec.published, basis), spec.published.mask_ap
    if latency is None or ap is None:
        return None
    return _mark(spec.id, name, latency, ap, spec.published.storage_mb or _NO_SIZE_MB)


def _measured(spec: ModelSpec, measured: Mapping[str, tuple[float, float]]) -> Mark | None:
    latency, size = measured.get(spec.id, (0.0, 0.0))
    ap = spec.published.mask_ap
    return None if ap is None or latency <= 0 else _mark(spec.id, _HERE, latency, ap, size)


def _mark(model: str, name: str, latency: float, ap: float, size: float) -> Mark:
    words = (
        model,
        name,
        f"mask AP {percent(ap, of=100)} % (published)",
        f"{milliseconds(latency)}, {megabytes(size)}",
    )
    return Mark(latency, ap, words, _short(model), size)


def _with_front(
    marks: Sequence[Mark], name: str, color: str, *, hollow: bool
) -> tuple[Series, Series]:
    """The models, those on the front labelled, and the line through these."""
    line = front_line(name, color, marks, dotted=hollow)
    best = {(mark.x, mark.y) for mark in line.marks}
    labelled = tuple(
        mark if (mark.x, mark.y) in best else Mark(mark.x, mark.y, mark.words, size=mark.size)
        for mark in marks
    )
    return line, Series(name, color, labelled, dots="hollow" if hollow else "solid")


def _short(model: str) -> str:
    """The name without what all of its family share."""
    return model.replace("MaskRCNN", "R-CNN").replace("Mask-RT-DETR", "RT-DETR")
