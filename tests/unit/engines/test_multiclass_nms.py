"""The NMS on the host: the same bits as Paddle's operator."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instseg_ui.engines.tails.multiclass_nms import at_floor, multiclass_nms3

PLAIN: dict[str, Any] = {"score_threshold": 0.1, "nms_top_k": -1, "keep_top_k": -1}
PADDLE = """
import pickle, sys
import paddle
answers = []
for boxes, scores, attributes in pickle.load(open(sys.argv[1], "rb")):
    count = None if scores.ndim == 3 else paddle.to_tensor([len(boxes)], dtype="int32")
    tensors = paddle.to_tensor(boxes), paddle.to_tensor(scores), count
    answers.append([item.numpy() for item in paddle._C_ops.multiclass_nms3(*tensors, *attributes)])
pickle.dump(answers, open(sys.argv[2], "wb"))
"""
ATTRIBUTES = (
    "score_threshold",
    "nms_top_k",
    "keep_top_k",
    "nms_threshold",
    "normalized",
    "nms_eta",
    "background_label",
)


def cases(count: int) -> Iterator[tuple[np.ndarray, np.ndarray, dict[str, Any]]]:
    """Random candidates; rounded ones tie in score, in corner and in IoU."""
    random = np.random.default_rng(7)
    for number in range(count):
        shared, rounded = number % 2 == 0, number % 3 == 0
        boxes_of, classes = int(random.integers(1, 90)), int(random.integers(1, 6))
        shape = (1, boxes_of, 4) if shared else (boxes_of, classes, 4)
        boxes = random.uniform(0, 60, shape).astype(np.float32)
        if number % 5:
            boxes[..., 2:] = boxes[..., :2] + random.uniform(0, 40, boxes[..., 2:].shape)
        scores = random.random((1, classes, boxes_of) if shared else (boxes_of, classes))
        if rounded:
            boxes, scores = np.round(boxes / 8) * np.float32(8), np.round(scores, 1)
        yield (
            boxes,
            scores.astype(np.float32),
            {
                "score_threshold": float(random.choice([-1, 0, 0.1, 0.5, 2])),
                "nms_top_k": int(random.choice([-1, 0, 5, 50])),
                "keep_top_k": int(random.choice([-1, 0, 3, 30])),
                "nms_threshold": float(random.choice([0.3, 1 / 3, 0.5, 0.6, 0.9])),
                "normalized": bool(random.integers(2)),
                "nms_eta": float(random.choice([1, 0.9, 0.5])),
                "background_label": int(random.choice([-1, 0, 1, 80])),
            },
        )


@pytest.mark.paddle
def test_the_same_bits_as_paddle(tmp_path: Path) -> None:
    given = list(cases(600))
    asked, told = tmp_path / "asked", tmp_path / "told"
    rows = [(boxes, scores, [attrs[name] for name in ATTRIBUTES]) for boxes, scores, attrs in given]
    asked.write_bytes(pickle.dumps(rows))
    command = [sys.executable, "-c", PADDLE, str(asked), str(told)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    answers = pickle.loads(told.read_bytes())
    for (boxes, scores, attrs), (expected, index, count) in zip(given, answers, strict=True):
        rows, mine = multiclass_nms3(boxes, scores, **attrs)
        assert rows.tolist() == expected.tolist()
        assert mine.tolist() == index.reshape(-1).tolist()
        assert [len(rows)] == count.tolist()


def boxes_of(*corners: tuple[float, float, float, float]) -> np.ndarray:
    return np.array([corners], np.float32)


def test_the_better_of_two_that_overlap_stays() -> None:
    boxes = boxes_of((0, 0, 10, 10), (1, 0, 11, 10), (50, 50, 60, 60))
    scores = np.array([[[0.5, 0.9, 0.3], [0, 0, 0.8]]], np.float32)
    rows, index = multiclass_nms3(boxes, scores, **PLAIN, nms_threshold=0.5)
    assert index.tolist() == [1, 2, 2]
    assert rows[:, 0].tolist() == [0, 0, 1]
    assert rows[:, 1].tolist() == pytest.approx([0.9, 0.3, 0.8])
    assert rows[0, 2:].tolist() == [1, 0, 11, 10]


def test_nothing_passes() -> None:
    for scores in (np.zeros((1, 2, 3), np.float32), np.full((1, 2, 3), np.nan, np.float32)):
        rows, index = multiclass_nms3(np.zeros((1, 3, 4), np.float32), scores, **PLAIN)
        assert (rows.shape, index.shape) == ((0, 6), (0,))
    rows, _ = multiclass_nms3(np.zeros((1, 0, 4)), np.zeros((1, 2, 0)), **PLAIN)
    assert rows.shape == (0, 6)


def test_a_box_that_is_no_number_hides_those_below_it() -> None:
    boxes = boxes_of((np.nan, 0, 10, 10), (1, 0, 11, 10))
    _, index = multiclass_nms3(boxes, np.array([[[0.9, 0.8]]], np.float32), **PLAIN)
    assert index.tolist() == [0]


@pytest.mark.parametrize("floor", [0.05, 0.1, 0.45, 0.8, 1.0])
def test_a_floor_changes_nothing_above_it(floor: float) -> None:
    for boxes, scores, attrs in cases(60):
        rows, index = multiclass_nms3(boxes, scores, **attrs)
        high = rows[:, 1] >= np.float32(floor)
        some, chosen = multiclass_nms3(boxes, scores, **at_floor(attrs, floor))
        assert some.tolist() == rows[high].tolist()
        assert chosen.tolist() == index[high].tolist()


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(1, 3, 8\) with \(1, 2, 3\)"):
        multiclass_nms3(np.zeros((1, 3, 8)), np.zeros((1, 2, 3)), **PLAIN)
    with pytest.raises(ValueError, match="Expected boxes"):
        multiclass_nms3(np.zeros((2, 3, 4)), np.zeros((2, 2, 3)), **PLAIN)
