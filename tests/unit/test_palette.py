"""Colours tell classes, and instances that touch, apart: to every eye, and for ever."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.coco_classes import COCO_NAMES
from instseg_ui.palette import SCORE_SCALE, class_colors, instance_colors, nth
from instseg_ui.palette.classes import others
from instseg_ui.palette.instances import VIVID

Rgb = npt.NDArray[np.float64]

# Colour blindness on linear RGB, Machado, Oliveira and Fernandes, "A physiologically-based
# model for simulation of color vision deficiency", 2009, severity 1.0.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# OKLab (Ottosson 2020): linear RGB to cone response, and its cube root to L, a, b.
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
LABELS = [f"part {i}" for i in range(200)]


def linear(code: str) -> Rgb:
    value = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def oklab(code: str, vision: str = "normal") -> Rgb:
    return TO_LAB @ np.cbrt(TO_LMS @ (VISIONS[vision] @ linear(code)).clip(0, 1))


def gap(a: str, b: str, vision: str = "normal") -> float:
    """OKLab distance; 0.02 is just noticeable."""
    return float(np.linalg.norm(oklab(a, vision) - oklab(b, vision)))


def nearest(colors: list[str], vision: str = "normal") -> float:
    """The least distance between any two."""
    return min(gap(a, b, vision) for a, b in combinations(colors, 2))


def grid(columns: int, rows: int, side: float = 100) -> Rgb:
    """Boxes side by side, touching, as xyxy."""
    return np.array(
        [
            (side * x, side * y, side * (x + 1), side * (y + 1))
            for y in range(rows)
            for x in range(columns)
        ]
    )


class TestCoco:
    """COCO's names have their colours for ever."""

    def test_two_thousand_places_have_valid_colours(self) -> None:
        assert all(re.fullmatch("#[0-9a-f]{6}", nth(i)) for i in range(-1, 2001))

    def test_the_colours_are_these_for_ever(self) -> None:
        assert [nth(i) for i in (0, 1, 6)] == ["#e69f00", "#56b4e9", "#0072b2"]

    def test_each_has_its_own_in_every_model(self) -> None:
        colors = class_colors(COCO_NAMES)
        assert list(colors.values()) == [nth(i) for i in range(80)]
        assert len(set(colors.values())) == 80
        mixed = class_colors(["window", "cat", "façade", "person"])
        assert (mixed["cat"], mixed["person"]) == (nth(15), nth(0))

    @pytest.mark.parametrize(
        ("count", "vision", "least"),
        [(20, "normal", 0.04), (7, "deuteranopia", 0.05), (20, "deuteranopia", 0.02)],
    )
    def test_the_first_are_told_apart(self, count: int, vision: str, least: float) -> None:
        assert nearest([nth(i) for i in range(count)], vision) > least


class TestClasses:
    """No two classes of a model share a colour."""

    def test_two_hundred_labels_have_two_hundred_colours(self) -> None:
        assert len(set(class_colors(LABELS).values())) == 200

    def test_so_have_more_than_there_are_chosen_ones(self) -> None:
        labels = [f"species {i}" for i in range(3000)]
        colors = class_colors(labels, COCO_NAMES)
        assert len(set(colors.values())) == 3080
        assert all(re.fullmatch("#[0-9a-f]{6}", one) for one in colors.values())

    @given(st.lists(st.text(max_size=4), max_size=30))
    def test_whatever_they_are_called(self, labels: list[str]) -> None:
        colors = class_colors(labels)
        assert set(colors) == set(labels)
        assert len(set(colors.values())) == len(set(labels))

    def test_names_that_differ_in_case_are_two_classes_of_one_model(self) -> None:
        assert len(set(class_colors(["Dent", "dent", " dent", "cat", "Cat"]).values())) == 5

    def test_a_name_that_once_shared_a_colour_with_another(self) -> None:
        """`crc32` of both leads to one place."""
        first = next(one for one in LABELS[1:] if _place(one) == _place(LABELS[0]))
        assert class_colors([first])[first] == class_colors([LABELS[0]])[LABELS[0]]
        assert len(set(class_colors([LABELS[0], first]).values())) == 2

    @pytest.mark.parametrize(
        ("count", "normal", "blind"), [(5, 0.1, 0.1), (10, 0.07, 0.07), (20, 0.05, 0.04)]
    )
    def test_the_first_are_well_apart(self, count: int, normal: float, blind: float) -> None:
        colors = list(class_colors(LABELS[:count]).values())
        assert nearest(colors) > normal
        for vision in ("protanopia", "deuteranopia", "tritanopia"):
            assert nearest(colors, vision) > blind, vision

    def test_they_keep_away_from_cocos_in_the_same_model(self) -> None:
        colors = class_colors(["window", "balcony", "person", "cat"])
        assert nearest(list(colors.values())) > 0.08

    def test_a_model_has_the_same_colours_every_time(self) -> None:
        assert dict(class_colors(LABELS)) == dict(class_colors(list(LABELS)))
        assert class_colors(["scratch"])["scratch"] == class_colors(["scratch", "dent"])["scratch"]

    def test_models_shown_together_agree_on_a_name(self) -> None:
        one, two = ["scratch", "dent", "person"], ["dent", "rust", "Scratch", "cat"]
        alone, both = class_colors(one), class_colors(one, two)
        assert both.items() >= alone.items(), "a later model changes nothing of an earlier one"
        assert both["Scratch"] == both["scratch"]
        assert len({both[label] for label in two}) == 4

    def test_no_class_at_all(self) -> None:
        assert class_colors() == class_colors([]) == {}


class TestInstances:
    """Each instance differs from those beside it."""

    @pytest.mark.parametrize(
        ("vision", "least"),
        [("normal", 0.18), ("protanopia", 0.1), ("deuteranopia", 0.1), ("tritanopia", 0.1)],
    )
    def test_the_vivid_ones_are_told_apart(self, vision: str, least: float) -> None:
        """Neighbours have two of these; 0.1 is five times what is just noticeable."""
        assert nearest(list(VIVID), vision) > least

    def test_they_are_vivid_and_seen_on_dark_and_light(self) -> None:
        for color in VIVID:
            lightness, a, b = oklab(color)
            assert np.hypot(a, b) > 0.13, color
            assert 0.5 < lightness < 0.9, color

    @pytest.mark.parametrize("vision", VISIONS)
    def test_neighbours_in_a_grid_are_told_apart(self, vision: str) -> None:
        columns = 12
        colors = instance_colors(grid(columns, 8), 1200, 800)
        assert set(colors) <= set(VIVID)
        for i, color in enumerate(colors):
            row, column = divmod(i, columns)
            beside = [(row, column + 1), (row + 1, column), (row + 1, column + 1)]
            for other in (r * columns + c for r, c in beside if c < columns and r < 8):
                assert gap(color, colors[other], vision) > 0.1

    def test_few_instances_have_a_colour_each(self) -> None:
        boxes = grid(len(VIVID), 1, 300)
        assert len(set(instance_colors(boxes, 3000, 300))) == len(VIVID)

    def test_a_crowd_in_one_place_has_a_colour_each(self) -> None:
        boxes = np.tile([10.0, 10, 90, 90], (200, 1))
        assert len(set(instance_colors(boxes, 100, 100))) == 200

    @given(st.integers(1, 40), st.integers(0, 2**31), st.integers(0, 40))
    def test_a_colour_does_not_depend_on_lower_scores(
        self, count: int, seed: int, kept: int
    ) -> None:
        """So it stays while the threshold moves."""
        boxes = boxes_of(seed, count)
        colors = instance_colors(boxes, 1000, 1000)
        assert instance_colors(boxes[:kept], 1000, 1000) == colors[:kept]

    @given(st.integers(2, 60), st.integers(0, 2**31))
    def test_what_overlaps_never_shares_one(self, count: int, seed: int) -> None:
        boxes = boxes_of(seed, count)
        colors = instance_colors(boxes, 1000, 1000)
        for (a, left), (b, right) in combinations(enumerate(boxes), 2):
            if (np.minimum(left[2:], right[2:]) >= np.maximum(left[:2], right[:2])).all():
                assert colors[a] != colors[b]

    def test_none_at_all(self) -> None:
        assert instance_colors(np.zeros((0, 4), np.float32), 10, 10) == ()

    def test_more_than_there_are_colours(self) -> None:
        colors = instance_colors(np.tile([0.0, 0, 1, 1], (700, 1)), 1, 1)
        assert len(colors) == 700
        assert len(set(colors)) > 400


class TestScores:
    """Dark is unsure, bright is sure."""

    @pytest.mark.parametrize("vision", VISIONS)
    def test_the_scale_grows_brighter_at_every_step(self, vision: str) -> None:
        lightness = [oklab(color, vision)[0] for color in SCORE_SCALE]
        assert all(low < high for low, high in pairwise(lightness))


def boxes_of(seed: int, count: int) -> Rgb:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 900, (count, 2))
    return np.hstack([corners, corners + rng.uniform(5, 300, (count, 2))])


def _place(label: str) -> int:
    """Which colour a name begins at: where it stands alone it has that one."""
    return others().index(class_colors([label])[label])
