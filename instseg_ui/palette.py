"""One colour a class: the same in every model, every view and every run.

The first seven are Okabe and Ito's set for colour-blind readers ("Color Universal
Design", 2008), without black. Later classes walk the
OKLCH hue circle by the golden angle at three lightnesses, so that neighbours in the
class list differ in hue and, where hues come near, in lightness (Ottosson, "A perceptual
color space for image processing", 2020).
"""

from __future__ import annotations

from functools import cache
from math import cos, radians, sin

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
# Found by search: with these the nearest two of the first twenty lie farthest apart for
# normal vision, deuteranopia and protanopia.
_FIRST_HUE = 66.0
_CHROMA = 0.11
_LIGHTNESSES = (0.46, 0.89, 0.60)


@cache
def color(class_id: int) -> str:
    """The colour `#rrggbb` of a class id; the same for ever."""
    if 0 <= class_id < len(_OKABE_ITO):
        return _OKABE_ITO[class_id]
    lightness = _LIGHTNESSES[class_id % len(_LIGHTNESSES)]
    return _oklch_to_hex(lightness, _CHROMA, (_FIRST_HUE + class_id * _GOLDEN_ANGLE) % 360)


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
