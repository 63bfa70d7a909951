"""From an image to objects: the part that all test models share. Imports Paddle.

The distance of a pixel's colour from each class colour (a 1x1 convolution with set weights over
the colour and its square) says how much of the pixel that class covers. Class and grid cell make a
slot; a slot that covers enough pixels is an object. Its box is where the slot's profiles,
stretched to the original image, pass one half. Rows past the slots are the candidates that the
options ask for, then padding with low scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import paddle

from tools.test_models import _ops
from tools.test_models.config import normalisation
from tools.test_models.options import Family, ModelOptions
from tools.test_models.scenes import BACKGROUND, CLASS_COLORS

# Smallest share of the image that counts as an object.
_MIN_AREA = 2e-4
# Above the NMS threshold, so that padding comes out, and below any threshold a person would set.
_PAD_SCORES = (0.035, 0.015)
_WORK_SIDE = 1024


@dataclass
class Found:
    """What the trunk hands to a head.

    Attributes:
        maps: float32 [M, h, w], coverage 0..1 of a slot or extra candidate, without the input's
            padding.
        boxes: float32 [R, 4], xyxy in pixels of the original image; rows M and up are padding.
        scores: float32 [R].
        size: int32 [2], height and width of the original image.
        scale: float32 [2], y and x, network pixels per original pixel.
    """

    maps: paddle.Tensor
    boxes: paddle.Tensor
    scores: paddle.Tensor
    size: paddle.Tensor
    scale: paddle.Tensor


class Trunk(paddle.nn.Layer):
    """From the network's inputs to `Found`.

    Attributes:
        rows: R, candidates handed to the head.
        mapped: M, those that have a map.
        classes: int64 numpy [R], class of each row.
    """

    def __init__(self, family: Family, options: ModelOptions) -> None:
        super().__init__()
        self.options = options
        self.cells = options.grid[0] * options.grid[1]
        self.slots = options.classes * self.cells
        self.mapped = self.slots + int(options.outside_box) + int(options.empty_mask)
        self.rows = max(self.mapped, options.rows(family))
        # A share of the image that no object can reach, where nothing is to be found.
        self.min_area = 2.0 if options.nothing else _MIN_AREA
        self.classes = self._row_classes()
        self._set_colors()
        mean, std = normalisation(family)
        self.register_buffer("mean", _ops.column(mean))
        self.register_buffer("std", _ops.column(std))
        self.register_buffer("slot_scores", paddle.to_tensor(self._slot_scores()))
        pads = np.linspace(*_PAD_SCORES, self.rows, dtype=np.float32)
        self.register_buffer("pad_scores", paddle.to_tensor(pads))
        self.register_buffer("pad_boxes", paddle.to_tensor(self._pad_boxes()))

    def _row_classes(self) -> np.ndarray:
        classes = np.arange(self.rows) % self.options.classes
        classes[: self.slots] = np.arange(self.slots) // self.cells
        classes[self.slots : self.mapped] = 0
        return classes.astype(np.int64)

    def _set_colors(self) -> None:
        """Squared distance to centre c as a convolution: |x - c|^2 = -2 c.x + 1.x^2 + |c|^2."""
        centres = np.array(CLASS_COLORS[: self.options.classes], np.float32) / 255
        weight = np.concatenate([-2 * centres, np.ones_like(centres)], 1)
        self.colors = paddle.nn.Conv2D(6, len(centres), 1)
        self.colors.weight.set_value(weight[:, :, None, None])
        self.colors.bias.set_value((centres**2).sum(1))
        reach = np.linalg.norm(centres - np.array(BACKGROUND, np.float32) / 255, axis=1)
        self.register_buffer("reach", _ops.column(reach))

    def _slot_scores(self) -> np.ndarray:
        places = (divmod(slot, self.cells) for slot in range(self.slots))
        return np.array([self.options.score(*place) for place in places], np.float32)

    def _pad_boxes(self) -> np.ndarray:
        """Small boxes, all apart, in shares of the image: no NMS merges two of them."""
        side = int(np.ceil(np.sqrt(self.rows)))
        y, x = np.divmod(np.arange(self.rows), side)
        corners = np.stack([x + 0.1, y + 0.1, x + 0.9, y + 0.9], 1)
        return (corners / side).astype(np.float32)

    def forward(
        self, im_shape: paddle.Tensor, image: paddle.Tensor, scale_factor: paddle.Tensor
    ) -> Found:
        shape = im_shape[0].astype("int32")
        size = paddle.floor(im_shape / scale_factor + 0.5)[0].astype("int32")
        whole = size.astype("float32").flip(0).tile([2])
        maps = self._slot_maps(image[:, :, : shape[0], : shape[1]], shape)
        present = (maps > 0.5).astype("float32").mean([1, 2]) > self.min_area
        scores = paddle.where(present, self.slot_scores, self.pad_scores[: self.slots])
        boxes = self._slot_boxes(maps, size, present, whole)
        extra_scores, extra_boxes, extra_maps = self._extras(maps, whole)
        if self.rows > self.mapped:
            extra_scores.append(self.pad_scores[self.mapped :])
            extra_boxes.append(self.pad_boxes[self.mapped :] * whole)
        return Found(
            maps=paddle.concat([maps, *extra_maps]),
            boxes=paddle.concat([boxes, *extra_boxes]),
            scores=paddle.concat([scores, *extra_scores]) + self._waste(image),
            size=size,
            scale=scale_factor[0],
        )

    def _slot_maps(self, image: paddle.Tensor, shape: paddle.Tensor) -> paddle.Tensor:
        """Coverage by class and cell, float32 [slots, h, w]."""
        rgb = image * self.std + self.mean
        squared = self.colors(paddle.concat([rgb, rgb * rgb], 1))
        coverage = (1 - paddle.sqrt(squared.clip(0.0)) / self.reach).clip(0.0)
        rows, cols = self.options.grid
        in_row = _ops.windows(shape[0], rows).unsqueeze([0, 2, 4])
        in_col = _ops.windows(shape[1], cols).unsqueeze([0, 1, 3])
        return (coverage[0].unsqueeze([1, 2]) * in_row * in_col).flatten(0, 2)

    def _slot_boxes(
        self,
        maps: paddle.Tensor,
        size: paddle.Tensor,
        present: paddle.Tensor,
        whole: paddle.Tensor,
    ) -> paddle.Tensor:
        """The object's box; for an empty slot a padding box."""
        x1, x2 = _ops.extent(maps.max(axis=1), size[1])
        y1, y2 = _ops.extent(maps.max(axis=2), size[0])
        found = paddle.stack([x1, y1, x2, y2], 1)
        return paddle.where(present.unsqueeze(1), found, self.pad_boxes[: self.slots] * whole)

    def _extras(
        self, maps: paddle.Tensor, whole: paddle.Tensor
    ) -> tuple[list[paddle.Tensor], list[paddle.Tensor], list[paddle.Tensor]]:
        """Scores, boxes and maps of the candidates that the options ask for."""
        scores: list[paddle.Tensor] = []
        boxes: list[paddle.Tensor] = []
        extra: list[paddle.Tensor] = []
        blank = maps[:1] * 0
        if self.options.outside_box:
            scores.append(paddle.full([1], 0.99))
            boxes.append(whole.unsqueeze(0) * paddle.to_tensor([[1.1, 0.25, 1.4, 0.75]]))
            extra.append(blank + 1)
        if self.options.empty_mask:
            scores.append(paddle.full([1], 0.97))
            boxes.append(whole.unsqueeze(0) * paddle.to_tensor([[0.4, 0.4, 0.6, 0.6]]))
            extra.append(blank)
        return scores, boxes, extra

    def _waste(self, image: paddle.Tensor) -> paddle.Tensor:
        """Zero, after as much work as asked for; an optimiser cannot tell."""
        if not self.options.work:
            return paddle.zeros([1])
        x = paddle.ones([_WORK_SIDE, _WORK_SIDE]) * image.mean() / _WORK_SIDE
        for _ in range(self.options.work):
            x = paddle.matmul(x, x).clip(0.0, 1.0 / _WORK_SIDE)
        return (x.max() > 1.0).astype("float32").reshape([1])
