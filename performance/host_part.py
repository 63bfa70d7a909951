"""`python -m performance.host_part`: what a converted model takes beside its networks.

Raw outputs are recorded, or made up in the sizes of the real networks, and what follows them is
timed without the networks, in turns: as it is, and with every pixel of every mask computed. Another
checkout's build is timed instead with `--against`. Both answers are held against each other.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from performance import machine, raw_outputs
from performance.figures import Figure, digits
from performance.raw_outputs import Raw, Replayed, Size
from performance.table import table

SIZES = ((480, 640), (1080, 1920), (3000, 4000))
OBJECTS = {"detr": 89, "yoloe": 100, "solo": 100, "paste": 20}
NAMES = {
    "detr": "Mask-RT-DETR-S",
    "yoloe": "PP-YOLOE_seg-S",
    "solo": "SOLOv2",
    "paste": "R-CNN, pasting alone",
}
_MODULES = (
    "preprocess",
    "converted",
    "manifest",
    "tails",
    "tails.tail_input",
    *(f"tails.{name}" for name in ("detr", "yoloe", "solo", "rcnn", "nms", "whole", "paste")),
)


@dataclass(frozen=True)
class Build:
    """The modules of one build of the product."""

    masks: Any
    engines: dict[str, Any]

    @classmethod
    def load(cls, folder: Path | None = None) -> Build:
        """The build of `folder`, beside this checkout's own; that one for None."""
        if folder is None:
            return cls._loaded()
        ours = {name: module for name, module in sys.modules.items() if _is_ours(name)}
        for name in ours:
            del sys.modules[name]
        sys.path.insert(0, str(folder))
        try:
            return cls._loaded()
        finally:
            sys.path.remove(str(folder))
            for name in [name for name in sys.modules if _is_ours(name)]:
                del sys.modules[name]
            sys.modules.update(ours)

    @classmethod
    def _loaded(cls) -> Build:
        modules = {name: import_module(f"instseg_ui.engines.{name}") for name in _MODULES}
        return cls(import_module("instseg_ui.masks"), modules)

    def tail(self, raw: Raw, size: Size) -> Callable[[], Any]:
        """Runs the tail on raw outputs of an image of `size`."""
        kind = getattr(self.engines[f"tails.{raw.recipe}"], f"{raw.recipe.capitalize()}Tail")
        tail = kind(raw.networks, raw.params)
        scale = [[raw.resized[0] / size[0], raw.resized[1] / size[1]]]
        prepared = self.engines["preprocess"].Prepared(
            np.zeros((1, 3, 1, 1), np.float32),
            np.array([raw.resized], np.float32),
            np.array(scale, np.float32),
        )
        labels = tuple(f"class {number}" for number in range(200))
        job = self.engines["tails.tail_input"].TailInput(prepared, size, labels, 0.05, 100)
        return lambda: tail.run(job)

    def paste(self, size: Size, count: int) -> Callable[[], Any]:
        """Pastes masks of 28 x 28 cells."""
        random = np.random.default_rng(1)
        boxes = raw_outputs.boxes(random, count, size, (0.1, 0.8))
        cells = 1 / (1 + np.exp(-3 * raw_outputs.maps(random, count, (28, 28))))
        paste, masks = self.engines["tails.paste"], self.masks
        if not hasattr(paste, "pasted"):
            return lambda: [
                masks.encode_crop(*paste.paste(some, box, size, 0.5), size)
                for some, box in zip(cells, boxes, strict=True)
            ]
        job = self.engines["tails.tail_input"].TailInput(None, size, (), 0.0, 0)
        below = float(np.nextafter(np.float32(0.5), np.float32(0)))

        def run() -> Any:
            parts = (paste.pasted(*both, size) for both in zip(cells, boxes, strict=True))
            edges = job.masks(parts, [None] * count, below)
            return [masks.encode_edges(one, size) for one in edges]

        return run


@contextlib.contextmanager
def every_pixel(build: Build) -> Iterator[None]:
    """Masks of all their pixels, as anybody would make them."""
    kind, masks = build.engines["tails.tail_input"].TailInput, build.masks

    def plain(job: Any, maps: Any, numbers: object, level: float) -> list[Any]:
        edges = []
        for item in maps:
            if item is None:
                edges.append(np.zeros(0, np.int64))
                continue
            small = hasattr(item, "column")
            at = (item.column, item.row) if small else (item.columns.first, item.rows.first)
            edges.append(masks.edges_of_crop(item.whole() > level, at, job.size[0]))
        return edges

    right = kind.masks
    kind.masks = plain
    try:
        yield
    finally:
        kind.masks = right


def recorded(build: Build, model: Path, converted: Path, pixels: Any) -> Raw:
    """The raw outputs of a converted model's networks for one image, in ONNX Runtime."""
    from instseg_ui.engines import runtimes

    manifest = build.engines["manifest"].Manifest.read(converted)
    runtime = runtimes.create("onnxruntime", "cpu", os.cpu_count() or 1, converted / "cache")
    networks = {
        name: _Recorded(runtime.load(converted / part.file))
        for name, part in manifest.parts.items()
    }
    prepared = build.engines["preprocess"].Preprocess.read(model)(pixels)
    size = pixels.shape[0], pixels.shape[1]
    job = build.engines["tails.tail_input"].TailInput(prepared, size, ("",) * 200, 0.05, 100)
    build.engines["tails"].create(manifest, networks).run(job)
    shape = tuple(int(side) for side in prepared.im_shape[0])
    replayed = {name: Replayed(network.runs, network.inputs) for name, network in networks.items()}
    padded = prepared.image.shape[2:]
    return Raw(manifest.recipe, replayed, manifest.params, (shape[0], shape[1]), padded)


class _Recorded:
    def __init__(self, network: Any) -> None:
        self._network, self.inputs = network, network.inputs
        self.runs: list[list[Any]] = []

    def run(self, feeds: Any) -> list[Any]:
        self.runs.append(self._network.run(feeds))
        return [output.copy() for output in self.runs[-1]]


@dataclass(frozen=True)
class Row:
    """One case: CPU milliseconds of the reference and of ours, and the ratios of pairs of turns."""

    name: str
    size: Size
    same: bool
    theirs: Figure
    ours: Figure
    cpu: Figure
    wall: Figure

    def cells(self) -> list[str]:
        """For the table."""
        height, width = self.size
        figures = [digits(figure.median) for figure in (self.theirs, self.ours, self.cpu)]
        wall = f"{digits(self.wall.median)} ({self.wall.spread})"
        return [self.name, f"{width} x {height}", *figures, wall, "yes" if self.same else "NO"]


def in_turns(
    name: str, size: Size, theirs: Callable[[], Any], ours: Callable[[], Any], turns: int
) -> Row:
    """Run both one after the other, `turns` times after a run that is not counted."""
    same = _same(theirs(), ours())
    cpu, wall = np.zeros((2, turns)), np.zeros((2, turns))
    for turn in range(turns):
        for number, run in enumerate((theirs, ours)):
            start, clock = time.process_time(), time.perf_counter()
            run()
            cpu[number, turn] = (time.process_time() - start) * 1e3
            wall[number, turn] = (time.perf_counter() - clock) * 1e3
    figures = (Figure.of(list(values)) for values in (*cpu, cpu[1] / cpu[0], wall[1] / wall[0]))
    return Row(name, size, same, *figures)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return one == other
    columns = ("boxes", "scores", "class_ids", "areas")
    equal = len(one) == len(other) and list(one.masks) == list(other.masks)
    return equal and all(np.array_equal(getattr(one, c), getattr(other, c)) for c in columns)


def measure(options: argparse.Namespace) -> list[Row]:
    """All cases."""
    cv2.setNumThreads(options.threads)
    ours = Build.load()
    theirs = Build.load(options.against) if options.against else ours
    rows = []
    for family in options.families:
        rows += [_case(family, size, theirs, ours, options.turns) for size in options.sizes]
    for pair in options.models:
        model, _, converted = pair.partition("=")
        for size in options.sizes:
            random = np.random.default_rng(0)
            coarse = random.integers(0, 256, (12, 16, 3), np.uint8)
            pixels = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
            raw = recorded(ours, Path(model), Path(converted), pixels)
            rows.append(_turns(Path(model).name, size, raw, theirs, ours, options.turns))
    return rows


def _case(family: str, size: Size, theirs: Build, ours: Build, turns: int) -> Row:
    count = OBJECTS[family]
    name = f"{NAMES[family]}, {count} objects"
    if family == "paste":
        runs = theirs.paste(size, count), ours.paste(size, count)
        return in_turns(name, size, _plain(theirs, ours, runs[0]), runs[1], turns)
    raw = getattr(raw_outputs, family)(np.random.default_rng(1), size, count)
    return _turns(name, size, raw, theirs, ours, turns)


def _turns(name: str, size: Size, raw: Raw, theirs: Build, ours: Build, turns: int) -> Row:
    runs = theirs.tail(raw, size), ours.tail(raw, size)
    return in_turns(name, size, _plain(theirs, ours, runs[0]), runs[1], turns)


def _plain(theirs: Build, ours: Build, run: Callable[[], Any]) -> Callable[[], Any]:
    if theirs is not ours:
        return run

    def plain() -> Any:
        with every_pixel(theirs):
            return run()

    return plain


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    load = machine.load_average()
    rows = measure(options)
    other = "that build" if options.against else "every pixel"
    head = [
        "host part",
        "picture",
        f"{other}, CPU ms",
        "ours, CPU ms",
        "CPU ratio",
        "wall",
        "equal",
    ]
    print(table(head, [row.cells() for row in rows]))
    print(
        f"\nMedians of {options.turns} turns after one that is not counted; wall: median of the "
        f"turns' ratios, and 10 to 90 %. Load average at the start {load:.1f}."
    )
    return 0 if all(row.same for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m performance.host_part", description=__doc__)
    parser.add_argument("--families", nargs="*", choices=tuple(OBJECTS), default=list(OBJECTS))
    parser.add_argument("--sizes", nargs="+", type=_size, default=list(SIZES), metavar="WxH")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1, help="of OpenCV")
    parser.add_argument("--against", type=Path, metavar="DIR", help="a checkout to compare with")
    parser.add_argument(
        "--models",
        nargs="*",
        default=[],
        metavar="MODEL=CONVERTED",
        help="model folders, each with the folder of its conversion",
    )
    return parser


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return int(height), int(width)


def _is_ours(name: str) -> bool:
    return name == "instseg_ui" or name.startswith("instseg_ui.")


if __name__ == "__main__":
    sys.exit(main())
