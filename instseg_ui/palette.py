"""One colour a class: the same in every model, every view and every run.

A class is its name, not its number, which differs from model to model: COCO's 80 names
have the first 80 colours, every other name one that follows from its letters.

The first seven colours are Okabe and Ito's set for colour-blind readers ("Color Universal
Design", 2008), without black. Later ones walk the OKLCH hue circle by the golden angle at
three lightnesses, so that neighbours in the class list differ in hue and, where hues come
near, in lightness (Ottosson, "A perceptual color space for image processing", 2020).
"""

from __future__ import annotations

from functools import cache
from math import cos, radians, sin
from zlib import crc32

from instseg_ui.coco_classes import COCO_NAMES

_OKABE_ITO = (
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#cc79a7",
    "#d55e00",
    "#0072b2",
)
_GOLDEN_ANGLE = 137.508
_OTHERS = 1000
# Found by search: with these the nearest two of the first twenty lie farthest apart for
# normal vision, deuteranopia and protanopia.
_FIRST_HUE = 66.0
_CHROMA = 0.11
_LIGHTNESSES = (0.46, 0.89, 0.60)


@cache
def color(label: str) -> str:
    """The colour `#rrggbb` of a class, by its name."""
    name = label.strip().lower()
    if name in COCO_NAMES:
        return nth(COCO_NAMES.index(name))
    return nth(len(COCO_NAMES) + crc32(name.encode()) % _OTHERS)


@cache
def nth(index: int) -> str:
    """The palette's colour of that place, counted from 0."""
    if 0 <= index < len(_OKABE_ITO):
        return _OKABE_ITO[index]
    lightness = _LIGHTNESSES[index % len(_LIGHTNESSES)]
    return _oklch_to_hex(lightness, _CHROMA, (_FIRST_HUE + index * _GOLDEN_ANGLE) % 360)


def _oklch_to_hex(lightness: float, chroma: float, hue: float) -> str:
    """Ottosson's OKLab to linear sRGB, gamma-encoded, clipped to the gamut."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_gamma(value):02x}" for value in linear)


def _gamma(value: float) -> int:
    value = min(1.0, max(0.0, value))
    encoded = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(encoded * 255)
