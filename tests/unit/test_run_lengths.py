"""The one reader of COCO's run lengths: as pycocotools where it is sane, strict where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from instseg_ui import masks, run_lengths
from instseg_ui.evaluate.truth_masks import BrokenMask, to_counts
from instseg_ui.run_lengths import RunLengthError

# Runs of any size up to a frame of 2^31 pixels: differences need every number of characters.
RUNS = st.lists(
    st.one_of(st.integers(0, 40), st.integers(0, 2**20), st.integers(0, 2**27)),
    min_size=1,
    max_size=12,
)
LETTERS = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmno~ é"


def text_of(runs: list[int]) -> str:
    return run_lengths.compress(runs, sum(runs), 1)


@given(RUNS)
def test_what_pycocotools_writes_is_read(runs: list[int]) -> None:
    assert run_lengths.parse(text_of(runs), sum(runs)).tolist() == runs
    assert run_lengths.read(text_of(runs)).tolist() == runs


@given(st.lists(RUNS, max_size=5))
def test_many_texts_are_read_as_each_is(many: list[list[int]]) -> None:
    runs, counts = run_lengths.read_all([text_of(one) for one in many])
    assert runs.tolist() == [run for one in many for run in one]
    assert counts.tolist() == [len(one) for one in many]


@given(st.text(LETTERS, max_size=12), st.integers(1, 6), st.integers(1, 6))
def test_what_is_taken_is_what_pycocotools_decodes(text: str, height: int, width: int) -> None:
    if not run_lengths.is_valid(text, height * width):
        return
    runs = run_lengths.parse(text, height * width)
    frame = np.repeat(np.arange(runs.size) % 2, runs).reshape(width, height).T
    rle: Any = {"size": [height, width], "counts": text.encode()}
    assert np.array_equal(coco.decode(rle), frame)


@given(st.text(LETTERS, max_size=12))
def test_masks_and_annotations_take_the_same_texts(text: str) -> None:
    rle = {"size": [3, 5], "counts": text}
    try:
        taken = to_counts(rle, 3, 5)[0].decode()
    except BrokenMask:
        taken = None
    assert (taken == text) == masks.is_valid(rle, 3, 5)


@given(st.lists(st.integers(-3, 20), max_size=6))
def test_a_list_is_taken_where_it_adds_up(runs: list[int]) -> None:
    good = bool(runs) and min(runs) >= 0 and sum(runs) == 15
    assert run_lengths.is_valid(runs, 15) == good


@pytest.mark.parametrize("density", [0.001, 0.02, 0.5, 1.0])
def test_run_lengths_of_whole_masks(density: float) -> None:
    frame = np.random.default_rng(0).random((370, 530)) < density
    counts = masks.encode(frame)["counts"]
    valid = [run_lengths.is_valid(counts, frame.size + change) for change in (-1, 0, 1)]
    assert valid == [False, True, False]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (None, "neither a list"),
        (b"4", "neither a list"),
        ("", "neither a list"),
        ("4é", "neither a list"),
        ("\ud800", "neither a list"),
        ({"a": 1}, "neither a list"),
        ("0" * 1000, "too long"),
        ("4\x00", "not COCO's"),
        ("4 ", "not COCO's"),
        ("4p", "not COCO's"),
        ("T", "not COCO's"),
        ("ooooooo0", "too large"),
        ("ooooooN", "add up"),
        ("N", "add up"),
        ("5O", "add up"),
        ("3", "add up"),
        ([], "whole number"),
        ([True, 3], "whole number"),
        ([4.0], "whole number"),
        ([5, -1], "whole number"),
        ([10**30], "whole number"),
        ([2, 1], "add up"),
    ],
)
def test_what_is_hostile_is_said(counts: object, words: str) -> None:
    with pytest.raises(RunLengthError, match=words):
        run_lengths.parse(counts, 4)


def test_a_frame_of_more_pixels_than_pycocotools_counts_is_refused() -> None:
    with pytest.raises(RunLengthError, match="too long"):
        run_lengths.parse("0", 2**32)


def test_an_image_without_pixels_has_one_empty_run() -> None:
    assert run_lengths.parse("0", 0).tolist() == [0]
