"""The models' latencies beside their accuracy: of `instseg_ui.latency`, on one of the pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from instseg_ui.errors import ImageError
from instseg_ui.evaluate.builder import IsCancelled
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.run import EvaluationProgress, OnProgress
from instseg_ui.images import Image
from instseg_ui.latency import Latency, known, measure
from instseg_ui.segmenter import Segmenter

MOST_SECONDS = 120.0
"""After which no new round of runs begins: very slow models have fewer than five then."""


def measured_latencies(
    dataset: Dataset,
    segmenter: Segmenter,
    models: Sequence[str],
    images: npt.NDArray[np.bool_],
    engine: str | None,
    *,
    again: bool = False,
    on_progress: OnProgress,
    cancelled: IsCancelled,
) -> dict[str, Latency]:
    """Each model's latency on the first picture that counts; what is known is not measured again.

    Args:
        dataset: where the picture is.
        segmenter: as the product runs models, not as an evaluation does: more masks take longer.
        models: which took part.
        images: (I,), the pictures that count.
        engine: what runs the models; None is the setting's.
        again: whether what is known is measured anew.
        on_progress: told before each run, stage `measuring`.
        cancelled: asked all the time; what is known by then is returned.
    """
    picture = _first(dataset, segmenter, images)
    if picture is None or not models:
        return {}
    found: dict[str, Latency] = {}
    steps = measure(
        segmenter,
        models,
        picture,
        engine=engine,
        again=again,
        seconds=MOST_SECONDS,
        cancelled=cancelled,
    )
    for step in steps:
        if step.model:
            on_progress(EvaluationProgress("measuring", step.model, step.done, step.total))
        found = dict(step.latencies)
    return found


def kept_latencies(
    dataset: Dataset,
    segmenter: Segmenter,
    models: Sequence[str],
    images: npt.NDArray[np.bool_],
    engine: str | None,
) -> dict[str, Latency]:
    """What is known of the models on such a picture; nothing runs."""
    place = next(iter(np.flatnonzero(images).tolist()), None)
    if place is None:
        return {}
    size = dataset.images[place].width, dataset.images[place].height
    found = {model: known(segmenter, model, size, engine) for model in models}
    return {model: one for model, one in found.items() if one is not None}


def _first(dataset: Dataset, segmenter: Segmenter, images: npt.NDArray[np.bool_]) -> Image | None:
    """The first of the pictures that can be read."""
    for place in np.flatnonzero(images).tolist():
        try:
            return dataset.read(place, segmenter.settings)[0]
        except ImageError:
            continue
    return None
