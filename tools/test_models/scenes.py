"""Images whose right answer is known: solid coloured shapes on a grey background.

A class is a colour: class ``i`` is drawn in ``CLASS_COLORS[i]``. The colours are corners of the
RGB cube and the background is mid grey, so every colour is equally far from the background and a
pixel half covered by a shape lies exactly halfway between the two. The test models
(`tools.test_models.models`) read the answer back from that distance.

Shapes are laid out on the same grid of cells that the test models look at: a shape never leaves
its cell, and two shapes of one class never share a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

Shape = Literal["rectangle", "disc", "triangle"]
Layout = Literal["apart", "touching", "overlapping"]

BACKGROUND: tuple[int, int, int] = (128, 128, 128)
"""Background colour, RGB."""

CLASS_COLORS: tuple[tuple[int, int, int], ...] = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
    (0, 0, 0),
)
"""Colour of class ``i``, RGB. Labels past the eighth have no colour and are never found."""

DEFAULT_LABELS: tuple[str, ...] = ("red", "green", "blue", "yellow", "magenta", "cyan")
DEFAULT_GRID: tuple[int, int] = (3, 3)
SHAPES: tuple[Shape, ...] = ("rectangle", "disc", "triangle")

_CELL_MARGIN = 0.08
_MIN_MARGIN_PX = 3


@dataclass(frozen=True)
class SceneInstance:
    """One object of a scene.

    Attributes:
        class_id: index into the scene's labels.
        label: its name.
        box: x1, y1, x2, y2 of the visible part, in pixels of the image, half open (x2 and y2 lie
            one past the last pixel).
        mask: bool [H, W], the visible part.
        shape: what was drawn.
        cell: index of the grid cell, row major.
    """

    class_id: int
    label: str
    box: tuple[int, int, int, int]
    mask: np.ndarray
    shape: Shape
    cell: int


@dataclass(frozen=True)
class Scene:
    """An image and everything in it.

    Attributes:
        image: uint8 [H, W, 3], BGR.
        instances: the objects, in drawing order (a later one covers an earlier one).
        labels: names by class id.
    """

    image: np.ndarray
    instances: tuple[SceneInstance, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class _Placed:
    class_id: int
    shape: Shape
    cell: int
    rect: tuple[int, int, int, int]


def make_scene(
    width: int = 640,
    height: int = 480,
    *,
    count: int = 5,
    labels: tuple[str, ...] = DEFAULT_LABELS,
    grid: tuple[int, int] = DEFAULT_GRID,
    layout: Layout = "apart",
    noise: float = 0.0,
    seed: int = 0,
) -> Scene:
    """Draw ``count`` shapes and say what they are; the same arguments give the same scene.

    Args:
        width, height: image size in pixels.
        count: number of objects, at most the number of cells (for "touching" and "overlapping" a
            cell holds two objects of different classes, so at most twice that). 0 gives a plain
            background.
        labels: class names; objects take classes among the first eight.
        grid: rows and columns of cells; give a test model the same.
        layout: "apart" puts one object into a cell, "touching" two that share an edge,
            "overlapping" two of which the second covers part of the first.
        noise: standard deviation of Gaussian noise added to every channel, in grey levels; up to
            about 20 the test models still find every object.
        seed: of the placement and the noise.

    Raises:
        ValueError: more objects asked for than fit.
    """
    rng = np.random.default_rng(seed)
    placed = _place(rng, width, height, count, min(len(labels), len(CLASS_COLORS)), grid, layout)
    image = np.full((height, width, 3), BACKGROUND[::-1], np.uint8)
    owner = np.full((height, width), -1, np.int32)
    for index, item in enumerate(placed):
        mask = _draw(item, width, height)
        image[mask] = CLASS_COLORS[item.class_id][::-1]
        owner[mask] = index
    instances = tuple(_instance(item, owner == i, labels) for i, item in enumerate(placed))
    return Scene(_with_noise(image, noise, rng), instances, tuple(labels))


def _place(
    rng: np.random.Generator,
    width: int,
    height: int,
    count: int,
    classes: int,
    grid: tuple[int, int],
    layout: Layout,
) -> list[_Placed]:
    per_cell = 1 if layout == "apart" else 2
    cells = grid[0] * grid[1]
    if count > cells * per_cell or (per_cell > 1 and classes < per_cell):
        raise ValueError(
            f"{count} objects of {classes} classes do not fit a {grid[0]}x{grid[1]} grid with "
            f"{per_cell} objects of different classes a cell; ask for at most {cells * per_cell}"
        )
    order = rng.permutation(cells)
    placed: list[_Placed] = []
    for start in range(0, count, per_cell):
        cell = int(order[start // per_cell])
        rects = _rects(rng, _cell_rect(cell, grid, width, height), layout)
        chosen = rng.permutation(classes)[:per_cell]
        for rect, class_id in list(zip(rects, chosen, strict=True))[: count - start]:
            shape = "rectangle" if layout == "touching" else SHAPES[int(rng.integers(len(SHAPES)))]
            placed.append(_Placed(int(class_id), shape, cell, rect))
    return placed


def _cell_rect(
    cell: int, grid: tuple[int, int], width: int, height: int
) -> tuple[int, int, int, int]:
    """The usable inside of a cell: half-open pixel rectangle, clear of the neighbouring cells."""
    row, col = divmod(cell, grid[1])
    x1, x2 = col * width / grid[1], (col + 1) * width / grid[1]
    y1, y2 = row * height / grid[0], (row + 1) * height / grid[0]
    dx = max(_MIN_MARGIN_PX, _CELL_MARGIN * (x2 - x1))
    dy = max(_MIN_MARGIN_PX, _CELL_MARGIN * (y2 - y1))
    return round(x1 + dx), round(y1 + dy), round(x2 - dx), round(y2 - dy)


def _rects(
    rng: np.random.Generator, inside: tuple[int, int, int, int], layout: Layout
) -> list[tuple[int, int, int, int]]:
    if layout == "apart":
        return [_shrunk(rng, inside)]
    x1, y1, x2, y2 = inside
    if layout == "touching":
        middle = (x1 + x2) // 2
        return [(x1, y1, middle, y2), (middle, y1, x2, y2)]
    third = (x2 - x1) // 3
    return [(x1, y1, x2 - third, y2), (x1 + third, y1, x2, y2)]


def _shrunk(
    rng: np.random.Generator, inside: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """A random rectangle of 70 to 100 % of the cell's inside."""
    x1, y1, x2, y2 = inside
    w = round((x2 - x1) * rng.uniform(0.7, 1.0))
    h = round((y2 - y1) * rng.uniform(0.7, 1.0))
    left = int(rng.integers(x1, x2 - w + 1))
    top = int(rng.integers(y1, y2 - h + 1))
    return left, top, left + w, top + h


def _draw(item: _Placed, width: int, height: int) -> np.ndarray:
    """Bool [H, W] of the whole shape; a disc is the ellipse that fills its rectangle."""
    x1, y1, x2, y2 = item.rect
    mask = np.zeros((height, width), np.uint8)
    if item.shape == "rectangle":
        mask[y1:y2, x1:x2] = 1
    elif item.shape == "disc":
        centre, axes = ((x1 + x2 - 1) // 2, (y1 + y2 - 1) // 2), ((x2 - x1) // 2, (y2 - y1) // 2)
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
    else:
        corners = [(x1, y2 - 1), (x2 - 1, y2 - 1), ((x1 + x2) // 2, y1)]
        cv2.fillConvexPoly(mask, np.array(corners, np.int32), 1)
    return mask.astype(bool)


def _instance(item: _Placed, visible: np.ndarray, labels: tuple[str, ...]) -> SceneInstance:
    xs, ys = np.flatnonzero(visible.any(0)), np.flatnonzero(visible.any(1))
    box = (int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)
    return SceneInstance(item.class_id, labels[item.class_id], box, visible, item.shape, item.cell)


def _with_noise(image: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    if noise <= 0:
        return image
    noisy = image + rng.normal(0.0, noise, image.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
