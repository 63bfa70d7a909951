"""How many models cover each pixel of a photo: the picture, and its legend."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import htpy as h
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from instseg_ui.comparison.objects import coverage
from instseg_ui.results import Prediction
from instseg_ui.show.agreement import NOT_ACCURACY
from instseg_ui.show.html import markup, notes

_SIDE = 1280
# From few models to most of them; where all agree it is blue. Okabe and Ito's colours, BGR.
_FEW, _MOST, _ALL = (0, 94, 213), (66, 228, 240), (178, 114, 0)


def disagreement_map(
    pixels: npt.NDArray[np.uint8], predictions: Sequence[Prediction], label: str | None
) -> tuple[npt.NDArray[np.uint8], Markup]:
    """The photo, faded, under how many models cover each pixel; and the legend.

    Args:
        pixels: (H, W, 3) uint8 BGR of the same image.
        predictions: two or more, as they are shown.
        label: a class, or None for all.

    Returns:
        (h, w, 3) uint8 RGB of at most 1280 pixels a side, and the legend.
    """
    count = len(predictions)
    covered = coverage(predictions, label)
    shares = np.bincount(covered.ravel(), minlength=count + 1) / covered.size
    scale = min(1.0, _SIDE / max(covered.shape))
    size = max(1, round(covered.shape[1] * scale)), max(1, round(covered.shape[0] * scale))
    small = cv2.resize(covered, size, interpolation=cv2.INTER_NEAREST)
    photo = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    faded = cv2.addWeighted(gray, 0.45, np.full_like(gray, 255), 0.25, 0)
    colors = np.array([(0, 0, 0), *(_color(i, count) for i in range(1, count + 1))], np.uint8)
    film = cv2.addWeighted(faded, 0.35, colors[small], 0.65, 0)
    faded[small > 0] = film[small > 0]
    return cv2.cvtColor(faded, cv2.COLOR_BGR2RGB), _legend(shares, count)


def _color(models: int, count: int) -> tuple[int, ...]:
    """BGR of a pixel that so many of `count` models cover."""
    if models == count:
        return _ALL
    share = (models - 1) / max(1, count - 2)
    return tuple(round(a + (b - a) * share) for a, b in zip(_FEW, _MOST, strict=True))


def _legend(shares: npt.NDArray[np.float64], count: int) -> Markup:
    items = (_legend_item(models, count, shares[models]) for models in range(1, count + 1))
    return markup(h.ul(".legend")[items], notes(_in_words(shares, count)))


def _legend_item(models: int, count: int, share: float) -> h.Element:
    blue, green, red = _color(models, count)
    name = f"all {count}" if models == count else f"{models} of {count}"
    return h.li[
        h.i(style=f"background:rgb({red},{green},{blue})"), f"{name} ", h.b[f"{share * 100:.1f} %"]
    ]


def _in_words(shares: npt.NDArray[np.float64], count: int) -> str:
    covered = 1 - float(shares[0])
    if not covered:
        return "No model covers anything at these thresholds. Lower one to see where they differ."
    agreed = float(shares[count]) / covered
    return (
        f"{covered * 100:.1f} % of the image is covered by any model; "
        f"on {agreed * 100:.0f} % of that all {count} agree. {NOT_ACCURACY}"
    )
