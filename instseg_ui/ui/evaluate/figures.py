"""An evaluation on the page: its sections, and what stands there before there is one."""

from __future__ import annotations

from instseg_ui.evaluate import CategoryMap, Dataset, Evaluation, ModelResult
from instseg_ui.evaluate.scores import IouKind
from instseg_ui.show import evaluation as show
from instseg_ui.show.html import markup, notes, nothing

NO_DATA = nothing(
    "Drop a zip with images and COCO annotations anywhere. YOLO segmentation labels and LabelMe "
    "files in a zip are read too; loose images with their JSON need no zip."
)
NO_RUN = nothing("Nothing was evaluated yet. Add a data set, tick models, then evaluate.")
NO_BOUNDARY = nothing(
    "Boundary IoU was left out. Tick it under “Data set and settings”, then evaluate again."
)
NO_MAPPING = nothing("Add a data set and tick a model to see which class stands for what.")
KINDS: dict[str, IouKind] = {name: kind for kind, name in show.KINDS.items()}


def dataset_html(dataset: Dataset | None, evaluation: Evaluation | None = None) -> str:
    """What was opened, and what is wrong with it; the evaluation may have found more."""
    if dataset is None:
        return NO_DATA
    return show.dataset(dataset, (evaluation or dataset).findings)


def mapping_html(mapping: CategoryMap | None) -> str:
    """A row for each category: which classes stand for it, and why."""
    return NO_MAPPING if mapping is None else show.mapping(mapping)


def figures_html(evaluation: Evaluation | None, kind: IouKind) -> str:
    """One row a model: COCO's figures of one kind of IoU, and what it does in use."""
    if evaluation is None:
        return NO_RUN
    if not evaluation.results:
        return show.missing(evaluation)
    if kind not in evaluation.kinds:
        return NO_BOUNDARY
    return markup(
        show.accuracy(evaluation, kind),
        show.usage(evaluation),
        show.missing(evaluation),
        notes(show.in_short(evaluation), show.COCO),
    )


def errors_html(evaluation: Evaluation | None) -> str:
    """One row a model: errors by kind; each count leads to its pictures."""
    if evaluation is None or not evaluation.results:
        return NO_RUN
    return show.errors(evaluation, linked=True)


def calibration_html(evaluation: Evaluation | None) -> str:
    """How far scores are from the share of right predictions."""
    return "" if evaluation is None or not evaluation.results else show.calibration(evaluation)


def classes_html(result: ModelResult | None, kind: IouKind) -> str:
    """One row a category; each count leads to its pictures."""
    if result is None:
        return NO_RUN
    return show.classes(result, kind, linked=True) if kind in result.scores.by else NO_BOUNDARY


def confusion_html(result: ModelResult | None) -> str:
    """The pairs of classes that are confused most; each count leads to its pictures."""
    return NO_RUN if result is None else show.confusion(result, linked=True)


def context_html(evaluation: Evaluation | None) -> str:
    """All that the figures stand on."""
    return "" if evaluation is None else show.context(evaluation)
