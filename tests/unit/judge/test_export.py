"""Answers as COCO annotations: what is said in them, and what Evaluate makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from instseg_ui.evaluate import CategoryMap, open_coco
from instseg_ui.evaluate.predictions import Predictions, RunKey
from instseg_ui.evaluate.scores import score
from instseg_ui.judge import Judgement
from instseg_ui.judge.export import to_coco, to_dict
from instseg_ui.results import Prediction, Runtime, Timings
from tests.unit.judge.factories import (
    HEIGHT,
    LEFT,
    MIDDLE,
    RIGHT,
    WIDTH,
    candidates,
    judgement_of,
    mark,
    photo,
)

FOUND = (
    photo("a.jpg", [mark(LEFT), mark(MIDDLE, 0.8)], [mark(LEFT, 0.9, "dog")]),
    photo("b.jpg", [mark(RIGHT, 0.6)], []),
    photo("c.jpg", [mark(RIGHT)], [mark(RIGHT)]),
)


@pytest.fixture
def judgement(tmp_path: Path) -> Iterator[Judgement]:
    with judgement_of(candidates(*FOUND), tmp_path) as judgement:
        yield judgement


def say(judgement: Judgement, photo_: int, place: int, answer: str, **more: object) -> None:
    objects = [one for one in judgement.candidates.objects if one.photo == photo_]
    judgement.answer({"question": objects[place].name, "answer": answer, **more})


def regions(value: dict) -> list[tuple[int, str, int]]:
    names = {row["id"]: row["name"] for row in value["categories"]}
    return [
        (row["image_id"], names[row["category_id"]], row["iscrowd"]) for row in value["annotations"]
    ]


def test_photos_without_answers_are_left_out(judgement: Judgement) -> None:
    assert to_dict(judgement)["images"] == []
    say(judgement, 1, 0, "skip")
    assert to_dict(judgement)["images"] == []


def test_right_wrong_and_unknown(judgement: Judgement) -> None:
    say(judgement, 0, 0, "right", outline=1)
    say(judgement, 1, 0, "nothing")
    value = to_dict(judgement)
    assert [row["file_name"] for row in value["images"]] == ["a.jpg", "b.jpg"]
    assert regions(value) == [(1, "cat", 0), (1, "cat", 1)]
    assert value["annotations"][0]["area"] == 400
    assert value["annotations"][1]["answer"] == "not asked"
    assert [row["exhaustive"] for row in value["images"]] == [[], []]


def test_all_is_exhaustive_where_a_person_looked_and_all_is_answered(judgement: Judgement) -> None:
    say(judgement, 1, 0, "nothing")
    say(judgement, 2, 0, "wrong class", label="zebra")
    judgement.answer({"answer": "complete", "photo": "b.jpg"})
    judgement.answer({"answer": "complete", "photo": "c.jpg"})
    judgement.answer({"answer": "missed", "photo": "c.jpg", "x": 5, "y": 5, "label": "cat"})
    b, c = to_dict(judgement)["images"]
    assert b["exhaustive"] == ["cat", "dog", "zebra"]
    assert c["exhaustive"] == []
    assert c["missed"] == [{"x": 5.0, "y": 5.0, "label": "cat"}]
    judgement.undo()
    assert to_dict(judgement)["images"][1]["exhaustive"] == ["cat", "dog", "zebra"]


def test_an_object_without_an_outline_is_a_region_of_each_class(judgement: Judgement) -> None:
    say(judgement, 0, 0, "none")
    say(judgement, 0, 1, "wrong class")
    assert sorted(regions(to_dict(judgement))) == [(1, "cat", 1), (1, "dog", 1)]


def test_evaluate_reads_it(judgement: Judgement, tmp_path: Path) -> None:
    """What was called right is found, what was called nothing is wrong, the rest does not count."""
    say(judgement, 0, 0, "right", outline=1)
    say(judgement, 1, 0, "nothing")
    for name in ("a.jpg", "b.jpg"):
        cv2.imwrite(str(tmp_path / name), np.full((HEIGHT, WIDTH, 3), 127, np.uint8))
    file = tmp_path / "judged.json"
    file.write_bytes(to_coco(judgement))
    assert json.loads(file.read_text())["info"]["description"]
    dataset = open_coco(tmp_path, file)
    assert not [one for one in dataset.findings if one.level.value == "error"]
    key = RunKey("a", "", ("cat", "dog"), dataset.digest, 0.05, 100, "cpu")
    runtime = Runtime("none", "cpu", 1)
    with Predictions(tmp_path / "a.jsonl", key) as predictions:
        for entry, found in zip(dataset.images, FOUND, strict=False):
            one = Prediction("a", WIDTH, HEIGHT, found.found[0], Timings(), runtime, 0.05)
            predictions.add(entry.id, one, 0)
        mapping = CategoryMap.by_name(dataset.categories, ("cat", "dog"))
        scores = score(dataset, predictions, mapping, kinds=("mask",))
    detections = scores.by["mask"].detections
    assert sorted(detections.correct.tolist()) == [False, False, True]
