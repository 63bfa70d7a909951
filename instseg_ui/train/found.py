"""What a network that is being trained finds in a photo, as the product has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import paddle
from paddle import Tensor

from instseg_ui.engines.outputs import to_instances
from instseg_ui.engines.preprocess import Prepared, Preprocess
from instseg_ui.engines.preprocess_config import Chain, Normalize, Resize
from instseg_ui.evaluate.run import FLOOR, MAX_INSTANCES
from instseg_ui.masks import decode, encode
from instseg_ui.results import Instance, Instances
from instseg_ui.train.network import spec
from instseg_ui.train.network.graph import PaddleModel

MOST_PIXELS = 1_500_000
"""Of a larger photo masks are drawn smaller and enlarged: up to a hundred are held at once."""


class Seen(NamedTuple):
    """A photo as the network saw it, once: what stays the same while only its heads learn.

    Attributes:
        taps: of the backbone, [1,C,h,w] each.
        im_shape, scale_factor: float32 [1,2], see `PaddleModel.forward`; the scale is relative to
            `drawn`.
        drawn: height and width at which masks are drawn, pixels.
        size: height and width of the photo, pixels.
    """

    taps: list[Tensor]
    im_shape: Tensor
    scale_factor: Tensor
    drawn: tuple[int, int]
    size: tuple[int, int]


def preprocess_of(size: spec.Spec) -> Preprocess:
    """The steps that the model's `inference.yml` names, see `inference_folder`."""
    alpha = np.full(3, 1 / spec.PIXEL_STD, np.float32)
    beta = np.full(3, -spec.PIXEL_MEAN / spec.PIXEL_STD, np.float32)
    steps = Resize(size.target_size, True, cv2.INTER_LINEAR), Normalize(alpha, beta)
    return Preprocess(Chain(steps, spec.STRIDES[-1]))


def look(
    model: PaddleModel, pixels: npt.NDArray[np.uint8], prepared: Prepared | None = None
) -> Seen:
    """Run the backbone on BGR pixels (H, W, 3). Raises `ImageError` where they are too narrow."""
    prepared = prepared or preprocess_of(model.spec)(pixels)
    height, width = pixels.shape[:2]
    share = min(1.0, (MOST_PIXELS / (height * width)) ** 0.5)
    drawn = max(1, round(height * share)), max(1, round(width * share))
    scale = prepared.scale_factor
    if drawn != (height, width):
        scale = (prepared.im_shape / np.array([drawn])).astype(np.float32)
    with paddle.no_grad():
        taps = model.network.backbone(paddle.to_tensor(prepared.image))
    return Seen(
        taps,
        paddle.to_tensor(prepared.im_shape),
        paddle.to_tensor(scale),
        drawn,
        (height, width),
    )


def find(model: PaddleModel, seen: Seen, labels: Sequence[str], floor: float = FLOOR) -> Instances:
    """The objects of one photo, in its own pixels."""
    with paddle.no_grad():
        outputs = model.decode(seen.taps, seen.im_shape, seen.scale_factor)
    arrays = [one.numpy() for one in outputs]
    found = to_instances(arrays, labels, seen.drawn, floor, MAX_INSTANCES)
    return found if seen.drawn == seen.size else _enlarged(found, seen)


def _enlarged(found: Instances, seen: Seen) -> Instances:
    """Masks and boxes drawn small, in the photo's own pixels."""
    height, width = seen.size
    across, down = width / seen.drawn[1], height / seen.drawn[0]
    rows = []
    for i in range(len(found)):
        small = decode(found.masks[i]).astype(np.uint8)
        mask = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        x0, y0, x1, y1 = (float(side) for side in found.boxes[i])
        box = x0 * across, y0 * down, x1 * across, y1 * down
        label = int(found.class_ids[i])
        area = int(np.count_nonzero(mask))
        rows.append(
            Instance(label, found.labels[i], float(found.scores[i]), box, area, encode(mask))
        )
    return Instances.from_rows(rows)
