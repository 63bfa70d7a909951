"""Random views of photos: one affine warp a photo, mosaics of four, pasted objects, colour jitter.

Polygons are moved by the same matrix and cut by the canvas analytically, so that no mask is
resampled. Beside the objects goes a map of what is known about each class where: photos differ in
which classes were annotated, and tiles of a mosaic keep their own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

Rings = list[np.ndarray]  # polygons float32 [P,2], x and y in pixels

KNOWN_STRIDE = 8  # pixels a cell of the map of known classes
_GREY = (114, 114, 114)
_MIN_SIDE = 4.0  # pixels; smaller remains say more about the crop than about objects
_MIN_VISIBLE = 0.1  # share of the object's area
_MAX_COVERED = 0.35  # share of an object's area that a pasted one may cover
_SUBPIXEL_BITS = 4


class Shape(NamedTuple):
    """One annotated object."""

    label: int  # index into the model's classes
    rings: Rings
    holes: tuple[np.ndarray, ...] = ()  # polygons of objects pasted in front of it


class View(NamedTuple):
    """A photo with its objects, as drawn from the data set."""

    pixels: np.ndarray  # RGB uint8 [H,W,3]
    instances: list[Shape]
    known: np.ndarray  # bool [C], classes whose every visible object is annotated


class Composed(NamedTuple):
    """A sample of side S."""

    pixels: np.ndarray  # RGB uint8 [S,S,3]
    instances: list[Shape]
    known: np.ndarray  # bool [C,S/8,S/8], where each class may be punished


class Donor(NamedTuple):
    """An object to paste, and the photo that it is cut from."""

    pixels: np.ndarray
    instance: Shape


@dataclass(frozen=True)
class Augmentation:
    """How strongly an epoch's samples are varied."""

    size: int  # pixels, side of the square sample
    mosaic: float = 0.5  # probability
    paste: float = 0.5  # probability that an object of another photo is pasted
    scale: tuple[float, float] = (0.6, 1.9)  # relative to the photo filling the sample
    mosaic_scale: tuple[float, float] = (0.4, 1.2)
    paste_side: tuple[float, float] = (0.15, 0.8)  # of the sample, the pasted object's long side
    rotation: float = 10.0  # degrees either way
    stretch: float = 0.15  # relative change of the aspect either way
    hue: float = 8.0  # of OpenCV's 180
    saturation: float = 0.5
    value: float = 0.4


def compose(
    views: list[View], donors: list[Donor], augmentation: Augmentation, rng: np.random.Generator
) -> Composed:
    """Draw one photo over the whole sample, or four as a mosaic, then paste the donors."""
    size = augmentation.size
    canvas = np.empty((size, size, 3), np.uint8)
    cells = size // KNOWN_STRIDE
    known = np.zeros((len(views[0].known), cells, cells), bool)
    instances: list[Shape] = []
    scale = augmentation.scale if len(views) == 1 else augmentation.mosaic_scale
    for view, (x1, y1, x2, y2) in zip(views, _tiles(len(views), size, rng), strict=True):
        matrix = _affine(view.pixels.shape, (x2 - x1, y2 - y1), size, scale, augmentation, rng)
        canvas[y1:y2, x1:x2] = cv2.warpAffine(
            view.pixels, matrix, (x2 - x1, y2 - y1), borderValue=_GREY
        )
        matrix[:, 2] += (x1, y1)
        known[:, *_cells((x1, y1, x2, y2))] = view.known[:, None, None]
        kept, lost = _visible(view.instances, matrix, (x1, y1, x2, y2))
        instances += kept
        _forget(known, lost)
    for donor in donors:
        instances = _paste(canvas, instances, known, donor, augmentation, rng)
    for instance in instances:
        known[instance.label, *_cells(bounds(instance.rings))] = True
    return Composed(_jitter(canvas, augmentation, rng), instances, known)


def _cells(box: tuple[float, ...] | np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the cells of the known map whose centres lie within `box` (xyxy)."""
    x1, y1, x2, y2 = (int(np.ceil(side / KNOWN_STRIDE - 0.5)) for side in box)
    return slice(max(y1, 0), max(y2, 0)), slice(max(x1, 0), max(x2, 0))


def _forget(known: np.ndarray, instances: list[Shape]) -> None:
    """Nobody says whether an object that is left out is there, in no cell that it touches."""
    half = KNOWN_STRIDE / 2
    for instance in instances:
        touched = bounds(instance.rings) + half * np.array((-1, -1, 1, 1))
        known[instance.label, *_cells(touched)] = False


def _paste(
    canvas: np.ndarray,
    instances: list[Shape],
    known: np.ndarray,
    donor: Donor,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> list[Shape]:
    """Draw the donor's object onto the canvas; returns the objects that are still to be seen."""
    size = augmentation.size
    matrix = _placement(bounds(donor.instance.rings), augmentation, rng)
    kept, _ = _visible([donor.instance], matrix, (0, 0, size, size))
    if not kept:
        return instances
    pasted = kept[0]
    alpha = np.zeros((size, size), np.uint8)
    fill(alpha, pasted.rings, 255)
    warped = cv2.warpAffine(donor.pixels, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    share = cv2.GaussianBlur(alpha, (3, 3), 0)[..., None].astype(np.float32) / 255
    canvas[:] = np.round(canvas * (1 - share) + warped * share).astype(np.uint8)
    # What the object carries (a person's bag) may be of another class and is not annotated here.
    known[:, *_cells(bounds(pasted.rings))] = False
    free, covered = [], []
    for instance in instances:
        hidden = _covered(instance, alpha)
        if hidden > _MAX_COVERED:
            covered.append(instance)
        else:
            holes = (*instance.holes, *pasted.rings) if hidden > 0 else instance.holes
            free.append(instance._replace(holes=holes))
    _forget(known, covered)
    return [*free, pasted]


def _covered(instance: Shape, alpha: np.ndarray) -> float:
    """The share of an object that `alpha` uint8 [S,S] covers."""
    x1, y1 = np.floor(bounds(instance.rings)[:2]).astype(int)
    x2, y2 = np.ceil(bounds(instance.rings)[2:]).astype(int)
    front = alpha[y1:y2, x1:x2]
    if not front.any():
        return 0.0
    own = np.zeros(front.shape, np.uint8)
    fill(own, [ring - (x1, y1) for ring in instance.rings])
    return float((front[own > 0] > 127).mean()) if own.any() else 1.0


def _placement(box: np.ndarray, augmentation: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Random 2x3 matrix that puts `box` somewhere on the sample, most of it within."""
    size = augmentation.size
    side = size * np.exp(rng.uniform(*np.log(augmentation.paste_side)))
    zoom = side / max(*(box[2:] - box[:2]), 1.0)
    angle = np.deg2rad(rng.uniform(-augmentation.rotation, augmentation.rotation))
    cosine, sine = np.cos(angle), np.sin(angle)
    flip = rng.choice((-1.0, 1.0))
    linear = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([zoom * flip, zoom])
    target = rng.uniform(0.1, 0.9, 2) * size
    return np.column_stack([linear, target - linear @ ((box[:2] + box[2:]) / 2)])


def _tiles(count: int, size: int, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """One tile (x1, y1, x2, y2) of the whole canvas, or four that meet at a random point."""
    if count == 1:
        return [(0, 0, size, size)]
    x, y = (rng.uniform(0.3, 0.7, 2) * size).astype(int)
    return [(0, 0, x, y), (x, 0, size, y), (0, y, x, size), (x, y, size, size)]


def _affine(
    shape: tuple[int, ...],
    tile: tuple[int, int],
    size: int,
    scale: tuple[float, float],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> np.ndarray:
    """Random 2x3 matrix from photo to tile pixels.

    Scale, aspect, rotation and flip are about the photo's centre; then comes a shift.

    The shift keeps the photo over the tile, or inside it where it is the smaller, along each axis.
    """
    height, width = shape[:2]
    zoom = size / max(height, width) * np.exp(rng.uniform(*np.log(scale)))
    stretch = np.exp(rng.uniform(-augmentation.stretch, augmentation.stretch) / 2)
    angle = np.deg2rad(rng.uniform(-augmentation.rotation, augmentation.rotation))
    flip = rng.choice((-1.0, 1.0))
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag(
        [zoom * stretch * flip, zoom / stretch]
    )
    slack = (np.array(tile) - np.array([width * zoom * stretch, height * zoom / stretch])) / 2
    centre = np.array(tile) / 2 + slack * rng.uniform(-1, 1, 2)
    offset = centre - linear @ np.array([width / 2, height / 2])
    return np.column_stack([linear, offset])


def _visible(
    instances: list[Shape], matrix: np.ndarray, tile: tuple[int, int, int, int]
) -> tuple[list[Shape], list[Shape]]:
    """Move instances by `matrix`; returns what is left of them within `tile`, and of those of
    which too little is left.
    """
    kept: list[Shape] = []
    lost: list[Shape] = []
    for instance in instances:
        moved = [ring @ matrix[:, :2].T + matrix[:, 2] for ring in instance.rings]
        cut = [ring for ring in (clip(ring, tile) for ring in moved) if len(ring) >= 3]
        if not cut:
            continue
        x1, y1, x2, y2 = bounds(cut)
        whole = sum(map(area, moved))
        large = min(x2 - x1, y2 - y1) >= _MIN_SIDE
        left = Shape(instance.label, [ring.astype(np.float32) for ring in cut])
        visible = sum(map(area, cut)) >= _MIN_VISIBLE * whole
        (kept if large and visible else lost).append(left)
    return kept, lost


def clip(ring: np.ndarray, tile: tuple[int, int, int, int]) -> np.ndarray:
    """Cut a polygon [P,2] by a rectangle, side after side (Sutherland & Hodgman 1974).

    Nothing within the rectangle leaves no point.
    """
    for axis, bound, sign in ((0, tile[0], 1), (0, tile[2], -1), (1, tile[1], 1), (1, tile[3], -1)):
        depth = (ring[:, axis] - bound) * sign
        if len(ring) == 0 or (depth >= 0).all():
            continue
        following, next_depth = np.roll(ring, -1, 0), np.roll(depth, -1)
        crosses = (depth >= 0) != (next_depth >= 0)
        share = depth / np.where(crosses, depth - next_depth, 1)
        crossing = ring + share[:, None] * (following - ring)
        # Each corner is followed by the crossing of the edge that leaves it; keep the ones that
        # exist.
        both = np.stack([ring, crossing], 1).reshape(-1, 2)
        ring = both[np.stack([depth >= 0, crosses], 1).reshape(-1)]
    return ring


def area(ring: np.ndarray) -> float:
    """Area of a polygon [P,2] in square pixels (shoelace formula)."""
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def bounds(rings: Rings) -> np.ndarray:
    """Box float32 [4] (x1, y1, x2, y2) around polygons."""
    everything = np.concatenate(rings)
    return np.concatenate([everything.min(0), everything.max(0)]).astype(np.float32)


def fill(canvas: np.ndarray, rings: Rings, value: int = 1) -> None:
    """Fill polygons whose coordinates put pixel centres at halves; OpenCV puts them at integers."""
    scale = 1 << _SUBPIXEL_BITS
    integer = [np.round((ring - 0.5) * scale).astype(np.int32) for ring in rings]
    cv2.fillPoly(canvas, integer, value, shift=_SUBPIXEL_BITS)


def _jitter(pixels: np.ndarray, augmentation: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Shift hue and scale saturation and value of an RGB image through look-up tables."""
    hue = rng.uniform(-augmentation.hue, augmentation.hue)
    saturation, value = 1 + rng.uniform(-1, 1, 2) * (augmentation.saturation, augmentation.value)
    levels = np.arange(256, dtype=np.float32)
    tables = (
        ((levels + hue) % 180).astype(np.uint8),
        np.clip(levels * saturation, 0, 255).astype(np.uint8),
        np.clip(levels * value, 0, 255).astype(np.uint8),
    )
    channels = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))
    varied = cv2.merge(
        [cv2.LUT(channel, table) for channel, table in zip(channels, tables, strict=True)]
    )
    return cv2.cvtColor(varied, cv2.COLOR_HSV2RGB)
