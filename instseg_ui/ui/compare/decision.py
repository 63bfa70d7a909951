"""Which model to ship: the verdict within the visitor's limits, and the models it is about."""

from __future__ import annotations

from collections.abc import Sequence

from instseg_ui.catalog import Catalog
from instseg_ui.errors import InputError
from instseg_ui.show.decision import ComparedModel
from instseg_ui.ui.compare import matches
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.run import ComparisonRun
from instseg_ui.verdict import Limits, Verdict, decide


def compared(catalog: Catalog, run: ComparisonRun | None, sight: Sight) -> list[ComparedModel]:
    """The models that are done as they are looked at, in the order of the panes."""
    known = run.latencies if run else {}
    return [
        ComparedModel(
            one,
            matches.threshold_of(run, sight, one.model),
            catalog.get(one.model),
            known.get(one.model),
        )
        for one in matches.in_pane_order(run, sight)
    ]


def verdict(models: Sequence[ComparedModel], most_ms: object, most_mb: object) -> Verdict:
    """What can be said of the models within the limits: one photo measures no accuracy.

    Where they were not run here their times say nothing about here, and are left out.

    Raises:
        InputError: a limit that is not a number above 0.
    """
    return decide([one.candidate for one in models], Limits.read(most_ms, most_mb))


def verdict_or_reason(models: Sequence[ComparedModel], most_ms: str, most_mb: str) -> Verdict:
    """The same; for a wrong limit a verdict without a choice that says what is wrong."""
    try:
        return verdict(models, most_ms, most_mb)
    except InputError as error:
        return Verdict("empty", fault=str(error))


def measured(run: ComparisonRun | None) -> dict[str, tuple[float, float]]:
    """Median latency, ms, and size on disk, MB, of each model with enough runs."""
    known = run.latencies if run else {}
    return {
        one.model: (known[one.model].median, one.size_mb)
        for one in (run.predictions if run else ())
        if one.model in known and known[one.model].enough
    }
