"""Which model to ship: the verdict within the visitor's limits, and the models it is about."""

from __future__ import annotations

from collections.abc import Sequence

from instseg_ui.catalog import Catalog
from instseg_ui.comparison.decision import Candidate, DecisionLimits, Verdict, check_limit, decide
from instseg_ui.errors import InputError
from instseg_ui.results import Prediction
from instseg_ui.show.decision import ComparedModel
from instseg_ui.ui.compare import matches
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.run import ComparisonRun


def compared(catalog: Catalog, run: ComparisonRun | None, sight: Sight) -> list[ComparedModel]:
    """The models that are done as they are looked at, in the order of the panes."""
    return [
        ComparedModel(one, matches.threshold_of(run, sight, one.model), catalog.get(one.model))
        for one in matches.in_pane_order(run, sight)
    ]


def verdict(
    catalog: Catalog,
    predictions: Sequence[Prediction],
    most_ms: object,
    most_mb: object,
    *,
    ran_here: bool = True,
) -> Verdict:
    """Which model to ship within the limits: by published AP, and latency and size measured here.

    Where they were not run here their times say nothing about here, and are left out.

    Raises:
        InputError: a limit that is not a number above 0.
    """
    limits = DecisionLimits(check_limit(most_ms, "latency"), check_limit(most_mb, "size"))
    candidates = [
        Candidate(
            one.model,
            catalog.get(one.model).published.mask_ap,
            one.timings.latency if ran_here else None,
            one.size_mb or None,
        )
        for one in predictions
    ]
    return decide(candidates, limits)


def verdict_or_reason(
    catalog: Catalog,
    models: Sequence[ComparedModel],
    most_ms: str,
    most_mb: str,
    *,
    ran_here: bool = True,
) -> Verdict:
    """The same; for a wrong limit a verdict without a choice that says what is wrong."""
    try:
        return verdict(
            catalog, [one.prediction for one in models], most_ms, most_mb, ran_here=ran_here
        )
    except InputError as error:
        return Verdict(None, (), {}, str(error))


def measured(run: ComparisonRun | None) -> dict[str, tuple[float, float]]:
    """Warm latency here, ms, and size on disk, MB, of each model that is done."""
    predictions = run.predictions if run and run.origin is None else ()
    return {one.model: (one.timings.latency, one.size_mb) for one in predictions}
