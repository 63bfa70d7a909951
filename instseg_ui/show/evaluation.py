"""An evaluation as one self-contained HTML file: no script, nothing from the network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from instseg_ui import __version__
from instseg_ui.evaluate import boundary, calibration, confusion, tide
from instseg_ui.evaluate.average_precision import RECALLS
from instseg_ui.evaluate.results import Evaluation, ModelResult
from instseg_ui.evaluate.scores import IouKind
from instseg_ui.settings import Settings
from instseg_ui.show.comparison import STYLE
from instseg_ui.show.evaluation_charts import Line, chart
from instseg_ui.show.evaluation_pictures import gallery

_OWN_STYLE = Path(__file__).parent / "evaluation.css"
_MOST_CLASSES = 100
_MOST_CELLS = 30
_DASH = "—"
_FIGURES = (
    *("Model", "AP", "AP50", "AP75", "AP S", "AP M", "AP L", "AR 1", "AR 10", "AR 100"),
    *("AR S", "AR M", "AR L", "Mean IoU", "AP, known"),
)
_TITLES: dict[IouKind, str] = {
    "mask": "Masks",
    "box": "Boxes",
    "boundary": f"Boundaries ({boundary.SOURCE})",
}


def to_html(evaluation: Evaluation, settings: Settings) -> bytes:
    """The report; `settings` say how large a picture may be."""
    count = len(evaluation.results)
    models = "1 model" if count == 1 else f"{count} models"
    title = f"{models} on {evaluation.dataset.name}"
    parts = [f"<h1>{escape(title)}</h1>", _facts(evaluation), _findings(evaluation)]
    if evaluation.results:
        parts.append(_section("Side by side", _side_by_side(evaluation)))
    if evaluation.results and "mask" in evaluation.kinds:
        parts += [
            _section("Precision, recall, threshold", _curves(evaluation)),
            _section("Errors by kind", _errors(evaluation)),
            _section("Are scores probabilities?", _calibration(evaluation)),
            *(_one_model(one, settings) for one in evaluation.results),
        ]
    parts.append(_failures(evaluation))
    style = STYLE.read_text(encoding="utf-8") + _OWN_STYLE.read_text(encoding="utf-8")
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style>"
        f"</head><body><main>{''.join(parts)}</main></body></html>\n"
    )
    return page.encode("utf-8", "replace")


def _section(title: str, html: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{html}</section>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column names the rows."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        f"<tr><th>{escape(row[0])}</th>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _share(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3f}"


def _facts(evaluation: Evaluation) -> str:
    dataset, machine = evaluation.dataset, evaluation.machine
    truths = dataset.truths
    inside = evaluation.images[truths.image]
    rows = [
        ("Data set", f"{dataset.name}, {dataset.format}"),
        ("Images", f"n = {int(evaluation.images.sum())} of {len(dataset.images)}"),
        (
            "Objects",
            f"n = {int(np.count_nonzero(inside & ~truths.crowd))} in {len(dataset.categories)} "
            f"categories, {int(np.count_nonzero(inside & truths.crowd))} crowd regions",
        ),
        ("Made", f"{evaluation.made:%Y-%m-%d %H:%M %Z} by InstSeg UI {__version__}"),
        ("Measured on", f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"),
    ]
    for one in evaluation.results:
        key = one.predictions.key
        kept = f"scores from {key.floor:g}, at most {key.max_instances} instances an image"
        rows.append((one.model, f"{_runtimes(one)}; {kept}"))
    return f"<dl>{''.join(f'<dt>{escape(a)}</dt><dd>{escape(b)}</dd>' for a, b in rows)}</dl>"


def _runtimes(result: ModelResult) -> str:
    shown = []
    for one in result.predictions.runtimes:
        versions = ", ".join(f"{name} {value}" for name, value in one["versions"].items())
        threads = "1 thread" if one["threads"] == 1 else f"{one['threads']} threads"
        shown.append(f"{one['engine']} on {one['device'].upper()}, {threads}, {versions}")
    return "; ".join(dict.fromkeys(shown)) or "not run"


def _findings(evaluation: Evaluation) -> str:
    if not evaluation.findings:
        return ""
    items = "".join(
        f"<li><b>{one.level.value}</b> {escape(str(one))}</li>" for one in evaluation.findings
    )
    return _section("Findings about the data set", f'<ul class="findings">{items}</ul>')


def _side_by_side(evaluation: Evaluation) -> str:
    parts = []
    for kind in evaluation.kinds:
        rows = [
            (
                one.model,
                *(_share(value) for value in one.summary(kind).to_dict().values()),
                _share(one.mean_iou(kind)),
                _share(one.summary_of_known(kind).ap),
            )
            for one in evaluation.results
        ]
        parts.append(f"<h3>{escape(_TITLES[kind])}</h3>{_table(_FIGURES, rows)}")
    parts.append(
        '<p class="note">As pycocotools computes them; sizes by area, small below 32 × 32, large '
        "from 96 × 96 pixels. Mean IoU is that of the predictions that are right at 0.5. “Known” "
        "are the categories for which the model has a class.</p>"
    )
    parts.append(_practice(evaluation))
    return "".join(parts)


def _practice(evaluation: Evaluation) -> str:
    heads = ("Model", "Best F1", "at threshold", "Precision", "Recall", "Latency p50, ms",
             "p95, ms", "n")  # fmt: skip
    rows = []
    for one in evaluation.results:
        best, latency = (one.best if "mask" in evaluation.kinds else None), one.latency()
        rows.append(
            (
                one.model,
                *(
                    (f"{best.f1:.3f}", f"{best.threshold:.3f}", f"{best.precision:.3f}",
                     f"{best.recall:.3f}")
                    if best
                    else (_DASH,) * 4
                ),
                _DASH if latency.p50 is None else f"{latency.p50:.1f}",
                _DASH if latency.p95 is None else f"{latency.p95:.1f}",
                str(latency.n),
            )
        )  # fmt: skip
    return f"<h3>In use</h3>{_table(heads, rows)}"


def _curves(evaluation: Evaluation) -> str:
    recalls = RECALLS.tolist()
    charts = []
    for place, name in ((0, "IoU 0.5"), (1, "IoU 0.75"), (2, "mean of IoU 0.5 to 0.95")):
        lines = []
        for one in evaluation.results:
            curve = one.curve()[place]
            points = (
                [] if np.isnan(curve).any() else list(zip(recalls, curve.tolist(), strict=True))
            )
            lines.append(Line(one.model, points))
        charts.append(chart(f"Precision over recall, masks, {name}", "recall", "precision", lines))
    lines = [
        Line(one.model, [(point.threshold, point.f1) for point in one.operating_points()])
        for one in evaluation.results
    ]
    charts.append(chart("F1 over the threshold, masks, IoU 0.5", "threshold", "F1", lines))
    return f'<div class="charts">{"".join(charts)}</div>'


def _errors(evaluation: Evaluation) -> str:
    kinds = [*(kind.name.lower() for kind in tide.ERRORS), "missed"]
    heads = ("Model", "AP50", *kinds, "all wrong", "all not found")
    rows = []
    for one in evaluation.results:
        errors = one.errors
        costs = [errors.kinds[kind] for kind in kinds]
        costs += [errors.false_positives, errors.false_negatives]
        cells = [f"{cost.ap:.3f} ({cost.count})" for cost in costs]
        rows.append((one.model, _share(errors.ap50), *cells))
    note = (
        "AP50 that each kind costs, and how many there are, by mask IoU: what AP50 would rise by "
        f"if they alone were mended. {tide.SOURCE}."
    )
    return f'{_table(heads, rows)}<p class="note">{escape(note)}</p>'


def _calibration(evaluation: Evaluation) -> str:
    lines = []
    for one in evaluation.results:
        points = [
            (bin_.score, bin_.right)
            for bin_ in one.calibration.bins
            if bin_.score is not None and bin_.right is not None
        ]
        lines.append(Line(one.model, points, 3.5))
    drawn = chart("Share of right predictions by score", "score", "right", lines, diagonal=True)
    heads = ("Model", "n", "Calibration error", "Bias", *_bins())
    rows = []
    for one in evaluation.results:
        found = one.calibration
        bins = [
            _DASH if one_bin.right is None else f"{one_bin.right:.2f} (n = {one_bin.n})"
            for one_bin in found.bins
        ]
        rows.append((one.model, str(found.n), _share(found.error), _share(found.bias), *bins))
    note = (
        f"Right means mask IoU of at least 0.5 with an object of the class. {calibration.SOURCE}."
    )
    return (
        f'<div class="charts">{drawn}</div>{_table(heads, rows)}<p class="note">{escape(note)}</p>'
    )


def _bins() -> list[str]:
    return [f"{i / calibration.BINS:.1f}" for i in range(calibration.BINS)]


def _one_model(result: ModelResult, settings: Settings) -> str:
    parts = [
        f"<h3>By class</h3>{_by_class(result)}",
        f"<h3>Confusion at threshold {result.threshold:.3f}</h3>{_confusion(result)}",
        f"<h3>Classes</h3>{_mapping(result)}",
        f"<h3>Pictures at threshold {result.threshold:.3f}</h3>{gallery(result, settings)}",
        '<p class="note">Filled: the prediction. White outline: the truth.</p>',
    ]
    return _section(result.model, "".join(parts))


def _by_class(result: ModelResult) -> str:
    heads = ("Category", "Objects", "Predictions", "AP", "AP50", "AP75", "AR 100", "Best F1",
             "at threshold")  # fmt: skip
    there = [row for row in result.by_class() if row.objects or row.predictions]
    rows = [
        (
            row.category.name,
            str(row.objects),
            str(row.predictions),
            *(_share(value) for value in (row.ap, row.ap50, row.ap75, row.ar100)),
            _share(row.best.f1 if row.best else None),
            _share(row.best.threshold if row.best else None),
        )
        for row in sorted(there, key=lambda row: -row.objects)
    ]
    return _table(heads, rows[:_MOST_CLASSES]) + _more(len(rows), _MOST_CLASSES, "categories")


def _confusion(result: ModelResult) -> str:
    cells = result.confusion().cells
    names = [category.name for category in result.dataset.categories]

    def name(place: int, nothing: str) -> str:
        return nothing if place == confusion.NOTHING else names[place]

    rows = [
        (name(one.truth, "(no object)"), name(one.predicted, "(not found)"), str(one.count))
        for one in cells
    ]
    shown = _table(("Truth", "Predicted", "Count"), rows[:_MOST_CELLS])
    return shown + _more(len(rows), _MOST_CELLS, "pairs")


def _mapping(result: ModelResult) -> str:
    rows = [
        (row.category.name, ", ".join(row.labels) or _DASH, row.how)
        for row in result.mapping.rows()
    ]
    rows.sort(key=lambda row: row[1] == _DASH)
    shown = _table(("Category", "The model's classes", "Why"), rows[:_MOST_CLASSES])
    unused = len(result.mapping.unused())
    note = f'<p class="note">{unused} classes of the model stand for no category.</p>'
    return shown + _more(len(rows), _MOST_CLASSES, "categories") + (note if unused else "")


def _more(count: int, shown: int, things: str) -> str:
    if count <= shown:
        return ""
    return f'<p class="note">The first {shown} of {count} {things}; report.json has all.</p>'


def _failures(evaluation: Evaluation) -> str:
    if not evaluation.failures:
        return ""
    items = "".join(
        f"<li><b>{escape(model)}</b>: {escape(reason)}</li>"
        for model, reason in evaluation.failures.items()
    )
    return _section("Without a result", f"<ul>{items}</ul>")
