"""Photos as they teach: outlines stay where they are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from instseg_ui.masks import encode
from instseg_ui.settings import Settings
from instseg_ui.train import augment
from instseg_ui.train.augment import Augmentation, Donor
from instseg_ui.train.photos import Photos, rings_of
from instseg_ui.train.sample import targets_of
from tests.unit.train.factories import dataset, document


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.17])
def test_rings_draw_the_mask_again(scale: float) -> None:
    mask = np.zeros((300, 400), np.uint8)
    cv2.ellipse(mask, (210, 140), (120, 70), 20, 0, 360, 1, -1)
    cv2.circle(mask, (200, 130), 25, 0, -1)
    rings = rings_of(encode(mask), scale)
    assert len(rings) == 2
    size = round(400 * scale), round(300 * scale)
    drawn = np.zeros(size[::-1], np.uint8)
    augment.fill(drawn, rings)
    small = cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA) > 127
    assert iou(drawn > 0, small) > (0.97 if scale > 0.2 else 0.93)


def test_a_mask_of_one_pixel_and_an_empty_one() -> None:
    mask = np.zeros((20, 20), np.uint8)
    assert rings_of(encode(mask), 1.0) == []
    mask[7, 9] = 1
    (ring,) = rings_of(encode(mask), 1.0)
    x0, y0, x1, y1 = augment.bounds([ring])
    assert (abs(x0 - 9), abs(x1 - 10), abs(y0 - 7), abs(y1 - 8)) < (0.5, 0.5, 0.5, 0.5)


def test_views_say_what_is_known_and_are_kept(tmp_path: Path) -> None:
    value = document()
    for one in value["annotations"]:
        one["iscrowd"] = 0
    value["annotations"][0]["iscrowd"] = 1
    crowded = value["annotations"][0]["image_id"]
    found = dataset(tmp_path, value)
    photos = Photos(found, range(3), {0: 2}, 4, Settings())
    for index in range(3):
        view = photos.view(index)
        assert photos.view(index) is view
        known = found.images[index].id != crowded
        assert view.known.tolist() == [False, False, known, False]
        assert {one.label for one in view.instances} == {2}
        assert view.pixels.dtype == np.uint8
    found.close()


def test_a_view_and_its_targets_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    found = dataset(tmp_path)
    photos = Photos(found, range(3), {0: 0}, 1, Settings())
    way = Augmentation(96)

    def drawn() -> augment.Composed:
        rng = np.random.default_rng(5)
        donor = Donor(photos.view(0).pixels, photos.view(0).instances[0])
        return augment.compose([photos.view(i) for i in (0, 1, 2, 0)], [donor], way, rng)

    one, other = targets_of(drawn()), targets_of(drawn())
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert len(one.labels) == len(one.boxes) == len(one.masks) > 0
    assert one.known.shape == (1, 12, 12)
    found.close()
