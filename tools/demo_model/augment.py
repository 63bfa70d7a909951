"""Random views of photos: one affine warp a photo, mosaics of four, colour jitter.

Polygons are moved by the same matrix and cut by the canvas analytically, so that no mask is
resampled.
"""

from dataclasses import dataclass

import cv2
import numpy as np

Instance = list[np.ndarray]  # rings float32 [P,2], x and y in pixels

_GREY = (114, 114, 114)
_MIN_SIDE = 4.0  # pixels; smaller remains say more about the crop than about cats
_MIN_VISIBLE = 0.1  # share of the object's area


@dataclass(frozen=True)
class Augmentation:
    """How strongly an epoch's samples are varied."""

    size: int  # pixels, side of the square sample
    mosaic: float = 0.5  # probability
    scale: tuple[float, float] = (0.6, 1.8)  # relative to the photo filling the sample
    mosaic_scale: tuple[float, float] = (0.4, 1.2)
    rotation: float = 10.0  # degrees either way
    stretch: float = 0.15  # relative change of the aspect either way
    hue: float = 8.0  # of OpenCV's 180
    saturation: float = 0.5
    value: float = 0.4


def compose(
    photos: list[tuple[np.ndarray, list[Instance]]],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[Instance]]:
    """Draw one photo over the whole sample, or four as a mosaic.

    Returns the sample, RGB uint8 [S,S,3], and the instances that are visible in it.
    """
    size = augmentation.size
    canvas = np.empty((size, size, 3), np.uint8)
    instances: list[Instance] = []
    scale = augmentation.scale if len(photos) == 1 else augmentation.mosaic_scale
    for (pixels, rings), (x1, y1, x2, y2) in zip(
        photos, _tiles(len(photos), size, rng), strict=True
    ):
        matrix = _affine(pixels.shape, (x2 - x1, y2 - y1), size, scale, augmentation, rng)
        canvas[y1:y2, x1:x2] = cv2.warpAffine(pixels, matrix, (x2 - x1, y2 - y1), borderValue=_GREY)
        matrix[:, 2] += (x1, y1)
        instances += _visible(rings, matrix, (x1, y1, x2, y2))
    return _jitter(canvas, augmentation, rng), instances


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
    instances: list[Instance], matrix: np.ndarray, tile: tuple[int, int, int, int]
) -> list[Instance]:
    """Move instances by `matrix` and keep what is left of them within `tile`."""
    kept = []
    for rings in instances:
        moved = [ring @ matrix[:, :2].T + matrix[:, 2] for ring in rings]
        cut = [ring for ring in (clip(ring, tile) for ring in moved) if len(ring) >= 3]
        if not cut:
            continue
        x1, y1, x2, y2 = bounds(cut)
        whole = sum(map(area, moved))
        if min(x2 - x1, y2 - y1) >= _MIN_SIDE and sum(map(area, cut)) >= _MIN_VISIBLE * whole:
            kept.append([ring.astype(np.float32) for ring in cut])
    return kept


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


def bounds(rings: Instance) -> np.ndarray:
    """Box float32 [4] (x1, y1, x2, y2) around polygons."""
    everything = np.concatenate(rings)
    return np.concatenate([everything.min(0), everything.max(0)]).astype(np.float32)


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
