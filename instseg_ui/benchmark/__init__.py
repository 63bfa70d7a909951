"""Benchmark: how long models take here, how much they hold, and what changed since an earlier run.

Models x images x repeats, warm-up runs apart. A run is measured (`measure`), kept (`shelf`),
summed up (`figures`), laid out (`tables`, `svg`), taken away (`export`, `report`) and held
against an earlier one (`changes`).
"""

from instseg_ui.benchmark.changes import Change, Changes, compare_runs
from instseg_ui.benchmark.export import to_csv, to_json
from instseg_ui.benchmark.figures import Summary, latency, stage, throughput
from instseg_ui.benchmark.kept_run import measure_and_keep
from instseg_ui.benchmark.measure import Progress, run_benchmark
from instseg_ui.benchmark.records import (
    STAGES,
    ColdStart,
    Level,
    Memory,
    ModelRun,
    Request,
    Run,
    Sample,
    concurrency_levels,
)
from instseg_ui.benchmark.setting import Photo
from instseg_ui.benchmark.shelf import Kept, Shelf

__all__ = [
    "STAGES",
    "Change",
    "Changes",
    "ColdStart",
    "Kept",
    "Level",
    "Memory",
    "ModelRun",
    "Photo",
    "Progress",
    "Request",
    "Run",
    "Sample",
    "Shelf",
    "Summary",
    "compare_runs",
    "concurrency_levels",
    "latency",
    "measure_and_keep",
    "run_benchmark",
    "stage",
    "throughput",
    "to_csv",
    "to_json",
]
