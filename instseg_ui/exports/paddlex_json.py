"""PaddleX's own result, as its `save_to_json` writes it: `<picture>_res.json`.

    {"input_path": str, "page_index": int | null,
     "boxes": [{"cls_id": int, "label": str, "score": float, "coordinate": [x0, y0, x1, y1]}],
     "masks": [...]}

Box and mask of one object have the same place in their lists. `masks` holds COCO run-length
encodings of the whole picture; on request the nested lists of 0 and 1 that PaddleX keeps, cut
to the box rounded to whole pixels, without what lies outside of it. Models without boxes of
their own (SOLOv2) have the same keys as all others here. Structure: PaddleX 3.7,
`inference/models/instance_segmentation/result.py` and `processors.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui.exports.items import Entry, Item, chosen, safe_paths, to_json
from instseg_ui.masks import Rle, decode_crop
from instseg_ui.prediction_json import paddlex_box
from instseg_ui.results import Instance


def write(items: Sequence[Item], *, dense: bool = False) -> list[Entry]:
    """One JSON a picture.

    Args:
        items: the pictures.
        dense: masks as nested lists in PaddleX's way instead of run lengths; large.
    """
    dense = chosen("dense", dense, (False, True))
    return [
        Entry(f"{stem}_res.json", to_json(_result(item, dense)))
        for item, stem in zip(items, safe_paths(items), strict=True)
    ]


def _result(item: Item, dense: bool) -> dict[str, Any]:
    instances = list(item.prediction.instances)
    return {
        "input_path": item.name,
        "page_index": item.page_index,
        "boxes": [paddlex_box(instance) for instance in instances],
        "masks": [dense_mask(row).tolist() if dense else row.mask for row in instances],
    }


def dense_mask(instance: Instance) -> npt.NDArray[np.uint8]:
    """The mask inside the rounded box (h, w); what of the box is outside the picture is cut off."""
    x0, y0, x1, y1 = _rounded(instance.box, instance.mask)
    window = np.zeros((max(0, y1 - y0), max(0, x1 - x0)), np.uint8)
    crop, (left, top) = decode_crop(instance.mask)
    right, bottom = left + crop.shape[1], top + crop.shape[0]
    inner_x0, inner_y0 = max(x0, left), max(y0, top)
    inner_x1, inner_y1 = min(x1, right), min(y1, bottom)
    if inner_x0 < inner_x1 and inner_y0 < inner_y1:
        window[inner_y0 - y0 : inner_y1 - y0, inner_x0 - x0 : inner_x1 - x0] = crop[
            inner_y0 - top : inner_y1 - top, inner_x0 - left : inner_x1 - left
        ]
    return window


def _rounded(box: tuple[float, float, float, float], mask: Rle) -> tuple[int, int, int, int]:
    height, width = mask["size"]
    x0, y0, x1, y1 = (round(value) for value in box)
    return max(0, x0), max(0, y0), min(width, x1), min(height, y1)
