"""A colour means a class: the same for ever, and told apart by every eye."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from instseg_ui.coco_classes import COCO_NAMES
from instseg_ui.palette import color, nth

Rgb = npt.NDArray[np.float64]

# Full deuteranopia on linear RGB, Machado, Oliveira and Fernandes, "A physiologically-based
# model for simulation of color vision deficiency", 2009, severity 1.0.
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
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


def linear(code: str) -> Rgb:
    value = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def oklab(rgb: Rgb) -> Rgb:
    return TO_LAB @ np.cbrt(TO_LMS @ rgb)


def nearest(count: int, seen_by: Rgb) -> float:
    """Smallest OKLab distance among the first `count` colours; 0.02 is just noticeable."""
    colors = [oklab((seen_by @ linear(nth(i))).clip(0, 1)) for i in range(count)]
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(colors, 2))


def test_two_thousand_classes_have_valid_colours() -> None:
    assert all(re.fullmatch("#[0-9a-f]{6}", nth(i)) for i in range(2001))


def test_a_class_keeps_its_colour() -> None:
    before = [nth(i) for i in range(100)]
    color.cache_clear()
    assert [nth(i) for i in reversed(range(100))] == before[::-1]


def test_the_colours_are_these_for_ever() -> None:
    assert [nth(i) for i in (0, 1, 6)] == ["#e69f00", "#56b4e9", "#0072b2"]


def test_a_negative_id_still_gets_a_colour() -> None:
    assert re.fullmatch("#[0-9a-f]{6}", nth(-1))


def test_the_first_twenty_are_told_apart() -> None:
    assert nearest(20, np.eye(3)) > 0.04


@pytest.mark.parametrize(("count", "distance"), [(7, 0.05), (20, 0.02)])
def test_they_are_told_apart_without_green_cones(count: int, distance: float) -> None:
    assert nearest(count, DEUTERANOPIA) > distance


def test_the_eighty_classes_of_coco_have_colours_of_their_own() -> None:
    assert len({nth(i) for i in range(80)}) == 80


def test_a_class_is_its_name() -> None:
    assert len(set(COCO_NAMES)) == 80
    assert color("cat") == color(" Cat ") == nth(15)
    assert color("kitten") == color("kitten") != color("cat")
    assert color("") in {nth(i) for i in range(80, 1080)}
