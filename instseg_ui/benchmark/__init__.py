"""Benchmark: how long models take here, how much they hold, and what changed since an earlier run.

Models x images x repeats, warm-up runs apart. A run is measured (`measure`), kept (`shelf`),
summed up (`figures`), laid out (`tables`, `svg`), taken away (`export`, `report`) and held
against an earlier one (`changes`).
"""

from instseg_ui.benchmark.changes import Change, Changes, compare_runs
from instseg_ui.benchmark.conditions import PhotoFile
from instseg_ui.benchmark.export import to_csv, to_json
from instseg_ui.benchmark.figures import SampleSummary, latency, stage, throughput
from instseg_ui.benchmark.measure import BenchmarkProgress, run_benchmark
from instseg_ui.benchmark.recorded_run import measure_and_keep
from instseg_ui.benchmark.records import (
    STAGES,
    BenchmarkRun,
    ColdStart,
    ConcurrencyLevel,
    Memory,
    ModelRun,
    Request,
    Sample,
    concurrency_levels,
)
from instseg_ui.benchmark.run_store import Kept, Shelf

__all__ = [
    "STAGES",
    "BenchmarkProgress",
    "BenchmarkRun",
    "Change",
    "Changes",
    "ColdStart",
    "ConcurrencyLevel",
    "Kept",
    "Memory",
    "ModelRun",
    "PhotoFile",
    "Request",
    "Sample",
    "SampleSummary",
    "Shelf",
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
