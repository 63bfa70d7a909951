"""Agreement and decision as the page shows them: tables and sentences, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.catalog import Catalog
from instseg_ui.comparison.decision import Candidate, DecisionLimits, Verdict, check_limit, decide
from instseg_ui.comparison.objects import Comparison, coverage
from instseg_ui.numbers import megabytes, milliseconds, three
from instseg_ui.results import STAGES, Prediction
from instseg_ui.ui.shared import high_performance

Measure = Literal["F1", "Mean IoU"]
MEASURES: dict[str, str] = {
    "F1": "F1 of matched instances: 1 where two models found the same objects, 0 where none.",
    "Mean IoU": "Mean mask IoU of the matched pairs: how alike the same objects are cut out.",
}
NOT_ACCURACY = "Agreement between models, not accuracy: two models can agree and both be wrong."
ALL_CLASSES = "All classes"
_MAP_SIDE = 1280

_HEADS = (
    "Model",
    "Mask AP, published",
    "Warm",
    "Stages",
    "Cold",
    "Size",
    "Memory",
    "Instances",
    "Engine",
    "Within the limits",
)

# From few models to most of them; where all agree it is blue. Okabe and Ito's colours, BGR.
_FEW, _MOST, _ALL = (0, 94, 213), (66, 228, 240), (178, 114, 0)


def nothing(sentence: str) -> str:
    """An empty part's sentence: what to do next."""
    return f'<p class="cmp-empty">{escape(sentence)}</p>'


def agreement_html(comparison: Comparison | None, measure: str) -> str:
    """The models x models table of one measure of agreement."""
    if comparison is None:
        return nothing("Two models must be done before they can agree. Pick and compare them.")
    chosen = measure if measure in MEASURES else "F1"
    table = comparison.f1 if chosen == "F1" else comparison.mean_iou
    head = "".join(
        f'<th scope="col" title="{escape(name)}">{i}</th>'
        for i, name in enumerate(comparison.models, 1)
    )
    rows = "".join(
        f'<tr><th scope="row"><i>{i + 1}</i> {escape(name)}</th>'
        + "".join(_cell(float(value), i == j) for j, value in enumerate(table[i]))
        + "</tr>"
        for i, name in enumerate(comparison.models)
    )
    caption = f"{MEASURES[chosen]} {NOT_ACCURACY}"
    return (
        f'<div class="cmp-scroll"><table class="cmp-matrix"><thead><tr><td></td>{head}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="cmp-note">{escape(caption)}</p>'
    )


def _cell(value: float, same: bool) -> str:
    if same:
        return '<td class="same">·</td>'
    if np.isnan(value):
        return '<td class="none" title="no matched pair">–</td>'
    return f'<td style="--share:{value:.3f}">{value:.2f}</td>'


def map_pixels(
    pixels: npt.NDArray[np.uint8], predictions: Sequence[Prediction], label: str | None
) -> tuple[npt.NDArray[np.uint8], str]:
    """The photo, faded, under how many models cover each pixel; and the legend as HTML.

    Args:
        pixels: (H, W, 3) uint8 BGR of the same image.
        predictions: two or more, as they are shown.
        label: a class, or None for all.

    Returns:
        (h, w, 3) uint8 RGB of at most 1280 pixels a side, and the legend.
    """
    count = len(predictions)
    covered = coverage(predictions, label)
    shares = np.bincount(covered.ravel(), minlength=count + 1) / covered.size
    scale = min(1.0, _MAP_SIDE / max(covered.shape))
    size = max(1, round(covered.shape[1] * scale)), max(1, round(covered.shape[0] * scale))
    small = cv2.resize(covered, size, interpolation=cv2.INTER_NEAREST)
    photo = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    faded = cv2.addWeighted(gray, 0.45, np.full_like(gray, 255), 0.25, 0)
    colors = np.array([(0, 0, 0), *(_color(i, count) for i in range(1, count + 1))], np.uint8)
    film = cv2.addWeighted(faded, 0.35, colors[small], 0.65, 0)
    faded[small > 0] = film[small > 0]
    return cv2.cvtColor(faded, cv2.COLOR_BGR2RGB), _legend(shares, count)


def _color(models: int, count: int) -> tuple[int, ...]:
    """BGR of a pixel that so many of `count` models cover."""
    if models == count:
        return _ALL
    share = (models - 1) / max(1, count - 2)
    return tuple(round(a + (b - a) * share) for a, b in zip(_FEW, _MOST, strict=True))


def _legend(shares: npt.NDArray[np.float64], count: int) -> str:
    items = []
    for models in range(1, count + 1):
        blue, green, red = _color(models, count)
        name = f"all {count}" if models == count else f"{models} of {count}"
        items.append(
            f'<li><i style="background:rgb({red},{green},{blue})"></i>{name} '
            f"<b>{shares[models] * 100:.1f} %</b></li>"
        )
    covered = 1 - float(shares[0])
    agreed = float(shares[count]) / covered if covered else 1.0
    words = (
        f"{covered * 100:.1f} % of the image is covered by any model; "
        f"on {agreed * 100:.0f} % of that all {count} agree. {NOT_ACCURACY}"
        if covered
        else "No model covers anything at these thresholds. Lower one to see where they differ."
    )
    return f'<ul class="cmp-legend">{"".join(items)}</ul><p class="cmp-note">{words}</p>'


def candidates(catalog: Catalog, predictions: Sequence[Prediction]) -> list[Candidate]:
    """The figures that decide: published AP, latency and size measured here."""
    return [
        Candidate(
            one.model,
            catalog.get(one.model).published.mask_ap,
            one.timings.latency,
            one.size_mb or None,
        )
        for one in predictions
    ]


def verdict(
    catalog: Catalog, predictions: Sequence[Prediction], most_ms: object, most_mb: object
) -> Verdict:
    """Which model to ship within the limits.

    Raises:
        InputError: a limit that is not a number above 0.
    """
    limits = DecisionLimits(check_limit(most_ms, "latency"), check_limit(most_mb, "size"))
    return decide(candidates(catalog, predictions), limits)


def verdict_html(verdict: Verdict, predictions: Sequence[Prediction] = ()) -> str:
    """The choice and its reason, and what ran it where that is not Paddle's normal mode."""
    chosen = [one.runtime for one in predictions if one.model == verdict.best]
    sentences = [
        f"<p>Run by {escape(one.engine)} here: {escape(high_performance.gain_sentence(one))}.</p>"
        for one in chosen
        if high_performance.ran_so(one)
    ]
    head = f"<h4>Ship {escape(verdict.best)}</h4>" if verdict.best else "<h4>No choice yet</h4>"
    return (
        f'<div class="cmp-verdict" role="status">{head}<p>{escape(verdict.reason)}</p>'
        f"{''.join(sentences)}"
        '<p class="cmp-note">Mask AP is published, on COCO. It need not hold for your photos: '
        "look at the masks above.</p></div>"
    )


def figures_html(catalog: Catalog, predictions: Sequence[Prediction], verdict: Verdict) -> str:
    """What was measured of each model, beside its published AP, as one table."""
    if not predictions:
        return nothing("Nothing was measured yet. Pick models above and compare them.")
    longest = max(one.timings.latency for one in predictions) or 1.0
    rows = "".join(_figures_row(catalog, one, verdict, longest) for one in predictions)
    runtime, first = predictions[0].runtime, predictions[0]
    threads = "1 thread" if runtime.threads == 1 else f"{runtime.threads} threads"
    basis = (
        f"Measured here on {runtime.device.upper()}, {threads}, on this image of {first.width} × "
        f"{first.height} px, n = 1 after a warm-up. Cold: load and first run. Memory: of the "
        "model's own process. Mask AP is published, on COCO."
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEADS)
    return (
        f'<div class="cmp-scroll"><table class="cmp-figures"><thead><tr>{head}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div>{_stage_legend()}<p class="cmp-note">{basis}</p>'
        f"{_proofs(predictions)}"
    )


def _proofs(predictions: Sequence[Prediction]) -> str:
    """How the engines of high-performance mode compare with Paddle, a line a model."""
    lines = [
        f"<li>{escape(one.model)} on {escape(one.runtime.engine)}: {escape(sentence)}</li>"
        for one in predictions
        if (sentence := high_performance.gain_sentence(one.runtime))
    ]
    return f'<ul class="cmp-proofs">{"".join(lines)}</ul>' if lines else ""


def _figures_row(catalog: Catalog, one: Prediction, verdict: Verdict, longest: float) -> str:
    ap = catalog.get(one.model).published.mask_ap
    against = verdict.ruled_out.get(one.model)
    cells = (
        "—" if ap is None else three(ap),
        milliseconds(one.timings.latency),
        _bar(one, longest),
        milliseconds(one.runtime.cold_ms),
        megabytes(one.size_mb),
        megabytes(one.runtime.memory_mb),
        str(len(one.instances)),
        escape(high_performance.engine_and_gain(one.runtime)),
        "yes" if against is None else f'<span class="no">no: {escape(against)}</span>',
    )
    kind = "best" if one.model == verdict.best else "out" if against else ""
    head = f'<th scope="row">{escape(one.model)}</th>'
    return f'<tr class="{kind}">{head}{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _bar(one: Prediction, longest: float) -> str:
    """The stages of the warm latency as one bar, to the scale of the slowest model."""
    parts = "".join(
        f'<span class="stage stage-{i}" style="width:{100 * value / longest:.2f}%" '
        f'title="{name} {milliseconds(value)}"></span>'
        for i, name in enumerate(STAGES)
        if (value := getattr(one.timings, name)) > 0
    )
    return f'<span class="cmp-bar">{parts}</span>'


def _stage_legend() -> str:
    items = "".join(f'<li><i class="stage-{i}"></i>{name}</li>' for i, name in enumerate(STAGES))
    return f'<ul class="cmp-legend">{items}</ul>'
