"""Outlines found by cells are, pixel by pixel, what the whole stretch gives."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco

from instseg_ui.engines.tails import outline, resample
from instseg_ui.engines.tails.outline import Plain, Stretched, outlines
from instseg_ui.engines.tails.paste import pasted
from instseg_ui.engines.tails.resample import Stretch
from instseg_ui.masks import area_of_edges, encode_edges, extent, extent_of_edges

Cells = np.ndarray
Frame = tuple[int, int]


def plain(item: Stretched | None, level: float, size: Frame) -> np.ndarray:
    """The mask as anybody would make it: all values, a comparison, a frame."""
    mask = np.zeros(size, bool)
    if item is not None:
        crop = item.whole() > level
        y, x = item.rows.first, item.columns.first
        mask[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
    return mask


def check(items: list[Stretched | None], level: float, size: Frame) -> None:
    for item, edges in zip(items, outlines(items, level, size), strict=True):
        mask = plain(item, level, size)
        text = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
        assert encode_edges(edges, size)["counts"] == text
        assert area_of_edges(edges) == mask.sum()
        assert extent_of_edges(edges, size[0]) == extent(mask)


def noise(random: np.random.Generator, size: Frame) -> Cells:
    return random.standard_normal(size).astype(np.float32)


def smooth(random: np.random.Generator, size: Frame) -> Cells:
    coarse = random.standard_normal((3 + size[0] // 12, 3 + size[1] // 12)).astype(np.float32)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC).reshape(size)


def steps(random: np.random.Generator, size: Frame) -> Cells:
    """Many cells exactly at the level, and equal neighbours."""
    return np.round(noise(random, size))


def patch(random: np.random.Generator, size: Frame) -> Cells:
    cells = np.full(size, -1, np.float32)
    y, x = (int(random.integers(0, side)) for side in size)
    cells[y : y + 9, x : x + 7] = random.standard_normal()
    return cells


def tiny(random: np.random.Generator, size: Frame) -> Cells:
    return noise(random, size) * np.float32(10.0 ** random.integers(-30, 4))


KINDS: list[Callable[[np.random.Generator, Frame], Cells]] = [noise, smooth, steps, patch, tiny]


@pytest.fixture(params=[True, False], ids=["by cells", "as it comes"])
def by_cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param:
        monkeypatch.setattr(resample, "_FEW_PIXELS", 0)
        monkeypatch.setattr(resample, "_FEW_A_CELL", 0)
    return bool(request.param)


def stretched(stretch: Stretch, cells: Cells, level: float) -> Stretched | None:
    """A window by its cells, where there is one."""
    item = stretch.above(cells, level)
    return None if isinstance(item, Plain) else item


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("careful", [False, True], ids=["", "asked often"])
def test_the_same_pixels_as_the_whole_stretch(
    kind: Callable[[np.random.Generator, Frame], Cells],
    careful: bool,
    by_cells: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if careful:
        # So that single pixels are asked for everywhere.
        monkeypatch.setattr(outline, "_ROUNDING", np.float32(1e-5))
        monkeypatch.setattr(outline, "_MOST_ASKED", 1)
    random = np.random.default_rng(KINDS.index(kind))
    for number in range(12):
        source = (int(random.integers(1, 60)), int(random.integers(1, 60)))
        size = (int(random.integers(1, 260)), int(random.integers(1, 260)))
        if number % 3 == 0:
            size = source[0] * int(random.integers(1, 8)), source[1] * int(random.integers(1, 8))
        stretch, level = Stretch(source, size), float(random.choice([0.0, 0.5, -0.25]))
        items = [stretched(stretch, kind(random, source), level) for _ in range(3)]
        check([*items, None], level, size)


def test_a_large_map_is_the_same_too() -> None:
    random = np.random.default_rng(7)
    stretch = Stretch((160, 160), (1080, 1920))
    maps = [smooth(random, (160, 160)), noise(random, (160, 160)), patch(random, (160, 160))]
    check([stretched(stretch, cells, 0.0) for cells in maps], 0.0, (1080, 1920))


def test_a_map_at_the_level_and_one_of_no_numbers(by_cells: bool) -> None:
    stretch = Stretch((20, 30), (700, 900))
    flat = np.zeros((20, 30), np.float32)
    broken = np.ones((20, 30), np.float32)
    broken[3, 4], broken[5, 6] = np.nan, np.inf
    whole = ((0, 20), (0, 30)), ((0, 700), (0, 900))
    items = [stretch.part(cells, *whole) for cells in (flat, broken)]
    check([item for item in items if isinstance(item, Stretched)], 0.0, (700, 900))


def test_pasted_masks_are_the_same() -> None:
    random, size = np.random.default_rng(3), (300, 400)
    level = float(np.nextafter(np.float32(0.5), np.float32(0)))
    items = []
    for number in range(40):
        low, far = random.uniform(0, 150, 2), random.uniform(1, 150, 2)
        box = np.array([*low, *(low + far)], np.float32)
        cells = 1 / (1 + np.exp(-4 * (noise if number % 2 else smooth)(random, (28, 28))))
        items.append(pasted(cells.astype(np.float32), box, size))
    check(items, level, size)
