"""An annotation's outline, in whichever form COCO has it, as compressed run lengths.

Polygons are filled by pycocotools' own code, as its `annToRLE` does, so that a truth here is the
truth that COCO's evaluation sees. What that code would misread or crash on is refused before.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
from pycocotools import mask as coco

Ring = list[float]

_LEAST_NUMBERS = 6  # three corners
_LONGEST_RUN = 7  # characters of a run: 30 bits and more
_FAR = 4  # image sides beyond which a corner is no slip of the hand


class BrokenMask(ValueError):
    """An outline that is none; the text says why, without its place."""


def to_counts(segmentation: object, height: int, width: int) -> tuple[bytes, str]:
    """COCO's compressed run lengths of one annotation, and what was left out of it, if anything.

    Args:
        segmentation: a list of rings [x0, y0, x1, y1, ...] in pixels, or run lengths, counted
            (`counts` a list) or compressed (`counts` a text).
        height, width: of the image, pixels.

    Raises:
        BrokenMask: it is none of these, or not of this image.
    """
    if isinstance(segmentation, dict):
        return _from_runs(segmentation, height, width), ""
    if not isinstance(segmentation, list) or not segmentation:
        raise BrokenMask("it has no outline")
    rings = [ring for ring in segmentation if is_ring(ring, height, width)]
    if not rings:
        raise BrokenMask(ring_fault(segmentation[0], height, width))
    lost = len(segmentation) - len(rings)
    return from_rings(rings, height, width), f"{lost} broken rings" if lost else ""


def from_rings(rings: list[Ring], height: int, width: int) -> bytes:
    """The union of the rings, each a whole one by `is_ring`."""
    merged = coco.merge(coco.frPyObjects([list(map(float, ring)) for ring in rings], height, width))
    return cast("bytes", merged["counts"])


def is_ring(ring: object, height: int, width: int) -> bool:
    """Whether these are three corners or more, near the image."""
    return not ring_fault(ring, height, width)


def ring_fault(ring: object, height: int, width: int) -> str:
    """What is wrong with a ring; empty if nothing is."""
    if not isinstance(ring, list) or not all(map(_is_number, ring)):
        return "a ring is not a list of numbers"
    if len(ring) < _LEAST_NUMBERS or len(ring) % 2:
        return f"a ring of {len(ring)} numbers is no polygon"
    reach = _FAR * max(height, width)
    if min(ring) < -reach or max(ring) > reach + max(height, width):
        return "a corner lies far outside the image"
    return ""


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(cast("float", value))


def _from_runs(rle: dict[str, Any], height: int, width: int) -> bytes:
    counts, size = rle.get("counts"), rle.get("size")
    if size != [height, width]:
        raise BrokenMask(f"its run lengths are of an image of {size}, not of {[height, width]}")
    if isinstance(counts, list):
        return _from_counted(counts, height, width)
    if not isinstance(counts, str) or not adds_up(counts, height * width):
        raise BrokenMask("its run lengths do not add up to the image")
    return counts.encode("ascii")


def adds_up(counts: str, pixels: int) -> bool:
    """Whether `counts` is COCO's compressed form of runs over so many pixels; never raises.

    The same as `masks.is_valid`, for all characters at once: a data set may hold a million masks.
    """
    if not counts or not counts.isascii():
        return False
    bits = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48
    lasts = np.flatnonzero(bits & 0x20 == 0)
    if bits.min() < 0 or bits.max() > 63 or not lasts.size or lasts[-1] != bits.size - 1:
        return False
    firsts = np.concatenate(([0], lasts[:-1] + 1))
    lengths = lasts - firsts + 1
    if lengths.max() > _LONGEST_RUN:
        return False
    shifts = 5 * (np.arange(bits.size) - np.repeat(firsts, lengths))
    runs = np.add.reduceat((bits & 0x1F) << shifts, firsts)
    runs -= np.where(bits[lasts] & 0x10, np.int64(1) << (5 * lengths), 0)
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return bool(runs.min() >= 0 and runs.max() <= pixels and runs.sum() == pixels)


def _from_counted(counts: list[Any], height: int, width: int) -> bytes:
    if not all(type(run) is int and run >= 0 for run in counts) or sum(counts) != height * width:
        raise BrokenMask("its run lengths do not add up to the image")
    packed = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return cast("bytes", packed["counts"])
