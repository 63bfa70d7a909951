"""An answer from outside: what is one, and what is said of what is none."""

from __future__ import annotations

from typing import Any

import pytest

from instseg_ui.errors import InputError
from instseg_ui.judge.answers import KINDS, JudgeAnswer, read_answer

OUTLINES, SIZES = {"1-1": 2}, {"a.jpg": (80, 60)}


def read(value: Any) -> JudgeAnswer:
    return read_answer(value, OUTLINES, SIZES)


@pytest.mark.parametrize(
    "value",
    [
        {"answer": "right", "question": "1-1", "outline": 2},
        {"answer": "none", "question": "1-1"},
        {"answer": "nothing", "question": "1-1", "chance": 0.25, "left": 4},
        {"answer": "wrong class", "question": "1-1", "outline": 1, "label": "dog"},
        {"answer": "skip", "question": "1-1"},
        {"answer": "missed", "photo": "a.jpg", "x": 80.0, "y": 0.0, "label": "cat"},
        {"answer": "complete", "photo": "a.jpg"},
    ],
)
def test_an_answer_comes_back_as_it_was_given(value: dict[str, Any]) -> None:
    assert read(value).to_dict() == value
    assert value["answer"] in KINDS


def test_a_wrong_class_is_of_the_first_outline_unless_said() -> None:
    assert read({"answer": "wrong class", "question": "1-1"}).outline == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "JSON object"),
        ([], "JSON object"),
        ({}, "no answer null"),
        ({"answer": ["right"]}, "no answer"),
        ({"answer": "yes", "question": "1-1"}, "There are: right"),
        ({"answer": "none"}, "no question null"),
        ({"answer": "none", "question": ["1-1"]}, "no question"),
        ({"answer": "none", "question": "9-9"}, "no question"),
        ({"answer": "none", "question": "1-1", "outline": 1}, "has no “outline”"),
        ({"answer": "none", "question": "1-1", "x": 1}, "has no “x”"),
        ({"answer": "right", "question": "1-1"}, "outline from 1 to 2"),
        ({"answer": "right", "question": "1-1", "outline": 3}, "outline from 1 to 2"),
        ({"answer": "right", "question": "1-1", "outline": True}, "outline from 1 to 2"),
        ({"answer": "right", "question": "1-1", "outline": 1.0}, "outline from 1 to 2"),
        ({"answer": "wrong class", "question": "1-1", "label": " "}, "a class as a text"),
        ({"answer": "wrong class", "question": "1-1", "label": "x" * 201}, "a class as a text"),
        ({"answer": "nothing", "question": "1-1", "chance": 0}, "chance above 0"),
        ({"answer": "nothing", "question": "1-1", "chance": float("nan")}, "chance above 0"),
        ({"answer": "nothing", "question": "1-1", "left": 0}, "how many objects"),
        ({"answer": "missed", "photo": "b.jpg", "x": 1, "y": 1}, "no photo"),
        ({"answer": "missed", "photo": "a.jpg", "x": 81, "y": 1}, "x in pixels"),
        ({"answer": "missed", "photo": "a.jpg", "x": 1, "y": 10**400}, "y in pixels"),
        ({"answer": "missed", "photo": "a.jpg", "x": 1, "y": float("inf")}, "y in pixels"),
        ({"answer": "missed", "photo": "a.jpg", "x": "1", "y": 1}, "x in pixels"),
        ({"answer": "complete", "photo": "a.jpg", "label": "cat"}, "has no “label”"),
        ({1: 2, "answer": "skip", "question": "1-1"}, "has no “1”"),
    ],
)
def test_what_is_no_answer(value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(value)
