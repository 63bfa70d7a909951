"""From the raw outputs of PaddleX's two families of networks to `Instances`.

Boxes and masks travel together from the first line on: a candidate that is dropped
loses both, so a mask never reaches another candidate's box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.rows import Array, Frame, clipped, keep, row
from instseg_ui.engines.rows import corners as corners_of
from instseg_ui.errors import WorkerError
from instseg_ui.masks import Extent, edges_of_crop, extent
from instseg_ui.results import Instance, Instances


def to_instances(
    outputs: Sequence[Array], labels: Sequence[str], size: Frame, floor: float, limit: int
) -> Instances:
    """Read either family's outputs.

    Args:
        outputs: `[boxes (K, 6) float32, count (1,) int32, masks (K, H, W)]` for
            Mask-RT-DETR, Mask R-CNN, Cascade and PP-YOLOE_seg, a box being
            (class, score, x1, y1, x2, y2); or `[count (1,), class_ids (K,),
            scores (K,), masks (K, H, W)]` for SOLOv2.
        labels: class names by class id.
        size: height and width of the original image, pixels.
        floor: lowest score kept.
        limit: most instances kept, the highest scores first.

    Raises:
        WorkerError: the outputs have neither family's number or shapes.
    """
    if len(outputs) == 3:
        boxes, masks = _with_boxes(outputs)
        # What is no number, or too large for one, is padding.
        class_ids = np.where(np.abs(boxes[:, 0]) < 1e6, boxes[:, 0], -1).astype(np.int64)
        scores = boxes[:, 1]
        corners: npt.NDArray[np.float32] | None = boxes[:, 2:6]
    elif len(outputs) == 4:
        class_ids, scores, masks = _without_boxes(outputs)
        corners = None
    else:
        raise WorkerError(
            f"Expected a network with 3 or 4 outputs, got {len(outputs)}. "
            "This is not an instance segmentation model that PaddleX exports."
        )
    kept = keep(class_ids, scores, floor)
    if kept.size:
        _expect_masks(masks, size)
    rows = _rows(kept, class_ids, scores, corners, masks, labels, size)
    return Instances.from_rows(list(islice(rows, limit)))


def _with_boxes(outputs: Sequence[Array]) -> tuple[npt.NDArray[np.float32], Array]:
    boxes = np.asarray(outputs[0], np.float32)
    if boxes.size == 0:
        boxes = boxes.reshape(0, 6)
    if boxes.ndim != 2 or boxes.shape[1] != 6:
        raise WorkerError(f"Expected boxes of shape (K, 6), got {boxes.shape}.")
    counts, masks = np.asarray(outputs[1]).reshape(-1), np.asarray(outputs[2])
    # A network that found nothing may answer with one row or one frame of filling.
    count = max(0, min(int(counts[0]) if counts.size else 0, len(boxes), _rows_of(masks)))
    return boxes[:count], masks[:count]


def _without_boxes(
    outputs: Sequence[Array],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], Array]:
    class_ids = np.asarray(outputs[1]).reshape(-1).astype(np.int64)
    scores = np.asarray(outputs[2], np.float32).reshape(-1)
    masks = np.asarray(outputs[3])
    # The count of SOLOv2 is not the number of rows in every export; the rows are.
    count = min(len(class_ids), len(scores), _rows_of(masks))
    return class_ids[:count], scores[:count], masks[:count]


def _rows_of(masks: Array) -> int:
    return len(masks) if masks.ndim else 0


def _expect_masks(masks: Array, size: Frame) -> None:
    """Masks of the image's size, or one pixel short of it.

    PP-YOLOE_seg computes its masks' size as int(resized / scale) in float32, which at some
    image sizes is one row or column too few.
    """
    short = [full - given for full, given in zip(size, masks.shape[1:], strict=False)]
    if masks.ndim != 3 or not all(0 <= missing <= 1 for missing in short):
        raise WorkerError(
            f"Expected masks of {size[0]} x {size[1]} pixels (height x width), "
            f"got an array of shape {masks.shape}."
        )


def _rows(
    kept: npt.NDArray[np.intp],
    class_ids: Array,
    scores: Array,
    corners: npt.NDArray[np.float32] | None,
    masks: Array,
    labels: Sequence[str],
    size: Frame,
) -> Iterator[Instance]:
    inside = None if corners is None else clipped(corners, size)
    for i in kept:
        if inside and not inside.there[i]:
            continue
        found = extent(masks[i])
        box = corners_of(inside.boxes[i]) if inside else _box_of_extent(found)
        if box is None:
            continue
        x0, y0, x1, y1 = found or (0, 0, 0, 0)
        edges = edges_of_crop(masks[i, y0:y1, x0:x1] != 0, (x0, y0), size[0])
        yield row(int(class_ids[i]), float(scores[i]), box, edges, labels, size)


def _box_of_extent(found: Extent | None) -> tuple[float, float, float, float] | None:
    if found is None:
        return None
    x0, y0, x1, y1 = found
    return float(x0), float(y0), float(x1), float(y1)
