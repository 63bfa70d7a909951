"""A benchmark run as it ships: the embedded models on the opening photo."""

from __future__ import annotations

from pathlib import Path

from instseg_ui.benchmark import BenchmarkRun, PhotoFile, Request, run_benchmark, to_json
from instseg_ui.benchmark.run_store import read_file
from instseg_ui.examples.origin import Origin, result_folder
from instseg_ui.examples.photos import OPENING, photo_folder
from instseg_ui.settings import Settings

MODELS = ("everyday-M", "everyday-S", "demo-cats")
"""The models that are measured."""
_FILE = "benchmark.json"
_REPEATS = 30


def measure_example(settings: Settings, repeats: int = _REPEATS) -> BenchmarkRun:
    """Measure the models on the opening photo."""
    photo = photo_folder(settings.assets) / OPENING
    request = Request(MODELS, repeats=repeats)
    return run_benchmark(request, [PhotoFile(OPENING, photo.read_bytes())], settings)


def write_benchmark(assets: Path, run: BenchmarkRun) -> None:
    """The file that `read_benchmark` reads."""
    (result_folder(assets) / _FILE).write_bytes(to_json(run))


def read_benchmark(assets: Path) -> BenchmarkRun:
    """Raises `InputError` where there is none, or a damaged one."""
    return read_file(result_folder(assets) / _FILE)


def origin_of(run: BenchmarkRun) -> Origin:
    """When and on what it was measured."""
    machine = run.machine
    return Origin(run.made, {"cpu": machine.cpu, "cores": machine.cores})
