"""`python -m performance.evaluation`: what the counting of an evaluation costs, beside pycocotools.

Both sides get the same truth and the same predictions of synthetic pictures: ellipses, most of them
found, some loosely, twice, under another name or not at all. Times are seconds of CPU, which a
loaded machine changes less than the clock's. Nothing is segmented: no model runs.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from instseg_ui import masks
from instseg_ui.evaluate import CategoryMap, open_coco
from instseg_ui.evaluate.predictions import Predictions, RunKey, coco_results
from instseg_ui.evaluate.scores import IouKind, Scores, score
from instseg_ui.results import Instance, Instances, Prediction, Runtime, Timings
from performance.figures import digits
from performance.machine import hardware, load_average, stack
from performance.table import table

WIDTH, HEIGHT, CLASSES = 640, 480, 80
LABELS = tuple(f"class {i}" for i in range(CLASSES))
RUNTIME = Runtime("none", "cpu", 1)
SAME = 1e-12
_SOME = 200
_WITH_BORDERS: tuple[IouKind, ...] = ("mask", "boundary")


@dataclass(frozen=True, slots=True)
class Files:
    """A synthetic data set on disk, and predictions of it."""

    images: Path
    annotations: Path
    predictions: Path
    results: Path


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU of both sides, for masks and boxes together."""

    images: int
    instances: int
    ours: float
    reading: float
    theirs: float
    their_reading: float
    boundaries: float
    difference: float


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.peak:
        print(json.dumps(_peak(Path(options.peak))))
        return 0
    machine = hardware()
    versions = stack()
    print(
        f"{machine['cpu']}, {machine['cores']} cores, load {load_average():.1f}; "
        f"numpy {versions['numpy']}, pycocotools {versions['pycocotools']}; n = 1 run a row"
    )
    sizes = [options.images // 4, options.images // 2, options.images]
    costs = []
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            costs.append(compare(synthesize(Path(folder), count, options.instances)))
    print(_costs(costs))
    print(_growth(costs))
    if options.memory:
        print(_memory(options.images, options.memory))
    return 0


def synthesize(folder: Path, images: int, instances: int) -> Files:
    """Write pictures (one gray one under many names), truth and predictions."""
    files = Files(
        folder / "images",
        folder / "instances.json",
        folder / "predictions.jsonl",
        folder / "results.json",
    )
    files.images.mkdir(parents=True)
    first = files.images / "0.png"
    cv2.imwrite(str(first), np.full((HEIGHT, WIDTH), 127, np.uint8))
    rng = np.random.default_rng(0)
    with files.annotations.open("w", encoding="utf-8") as file:
        file.write(json.dumps(_head(images))[:-1] + ', "annotations": [')
        found = []
        for image in range(images):
            if image:
                (files.images / f"{image}.png").hardlink_to(first)
            truth, instances_found = _scene(rng, instances)
            rows = [_annotation(image, i, one) for i, one in enumerate(truth)]
            file.write((", " if image else "") + json.dumps(rows)[1:-1])
            found.append(instances_found)
            if len(found) == 500 or image + 1 == images:
                _write(files, found, image + 1 - len(found))
                found = []
        file.write("]}")
    return files


def compare(files: Files) -> Cost:
    """Both sides on the same files."""
    start = process_time()
    dataset = open_coco(files.images, files.annotations)
    read = process_time()
    with Predictions(files.predictions, _key()) as predictions:
        mapping = CategoryMap.by_name(dataset.categories, LABELS)
        files.results.write_text("".join(coco_results(dataset, predictions, mapping)))
        begin = process_time()
        scores = score(dataset, predictions, mapping, kinds=("mask", "box"))
        done = process_time()
        score(
            dataset, predictions, mapping, images=_first(len(dataset.images)), kinds=_WITH_BORDERS
        )
        borders = process_time() - done
    reading, theirs, stats = _pycocotools(files)
    return Cost(
        images=len(dataset.images),
        instances=len(dataset.truths),
        ours=done - begin,
        reading=read - start,
        theirs=theirs,
        their_reading=reading,
        boundaries=borders / min(_SOME, len(dataset.images)),
        difference=_difference(scores, stats),
    )


def _first(images: int) -> npt.NDArray[np.bool_]:
    """The pictures that boundaries are measured on: time enough for a figure."""
    return np.arange(images) < _SOME


def _pycocotools(files: Files) -> tuple[float, float, dict[IouKind, Any]]:
    """Seconds of reading, seconds of counting, and the twelve figures by kind."""
    kinds: tuple[tuple[IouKind, str], ...] = (("mask", "segm"), ("box", "bbox"))
    stats: dict[IouKind, Any] = {}
    reading = counting = 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        start = process_time()
        truth = COCO(str(files.annotations))
        found = truth.loadRes(str(files.results))
        reading = process_time() - start
        for kind, name in kinds:
            start = process_time()
            evaluation = COCOeval(truth, found, name)
            evaluation.evaluate()
            evaluation.accumulate()
            counting += process_time() - start
            evaluation.summarize()
            stats[kind] = evaluation.stats
    return reading, counting, stats


def _difference(scores: Scores, stats: dict[IouKind, Any]) -> float:
    """The largest difference of any figure."""
    worst = 0.0
    for kind, theirs in stats.items():
        ours = list(scores.by[kind].averages.summary().to_dict().values())
        values = [-1.0 if one is None else one for one in ours]
        worst = max(worst, float(np.abs(np.array(values) - theirs).max()))
    return worst


def _costs(costs: Sequence[Cost]) -> str:
    head = ["images x objects", "ours, s", "pycocotools, s", "ratio", "reading, s",
            "its reading, s", "largest difference"]  # fmt: skip
    rows = [
        [
            f"{one.images} x {one.instances // one.images}",
            digits(one.ours),
            digits(one.theirs),
            digits(one.ours / one.theirs),
            digits(one.reading),
            digits(one.their_reading),
            f"{one.difference:.0e}" + ("" if one.difference <= SAME else " NOT EQUAL"),
        ]
        for one in costs
    ]
    return table(head, rows)


def _growth(costs: Sequence[Cost]) -> str:
    each = [f"{one.ours / one.images * 1e3:.2f}" for one in costs]
    borders = f"{costs[-1].boundaries * 1e3:.1f}"
    return (
        f"ms of CPU an image, smaller to larger sets: {', '.join(each)}; "
        f"with boundaries beside the masks: {borders}"
    )


def _memory(images: int, instances: int) -> str:
    """The largest memory of a process that reads and counts a set, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        synthesize(Path(folder), images, instances)
        command = [sys.executable, "-m", "performance.evaluation", "--peak", folder]
        found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return (
        f"memory, {images} images x {instances} objects, masks and boxes: "
        f"{found['peak_mb']:.0f} MB at most, {found['imports_mb']:.0f} MB of it before reading; "
        f"{found['reading']:.0f} s of CPU reading, {found['counting']:.0f} s counting"
    )


def _peak(folder: Path) -> dict[str, float]:
    imports = _most_mb()
    start = process_time()
    dataset = open_coco(folder / "images", folder / "instances.json")
    read = process_time()
    with Predictions(folder / "predictions.jsonl", _key()) as predictions:
        mapping = CategoryMap.by_name(dataset.categories, LABELS)
        score(dataset, predictions, mapping, kinds=("mask", "box"))
    counted = process_time()
    return {
        "imports_mb": imports,
        "peak_mb": _most_mb(),
        "reading": read - start,
        "counting": counted - read,
    }


def _most_mb() -> float:
    """Largest resident set of this process so far, MB of 10^6 bytes.

    Where the kernel tells it: `getrusage` counts the process that started this one too.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    (most,) = (line for line in lines.splitlines() if line.startswith("VmHWM:"))
    return int(most.split()[1]) * 1024 / 1e6


def _key() -> RunKey:
    return RunKey("synthetic", "", LABELS, "", 0.05, 100, "cpu")


def _head(images: int) -> dict[str, Any]:
    return {
        "images": [
            {"id": i + 1, "file_name": f"{i}.png", "width": WIDTH, "height": HEIGHT}
            for i in range(images)
        ],
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(LABELS)],
    }


def _annotation(image: int, number: int, one: Instance) -> dict[str, Any]:
    x0, y0, x1, y1 = one.box
    return {
        "id": image * 1000 + number + 1,
        "image_id": image + 1,
        "category_id": one.class_id + 1,
        "segmentation": {"size": [HEIGHT, WIDTH], "counts": one.mask["counts"]},
        "area": one.area,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "iscrowd": 0,
    }


def _scene(rng: np.random.Generator, count: int) -> tuple[list[Instance], Instances]:
    """One picture's objects, and what a model found."""
    truth, found = [], []
    for _ in range(count):
        shape = np.concatenate((rng.uniform((0, 0), (WIDTH, HEIGHT)), rng.uniform(4, 60, 2)))
        class_id = int(rng.integers(CLASSES))
        truth.append(_ellipse(shape, class_id, 1.0))
        for spread in _attempts(rng):
            named = class_id if rng.random() < 0.9 else int(rng.integers(CLASSES))
            off = shape + rng.normal(0, spread * shape[2:].mean(), 4)
            found.append(_ellipse(off, named, float(rng.beta(3, 2))))
    return truth, Instances.from_rows(found[:100])


def _attempts(rng: np.random.Generator) -> Iterator[float]:
    """How loosely an object is found, each time that it is."""
    if rng.random() < 0.9:
        yield 0.05
    if rng.random() < 0.2:
        yield 0.3


def _ellipse(shape: np.ndarray, class_id: int, score_: float) -> Instance:
    x, y = (int(value) for value in np.clip(shape[:2], 0, (WIDTH - 1, HEIGHT - 1)))
    across, down = (max(2, int(value)) for value in shape[2:])
    x0, y0 = max(0, x - across), max(0, y - down)
    x1, y1 = min(WIDTH, x + across + 1), min(HEIGHT, y + down + 1)
    crop = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.ellipse(crop, (x - x0, y - y0), (across, down), 0, 0, 360, 1, -1)
    rle = masks.encode_crop(crop.astype(bool), (x0, y0), (HEIGHT, WIDTH))
    return Instance(class_id, LABELS[class_id], score_, (x0, y0, x1, y1), int(crop.sum()), rle)


def _write(files: Files, found: Sequence[Instances], first: int) -> None:
    """Append predictions as an evaluation writes them."""
    with Predictions(files.predictions, _key()) as predictions:
        for i, instances in enumerate(found, first):
            prediction = Prediction(
                "synthetic", WIDTH, HEIGHT, instances, Timings(), RUNTIME, 0.05, LABELS
            )
            predictions.add(i + 1, prediction, 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m performance.evaluation", description=__doc__)
    parser.add_argument("--images", type=int, default=5000, help="of the largest set, at least 4")
    parser.add_argument("--instances", type=int, default=20, help="objects of an image")
    parser.add_argument("--memory", type=int, default=0, help="measure memory with so many objects")
    parser.add_argument("--peak", default="", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
