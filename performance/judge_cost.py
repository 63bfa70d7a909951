"""What judging costs: matching, an answer, a question."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter, process_time

import cv2
import numpy as np

from instseg_ui import masks
from instseg_ui.judge import JudgedPhoto, choice, find_candidates
from instseg_ui.judge.assessment import assess
from instseg_ui.judge.posterior import ABSENT, Known, Sampler
from instseg_ui.results import Instance, Instances

WIDTH, HEIGHT = 640, 480
MODELS, PHOTOS, OBJECTS = 8, 200, 50
_ANSWERS = 200
_REPEATS = 10


def cost_lines(models: int = MODELS, photos: int = PHOTOS, objects: int = OBJECTS) -> Iterator[str]:
    """The figures as sentences, at this size."""
    seen = [_photo(i, models, objects) for i in range(photos)]
    names = [f"model {i + 1}" for i in range(models)]
    start = process_time()
    found = find_candidates(names, seen)
    matched = process_time() - start
    outcomes = found.outcomes
    marks = sum(len(one) for photo in seen for one in photo.found)
    yield (
        f"{models} models x {photos} photos x {objects} objects: {marks:,} outlines matched to "
        f"{len(outcomes):,} objects in {matched:.2f} s of CPU"
    )
    start = process_time()
    sampler = Sampler(outcomes)
    yield f"made ready in {1e3 * (process_time() - start):.0f} ms of CPU; {sampler.draws} draws"
    count = min(_ANSWERS, len(outcomes))
    objects_ = np.linspace(0, len(outcomes) - 1, count).astype(np.intp)
    known = Known(objects_, np.where(np.arange(count) % 3, outcomes.starts[objects_], ABSENT),
                  np.zeros(0, np.intp))  # fmt: skip
    times = []
    for _ in range(_REPEATS + 1):
        moments = [(process_time(), perf_counter())]
        posterior = sampler.update(known)
        assess(outcomes, known, posterior, np.full(count, 0.01))
        moments.append((process_time(), perf_counter()))
        choice.information(outcomes, sampler.features, posterior)
        moments.append((process_time(), perf_counter()))
        times.append(np.diff(np.array(moments), axis=0))
    cpu, clock = 1e3 * np.median(times[1:], axis=0).T
    yield (
        f"after {count} answers, median of {_REPEATS}: all figures {cpu[0]:.0f} ms of CPU "
        f"({clock[0]:.0f} ms by the clock), the next question {cpu[1]:.0f} ms ({clock[1]:.0f} ms)"
    )


def _photo(seed: int, models: int, objects: int) -> JudgedPhoto:
    """Objects that most models find, and some that one of them invents."""
    rng = np.random.default_rng(seed)
    shapes = [_shape(rng) for _ in range(objects)]
    return JudgedPhoto(
        f"{seed}.jpg",
        WIDTH,
        HEIGHT,
        tuple(
            Instances.from_rows([_mark(rng, shape) for shape in shapes if rng.random() < 0.9]
                                + [_mark(rng, _shape(rng)) for _ in range(objects // 10)])
            for _ in range(models)
        ),
    )  # fmt: skip


def _shape(rng: np.random.Generator) -> np.ndarray:
    return np.concatenate((rng.uniform((0, 0), (WIDTH, HEIGHT)), rng.uniform(8, 40, 2)))


def _mark(rng: np.random.Generator, shape: np.ndarray) -> Instance:
    x, y, across, down = (int(value) for value in shape + rng.normal(0, 0.05 * shape[2:].mean(), 4))
    x, y = min(max(x, 0), WIDTH - 1), min(max(y, 0), HEIGHT - 1)
    x0, y0 = max(0, x - across), max(0, y - down)
    x1, y1 = min(WIDTH, x + across + 1), min(HEIGHT, y + down + 1)
    crop = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.ellipse(crop, (x - x0, y - y0), (max(across, 2), max(down, 2)), 0, 0, 360, 1, -1)
    rle = masks.encode_crop(crop.astype(bool), (x0, y0), (HEIGHT, WIDTH))
    return Instance(0, "thing", float(rng.beta(3, 2)), (x0, y0, x1, y1), int(crop.sum()), rle)
