"""What one view of a photo asks of the network, drawn once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.train import augment
from instseg_ui.train.outlines import MASK_GRID, rasterise


class Targets(NamedTuple):
    """The G objects of one input of S x S pixels, and what is known where.

    Attributes:
        labels: int64 [G], of the model's C classes.
        boxes: float32 [G,4], xyxy in input pixels.
        masks: uint8 [G,MASK_GRID,MASK_GRID], coverage, 0 to 255, see `outlines.rasterise`.
        known: bool [C,S/8,S/8], where a class that is not there may be punished.
    """

    labels: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float32]
    masks: npt.NDArray[np.uint8]
    known: npt.NDArray[np.bool_]


def targets_of(view: augment.Composed) -> Targets:
    """Draw the targets of a composed picture."""
    boxes = [augment.bounds(one.rings) for one in view.instances]
    masks = [rasterise(one, box) for one, box in zip(view.instances, boxes, strict=True)]
    return Targets(
        np.array([one.label for one in view.instances], np.int64),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(masks, np.uint8).reshape(-1, MASK_GRID, MASK_GRID),
        view.known,
    )
