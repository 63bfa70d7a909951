"""Held-out photos as small pictures: the truth, what was found of the taught classes, once each."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from instseg_ui.masks import area, box_of
from instseg_ui.results import Instance, Instances
from instseg_ui.train.gain import _words
from instseg_ui.train.pictures import HeldOutPictures, sample_of
from tests.unit.train.factories import NEW, PHOTOS, dataset, document, settings


def pixels(jpeg: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(jpeg), np.uint8), cv2.IMREAD_COLOR)


def test_they_show_the_truth_and_what_is_found_of_taught_classes(tmp_path: Path) -> None:
    found = dataset(tmp_path)
    try:
        pictures = HeldOutPictures(found, settings(), {0: 1}, ("cat", NEW), (0, 2))
        truth = pictures.truth()
        assert (truth["event"], truth["what"]) == ("pictures", "truth")
        assert [one["name"] for one in truth["photos"]] == [PHOTOS[0], PHOTOS[2]]
        mask = next(iter(found.truths_of(0))).mask
        sure, unsure = (
            Instance(1, NEW, score, box_of(mask), area(mask), mask) for score in (0.9, 0.1)
        )
        other = sure._replace(class_id=0, label="cat")
        drawn = {}
        for name, one in (("sure", sure), ("unsure", unsure), ("other", other)):
            pictures.look(0, Instances.from_rows([one]))
            pictures.look(1, Instances.from_rows([one]))  # none of these
            event = pictures.taken("now")
            assert [row["name"] for row in event["photos"]] == [PHOTOS[0]]
            drawn[name] = pixels(event["photos"][0]["jpeg"])
        assert max(drawn["sure"].shape) <= 360
        assert np.array_equal(drawn["unsure"], drawn["other"])
        assert np.abs(drawn["sure"].astype(int) - drawn["other"]).max() > 40
        assert pictures.taken("now") is None
    finally:
        found.close()


def test_photos_with_objects_come_first_and_they_are_few(tmp_path: Path) -> None:
    value = document(copies=2)
    first = value["images"][0]["id"]
    value["annotations"] = [one for one in value["annotations"] if one["image_id"] != first]
    found = dataset(tmp_path, value)
    try:
        assert sample_of(found, (0, 1, 2)) == (1, 2, 0)
        assert sample_of(found, range(6)) == (1, 2, 3, 4)
    finally:
        found.close()


@pytest.mark.parametrize(
    ("photos", "more", "sure", "said"),
    [
        (
            5,
            None,
            False,
            "Too few pictures to tell: 5 held out; 20 begin to say enough, of about 80 pictures.",
        ),
        (30, 40, False, "could be chance. About 40 more held out, of 160 more, would tell."),
        (30, None, False, "the difference could be chance."),
        (30, None, True, "Better, and no chance."),
    ],
)
def test_it_says_whether_the_pictures_tell_and_how_many_would(
    photos: int, more: int | None, sure: bool, said: str
) -> None:
    assert _words(photos, (0.2, 0.3), more, sure=sure, knew=True).endswith(said)
