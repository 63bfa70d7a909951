"""Windows of a stretched map: the same as the whole stretch, of OpenCV and of Paddle."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from instseg_ui.engines.tails.outline import outlines
from instseg_ui.engines.tails.resample import Axis, Stretch, Window, extent_above, taken
from instseg_ui.masks import decode, encode_edges

PADDLE = """
import pickle, sys
import paddle
import paddle.nn.functional as F
given = pickle.load(open(sys.argv[1], "rb"))
answers = []
for cells, size in given:
    whole = F.interpolate(paddle.to_tensor(cells[None, None]), size, mode="bilinear")
    answers.append(whole.numpy()[0, 0])
pickle.dump(answers, open(sys.argv[2], "wb"))
"""


def sizes(count: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Of a map and of what it is stretched to: multiples, fractions, and neither."""
    random = np.random.default_rng(1)
    pairs = []
    for number in range(count):
        height, width = (int(value) for value in random.integers(1, 30, 2))
        target = tuple(int(value) for value in random.integers(1, 70, 2))
        if number % 3 == 0:
            target = height * int(random.integers(1, 5)), width * int(random.integers(1, 5))
        pairs.append(((height, width), (target[0], target[1])))
    return pairs


def some_window(random: np.random.Generator, frame: tuple[int, int]) -> Window:
    first = [int(random.integers(0, side)) for side in frame]
    y, x = (
        (low, int(random.integers(low + 1, n + 1))) for low, n in zip(first, frame, strict=True)
    )
    return y, x


def cut(values: np.ndarray, window: Window) -> np.ndarray:
    (y0, y1), (x0, x1) = window
    return values[y0:y1, x0:x1]


def check_windows(cells: np.ndarray, whole: np.ndarray, random: np.random.Generator) -> None:
    stretch = Stretch(cells.shape, whole.shape)
    wanted = some_window(random, whole.shape)
    known = stretch.seen(wanted)
    # No more than the cells that it looks at.
    part = stretch.window(cut(cells, known), known, wanted)
    assert part == pytest.approx(cut(whole, wanted), abs=1e-5)
    part = stretch._by_hand(cut(cells, known), known, wanted)
    assert part == pytest.approx(cut(whole, wanted), abs=1e-5)
    (edges,) = outlines([stretch.above(cells, 0.9)], 0.9, whole.shape)
    above = decode(encode_edges(edges, whole.shape))
    assert ((above == (whole > 0.9)) | (np.abs(whole - 0.9) < 1e-5)).all()


def test_the_same_as_opencvs_whole_stretch() -> None:
    random = np.random.default_rng(2)
    for source, target in sizes(200):
        # OpenCV gives the middle for an axis of one pixel, Paddle the first cell.
        if 1 not in target:
            cells = random.random(source).astype(np.float32)
            whole = cv2.resize(cells, target[::-1], interpolation=cv2.INTER_LINEAR)
            check_windows(cells, whole.reshape(target), random)


@pytest.mark.paddle
def test_the_same_as_paddles_bilinear_interp(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    pairs = [*sizes(200), ((20, 20), (1, 1)), ((9, 8), (1, 31)), ((1, 1), (4, 4))]
    given = [(random.random(source).astype(np.float32), list(target)) for source, target in pairs]
    asked, told = tmp_path / "asked", tmp_path / "told"
    asked.write_bytes(pickle.dumps(given))
    command = [sys.executable, "-c", PADDLE, str(asked), str(told)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    for (cells, _), whole in zip(given, pickle.loads(told.read_bytes()), strict=True):
        check_windows(cells, whole, random)


@pytest.mark.parametrize(("source", "target"), [(160, 640), (640, 853), (200, 61), (1, 9), (9, 1)])
def test_cells_reach_the_pixels_that_look_at_them(source: int, target: int) -> None:
    axis = Axis(source, target)
    low, weight = axis.taps(0, target)
    for cell in range(source):
        looking = (low == cell) | ((low + 1 == cell) & (weight > 0))
        first, end = axis.reached(cell, cell + 1)
        assert not looking[:first].any()
        assert not looking[end:].any()
    for pixel in range(target):
        first, end = axis.seen(pixel, pixel + 1)
        assert first <= low[pixel] < end
        assert min(low[pixel] + 1, source - 1) < end
    assert axis.reached(0, source) == (0, target)


def test_where_a_map_passes_a_level() -> None:
    cells = np.zeros((5, 7), np.float32)
    assert extent_above(cells, 0.5) is None
    cells[1, 2] = cells[3, 5] = 1
    assert extent_above(cells, 0.5) == ((1, 4), (2, 6))


def test_what_is_not_known_is_zero() -> None:
    known = ((2, 4), (1, 3))
    values = np.ones((2, 2), np.float32)
    part = taken(values, known, ((0, 5), (2, 4)))
    assert part.tolist() == [[0, 0], [0, 0], [1, 0], [1, 0], [0, 0]]
    assert taken(values, known, ((7, 9), (0, 1))).tolist() == [[0], [0]]
