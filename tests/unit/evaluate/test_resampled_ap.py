"""AP of pictures drawn anew: equal to the one that is counted, and the same for the same draw."""

from __future__ import annotations

import numpy as np
import pytest

from instseg_ui.evaluate.average_precision import accumulate
from instseg_ui.evaluate.detections import Detections
from instseg_ui.evaluate.matches import THRESHOLDS
from instseg_ui.evaluate.resampled_ap import RankedMatches, draws, resampled_ap

EVERY = np.uint16((1 << THRESHOLDS.size) - 1)


def world(
    seed: int, images: int = 12, classes: int = 3, digits: int = 9
) -> tuple[RankedMatches, np.ndarray]:
    """Predictions at random: of any bits at any threshold, ignored ones too."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 120))
    image = np.sort(generator.integers(images, size=count)).astype(np.int32)
    category = generator.integers(classes, size=count).astype(np.int32)
    right = generator.integers(EVERY + 1, size=count).astype(np.uint16)
    right[generator.random(count) < 0.5] = 0
    ignored = np.where(generator.random(count) < 0.1, EVERY, 0).astype(np.uint16)
    score = generator.random(count).round(digits)
    objects = np.zeros((images, classes), np.int64)
    np.add.at(objects, (image, category), (right & ~ignored) > 0)
    objects[0, 0] += 7  # some are missed; the last class may have none at all
    wrong = (~(right | ignored) & EVERY).astype(np.uint16)
    return RankedMatches(image, category, score, right & ~ignored, wrong), objects


def counted(matches: RankedMatches, objects: np.ndarray) -> float | None:
    """The AP as `accumulate` has it."""
    none = np.zeros(len(matches.image), np.int32)
    words = np.repeat(matches.right[:, None], 4, 1)
    out = np.repeat((~(matches.right | matches.wrong) & EVERY)[:, None], 4, 1).astype(np.uint16)
    detections = Detections(
        matches.image, none, matches.category, matches.score, none, words, out, none,
        none.astype(np.float32), none.astype(np.uint8), none, none,
    )  # fmt: skip
    sizes = np.repeat(objects.sum(axis=0)[:, None], 4, 1)
    return accumulate(detections, sizes).summary().ap


@pytest.mark.parametrize("seed", range(30))
def test_one_of_each_picture_is_the_ap_itself(seed: int) -> None:
    matches, objects = world(seed, digits=1 + seed % 3)
    ones = np.ones((len(objects), 1), np.float32)
    expected = counted(matches, objects)
    assert expected is not None
    # A recall that is reached exactly is read by COCO's float64 sums or not; here it is.
    assert resampled_ap(matches, objects, ones)[0] == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize("seed", range(10))
def test_a_resample_is_the_ap_of_the_pictures_drawn(seed: int) -> None:
    matches, objects = world(seed)
    weights = draws(len(objects), 3, seed)
    found = resampled_ap(matches, objects, weights)
    for r in range(3):
        drawn = np.repeat(np.arange(len(objects)), weights[:, r].astype(int))
        again = matches.of_images(drawn, len(objects))
        expected = counted(again, objects[drawn])
        assert expected is not None
        assert found[r] == pytest.approx(expected, abs=0.004)


def test_many_of_a_class_share_bins_and_hardly_differ() -> None:
    generator = np.random.default_rng(1)
    count, images = 3000, 300
    image = generator.integers(images, size=count).astype(np.int32)
    right = np.where(generator.random(count) < 0.5, EVERY, 0).astype(np.uint16)
    score = generator.random(count) + 0.3 * (right > 0)
    matches = RankedMatches(image, np.zeros(count, np.int32), score, right, ~right & EVERY)
    objects = np.bincount(image[right > 0], minlength=images)[:, None] + 1
    ones = np.ones((images, 1), np.float32)
    exact = resampled_ap(matches, objects, ones, bins=count)[0]
    assert resampled_ap(matches, objects, ones)[0] == pytest.approx(exact, abs=0.01)


def test_draws_are_the_same_for_all_models() -> None:
    weights = draws(20)
    assert weights.shape == (20, 1000)
    assert np.array_equal(weights, draws(20))
    assert (weights.sum(axis=0) == 20).all()
    assert draws(2000).shape == (2000, 500)
    matches, objects = world(3)
    same = draws(len(objects))
    one, other = (resampled_ap(matches, objects, same) for _ in range(2))
    assert np.array_equal(one, other)


def test_nothing_found_and_nothing_to_find() -> None:
    none = np.zeros(0, np.int32)
    words = np.zeros(0, np.uint16)
    empty = RankedMatches(none, none, np.zeros(0), words, words)
    weights = draws(4, 5)
    assert resampled_ap(empty, np.ones((4, 2), np.int64), weights).tolist() == [0.0] * 5
    assert np.isnan(resampled_ap(empty, np.zeros((4, 2), np.int64), weights)).all()
