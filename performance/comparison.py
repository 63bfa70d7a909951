"""`python -m performance.comparison`: matching and mapping what many models found in a large photo.

The figures are seconds of CPU, which a loaded machine changes less than the clock's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from time import process_time

import cv2
import numpy as np

from instseg_ui import masks
from instseg_ui.comparison.objects import compare, coverage
from instseg_ui.results import Instance, Instances, Prediction, Runtime, Timings
from performance.figures import Figure, digits
from performance.machine import hardware, load_average
from performance.table import table

RUNTIME = Runtime("none", "cpu", 1)
CLASSES = 80


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    predictions = scene(options.models, options.instances, options.width, options.height)
    rows = [
        ["match, all pairs", *_cells(lambda: compare(predictions), options.repeats)],
        ["match, one class", *_cells(lambda: _by_class(predictions), options.repeats)],
        ["coverage map", *_cells(lambda: coverage(predictions), options.repeats)],
    ]
    machine = hardware()
    print(
        f"{options.models} models x {options.instances} instances, "
        f"{options.width} x {options.height} px; {machine['cpu']}, {machine['cores']} cores, "
        f"load {load_average():.1f}"
    )
    print(table(["part", "CPU ms", "p10-p90", "n"], rows))
    return 0


def scene(models: int, instances: int, width: int, height: int) -> list[Prediction]:
    """The same ellipses for every model, each a little off, and one in ten somewhere else."""
    rng = np.random.default_rng(0)
    side = min(width, height)
    shapes = [
        (*rng.integers(0, (width, height)), *rng.integers(side // 100, side // 12, 2))
        for _ in range(instances)
    ]
    return [
        _prediction(f"model-{i}", shapes, np.random.default_rng(i + 1), (height, width))
        for i in range(models)
    ]


def _prediction(
    name: str,
    shapes: Sequence[Sequence[int]],
    rng: np.random.Generator,
    size: tuple[int, int],
) -> Prediction:
    rows = []
    for i, (x, y, across, down) in enumerate(shapes):
        if rng.random() < 0.1:
            x, y = rng.integers(0, (size[1], size[0]))
        jitter = rng.integers(-6, 7, 4)
        shape = (x + jitter[0], y + jitter[1], across + jitter[2], down + jitter[3])
        rle = _ellipse([int(value) for value in shape], size)
        label = f"class {i % CLASSES}"
        score = float(rng.uniform(0.3, 1))
        box, area = masks.box_of(rle), masks.area(rle)
        rows.append(Instance(i % CLASSES, label, score, box, area, rle))
    found = Instances.from_rows(rows)
    return Prediction(name, size[1], size[0], found, Timings(), RUNTIME, 0.05)


def _ellipse(shape: Sequence[int], size: tuple[int, int]) -> masks.Rle:
    x, y, across, down = shape[0], shape[1], max(2, shape[2]), max(2, shape[3])
    x0, y0 = max(0, x - across), max(0, y - down)
    x1, y1 = min(size[1], x + across + 1), min(size[0], y + down + 1)
    crop = np.zeros((max(1, y1 - y0), max(1, x1 - x0)), np.uint8)
    cv2.ellipse(crop, (x - x0, y - y0), (across, down), 0, 0, 360, 1, -1)
    return masks.encode_crop(crop.astype(bool), (x0, y0), size)


def _by_class(predictions: Sequence[Prediction]) -> object:
    return compare(predictions, class_aware=True)


def _cells(work: Callable[[], object], repeats: int) -> list[str]:
    work()
    samples = []
    for _ in range(repeats):
        start = process_time()
        work()
        samples.append((process_time() - start) * 1e3)
    figure = Figure.of(samples)
    return [digits(figure.median), figure.spread, str(figure.n)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m performance.comparison", description=__doc__)
    for name, default in (
        ("models", 16),
        ("instances", 300),
        ("width", 4000),
        ("height", 3000),
        ("repeats", 5),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser


if __name__ == "__main__":
    sys.exit(main())
