"""How the visitor looks at a run, what is shown of it then, and how the shown objects match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from instseg_ui.comparison import objects as comparison
from instseg_ui.comparison.objects import Comparison, Member
from instseg_ui.results import Prediction
from instseg_ui.ui.compare.run import ComparisonRun
from instseg_ui.ui.link import THRESHOLD
from instseg_ui.ui.viewer import Settled, object_table_value
from instseg_ui.ui.viewer.objects import ObjectTableValue


@dataclass(frozen=True, slots=True)
class Sight:
    """How the visitor looks at a run: a threshold a pane, hidden classes, the reference pane.

    `reference` counts among `panes`; in a run of another number of panes it is the first.
    """

    thresholds: tuple[float, ...] = ()
    hidden: frozenset[str] = frozenset()
    reference: int = 0
    panes: int = 0

    def reference_of(self, run: ComparisonRun) -> int:
        """The place of the reference in that run."""
        return self.reference if self.panes == len(run.outcomes) else 0


def settled(before: Sight, event: Settled) -> Sight:
    """The sight after thresholds and hidden classes have come to rest."""
    return replace(before, thresholds=event.thresholds, hidden=event.hidden)


def pinned(before: Sight, run: ComparisonRun | None, reference: int) -> Sight:
    """The sight after another pane of the run became the reference."""
    return replace(before, reference=reference, panes=len(run.outcomes) if run else 0)


def filtered(run: ComparisonRun | None, sight: Sight) -> list[tuple[Prediction, list[int]]]:
    """What is shown of each model that is done, the reference first.

    Each with the places its instances have in the whole prediction.
    """
    if run is None:
        return []
    shown = [
        (place, _shown(outcome.prediction, threshold_at(run, sight, place), sight.hidden))
        for place, outcome in enumerate(run.outcomes)
        if outcome.prediction is not None
    ]
    shown.sort(key=lambda item: item[0] != sight.reference_of(run))
    return [item for _, item in shown]


def in_pane_order(run: ComparisonRun | None, sight: Sight) -> list[Prediction]:
    """What is shown of each model that is done, as the panes stand."""
    return [one for one, _ in filtered(run, replace(sight, panes=0))]


def matched_as_shown(
    shown: Sequence[tuple[Prediction, list[int]]], *, class_aware: bool
) -> Comparison | None:
    """The objects of what is shown; None below two models."""
    if len(shown) < 2:
        return None
    return comparison.compare([prediction for prediction, _ in shown], class_aware=class_aware)


def matched(
    shown: Sequence[tuple[Prediction, list[int]]], *, class_aware: bool
) -> Comparison | None:
    """The same with the instances' places in the whole predictions, which the panes have."""
    found = matched_as_shown(shown, class_aware=class_aware)
    if found is None:
        return None
    places = [kept for _, kept in shown]
    objects = tuple(
        replace(
            one,
            members=tuple(
                _at_place(member, kept) for member, kept in zip(one.members, places, strict=True)
            ),
        )
        for one in found.objects
    )
    return replace(found, objects=objects)


def object_table(run: ComparisonRun | None, found: Comparison | None) -> ObjectTableValue:
    """The table of matched objects, its columns in the order of the panes."""
    if run is None:
        return object_table_value(found)
    return object_table_value(found, order=run.models, colors=run.colors)


def threshold_at(run: ComparisonRun, sight: Sight, place: int) -> float:
    """The threshold of a pane."""
    same = len(sight.thresholds) == len(run.outcomes)
    if same:
        return sight.thresholds[place]
    return run.thresholds.get(run.models[place], run.threshold)


def threshold_of(
    run: ComparisonRun | None,
    sight: Sight,
    model: str,
    thresholds: Mapping[str, float] | None = None,
) -> float:
    """The threshold of a model's pane; without a pane that of `thresholds`, or the usual one."""
    if run is None or model not in run.models:
        return (thresholds or {}).get(model, THRESHOLD)
    return threshold_at(run, sight, run.models.index(model))


def common_threshold(run: ComparisonRun | None, sight: Sight, otherwise: float) -> float:
    """The reference pane's threshold; `otherwise` before anything ran."""
    if run is None or len(sight.thresholds) != len(run.outcomes):
        return otherwise
    return sight.thresholds[sight.reference_of(run)]


def _shown(
    prediction: Prediction, threshold: float, hidden: frozenset[str]
) -> tuple[Prediction, list[int]]:
    found = prediction.at(max(threshold, prediction.floor))
    places = [i for i, label in enumerate(found.instances.labels) if label not in hidden]
    return replace(found, instances=found.instances[places]), places


def _at_place(member: Member | None, places: list[int]) -> Member | None:
    return None if member is None else replace(member, index=places[member.index])
