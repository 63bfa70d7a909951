"""An evaluation in sections: the page shows them one by one, the report all together.

With `linked`, counts are buttons that lead to their pictures; a file has no use for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import htpy as h
import numpy as np
from markupsafe import Markup

from instseg_ui import __version__
from instseg_ui.evaluate import (
    CategoryMap,
    Dataset,
    Evaluation,
    EvaluationProgress,
    Finding,
    ModelResult,
    Severity,
    boundary,
    tide,
)
from instseg_ui.evaluate.calibration import SOURCE as CALIBRATION
from instseg_ui.evaluate.scores import IouKind
from instseg_ui.numbers import plural, seconds, three
from instseg_ui.show.evaluation_tables import (
    MOST_PAIRS,
    MOST_ROWS,
    accuracy_table,
    bin_table,
    calibration_table,
    class_table,
    confusion_table,
    error_table,
    mapping_table,
    usage_table,
)
from instseg_ui.show.html import facts, failures, markup, notes, nothing, scrolled
from instseg_ui.show.latency import latency_notes
from instseg_ui.show.tables import dashes, table_html

KINDS: dict[IouKind, str] = {"mask": "Masks", "box": "Boxes", "boundary": "Boundaries"}
USAGE = "In use, masks at IoU 0.5"
COCO = (
    "As pycocotools computes them, over IoU 0.50 to 0.95. An object is small below 32 × 32 "
    "pixels, large from 96 × 96. AR 1, 10, 100: with at most so many predictions an image. Mean "
    "IoU is that of the predictions that are right at 0.5."
)
_OPEN_FINDINGS = 4
_LEVELS = ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "note"))
_STAGES = {
    "checking": "checking that the images are the same as before",
    "measuring": "measuring the latency",
    "scoring": "counting",
}


def dataset(opened: Dataset, findings: Iterable[Finding], *, unfolded: bool = False) -> Markup:
    """What was opened, and what is wrong with it; a long list is folded unless `unfolded`."""
    told = list(findings)
    end = "." if told else ". Nothing is wrong with it."
    head = h.p(".dataset")[h.b[opened.name], f" ({opened.format}): {dataset_words(opened)}{end}"]
    if not told:
        return markup(head)
    counts = ", ".join(
        plural(count, name)
        for level, name in _LEVELS
        if (count := sum(one.level is level for one in told))
    )
    return markup(
        head,
        h.details(".findings", open=unfolded or _weighs(told))[
            h.summary[f"Findings: {counts}"], h.ul[(_finding(one) for one in told)]
        ],
    )


def _weighs(told: Sequence[Finding]) -> bool:
    """Whether the findings are few and one of them is more than a note."""
    serious = any(one.level.value != "note" for one in told)
    return serious and len(told) <= _OPEN_FINDINGS


def dataset_words(opened: Dataset) -> str:
    """How much of what it holds."""
    return (
        f"{plural(len(opened.images), 'image')}, {plural(len(opened.truths), 'object')}, "
        f"{_categories(opened)}"
    )


def _categories(opened: Dataset) -> str:
    count = len(opened.categories)
    return f"{count:,} {'category' if count == 1 else 'categories'}"


def _finding(one: Finding) -> h.Element:
    level = one.level.value
    return h.li(class_=level)[h.b[level], f" {one}"]


def mapping(found: CategoryMap) -> Markup:
    """A row for each category: which classes stand for it, and why."""
    rows = found.rows()
    missing, unused = sum(not row.labels for row in rows), found.unused()
    told = [_cut(len(rows), MOST_ROWS, "categories")]
    if missing:
        told.append(f"{missing} of {len(rows)} have no class: their objects count as missed.")
    if unused:
        shown = ", ".join(unused[:5]) + (", …" if len(unused) > 5 else "")
        told.append(f"Classes that stand for nothing, left out: {len(unused)} ({shown}).")
    return markup(scrolled(table_html(mapping_table(found))), notes(*told))


def accuracy(evaluation: Evaluation, kind: IouKind) -> Markup:
    """One row a model: COCO's figures of one kind of IoU."""
    table = accuracy_table(evaluation, kind)
    source = boundary.SOURCE if kind == "boundary" else ""
    return markup(scrolled(table_html(table)), notes(source, dashes(table)))


def usage(evaluation: Evaluation) -> Markup:
    """One row a model: what it does at its best threshold, and how long it takes."""
    table = usage_table(evaluation)
    return markup(
        h.h4[USAGE],
        scrolled(table_html(table)),
        notes(*latency_notes(evaluation.latencies.values()), dashes(table)),
    )


def missing(evaluation: Evaluation) -> Markup:
    """Each model without a result, and why."""
    return failures(evaluation.failures.items())


def errors(evaluation: Evaluation, *, linked: bool = False) -> Markup:
    """One row a model: how many errors of each kind, and the AP50 that they cost."""
    press = "; press a number to see its pictures" if linked else ""
    return markup(
        scrolled(table_html(error_table(evaluation), linked=linked)),
        notes(
            "Points of AP50 that a kind of error costs: what AP50 would rise by if it alone were "
            f"mended. Below, how often{press}.",
            in_short(evaluation),
            f"Kinds after {tide.SOURCE}.",
        ),
    )


def calibration(evaluation: Evaluation) -> Markup:
    """How far scores are from the share of right predictions, and over how many."""
    bins = bin_table(evaluation)
    return markup(
        scrolled(table_html(calibration_table(evaluation))),
        h.h4["Share that is right, by score"],
        scrolled(table_html(bins)),
        notes(
            "Right means mask IoU of at least 0.5 with an object of the class; a bias above 0 "
            "means that scores promise too much. Bars are 95 % intervals. Below a share, of how "
            "many predictions.",
            dashes(bins),
            f"{CALIBRATION}.",
        ),
    )


def classes(result: ModelResult, kind: IouKind = "mask", *, linked: bool = False) -> Markup:
    """One row a category of the data set, those with the most objects first."""
    table, count = class_table(result, kind)
    press = "; press a number to see its pictures" if linked else ""
    return markup(
        scrolled(table_html(table, linked=linked)),
        notes(
            f"Wrong and not found: masks at scores from {three(result.threshold)}, the best F1 "
            f"over all classes{press}.",
            _cut(count, MOST_ROWS, "categories"),
            dashes(table),
        ),
    )


def confusion(result: ModelResult, *, linked: bool = False) -> Markup:
    """The pairs of classes that are confused most, one model's."""
    table, count = confusion_table(result)
    at = f"scores from {three(result.threshold)}"
    if not table.rows:
        return nothing(f"Nothing is confused at {at}.")
    press = " Press a number here to see its pictures." if linked else ""
    return markup(
        scrolled(table_html(table, linked=linked)),
        notes(
            f"At {at}, masks at IoU 0.5 whatever the classes; a shade is the share of its "
            f"row.{press}",
            _cut(count, MOST_PAIRS, "pairs"),
        ),
    )


def in_short(evaluation: Evaluation) -> str:
    """What the figures stand on, in a line."""
    machine = evaluation.machine
    ran = dict.fromkeys(runtime for one in evaluation.results for runtime in _runtimes(one))
    floors = dict.fromkeys(f"{one.predictions.key.floor:g}" for one in evaluation.results)
    objects, _ = _objects(evaluation)
    return (
        f"n = {_images(evaluation)}, {plural(objects, 'object')}; "
        f"scores from {' and '.join(floors)}; {'; '.join(ran)}; "
        f"{machine['cpu']}, {plural(int(str(machine['cores'])), 'core')}."
    )


def context(evaluation: Evaluation) -> Markup:
    """All that the figures stand on."""
    opened, machine = evaluation.dataset, evaluation.machine
    objects, crowds = _objects(evaluation)
    counted = f"n = {objects:,} in {_categories(opened)}, {plural(crowds, 'crowd region')}"
    rows = [
        ("Data set", f"{opened.name}, {opened.format}"),
        ("Images", f"n = {_images(evaluation)}"),
        ("Objects", counted),
        ("Made", f"{evaluation.made:%Y-%m-%d %H:%M %Z} by InstSeg UI {__version__}"),
        ("Measured on", f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"),
    ]
    for one in evaluation.results:
        key = one.predictions.key
        kept = f"scores from {key.floor:g}, at most {key.max_instances} instances an image"
        rows.append((one.model, "; ".join([*_runtimes(one), kept])))
    return facts(rows)


def progress_words(now: EvaluationProgress) -> str:
    """How far one model is: stage, images, time left."""
    parts = [f"{now.model}: {_STAGES.get(now.stage, now.stage)}"]
    if now.total:
        noun = "run" if now.stage == "measuring" else "image"
        parts.append(f"{now.done:,} of {plural(now.total, noun)}")
    left = now.seconds_left or 0.0
    if left >= 1 and now.stage == "running":
        parts.append(f"about {seconds(left) if left < 120 else f'{left / 60:.0f} min'} left")
    return " · ".join(parts)


def ended_words(found: Evaluation, *, stopped: bool = False) -> str:
    """How many models and images were evaluated, and what became of the others."""
    parts = [f"{plural(len(found.results), 'model')} on {_images(found)}"]
    if found.failures:
        parts.append(f"{len(found.failures)} failed: the reason is below")
    if stopped:
        parts.append("stopped; what was predicted is kept: evaluate again to go on")
    return " · ".join(parts)


def _images(evaluation: Evaluation) -> str:
    """`4 of 10 images`."""
    count, total = int(evaluation.images.sum()), len(evaluation.dataset.images)
    return f"{count:,} of {plural(total, 'image')}"


def _objects(evaluation: Evaluation) -> tuple[int, int]:
    """Objects and crowd regions of the images that count."""
    truths = evaluation.dataset.truths
    inside = evaluation.images[truths.image]
    return (
        int(np.count_nonzero(inside & ~truths.crowd)),
        int(np.count_nonzero(inside & truths.crowd)),
    )


def _runtimes(result: ModelResult) -> Sequence[str]:
    shown = []
    for one in result.predictions.runtimes:
        text = f"{one['engine']} on {one['device'].upper()}, {plural(one['threads'], 'thread')}"
        text += "".join(f", {name} {value}" for name, value in one["versions"].items())
        shown.append(text)
    return list(dict.fromkeys(shown)) or ["not run"]


def _cut(count: int, shown: int, things: str) -> str:
    """That a long table was cut; empty if it was not."""
    return (
        f"The first {shown} of {count:,} {things}; the JSON file has all." if count > shown else ""
    )
