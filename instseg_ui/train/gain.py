"""What was gained and lost: figures of two results on the same photos."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from instseg_ui.evaluate import Evaluation, ModelResult
from instseg_ui.train.outcome import ClassFigures, Gain, OldClasses
from instseg_ui.train.split import SHARE
from instseg_ui.verdict import Accuracy, difference
from instseg_ui.verdict.accuracy import LEAST_TO_DECIDE
from instseg_ui.verdict.more_pictures import more_pictures

BEFORE, AFTER = "before", "after"


def ap_of(result: ModelResult, categories: npt.NDArray[np.bool_] | None = None) -> float:
    """Mask AP, 0 to 1, over the categories that have objects; 0 where nothing is."""
    ap = result.scores.by["mask"].averages.summary(categories).ap
    return 0.0 if ap is None else ap


def gain_of(before: ModelResult, after: ModelResult, known: npt.NDArray[np.bool_]) -> Gain:
    """Of two results on the same photos.

    Args:
        known: (categories,), those that the start model has a class for.
    """
    images = after.scores.images
    evaluation = Evaluation(
        dataset=after.dataset,
        results=(before, after),
        failures={},
        images=images,
        kinds=("mask",),
        findings=(),
        made=datetime.now(UTC),
        machine={},
    )
    photos = int(images.sum())
    values = ap_of(before), ap_of(after)
    resampled = evaluation.resampled
    one, other = (
        Accuracy.measured(value, resampled[name], "held out", photos)
        for name, value in zip((BEFORE, AFTER), values, strict=True)
    )
    found = difference(other, one)
    interval = None if found is None else (found.low, found.high)
    better, lead = (other, found) if values[1] >= values[0] else (one, difference(one, other))
    more = None if lead is None else more_pictures(better, [lead])
    sure = found is not None and found.sure
    words = _words(photos, values, more, sure=sure, knew=bool(known.any()))
    return Gain(photos, *values, interval, words)


def _words(
    photos: int, values: tuple[float, float], more: int | None, *, sure: bool, knew: bool
) -> str:
    if photos < LEAST_TO_DECIDE:
        least = LEAST_TO_DECIDE
        few = (
            f"Too few pictures to tell: {photos} held out; {least} begin to say enough, of about "
            f"{round(least / SHARE)} pictures."
        )
        return few if knew else f"{few} The start model knows none of these classes."
    if not sure:
        few = "Too few pictures to tell: the difference could be chance."
        if more is None:
            return few
        return f"{few} About {more} more held out, of {round(more / SHARE)} more, would tell."
    return "Better, and no chance." if values[1] > values[0] else "Worse, and no chance."


def class_figures(before: ModelResult, after: ModelResult) -> tuple[ClassFigures, ...]:
    """Of every category that the new model has a class for."""
    knew, knows = before.mapping.known(), after.mapping.known()
    rows = zip(before.by_class("mask"), after.by_class("mask"), knew, knows, strict=True)
    return tuple(
        ClassFigures(new.category.name, new.objects, old.ap if was else None, new.ap)
        for old, new, was, now in rows
        if now
    )


def old_classes(
    examples: tuple[ModelResult, ModelResult] | None,
    kept: tuple[str, ...],
    dropped: tuple[str, ...],
) -> OldClasses:
    """What the kept classes lost, of both networks' results on the example data set.

    Args:
        examples: before and after; None where there is no example data set.
    """
    if examples is None:
        return OldClasses(kept, dropped, 0, (), None, None)
    before, after = examples
    stays = {
        place
        for label, place in zip(after.mapping.labels, after.mapping.targets, strict=True)
        if place is not None and label in kept
    }
    objects = after.scores.objects[:, 0]
    chosen = np.array([place in stays and objects[place] > 0 for place in range(len(objects))])
    if not chosen.any():
        return OldClasses(kept, dropped, 0, (), None, None)
    names = [one.name for one, there in zip(after.dataset.categories, chosen, strict=True) if there]
    photos = int(after.scores.images.sum())
    values = ap_of(before, chosen), ap_of(after, chosen)
    return OldClasses(kept, dropped, photos, tuple(names), *values)
