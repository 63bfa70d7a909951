"""An evaluation as the page shows it: tables and sentences, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from instseg_ui.evaluate import (
    CategoryMap,
    Dataset,
    Evaluation,
    Finding,
    ModelResult,
    Severity,
)
from instseg_ui.evaluate import boundary as boundary_iou
from instseg_ui.evaluate.calibration import SOURCE as CALIBRATION
from instseg_ui.evaluate.scores import IouKind
from instseg_ui.numbers import NONE, plural, signed, three
from instseg_ui.show.benchmark import dashes, table_html
from instseg_ui.show.benchmark_tables import Cell, Column, Table
from instseg_ui.ui.compare.decision import nothing

NO_DATA = nothing(
    "Drop a zip with images and COCO annotations above. YOLO segmentation labels and LabelMe "
    "files in a zip are read too; loose images with their JSON need no zip."
)
NO_RUN = nothing("Nothing was evaluated yet. Add a data set, pick models, then evaluate.")
NO_BOUNDARY = nothing(
    "Boundary IoU was left out. Tick it under “More settings”, then evaluate again."
)
KINDS: dict[str, IouKind] = {"Masks": "mask", "Boxes": "box", "Boundaries": "boundary"}
MOST_ROWS = 200
_MOST_PAIRS = 15
_OPEN_FINDINGS = 4
_NO_OBJECTS = "No object of that kind in the images."

_FIGURES = (
    ("AP, %", "ap"),
    ("AP50, %", "ap50"),
    ("AP75, %", "ap75"),
    ("AP small, %", "ap_small"),
    ("AP medium, %", "ap_medium"),
    ("AP large, %", "ap_large"),
    ("AR 1, %", "ar1"),
    ("AR 10, %", "ar10"),
    ("AR 100, %", "ar100"),
    ("AR small, %", "ar_small"),
    ("AR medium, %", "ar_medium"),
    ("AR large, %", "ar_large"),
)
_IN_USE = ("Best F1, %", "at score", "Precision, %", "Recall, %", "Mean mask IoU, %",
           "Mean boundary IoU, %", "p50, ms", "p95, ms", "Images timed")  # fmt: skip


def dataset_html(dataset: Dataset | None, findings: Iterable[Finding] = ()) -> str:
    """What was opened, and what is wrong with it; a long list is folded."""
    if dataset is None:
        return NO_DATA
    count = len(dataset.categories)
    facts = (
        f"<b>{escape(dataset.name)}</b> ({escape(dataset.format)}): "
        f"{plural(len(dataset.images), 'image')}, {plural(len(dataset.truths), 'object')}, "
        f"{count:,} {'category' if count == 1 else 'categories'}"
    )
    told = list(findings)
    if not told:
        return f'<p class="eval-facts">{facts}. Nothing is wrong with it.</p>'
    items = "".join(_finding(one) for one in told)
    counts = ", ".join(
        plural(count, name)
        for level, name in (
            (Severity.ERROR, "error"),
            (Severity.WARNING, "warning"),
            (Severity.NOTE, "note"),
        )
        if (count := sum(one.level is level for one in told))
    )
    unfolded = " open" if len(told) <= _OPEN_FINDINGS else ""
    return (
        f'<p class="eval-facts">{facts}.</p><details class="eval-findings"{unfolded}>'
        f"<summary>Findings: {counts}</summary><ul>{items}</ul></details>"
    )


def _finding(one: Finding) -> str:
    level = one.level.value
    return f'<li class="{level}"><b>{level}</b> {escape(str(one))}</li>'


def mapping_html(mapping: CategoryMap | None) -> str:
    """A row for each category: which classes stand for it, and why."""
    if mapping is None:
        return nothing("Add a data set and pick a model to see which class stands for what.")
    columns = tuple(Column(name, number=False) for name in ("Category", "Model's classes", "Why"))
    rows = [
        (Cell(row.category.name), Cell(", ".join(row.labels) or NONE), Cell(row.how))
        for row in mapping.rows()
    ]
    missing = sum(not row.labels for row in mapping.rows())
    told = [more(len(rows), "categories")]
    if missing:
        told.append(f"{missing} of {len(rows)} have no class: their objects count as missed.")
    if unused := mapping.unused():
        shown = ", ".join(unused[:5]) + (", …" if len(unused) > 5 else "")
        told.append(f"Classes that stand for nothing, left out: {len(unused)} ({shown}).")
    return _scrolled(Table(columns, tuple(rows[:MOST_ROWS]))) + notes(told)


def figures_html(evaluation: Evaluation | None, kind: IouKind) -> str:
    """One row a model: COCO's figures of one kind of IoU, and what it does in use."""
    if evaluation is None:
        return NO_RUN
    if not evaluation.results:
        return _failures(evaluation)
    if kind not in evaluation.kinds:
        return NO_BOUNDARY
    coco, use = _coco(evaluation, kind), _in_use(evaluation)
    told = [
        in_short(evaluation),
        "As pycocotools computes them, over IoU 0.50 to 0.95. An object is small below 32 × 32 "
        "pixels, large from 96 × 96. AR 1, 10, 100: with at most so many predictions an image.",
        dashes(coco, use),
    ]
    if kind == "boundary":
        told.append(boundary_iou.SOURCE)
    return (
        f"{_scrolled(coco)}<h4>In use, masks at IoU 0.5</h4>{_scrolled(use)}"
        f"{_failures(evaluation)}{notes(told)}"
    )


def _coco(evaluation: Evaluation, kind: IouKind) -> Table:
    heads = [name for name, _ in _FIGURES]
    known = any(not one.mapping.known().all() for one in evaluation.results)
    rows = []
    for one in evaluation.results:
        values = one.summary(kind).to_dict()
        cells = [_share(values[field]) for _, field in _FIGURES]
        if known:
            cells.append(_share(one.summary_of_known(kind).ap))
        rows.append((Cell(one.model), *cells))
    extra = ["AP of categories with a class, %"] if known else []
    return Table(_columns("Model", *heads, *extra), tuple(rows))


def _in_use(evaluation: Evaluation) -> Table:
    rows = []
    for one in evaluation.results:
        best, latency = one.best, one.latency()
        edges = one.mean_iou("boundary") if "boundary" in evaluation.kinds else None
        figures = (best.f1, best.precision, best.recall) if best else (None,) * 3
        f1, precision, recall = (_share(value, "Nothing right was found.") for value in figures)
        rows.append(
            (
                Cell(one.model),
                f1,
                Cell(three(best.threshold) if best else NONE),
                precision,
                recall,
                _share(one.mean_iou(), "Nothing right was found."),
                _share(edges, "Boundary IoU was left out, or nothing right was found."),
                Cell(three(latency.p50)),
                Cell(three(latency.p95)),
                Cell(f"{latency.n:,}"),
            )
        )
    return Table(_columns("Model", *_IN_USE), tuple(rows))


def calibration_html(evaluation: Evaluation | None) -> str:
    """How far scores are from the share of right predictions, and over how many."""
    if evaluation is None or not evaluation.results:
        return ""
    columns = _columns("Model", "Calibration error, %", "Bias, %", "Predictions")
    rows = []
    for one in evaluation.results:
        found = one.calibration
        bias = NONE if found.bias is None else signed(100 * found.bias)
        rows.append((Cell(one.model), _share(found.error), Cell(bias), Cell(f"{found.n:,}")))
    return _scrolled(Table(columns, tuple(rows))) + notes(
        [
            "Right means mask IoU of at least 0.5 with an object of the class; a bias above 0 "
            "means that scores promise too much. Bars are 95 % intervals.",
            f"{CALIBRATION}.",
        ]
    )


def in_short(evaluation: Evaluation) -> str:
    """What the figures stand on, in a line."""
    truths = evaluation.dataset.truths
    objects = np.count_nonzero(evaluation.images[truths.image] & ~truths.crowd)
    machine = evaluation.machine
    ran = dict.fromkeys(runtime for one in evaluation.results for runtime in _runtimes(one))
    floors = dict.fromkeys(f"{one.predictions.key.floor:g}" for one in evaluation.results)
    count, total = int(evaluation.images.sum()), len(evaluation.dataset.images)
    return (
        f"n = {plural(count, 'image')} of {total:,}, "
        f"{plural(int(objects), 'object')}; scores from {' and '.join(floors)}; {'; '.join(ran)}; "
        f"{machine['cpu']}, {plural(int(str(machine['cores'])), 'core')}."
    )


def context_html(evaluation: Evaluation | None) -> str:
    """All that the figures stand on."""
    if evaluation is None:
        return ""
    dataset, machine = evaluation.dataset, evaluation.machine
    rows = [
        ("Data set", f"{dataset.name}, {dataset.format}"),
        ("Figures", in_short(evaluation)),
        ("Made", f"{evaluation.made:%Y-%m-%d %H:%M %Z}"),
        ("Measured on", f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"),
    ]
    for one in evaluation.results:
        key = one.predictions.key
        kept = f"scores from {key.floor:g}, at most {key.max_instances} instances an image"
        rows.append((one.model, "; ".join([*_runtimes(one), kept])))
    html = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    return f'<dl class="eval-context">{html}</dl>'


def _runtimes(result: ModelResult) -> list[str]:
    shown = []
    for one in result.predictions.runtimes:
        text = f"{one['engine']} on {one['device'].upper()}, {plural(one['threads'], 'thread')}"
        text += "".join(f", {name} {value}" for name, value in one["versions"].items())
        shown.append(text)
    return list(dict.fromkeys(shown)) or ["not run"]


def _failures(evaluation: Evaluation) -> str:
    items = "".join(
        f'<li class="failure"><b>{escape(model)}</b>: {escape(reason)}</li>'
        for model, reason in evaluation.failures.items()
    )
    return f'<ul class="eval-failures">{items}</ul>' if items else ""


def _share(value: float | None, reason: str = _NO_OBJECTS) -> Cell:
    return Cell(NONE, reason) if value is None else Cell(percent(value))


def percent(value: float | None) -> str:
    """A share of 0 to 1 in percent, without the sign; a dash for none."""
    return three(None if value is None else 100 * value)


def _columns(name: str, *heads: str) -> tuple[Column, ...]:
    return (Column(name, number=False), *(Column(head) for head in heads))


def _scrolled(table: Table) -> str:
    return f'<div class="cmp-scroll">{table_html(table, "eval-table")}</div>'


def more(count: int, things: str) -> str:
    """That a long table was cut; empty if it was not."""
    return f"The first {MOST_ROWS} of {count:,} {things}." if count > MOST_ROWS else ""


def notes(sentences: Sequence[str]) -> str:
    """Small print, a paragraph a sentence."""
    return "".join(f'<p class="cmp-note">{escape(one)}</p>' for one in sentences if one)
