"""One colour an instance: vivid, and never that of another one beside it."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from instseg_ui.palette.classes import others
from instseg_ui.palette.vision import Floats, appearance, distance

VIVID = (
    "#ff9600",
    "#4b96ff",
    "#ff003c",
    "#87ff00",
    "#7800ff",
    "#00d2a5",
    "#ff3cd2",
    "#00871e",
    "#ffa5ff",
    "#a53c87",
)
"""Found by search among strong colours: the nearest two are 0.18 apart for normal eyes, 0.10 for
each kind of colour-blind ones (see `vision`)."""

# Boxes nearer than this share of the picture's longer side are beside each other.
_NEAR = 0.02


def instance_colors(boxes: npt.NDArray[np.floating], width: int, height: int) -> tuple[str, ...]:
    """A colour for each instance, such that instances beside each other differ.

    The graph of neighbours is coloured greedily, the best score first: an instance's colour
    depends on those of higher score alone, and is the same at every threshold. Of the vivid
    colours that no neighbour has, the one is taken that was used least, then the one farthest from
    the neighbours'. Where neighbours have all of them, a further colour is taken.

    Args:
        boxes: (N, 4) xyxy, pixels, by falling score.
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        N colours, `#rrggbb`.
    """
    beside = _beside(np.asarray(boxes, float), _NEAR * max(width, height))
    colors, gaps = _colors()
    used = np.zeros(len(colors), int)
    chosen = np.zeros(len(beside), int)
    for i, row in enumerate(beside):
        near = np.unique(chosen[:i][row[:i]])
        chosen[i] = _place(near, used, gaps)
        used[chosen[i]] += 1
    return tuple(colors[place] for place in chosen)


def _place(near: npt.NDArray[np.int_], used: npt.NDArray[np.int_], gaps: Floats) -> int:
    """Which colour to take where the neighbours have those of `near`."""
    free = np.setdiff1d(np.arange(len(VIVID)), near)
    if free.size:
        free = free[used[free] == used[free].min()]
    else:
        # Of all colours there are; hundreds of neighbours may have them all.
        free = np.setdiff1d(np.arange(len(used)), near)
        free = free if free.size else np.arange(len(VIVID))
    if not near.size:
        return int(free[0])
    return int(free[np.argmax(gaps[np.ix_(free, near)].min(axis=1))])


def _beside(boxes: Floats, reach: float) -> npt.NDArray[np.bool_]:
    """(N, N) bool: which boxes overlap, or lie at most `reach` pixels apart."""
    x0, y0, x1, y1 = boxes.reshape(-1, 4).T
    gap_x = np.maximum(x0[:, None], x0) - np.minimum(x1[:, None], x1)
    gap_y = np.maximum(y0[:, None], y0) - np.minimum(y1[:, None], y1)
    return np.asarray(np.maximum(gap_x, gap_y) <= reach)


@cache
def _colors() -> tuple[tuple[str, ...], Floats]:
    """The vivid ones and all further ones, and (M, M) how far each two of them are apart."""
    colors = tuple(dict.fromkeys((*VIVID, *others())))
    looks = appearance(colors)
    return colors, distance(looks[:, None], looks)
