"""LabelMe: a JSON file a picture, with shapes.

Polygons, rectangles, circles and masks are objects; shapes of one label and one `group_id` are one
object. The picture lies beside the file under `imagePath`, or is embedded in it as base64.
Format: `labelme/_label_file.py` and `labelme/utils/shape.py` of LabelMe 6.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
from typing import Any

import numpy as np
from PIL import Image as Pil
from pycocotools import mask as coco

from instseg_ui.errors import ImageError
from instseg_ui.evaluate.builder import Builder, Watch
from instseg_ui.evaluate.dataset import MAX_LABELME, Category, Dataset
from instseg_ui.evaluate.dataset_files import Files, read_bytes
from instseg_ui.evaluate.ids import as_id, as_whole
from instseg_ui.evaluate.truth_masks import from_rings, ring_fault
from instseg_ui.masks import encode_crop

FORMAT = "labelme"
_CORNERS = 64  # of a circle
# LabelMe's own labels, for what its converters pass over.
_MARKS = ("__ignore__", "_background_")
# Four corners, whichever way they are turned: LabelMe's, X-AnyLabeling's.
_FOUR_CORNERS = ("oriented_rectangle", "rotation", "quadrilateral")
# Modes of a PNG whose pixels are numbers, of which 0 is outside.
_NUMBERS = ("1", "L", "P", "I", "I;16")


class _Fault(ValueError):
    """Why a shape cannot be used."""


def read(files: Files, labels: list[str], watch: Watch | None = None) -> Dataset:
    """The data set of these LabelMe files; categories are their labels in alphabetical order.

    Raises:
        InputError: nothing of them can be used.
        Cancelled: the watch said so.
    """
    builder = Builder(files.name, FORMAT, files, watch or Watch())
    names: set[str] = set()
    for number, file in enumerate(sorted(labels), 1):
        content = _content(builder, file)
        place = None if content is None else _add_picture(builder, number, file, content)
        if content is not None and place is not None:
            for label, group in _groups(builder, file, content):
                names.add(label)
                _add_object(builder, place, builder.category_place(label), group)
    for category_id, name in enumerate(sorted(names), 1):
        builder.categories[builder.category_place(name)] = Category(category_id, name)
    return builder.build()


def _content(builder: Builder, name: str) -> dict[str, Any] | None:
    try:
        content = json.loads(read_bytes(builder.files, name, MAX_LABELME))
    except (ImageError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        builder.findings.error(
            "unreadable labels", "Expected a LabelMe file with shapes; it is left out.", name
        )
        return None
    return content


def _add_picture(builder: Builder, number: int, name: str, content: dict[str, Any]) -> int | None:
    width, height = as_whole(content.get("imageWidth")), as_whole(content.get("imageHeight"))
    size = (width, height) if width and height and min(width, height) > 0 else None
    near, path = name.rpartition("/")[0], str(content.get("imagePath") or "")
    file = None
    if not path or builder.names.find(path, near) is None:
        file = builder.names.with_stem(name.rpartition(".")[0])
        if file is None and content.get("imageData") and size:
            file = name  # embedded in it
    return builder.add_image(number, path or name, size, near=near, file=file)


def _groups(
    builder: Builder, name: str, content: dict[str, Any]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The shapes by object, each with where it stands for the findings."""
    groups: dict[object, tuple[str, list[dict[str, Any]]]] = {}
    for number, shape in enumerate(content["shapes"], 1):
        label = shape.get("label") if isinstance(shape, dict) else None
        if not isinstance(label, str) or not label:
            builder.findings.error(
                "shape without label", "It is left out.", f"{name}, shape {number}"
            )
            continue
        if label in _MARKS:
            builder.findings.note(
                "mark of the tool",
                f"Shapes labelled {' or '.join(_MARKS)} are passed over, as LabelMe's converters "
                "do.",
                f"{name}, shape {number}",
            )
            continue
        group = as_id(shape.get("group_id"))
        key = number if group is None else (label, group)
        shape = {**shape, "where": f"{name}, shape {number}"}
        groups.setdefault(key, (label, []))[1].append(shape)
    return list(groups.values())


def _add_object(builder: Builder, place: int, category: int, group: list[dict[str, Any]]) -> None:
    entry = builder.entries[place]
    parts = []
    for shape in group:
        try:
            parts.append(_counts(shape, entry.height, entry.width))
        except _Fault as fault:
            builder.findings.error(
                "broken outline",
                "The shape cannot be used and is left out. Draw it again.",
                f"{shape['where']}: {fault}",
            )
    if parts:
        size = [entry.height, entry.width]
        merged = coco.merge([{"size": size, "counts": counts} for counts in parts])
        builder.add_mask(len(builder.rows) + 1, place, category, merged["counts"])
        builder.watch.step("Reading objects", len(builder.rows))


def _counts(shape: dict[str, Any], height: int, width: int) -> bytes:
    kind, points = shape.get("shape_type") or "polygon", _points(shape)
    if kind == "mask":
        return _mask_counts(shape, points, height, width)
    if kind == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = points
        points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    elif kind == "circle" and len(points) == 2:
        points = _circle(*points)
    elif kind in _FOUR_CORNERS and len(points) != 4:
        raise _Fault(f"a shape of the kind “{kind}” has four corners, not {len(points)}")
    elif kind not in ("polygon", "rectangle", *_FOUR_CORNERS):
        raise _Fault(f"a shape of the kind “{str(kind)[:20]}” has no area")
    ring = [value for point in points for value in point]
    fault = ring_fault(ring, height, width)
    if fault:
        raise _Fault(fault)
    return from_rings([ring], height, width)


def _points(shape: dict[str, Any]) -> list[tuple[float, float]]:
    try:
        return [(float(x), float(y)) for x, y in shape["points"]]
    except (KeyError, TypeError, ValueError):
        raise _Fault("its points are not pairs of numbers") from None


def _circle(middle: tuple[float, float], edge: tuple[float, float]) -> list[tuple[float, float]]:
    radius = math.dist(middle, edge)
    angles = [2 * math.pi * i / _CORNERS for i in range(_CORNERS)]
    return [(middle[0] + radius * math.cos(a), middle[1] + radius * math.sin(a)) for a in angles]


def _mask_counts(
    shape: dict[str, Any], points: list[tuple[float, float]], height: int, width: int
) -> bytes:
    """A mask lies between its first and its last pixel, `points`, both belonging to it.

    The fraction of a place, which moving a shape leaves, is cut off as LabelMe cuts it.
    """
    if not points or not all(map(math.isfinite, points[0])):
        raise _Fault("a mask needs the point where it begins")
    x, y = int(points[0][0]), int(points[0][1])
    crop = _png(str(shape.get("mask") or ""), height, width)
    if x < 0 or y < 0 or x + crop.shape[1] > width or y + crop.shape[0] > height:
        raise _Fault("its mask does not lie inside the image")
    return encode_crop(crop, (x, y), (height, width))["counts"].encode("ascii")


def _png(text: str, height: int, width: int) -> Any:
    try:
        data = base64.b64decode(text, validate=True)
        with Pil.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if picture.size[0] > width or picture.size[1] > height:
                raise _Fault("its mask is larger than the image")
            values = picture if picture.mode in _NUMBERS else picture.convert("L")
            return np.asarray(values) > 0
    except (binascii.Error, OSError, ValueError, SyntaxError, Pil.DecompressionBombError) as error:
        if isinstance(error, _Fault):
            raise
        raise _Fault("its mask is not a PNG in base64") from error
