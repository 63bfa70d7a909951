"""The whole of it: models, a data set and a folder in; every figure out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from instseg_ui.errors import Cancelled, InputError, InstSegError
from instseg_ui.evaluate.builder import IsCancelled, never
from instseg_ui.evaluate.category_map import CategoryMap
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.findings import Findings
from instseg_ui.evaluate.latencies import kept_latencies, measured_latencies
from instseg_ui.evaluate.predictions import Predictions
from instseg_ui.evaluate.results import Evaluation, ModelResult
from instseg_ui.evaluate.run import (
    FLOOR,
    MAX_INSTANCES,
    EvaluationProgress,
    OnProgress,
    for_evaluation,
    ignore,
    open_predictions,
    predict,
)
from instseg_ui.evaluate.scores import KINDS, IouKind, evaluated, score
from instseg_ui.latency import Latency
from instseg_ui.segmenter import Segmenter

Changes = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate.

    Attributes:
        floor: lowest score kept.
        max_instances: most instances kept of one picture.
        kinds: of IoU; `boundary` costs the most time.
        limit: only so many pictures, the first by their ids; None is all.
        restart: forget the predictions that are there.
        engine: what runs the models, as the setting of that name; None is the setting's.
        latency: whether latencies that are not known yet are measured.
    """

    floor: float = FLOOR
    max_instances: int = MAX_INSTANCES
    kinds: tuple[IouKind, ...] = KINDS
    limit: int | None = None
    restart: bool = False
    engine: str | None = None
    latency: bool = True


def evaluate(
    dataset: Dataset,
    models: Sequence[str],
    segmenter: Segmenter,
    folder: Path,
    options: Options | None = None,
    *,
    changes: Mapping[str, Changes] | None = None,
    on_progress: OnProgress = ignore,
    cancelled: IsCancelled = never,
) -> Evaluation:
    """Run models over a data set and make every figure.

    Predictions are written to `folder` as they come. Called again with the same models, data set
    and floor it goes on where it stopped; annotations and mapping may change between.

    Args:
        dataset: of `open_dataset` or `open_coco`.
        models: names of the catalog.
        segmenter: runs them; its loaded models are used.
        folder: for predictions, a file a model.
        options: None are the defaults.
        changes: by model, to its mapping by name; see `CategoryMap.with_changes`.
        on_progress: told at each picture.
        cancelled: asked all the time.

    Returns:
        A model that failed is in its `failures`; the others have their figures. Close it.

    Raises:
        InputError: no models.
        UnknownModelError: no such model.
        Cancelled: `cancelled` said so; predictions are kept.
    """
    options = options or Options()
    sibling = for_evaluation(segmenter, options.floor, options.max_instances, options.engine)
    work = _Work(dataset, sibling, folder)
    try:
        for name in _checked(models, segmenter):
            work.run(name, options, (changes or {}).get(name), on_progress, cancelled)
        begun = tuple(work.done.values())
        images = _common(dataset, begun, options.limit)
        asked = dataset, segmenter, tuple(work.done), images, options.engine
        timed = (
            measured_latencies(*asked, on_progress=on_progress, cancelled=cancelled)
            if options.latency
            else kept_latencies(*asked)
        )
        return summarize(
            dataset,
            begun,
            options,
            changes=changes,
            failures=work.failures,
            latencies=timed,
            on_progress=on_progress,
            cancelled=cancelled,
        )
    except BaseException:
        for predictions in work.done.values():
            predictions.close()
        raise


def summarize(
    dataset: Dataset,
    predictions: Sequence[Predictions],
    options: Options | None = None,
    *,
    changes: Mapping[str, Changes] | None = None,
    failures: Mapping[str, str] | None = None,
    latencies: Mapping[str, Latency] | None = None,
    on_progress: OnProgress = ignore,
    cancelled: IsCancelled = never,
) -> Evaluation:
    """The figures of predictions that are there, over the pictures that all models were run on.

    No model runs: this serves another mapping, corrected annotations, or a run that was stopped.
    """
    options = options or Options()
    images = _common(dataset, predictions, options.limit)
    results = []
    for one in predictions:
        name = one.key.model
        mapping = mapping_of(dataset, one.key.labels, (changes or {}).get(name))
        scores = score(
            dataset,
            one,
            mapping,
            images=images,
            kinds=options.kinds,
            on_image=_scoring(name, on_progress),
            cancelled=cancelled,
        )
        results.append(ModelResult(name, dataset, one, mapping, scores))
    return Evaluation(
        dataset=dataset,
        results=tuple(results),
        failures=dict(failures or {}),
        images=images,
        kinds=options.kinds,
        findings=tuple(_findings(dataset, predictions, options.limit)),
        made=datetime.now(UTC),
        latencies=dict(latencies or {}),
    )


def mapping_of(dataset: Dataset, labels: Sequence[str], changes: Changes | None) -> CategoryMap:
    """A model's classes mapped by name, with what was changed by hand.

    Raises:
        InputError: nothing in common, or a change that cannot be made.
    """
    mapping = CategoryMap.by_name(dataset.categories, labels)
    if changes:
        mapping = mapping.with_changes(changes)
    if not mapping.known().any():
        theirs = _few([category.name for category in dataset.categories])
        raise InputError(
            f"The data set's categories ({theirs}) and the model's classes ({_few(labels)}) have "
            "no name in common. Say which class stands for which category: --map CATEGORY=CLASS."
        )
    return mapping


def _scoring(model: str, on_progress: OnProgress) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        on_progress(EvaluationProgress("scoring", model, done, total))

    return tell


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def chosen_images(dataset: Dataset, limit: int | None) -> range:
    """The places of the first `limit` pictures, or of all."""
    count = len(dataset.images)
    return range(count if limit is None else min(limit, count))


@dataclass(slots=True)
class _Work:
    """The models that are done, and why others are not."""

    dataset: Dataset
    segmenter: Segmenter
    folder: Path
    done: dict[str, Predictions] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        name: str,
        options: Options,
        changes: Changes | None,
        on_progress: OnProgress,
        cancelled: IsCancelled,
    ) -> None:
        try:
            labels = self.segmenter.store.folder(self.segmenter.catalog.get(name)).labels
            mapping_of(self.dataset, labels, changes)
            self.done[name] = open_predictions(
                self.dataset, self.segmenter, name, self.folder, restart=options.restart
            )
            predict(
                self.dataset,
                self.segmenter,
                self.done[name],
                images=chosen_images(self.dataset, options.limit),
                on_progress=on_progress,
                cancelled=cancelled,
            )
        except Cancelled:
            raise
        except InstSegError as error:
            self.failures[name] = str(error)
            if name in self.done:
                self.done.pop(name).close()


def _checked(models: Sequence[str], segmenter: Segmenter) -> list[str]:
    """The models' ids, each once. Raises `UnknownModelError`, `InputError`."""
    names = list(dict.fromkeys(segmenter.catalog.get(name).id for name in models))
    if not names:
        raise InputError("Name at least one model to evaluate.")
    return names


def _common(
    dataset: Dataset, predictions: Sequence[Predictions], limit: int | None
) -> npt.NDArray[np.bool_]:
    images = np.zeros(len(dataset.images), bool)
    images[: len(chosen_images(dataset, limit))] = True
    for one in predictions:
        images &= evaluated(dataset, one)
    return images


def _findings(dataset: Dataset, predictions: Sequence[Predictions], limit: int | None) -> Findings:
    findings = Findings()
    findings.extend(dataset.findings)
    unreadable: dict[object, str] = {}
    for one in predictions:
        if one.begun_anew:
            findings.note(
                "begun anew", f"{one.begun_anew} All images were run again.", one.key.model
            )
        for image_id, failure in one.failures.items():
            if failure.unreadable:
                unreadable[image_id] = failure.error
            else:
                findings.warn(
                    "model failed on an image",
                    "Nothing was found in it, so its objects are missed. Start again to retry.",
                    f"{one.key.model}, image {image_id}: {failure.error}",
                )
    for error in unreadable.values():
        findings.error("image that cannot be decoded", "It is left out for all models.", error)
    if limit is not None and limit < len(dataset.images):
        findings.note(
            "limit", f"Only the first {limit} of {len(dataset.images)} images are evaluated."
        )
    return findings
