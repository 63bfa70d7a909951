"""The four output contracts: one head a family, with the structure of the real one. Imports Paddle.

Every head stretches a mask to the original image for every candidate it returns, as the real
exports do.
"""

from __future__ import annotations

import paddle
import paddle.nn.functional as F

from . import _ops
from ._trunk import Found, Trunk
from .options import Family, ModelOptions

_JUNK_SCORE = 0.004


class _Head(paddle.nn.Layer):
    """What all heads know: the rows' classes and, per row, the one map that is its mask."""

    def __init__(self, trunk: Trunk, count: int) -> None:
        super().__init__()
        self.count = count
        self.labels = len(trunk.options.labels)
        self.nothing = trunk.options.nothing
        self.short = trunk.options.short_masks
        self.rows, self.mapped = trunk.rows, trunk.mapped
        self.register_buffer("classes", paddle.to_tensor(trunk.classes))

    def embeddings(self, rows: paddle.Tensor) -> paddle.Tensor:
        """Float32 [len(rows), M]; zero for padding, so that its mask is empty."""
        return _ops.one_hot(rows, self.mapped)

    def class_scores(self, found: Found) -> paddle.Tensor:
        """Float32 [R, labels]."""
        return _ops.one_hot(self.classes, self.labels) * found.scores.unsqueeze(1)

    def masks(self, rows: paddle.Tensor, found: Found) -> paddle.Tensor:
        """Bool [len(rows), H, W]."""
        masks = _ops.stretched(_ops.decoded(self.embeddings(rows), found.maps), found.size)
        return masks[:, :-1, :-1] if self.short else masks

    def counted(self) -> paddle.Tensor:
        return paddle.full([1], self.count, "int32")


class DetrHead(_Head):
    """Top-k over queries x classes, one mask per kept pair; a query may come out under several
    classes.

    Every query has an embedding whose product with the maps is its mask; those of the pairs are
    gathered and stretched, as in the real decoder.
    """

    def forward(self, found: Found) -> tuple[paddle.Tensor, ...]:
        scores = self.class_scores(found).flatten()
        # A query is a little of every class, all different: no tie for an engine to break its way.
        pairs = self.rows * self.labels
        junk = _JUNK_SCORE * (1 - paddle.arange(pairs).astype("float32") / pairs)
        logits = _ops.logit(paddle.maximum(scores, junk)).reshape([1, self.rows, self.labels])
        scores, pair = paddle.topk(F.sigmoid(logits).flatten(1), self.count, axis=-1)
        labels = (pair % self.labels).astype("float32")
        query = (pair // self.labels).unsqueeze(-1)
        index = paddle.concat([paddle.zeros_like(query), query], -1)
        boxes = paddle.gather_nd(found.boxes.unsqueeze(0), index)
        masks = paddle.gather_nd(self._query_masks(found), index)
        rows = _ops.detections(labels[0], scores[0], boxes[0])
        return rows, self.counted(), self._stretched(masks, found)

    def _query_masks(self, found: Found) -> paddle.Tensor:
        """Float32 [1, R, h, w]: what passes 0 is mask."""
        maps = found.maps.unsqueeze(0)
        height, width = paddle.shape(maps)[2], paddle.shape(maps)[3]
        embeddings = self.embeddings(paddle.arange(self.rows)).unsqueeze(0)
        product = paddle.bmm(embeddings, (maps - 0.5).flatten(2))
        return product.reshape([1, self.rows, height, width])

    def _stretched(self, masks: paddle.Tensor, found: Found) -> paddle.Tensor:
        """Int32 [count, H, W]."""
        full = F.interpolate(masks, size=[found.size[0], found.size[1]], mode="bilinear")
        masks = (F.sigmoid(full) > 0.5).astype("float32").flatten(0, 1).astype("int32")
        return masks[:, :-1, :-1] if self.short else masks


class RcnnHead(_Head):
    """Multiclass NMS; boxes are clipped to the image, and an emptied one gets class -1."""

    def forward(self, found: Found) -> tuple[paddle.Tensor, ...]:
        if self.nothing:
            # The stand-in box is one network pixel, scaled back like any other.
            corner = (1 / found.scale).flip(0)
            row = paddle.concat([paddle.zeros([4]), corner])
            return _stand_in(row, found, "int32")
        scores = self.class_scores(found)
        rows, count, kept = _ops.multiclass_nms(found.boxes, scores, self.count, 0.5)
        limits = found.size.flip(0).tile([2]).astype("float32")
        boxes = paddle.minimum(rows[:, 2:].clip(0.0), limits)
        whole = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        labels = paddle.where(whole, rows[:, 0], paddle.full([1], -1.0))
        rows = _ops.detections(labels, rows[:, 1], boxes)
        return rows, count, self.masks(kept, found).astype("int32")


class YoloeHead(_Head):
    """Multiclass NMS, then mask coefficients times prototypes; boxes are not clipped."""

    def forward(self, found: Found) -> tuple[paddle.Tensor, ...]:
        if self.nothing:
            return _stand_in(paddle.zeros([6]), found, "float32")
        scores = self.class_scores(found)
        rows, count, kept = _ops.multiclass_nms(found.boxes, scores, self.count, 0.7)
        return rows, count, self.masks(kept, found).astype("float32")


class SoloHead(_Head):
    """Matrix NMS over the masks themselves; no boxes."""

    def forward(self, found: Found) -> tuple[paddle.Tensor, ...]:
        if self.nothing:
            # -1, by way of all inputs: the export would drop an input that nothing depends on.
            none = (found.scores[:1] + found.scale[:1] < 0).astype("int64") - 1
            lone = none.astype("float32")
            return paddle.full([1], 1, "int32"), none, lone, none.astype("uint8")
        order = paddle.argsort(found.scores, descending=True, stable=True)
        masks = _ops.decoded(self.embeddings(order), found.maps) > 0.5
        labels = paddle.gather(self.classes, order)
        decay = _ops.matrix_decay(masks, labels)
        scores, best = paddle.topk(paddle.gather(found.scores, order) * decay, self.count)
        masks = self.masks(paddle.gather(order, best), found)
        return self.counted(), paddle.gather(labels, best), scores, masks.astype("uint8")


def _stand_in(row: paddle.Tensor, found: Found, dtype: str) -> tuple[paddle.Tensor, ...]:
    """One row and one empty mask, for an image in which nothing was found."""
    blank = _ops.stretched(found.maps[:1] * 0, found.size)
    return row.unsqueeze(0), paddle.full([1], 1, "int32"), blank.astype(dtype)


_HEADS: dict[Family, type[_Head]] = {
    "detr": DetrHead,
    "rcnn": RcnnHead,
    "yoloe": YoloeHead,
    "solo": SoloHead,
}


class Network(paddle.nn.Layer):
    """Trunk and head; takes the inputs in the order of the real exports."""

    def __init__(self, family: Family, options: ModelOptions) -> None:
        super().__init__()
        self.trunk = Trunk(family, options)
        self.head = _HEADS[family](self.trunk, options.rows(family))

    def forward(
        self, im_shape: paddle.Tensor, image: paddle.Tensor, scale_factor: paddle.Tensor
    ) -> tuple[paddle.Tensor, ...]:
        return self.head(self.trunk(im_shape, image, scale_factor))
