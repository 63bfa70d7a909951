"""The benchmark of training, as far as it needs no training."""

from __future__ import annotations

from pathlib import Path

import pytest

from performance.train import subset
from tests.unit.train.factories import NEW, PHOTOS, document, written


def test_photos_are_chosen_by_the_seed_and_hold_one_class(tmp_path: Path) -> None:
    value = document(copies=3)
    value["categories"].append({"id": 99, "name": "other"})
    bare = [{**one, "id": 100 + one["id"]} for one in value["images"][:4]]
    value["images"] += bare
    value["annotations"].append(
        {**value["annotations"][0], "id": 9000, "category_id": 99, "image_id": bare[0]["id"]}
    )
    path = written(tmp_path, value)
    made = subset(path, NEW, 5, 7, seed=1)
    assert subset(path, NEW, 5, 7, seed=1) == made
    assert subset(path, NEW, 5, 7, seed=2) != made
    assert [one["name"] for one in made["categories"]] == [NEW]
    ids = [one["id"] for one in made["images"]]
    having = {one["image_id"] for one in made["annotations"]}
    assert len(ids) == len(set(ids)) == 7
    assert len(having) == 5
    assert having < set(ids)
    assert len(subset(path, NEW, 20, 0, seed=1)["images"]) == 3 * len(PHOTOS)


def test_a_class_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no category otter"):
        subset(written(tmp_path), "otter", 1, 1, 0)
