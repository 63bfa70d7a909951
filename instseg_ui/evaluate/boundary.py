"""IoU of the masks' borders, which says what mask IoU hides in large objects: loose outlines.

After B. Cheng, R. Girshick, P. Dollár, A. Berg, A. Kirillov: "Boundary IoU: Improving
Object-Centric Image Segmentation Evaluation", CVPR 2021. A border is what of a mask lies within d
pixels of its outline, d being 2 % of the image's diagonal; the image's own edge is outline too.
Boundary AP is AP at the smaller one of mask IoU and boundary IoU.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from instseg_ui.masks import Rle, decode_crop, encode_crop, packed

SOURCE = (
    "Cheng, Girshick, Dollár, Berg, Kirillov: Boundary IoU: Improving Object-Centric Image "
    "Segmentation Evaluation, CVPR 2021, https://arxiv.org/abs/2103.16562"
)
DILATION_RATIO = 0.02

_SQUARE = np.ones((3, 3), np.uint8)


def distance(height: int, width: int) -> int:
    """How far a border reaches, pixels; at least 1."""
    return max(1, round(DILATION_RATIO * float(np.hypot(height, width))))


def border(rle: Rle) -> Rle:
    """The border of one mask."""
    height, width = rle["size"]
    crop, origin = decode_crop(rle)
    if crop.size == 0:
        return rle
    # A frame of background: outside its extent, and outside the image, there is no mask.
    framed = cv2.copyMakeBorder(crop, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inner = cv2.erode(framed, _SQUARE, iterations=distance(height, width))[1:-1, 1:-1]
    return encode_crop((crop - inner).astype(bool), origin, (height, width))


def boundary_iou(
    iou: npt.NDArray[np.float64],
    pairs: npt.NDArray[np.bool_],
    mask_of: Callable[[int], Rle],
    truth_of: Callable[[int], Rle],
    crowd: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """(D, G), the smaller one of mask IoU and boundary IoU of the marked pairs, 0 elsewhere.

    Args:
        iou: (D, G), of the masks.
        pairs: (D, G), which are wanted.
        mask_of, truth_of: give the masks by their places.
        crowd: (G,).
    """
    rows, columns = np.flatnonzero(pairs.any(axis=1)), np.flatnonzero(pairs.any(axis=0))
    result = np.zeros(iou.shape)
    if rows.size:
        found = [packed(border(mask_of(i))) for i in rows.tolist()]
        truth = [packed(border(truth_of(i))) for i in columns.tolist()]
        table = coco.iou(found, truth, crowd[columns].astype(int).tolist())
        block = np.ix_(rows, columns)
        result[block] = np.where(pairs[block], np.minimum(table, iou[block]), 0)
    return result
