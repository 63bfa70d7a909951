"""How colours look, to normal eyes and to colour-blind ones, and how far apart they are.

OKLab is Ottosson's, "A perceptual color space for image processing", 2020; a distance of 0.02 in
it is just noticeable. Full protanopia, deuteranopia and tritanopia are simulated on linear RGB by
the matrices of Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of
color vision deficiency", 2009, severity 1.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Normal eyes, then without the long, the middle and the short cones.
_VISIONS = np.array(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ]
)
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def appearance(colors: Sequence[str]) -> Floats:
    """(N, 4, 3) float64: the colours in OKLab, as each of the four kinds of eyes sees them."""
    encoded = np.array([list(bytes.fromhex(one[1:])) for one in colors], float).reshape(-1, 3) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.einsum("vij,nj->nvi", _VISIONS, linear).clip(0, 1)
    return np.asarray(np.cbrt(seen @ _TO_CONES.T) @ _TO_LAB.T)


def distance(a: Floats, b: Floats) -> Floats:
    """How far colours are apart to the eyes that tell them apart worst.

    `a` and `b` are appearances (..., 4, 3) that broadcast; the answer is (...), in OKLab.
    """
    return np.asarray(np.linalg.norm(a - b, axis=-1).min(axis=-1))


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """A colour by lightness 0..1, chroma and hue in degrees, clipped to what a screen can show."""
    return "#" + "".join(f"{_gamma(value):02x}" for value in _linear(lightness, chroma, hue))


def on_screen(lightness: float, chroma: float, hue: float) -> bool:
    """Whether a screen can show that colour as it is."""
    return all(0 <= value <= 1 for value in _linear(lightness, chroma, hue))


def _linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """Ottosson's OKLab to linear sRGB."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(value: float) -> int:
    value = min(1.0, max(0.0, value))
    encoded = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(encoded * 255)
