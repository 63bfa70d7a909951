"""Predictions on disk: taken up again, whatever ended the run before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from instseg_ui.errors import BusyError, InputError
from instseg_ui.evaluate.category_map import CategoryMap
from instseg_ui.evaluate.predictions import Predictions, RunKey, coco_results
from tests.unit.evaluate.factories import RUNTIME, World, instance, predict, prediction

LABELS = ("cat", "dog")
KEY = RunKey("m", "f", LABELS, "d", 0.05, 100, "cpu")
FOUND = prediction([instance(0, "cat", 0.9, (1, 2, 30, 40))], LABELS, (60, 80))


def written(path: Path, *ids: int | str) -> Path:
    with Predictions(path, KEY) as predictions:
        for number, image_id in enumerate(ids):
            predictions.add(image_id, FOUND, number)
    return path


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "p.jsonl", 7, "seven", 3)
    with Predictions(path, KEY) as predictions:
        assert predictions.taken_up == len(predictions) == 3
        assert "seven" in predictions
        assert predictions.checksum("seven") == 1
        found = predictions.read("seven")
        assert found is not None
        assert found.scores.tolist() == [0.9]
        assert found.boxes.tolist() == [[1, 2, 29, 38]]
        (one,) = predictions.instances("seven")
        assert one.mask == FOUND.instances.masks[0]
        assert predictions.read(99) is None
        assert len(predictions.instances(99)) == 0
        (runtime,) = predictions.runtimes
        assert runtime["engine"] == "fake"


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "p.jsonl", 1, 2, 3)
    path.write_bytes(path.read_bytes()[:-cut])
    with Predictions(path, KEY) as predictions:
        assert 3 not in predictions
        assert predictions.taken_up == 2
        predictions.add(3, FOUND, 0)
    with Predictions(path, KEY) as predictions:
        assert predictions.taken_up == 3
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_what_follows_a_broken_line_is_dropped(tmp_path: Path) -> None:
    path = written(tmp_path / "p.jsonl", 1, 2, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = b'{"image": 2, "crc": \n'
    path.write_bytes(b"".join(lines))
    with Predictions(path, KEY) as predictions:
        assert 1 in predictions
        assert len(predictions) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "other"}, "model"),
        ({"fingerprint": "other"}, "version of the model"),
        ({"dataset": "other"}, "data set"),
        ({"floor": 0.1}, "lowest score"),
        ({"max_instances": 10}, "limit of instances"),
        ({"device": "gpu:0"}, "device"),
        ({"engine": "high_performance"}, "engine"),
        ({"labels": ("cat",)}, "list of classes"),
    ],
)
def test_another_run_begins_anew(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = written(tmp_path / "p.jsonl", 1)
    with Predictions(path, replace(KEY, **change)) as predictions:
        assert len(predictions) == 0
        assert f"another {said}." in predictions.begun_anew


@pytest.mark.parametrize("data", [b"", b"words\n", b"[1]\n", b"\xff\n"])
def test_a_file_that_is_something_else_begins_anew(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(data)
    with Predictions(path, KEY) as predictions:
        assert len(predictions) == 0


def test_restart(tmp_path: Path) -> None:
    path = written(tmp_path / "p.jsonl", 1)
    with Predictions(path, KEY, restart=True) as predictions:
        assert len(predictions) == 0


def test_a_failure_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    with Predictions(path, KEY) as predictions:
        predictions.add_failure(1, (60, 80), "It cannot.", unreadable=False)
        predictions.add(2, FOUND, 5)
        found = predictions.read(1)
        assert found is not None
        assert found.error == "It cannot."
        assert predictions.failures[1].error == "It cannot."
    with Predictions(path, KEY) as predictions:
        assert 1 not in predictions
        assert 2 in predictions


def test_a_second_answer_replaces_the_first(tmp_path: Path) -> None:
    path = written(tmp_path / "p.jsonl", 1)
    with Predictions(path, KEY) as predictions:
        predictions.forget(1)
        assert 1 not in predictions
        predictions.add(1, prediction([], LABELS, (60, 80)), 8)
    with Predictions(path, KEY) as predictions:
        assert predictions.taken_up == 1
        assert predictions.checksum(1) == 8
        assert len(predictions.instances(1)) == 0


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with Predictions(tmp_path / "p.jsonl", KEY), pytest.raises(BusyError, match="Another run"):
        Predictions(tmp_path / "p.jsonl", KEY)
    Predictions(tmp_path / "p.jsonl", KEY).close()


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="could not be written"):
        Predictions(tmp_path / "file" / "p.jsonl", KEY)


def test_runtimes_are_told_apart_by_what_ran(tmp_path: Path) -> None:
    with Predictions(tmp_path / "p.jsonl", KEY) as predictions:
        predictions.add(1, FOUND, 0)
        slower = replace(FOUND, runtime=replace(RUNTIME, load_ms=500.0, memory_mb=1.0))
        predictions.add(2, slower, 0)
        predictions.add(3, replace(FOUND, runtime=replace(RUNTIME, threads=2)), 0)
    with Predictions(tmp_path / "p.jsonl", KEY) as predictions:
        assert [one["threads"] for one in predictions.runtimes] == [1, 2]


def test_coco_results_have_the_data_set_s_ids(tmp_path: Path) -> None:
    world = World(tmp_path, [(17, "dog"), (90, "cat")])
    world.image(5, (17, (1, 1, 9, 9)))
    dataset = world.open()
    rows = [instance(0, "cat", 0.9, (1, 2, 30, 40)), instance(2, "cow", 0.8, (1, 2, 30, 40))]
    labels = ("cat", "dog", "cow")
    found = predict(dataset, tmp_path / "p.jsonl", {5: rows}, labels)
    mapping = CategoryMap.by_name(dataset.categories, labels)
    (row,) = json.loads("".join(coco_results(dataset, found, mapping)))
    assert row == {
        "image_id": 5,
        "category_id": 90,
        "bbox": [1, 2, 29, 38],
        "score": 0.9,
        "segmentation": rows[0].mask,
    }
    assert (
        json.loads("".join(coco_results(dataset, found, mapping.with_changes({"cat": []})))) == []
    )


def test_a_box_without_numbers_is_empty(tmp_path: Path) -> None:
    row = instance(0, "cat", 0.9, (1, 2, 30, 40))._replace(box=(float("nan"), 2, float("inf"), 40))
    with Predictions(tmp_path / "p.jsonl", KEY) as predictions:
        predictions.add(1, prediction([row], LABELS, (60, 80)), 0)
        found = predictions.read(1)
        assert found is not None
        assert found.boxes.tolist() == [[0, 2, 0, 38]]


def test_a_line_that_was_damaged_later(tmp_path: Path) -> None:
    path = written(tmp_path / "p.jsonl", 1)
    path.write_bytes(path.read_bytes().replace(b'"mask": [', b'"mask": ]'))
    with (
        Predictions(path, KEY) as predictions,
        pytest.raises(InputError, match="damaged"),
    ):
        predictions.read(1)
