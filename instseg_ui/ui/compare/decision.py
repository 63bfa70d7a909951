"""Which model to ship: the verdict within the visitor's limits, and the models it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instseg_ui.catalog import Catalog
from instseg_ui.errors import InputError
from instseg_ui.show.decision import ComparedModel
from instseg_ui.ui.compare import matches
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.run import STOPPED, ComparisonRun
from instseg_ui.verdict import Accuracy, Candidate, Limits, Verdict, decide

_NOT_RUN = ("failed", "not fetched")


def compared(
    catalog: Catalog,
    run: ComparisonRun | None,
    sight: Sight,
    accuracies: Mapping[str, Accuracy] | None = None,
) -> list[ComparedModel]:
    """The models that are done as they are looked at, in the order of the panes.

    `accuracies` are what is known of them elsewhere, by model; see `KnownAccuracies`.
    """
    known = run.latencies if run else {}
    return [
        ComparedModel(
            one,
            matches.threshold_of(run, sight, one.model),
            catalog.get(one.model),
            known.get(one.model),
            (accuracies or {}).get(one.model),
        )
        for one in matches.in_pane_order(run, sight)
    ]


def not_run(run: ComparisonRun | None) -> list[Candidate]:
    """The models that were to run and did not, with the reason; none that still waits or runs."""
    return [
        Candidate(one.model, failure=one.pane["message"] or one.state)
        for one in (run.outcomes if run else ())
        if one.prediction is None and (one.state in _NOT_RUN or one.pane["message"] in STOPPED)
    ]


def verdict(
    models: Sequence[ComparedModel],
    most_ms: object,
    most_mb: object,
    others: Sequence[Candidate] = (),
) -> Verdict:
    """What can be said of the models within the limits: this photo measures no accuracy.

    Where they were not run here their times say nothing about here, and are left out. `others` are
    those of `not_run`.

    Raises:
        InputError: a limit that is not a number above 0.
    """
    every = [*(one.candidate for one in models), *others]
    return decide(every, Limits.read(most_ms, most_mb))


def verdict_or_reason(
    models: Sequence[ComparedModel],
    most_ms: str,
    most_mb: str,
    others: Sequence[Candidate] = (),
) -> Verdict:
    """The same; for a wrong limit a verdict without a choice that says what is wrong."""
    try:
        return verdict(models, most_ms, most_mb, others)
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
