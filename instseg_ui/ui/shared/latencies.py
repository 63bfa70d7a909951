"""Latencies measured after a run, for whoever looks at it: bounded in time, ended with its job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from instseg_ui.errors import Cancelled
from instseg_ui.images import Image
from instseg_ui.latency import Latency, measure
from instseg_ui.ui.shared.jobs import Done, Job, JobStage, Report, follow
from instseg_ui.ui.shared.services import Services

MOST_SECONDS = 30.0
"""After which no new round of runs begins: slow models have fewer than five then, and say so."""


def latencies(
    services: Services,
    image: Image,
    models: Sequence[str],
    engine: str | None,
    job: Job,
    *,
    again: bool = False,
) -> Iterator[JobStage | Done[Mapping[str, Latency]]]:
    """Measure what is not known of the models on such images; stages are sentences.

    What was measured before a stop is the answer then.

    Raises:
        Cancelled: a newer job took its place.
    """

    def work(report: Report) -> Mapping[str, Latency]:
        found: Mapping[str, Latency] = {}
        steps = measure(
            services.segmenter,
            models,
            image,
            engine=engine,
            again=again,
            seconds=MOST_SECONDS,
            cancelled=job.stopped.is_set,
        )
        for step in steps:
            found = step.latencies
            if step.model:
                run = f"run {step.done + 1} of {step.total}"
                report(f"Measuring the latency of {step.model}: {run}")
        return found

    try:
        yield from follow(work, job)
    except Cancelled:
        if job.replaced:
            raise
        yield Done({})


def renewed(before: Mapping[str, Latency], found: Mapping[str, Latency]) -> dict[str, Latency]:
    """What is known after measuring again: a figure stays where there are too few new runs."""
    stays = {model for model, one in found.items() if not one.enough and _enough(before.get(model))}
    return {**before, **{model: one for model, one in found.items() if model not in stays}}


def _enough(found: Latency | None) -> bool:
    return found is not None and found.enough
