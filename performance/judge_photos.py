"""Real models on annotated photos, as a judge sees them, and an oracle that knows the truth."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui import masks
from instseg_ui.evaluate import Dataset, Predictions, for_evaluation, open_coco, open_predictions
from instseg_ui.evaluate.run import predict
from instseg_ui.judge import Candidates, JudgedObject, JudgedPhoto, find_candidates
from instseg_ui.judge.outcomes import THRESHOLDS, Outcomes, reached
from instseg_ui.judge.posterior import ABSENT, NONE_RIGHT
from instseg_ui.results import Instances
from instseg_ui.segmenter import Segmenter
from instseg_ui.variables import read_settings

_FLOOR = 0.05
_RIGHT, _TOUCHES = 0.5, 0.1


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedCase:
    """A judge's table, the outcome that is true of each object, and who is the best by it."""

    outcomes: Outcomes
    truth: npt.NDArray[np.intp]
    best: str
    described: str


def annotated_case(
    annotations: Path, models: list[str], limit: int, kept: Path | None
) -> AnnotatedCase:
    """Run the models on the first photos that have annotations.

    Only classes are judged that the annotations have and that a photo lists as `exhaustive`, where
    it lists any.

    Args:
        annotations: COCO's file; the photos lie beside it.
        models: catalog ids.
        limit: photos.
        kept: folder of predictions that are used again; None for a temporary one.
    """
    dataset = open_coco(annotations.parent, annotations)
    known = _known_classes(annotations)
    limit = min(limit, len(dataset.images))
    # All over the data set: its order may be one by source.
    places = np.unique(np.linspace(0, len(dataset.images) - 1, limit).astype(int)).tolist()
    with ExitStack() as stack:
        folder = kept or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        segmenter = stack.enter_context(Segmenter(read_settings()))
        stores = [_run(dataset, segmenter, model, folder, places, stack) for model in models]
        photos = [_photo(dataset, place, stores, known) for place in places]
    candidates = find_candidates(models, photos)
    truth = np.array(
        [_outcome(one, _truths(dataset, places[one.photo], known)) for one in candidates.objects],
        np.intp,
    )
    f1 = _f1(candidates.outcomes, truth)
    missed = _missed(dataset, places, candidates, truth, known)
    dataset.close()
    figures = [f"{name} {100 * value:.1f}" for name, value in zip(models, f1, strict=True)]
    return AnnotatedCase(
        candidates.outcomes,
        truth,
        models[int(np.argmax(f1))],
        f"\n{len(photos)} photos of {annotations.name}, {len(candidates.objects):,} objects marked;"
        f" best F1 if everything is answered: "
        f"{', '.join(figures)}; "
        f"{missed[0]} of {missed[1]} annotated objects are missed by all models",
    )


def _run(
    dataset: Dataset,
    segmenter: Segmenter,
    model: str,
    folder: Path,
    places: list[int],
    stack: ExitStack,
) -> Predictions:
    low = for_evaluation(segmenter, floor=_FLOOR)
    store = stack.enter_context(open_predictions(dataset, low, model, folder))
    predict(dataset, low, store, images=places)
    return store


def _known_classes(annotations: Path) -> dict[Any, set[str] | None]:
    """By image id the classes that are annotated exhaustively; None for all."""
    rows = json.loads(annotations.read_text(encoding="utf-8"))["images"]
    return {row["id"]: set(row["exhaustive"]) if "exhaustive" in row else None for row in rows}


def _is_judged(dataset: Dataset, place: int, known: dict[Any, set[str] | None], name: str) -> bool:
    listed = known.get(dataset.images[place].id)
    every = {one.name for one in dataset.categories}
    return name in (every if listed is None else every & listed)


def _photo(
    dataset: Dataset, place: int, stores: list[Predictions], known: dict[Any, set[str] | None]
) -> JudgedPhoto:
    entry = dataset.images[place]
    found = []
    for store in stores:
        one = store.instances(entry.id)
        chosen = [_is_judged(dataset, place, known, label) for label in one.labels]
        found.append(one[np.array(chosen, bool)])
    return JudgedPhoto(entry.name, entry.width, entry.height, tuple(found))


def _truths(dataset: Dataset, place: int, known: dict[Any, set[str] | None]) -> Instances:
    found = dataset.truth_instances(place)
    chosen = [_is_judged(dataset, place, known, label) for label in found.labels]
    return found[np.array(chosen, bool)]


def _outcome(judged: JudgedObject, truths: Instances) -> int:
    """What the truth says: the outline that fits best and has the class, if it fits at all."""
    table = masks.iou([one.mask for one in judged.candidates], list(truths.masks))
    same = np.array([[one.label == label for label in truths.labels] for one in judged.candidates])
    fits = np.where(same.reshape(table.shape), table, 0)
    if fits.size and fits.max() >= _RIGHT:
        return judged.ways[int(fits.max(axis=1).argmax())]
    return NONE_RIGHT if table.size and table.max() >= _TOUCHES else ABSENT


def _f1(outcomes: Outcomes, truth: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """(H,) F1 at the best threshold if everything is answered."""
    right = reached(outcomes.right[truth[truth >= 0]])
    hits = np.stack([(right > level).sum(axis=0) for level in range(THRESHOLDS.size)], axis=1)
    total = outcomes.marked.sum(axis=0) + (truth != ABSENT).sum()
    return np.asarray((2 * hits / total).max(axis=1), np.float64)


def _missed(
    dataset: Dataset,
    places: list[int],
    candidates: Candidates,
    truth: npt.NDArray[np.intp],
    known: dict[Any, set[str] | None],
) -> tuple[int, int]:
    """Annotated objects that no model touched, and all of them."""
    total = sum(len(_truths(dataset, place, known)) for place in places)
    touched = 0
    for number, place in enumerate(places):
        truths = _truths(dataset, place, known)
        mine = [one for one in candidates.objects if one.photo == number]
        outlines = [one.mask for judged in mine for one in judged.candidates]
        table = masks.iou(outlines, list(truths.masks))
        touched += int((table.max(axis=0, initial=0) >= _TOUCHES).sum())
    return total - touched, total
