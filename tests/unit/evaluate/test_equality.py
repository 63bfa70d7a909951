"""The figures are those of pycocotools, on cases made at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instseg_ui import masks
from instseg_ui.results import Instance
from tests.unit.evaluate.factories import World, evaluate, pycocotools

SIZE = (200, 260)
LABELS = ("cat", "dog", "cow", "bird")


def blob(rng: np.random.Generator, middle: tuple[float, float], radius: float) -> masks.Rle:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    stretch = rng.uniform(0.5, 2)
    inside = (columns - middle[0]) ** 2 * stretch + (rows - middle[1]) ** 2 < radius**2
    return masks.encode(inside)


def box(rng: np.random.Generator, rle: masks.Rle) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = masks.box_of(rle)
    shift = rng.uniform(-3, 3, 4)
    x0, y0 = float(x0 + shift[0]), float(y0 + shift[1])
    return x0, y0, max(x0 + 1, float(x1 + shift[2])), max(y0 + 1, float(y1 + shift[3]))


def random_case(
    folder: Path, seed: int, *, crowds: bool
) -> tuple[World, dict[int, list[Instance]]]:
    """Objects of all sizes, some predicted well, some loosely, twice, wrongly named or not."""
    rng = np.random.default_rng(seed)
    world = World(folder, [(7, "cat"), (3, "dog"), (20, "cow"), (21, "horse"), (40, "bird")], SIZE)
    found: dict[int, list[Instance]] = {}
    for image_id in rng.permutation(8).tolist():
        world.image(image_id)
        rows = found.setdefault(image_id, [])
        for _ in range(rng.integers(0, 9)):
            middle = rng.uniform((0, 0), SIZE[::-1])
            radius = rng.choice([4, 12, 30, 70])
            category = int(rng.integers(0, 4))
            crowd = crowds and rng.random() < 0.2
            area = rng.choice([None, 500.0, 1024.0, 9216.0])
            world.add(
                image_id,
                world.categories[category][0],
                blob(rng, middle, radius),
                crowd,
                area,
            )
            for _ in range(rng.integers(0, 4)):
                mask = blob(
                    rng, middle + rng.normal(0, radius / 8, 2), radius * rng.uniform(0.8, 1.2)
                )
                class_id = category if rng.random() < 0.8 else int(rng.integers(0, 4))
                class_id = min(class_id, 3)
                # Few different scores: ties within and between images.
                score = float(rng.integers(1, 12)) / 12
                rows.append(
                    Instance(
                        class_id, LABELS[class_id], score, box(rng, mask), masks.area(mask), mask
                    )
                )
    return world, found


@pytest.mark.parametrize("seed", range(10))
def test_as_pycocotools(tmp_path: Path, seed: int) -> None:
    world, found = random_case(tmp_path, seed, crowds=seed % 2 == 1)
    dataset, predictions, mapping, scores = evaluate(world, found, LABELS)
    for kind, name in (("mask", "segm"), ("box", "bbox")):
        reference = pycocotools(world.file, dataset, predictions, mapping, name)
        averages = scores.by[kind].averages
        expect_equal(list(averages.summary().to_dict().values()), reference.stats)
        precision = reference.eval["precision"][..., 2].mean(axis=1)
        expect_equal(averages.ap, precision)
        expect_equal(averages.recall, reference.eval["recall"][..., 2])
        expect_equal(averages.recall_at, reference.eval["recall"][:, :, 0])
        expect_equal(averages.curve[0], reference.eval["precision"][0, :, :, 0, 2].T, 1e-7)
    predictions.close()


def test_more_than_a_hundred_of_a_class(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    world = World(tmp_path, [(1, "cat")], SIZE)
    world.image(1)
    found = []
    for i in range(160):
        x, y = 4 + 12 * (i % 20), 4 + 12 * (i // 20)
        mask = blob(rng, (x, y), 5)
        world.add(1, 1, mask)
        found.append(Instance(0, "cat", 0.999 - i / 200, box(rng, mask), masks.area(mask), mask))
    dataset, predictions, mapping, scores = evaluate(world, {1: found}, ["cat"])
    reference = pycocotools(world.file, dataset, predictions, mapping, "segm")
    expect_equal(list(scores.by["mask"].averages.summary().to_dict().values()), reference.stats)
    assert scores.by["mask"].averages.summary().ar100 == 100 / 160


def expect_equal(ours: object, theirs: object, within: float = 1e-12) -> None:
    """Where there is no figure, pycocotools has -1."""
    values = np.array(ours, np.float64)
    assert np.allclose(np.where(np.isnan(values), -1, values), theirs, rtol=0, atol=within)
