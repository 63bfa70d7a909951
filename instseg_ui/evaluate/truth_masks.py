"""An annotation's outline, in whichever form COCO has it, as compressed run lengths.

Polygons are filled by pycocotools' own code, as its `annToRLE` does, so that a truth here is the
truth that COCO's evaluation sees. What that code would misread or crash on is refused before.
"""

from __future__ import annotations

import math
from typing import Any, cast

from pycocotools import mask as coco

from instseg_ui import run_lengths
from instseg_ui.run_lengths import RunLengthError

Ring = list[float]

_LEAST_NUMBERS = 6  # three corners
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
    try:
        runs = run_lengths.parse(counts, height * width)
    except RunLengthError as error:
        raise BrokenMask(str(error)) from error
    text = counts if isinstance(counts, str) else run_lengths.compress(runs, height, width)
    return text.encode("ascii")
