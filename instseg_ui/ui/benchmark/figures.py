"""A benchmark run on the page: its sections, and what stands there before there is one."""

from __future__ import annotations

from instseg_ui.benchmark import BenchmarkRun, Kept, compare_runs
from instseg_ui.numbers import plural
from instseg_ui.show import benchmark
from instseg_ui.show.html import nothing

NO_RUN = nothing("Nothing was measured yet. Tick models, add photos, then run the benchmark.")
NO_EARLIER = nothing("Choose an earlier run above to see what changed since then.")
NO_OTHER = nothing("A second run is needed: run the benchmark again, then compare the two.")


def figures_html(run: BenchmarkRun | None, price: float | None) -> str:
    """One row a model, and why a model or a figure is missing."""
    if run is None:
        return NO_RUN
    if run.measured:
        return benchmark.figures(run, price)
    if run.state != "running":
        return benchmark.missing(run)
    models = "The model is" if len(run.models) == 1 else "The models are"
    return nothing(f"{models} loaded and warmed up; figures appear with the first counted runs.")


def stages_html(run: BenchmarkRun | None) -> str:
    """One row a model and stage, and one a model and number of callers."""
    return NO_RUN if run is None or not run.measured else benchmark.stages(run)


def basis_html(run: BenchmarkRun | None) -> str:
    """What the charts stand on, in a line."""
    return NO_RUN if run is None or not run.measured else benchmark.basis(run)


def context_html(run: BenchmarkRun | None) -> str:
    """What all figures stand on."""
    return "" if run is None else benchmark.context(run)


def changes_html(run: BenchmarkRun | None, earlier: Kept | None, others: int) -> str:
    """What changed since an earlier run; `others` is how many there are to choose from."""
    if run is None or not run.measured:
        return NO_RUN
    if earlier is None:
        return NO_EARLIER if others else NO_OTHER
    return benchmark.changes(compare_runs(earlier.run, run))


def label(kept: Kept) -> str:
    """A run in the list of runs: when, which models, on what."""
    run = kept.run
    models = [one.model for one in run.measured]
    named = models[0] if len(models) == 1 else plural(len(models), "model")
    state = {"done": "", "stopped": ", stopped", "running": ", not finished"}[run.state]
    engines = "+".join(dict.fromkeys(one.engine for one in run.measured))
    return (
        f"{run.made:%Y-%m-%d %H:%M:%S} · {named} · {engines} · "
        f"{plural(run.machine.threads, 'thread')} · {run.image_size} px{state}"
    )
