"""Computes the example results that ship: `python -m tools.write_examples [PART ...]`.

The parts are `found` (for Compare and Evaluate) and `benchmark`; none is both. Everything is found
by the product on this machine, and `tests/unit/examples` finds it again. For the benchmark, and
for the times beside the others, nothing else should keep the machine busy.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from instseg_ui.examples.benchmark import measure_example, write_benchmark
from instseg_ui.examples.comparison import compare_example, write_comparison
from instseg_ui.examples.evaluation import predict_example, prediction_folder
from instseg_ui.examples.origin import Origin, write_origin
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import PROJECT_DIR, Settings
from instseg_ui.workers.hardware import hardware

ASSETS = PROJECT_DIR / "assets"
FOUND, MEASURED = "found", "benchmark"


def write_found(settings: Settings) -> None:
    """What the models found; both parts are of one machine and date."""
    write_origin(ASSETS, Origin(datetime.now(UTC), hardware()))
    with Segmenter(settings) as segmenter:
        write_comparison(ASSETS, compare_example(segmenter))
        predict_example(segmenter, prediction_folder(ASSETS))


def sizes(folder: Path) -> str:
    """Each file with its size, a line each."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join(f"{path.relative_to(folder)}  {path.stat().st_size:,} bytes" for path in files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="found or benchmark; none: both")
    parts = parser.parse_args().parts or [FOUND, MEASURED]
    unknown = set(parts) - {FOUND, MEASURED}
    if unknown:
        parser.error(f"expected found or benchmark, got {', '.join(sorted(unknown))}")
    settings = Settings()
    if FOUND in parts:
        write_found(settings)
    if MEASURED in parts:
        write_benchmark(ASSETS, measure_example(settings))
    print(sizes(ASSETS / "example_results"))


if __name__ == "__main__":
    main()
