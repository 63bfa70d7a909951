"""Measuring and keeping in one go: what is on disk grows with the run."""

from __future__ import annotations

from collections.abc import Sequence

from instseg_ui.benchmark.conditions import PhotoFile
from instseg_ui.benchmark.measure import BenchmarkProgress, OnProgress, run_benchmark
from instseg_ui.benchmark.records import Request
from instseg_ui.benchmark.run_store import Kept, Shelf
from instseg_ui.settings import Settings
from instseg_ui.workers.worker import IsCancelled


def measure_and_keep(
    request: Request,
    photos: Sequence[PhotoFile],
    settings: Settings,
    shelf: Shelf,
    *,
    on_progress: OnProgress,
    cancelled: IsCancelled,
) -> Kept:
    """`run_benchmark`, written to the shelf whenever a model has ended.

    A run that is stopped, or whose process is killed, has left what it measured by then. Raises
    what `run_benchmark` and `Shelf.save` do.
    """
    kept: Kept | None = None

    def keep(progress: BenchmarkProgress) -> None:
        nonlocal kept
        if progress.run is not None and progress.run.measured:
            kept = shelf.save(progress.run, kept)
        on_progress(progress)

    run = run_benchmark(request, photos, settings, on_progress=keep, cancelled=cancelled)
    return shelf.save(run, kept) if run.measured else Kept("", run)
