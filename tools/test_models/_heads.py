"""The four output contracts: one head a family, with the structure of the real one. Imports Paddle.

Every head stretches a mask to the original image for every candidate it returns, as the real
exports do.
"""

from __future__ import annotations

import paddle
import paddle.nn.functional as F

from tools.test_models import _ops
from tools.test_models._trunk import Found, Trunk
from tools.test_models.options import Family, ModelOptions

_JUNK_SCORE = 0.004
# Logits rise so fast across a mask's edge.
_SLOPE = 20.0
# Above the padding's scores, below those of objects.
_PRESENT = 0.04
# What a score may fall to in the matrix NMS.
_DECAYED = 0.001


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
    """Multiclass NMS in pixels of the network's input, then mask coefficients times prototypes.

    In a branch of its own, for images in which something was found, masks are stretched to the
    network's input, cropped to their boxes there, and stretched to the image. Boxes are not
    clipped.
    """

    def __init__(self, trunk: Trunk, count: int) -> None:
        super().__init__(trunk, count)
        self.side = trunk.options.size
        # What is cropped to a box outside the image has no mask that could go astray.
        self.cropped = not trunk.options.outside_box

    def forward(self, found: Found) -> tuple[paddle.Tensor, ...]:
        if self.nothing:
            return _stand_in(paddle.zeros([6]), found, "float32")
        scale = found.scale.flip(0).tile([2])
        scores = self.class_scores(found)
        rows, count, kept = _ops.multiclass_nms(found.boxes * scale, scores, self.count, 0.7)
        coefficients = self.embeddings(paddle.arange(self.rows)).unsqueeze(0).transpose([0, 2, 1])
        prototypes = (_SLOPE * (found.maps - 0.5)).unsqueeze(0)
        if count.sum() > 0:
            chosen = coefficients.transpose([0, 2, 1]).reshape([-1, self.mapped])
            product = paddle.gather(chosen, kept) @ prototypes[0].flatten(1)
            masks = self._masks(F.sigmoid(product), rows[:, 2:6], found)
            rows[:, 2:6] /= scale
        else:
            count = paddle.full([1], 1, "int32")
            rows = paddle.zeros([1, 6])
            masks = paddle.zeros([1, found.size[0], found.size[1]])
        return rows, count, masks[:, :-1, :-1] if self.short else masks

    def _masks(self, cells: paddle.Tensor, boxes: paddle.Tensor, found: Found) -> paddle.Tensor:
        """Float32 [N, H, W] of cells [N, h * w]."""
        side = [self.side, self.side]
        maps = F.interpolate(cells.reshape([-1, *side]).unsqueeze(0), side, mode="bilinear")[0]
        if self.cropped:
            maps = maps * _ops.inside(boxes, self.side)
        size = [paddle.round(self.side / found.scale[i]).astype("int32") for i in (0, 1)]
        full = F.interpolate(maps.unsqueeze(0), size, mode="bilinear")
        full = full[..., : found.size[0], : found.size[1]].squeeze(0)
        return (full > 0.5).astype("float32")


class SoloHead(_Head):
    """Kernels chosen by score as filters over features, then matrix NMS; no boxes.

    Rows of which nothing is in the image have a kernel that finds the first cell, so that they
    come out as padding. As in the real head a filling row goes along, against empty tensors.
    """

    def forward(self, found: Found) -> tuple[paddle.Tensor, ...]:
        if self.nothing:
            # -1, by way of all inputs: the export would drop an input that nothing depends on.
            none = (found.scores[:1] + found.scale[:1] < 0).astype("int64") - 1
            lone = none.astype("float32")
            return paddle.full([1], 1, "int32"), none, lone, none.astype("uint8")
        scores, kernels, features = self._outputs(found)
        index = paddle.nonzero(paddle.where(scores > _ops.NMS_SCORE, scores, scores * 0))
        filling = paddle.to_tensor([[self.rows, 0]], "int64")
        index = paddle.concat([index, filling])
        row, labels = index[:, 0], index[:, 1]
        scores = paddle.concat([scores.flatten(), paddle.zeros([1])])
        scores = paddle.gather(scores, row * self.labels + labels)
        kernels = paddle.concat([kernels, paddle.ones([1, self.mapped + 1])])
        filters = paddle.gather(kernels, row).unsqueeze([2, 3])
        limits = paddle.concat([paddle.full([self.rows], 0, "int32"), paddle.zeros([1], "int32")])
        limits = paddle.gather(limits, row)
        maps = F.sigmoid(F.conv2d(features, filters).squeeze([0]))
        maps, labels, scores = self._chosen(maps, labels, scores, limits)
        return self.counted(), labels, scores, self._stretched(maps, found)

    def _outputs(self, found: Found) -> tuple[paddle.Tensor, ...]:
        """Scores [R, labels], kernels [R, M + 1] and features [1, M + 1, h, w]."""
        first = paddle.zeros_like(found.maps[:1])
        first[:, 0, 0] = 1.0
        high = paddle.concat([found.maps, first]) > 0.5
        features = paddle.where(high, paddle.full([1], 30.0), paddle.full([1], -3.0))
        present = (found.scores > _PRESENT).astype("int64")
        rows = paddle.arange(self.rows) * present + self.mapped * (1 - present)
        kernels = _ops.one_hot(rows, self.mapped + 1)
        return self.class_scores(found), kernels, features.unsqueeze(0)

    def _chosen(
        self,
        maps: paddle.Tensor,
        labels: paddle.Tensor,
        scores: paddle.Tensor,
        limits: paddle.Tensor,
    ) -> tuple[paddle.Tensor, ...]:
        """Maps, labels and scores of the best after the matrix NMS."""
        masks = (maps > 0.5).astype("float32")
        areas = masks.sum([1, 2])
        enough = paddle.where(areas > limits.astype("float32"), areas, areas * 0)
        kept = paddle.nonzero(enough).squeeze([1])
        maps, masks, labels = (paddle.gather(item, kept) for item in (maps, masks, labels))
        areas, scores = paddle.gather(areas, kept), paddle.gather(scores, kept)
        scores = scores * ((maps * masks).sum([1, 2]) / areas)
        order = _ops.best(scores, 5 * self.count)
        maps, masks, labels = (paddle.gather(item, order) for item in (maps, masks, labels))
        scores = paddle.gather(scores, order)
        scores = scores * _ops.matrix_decay(masks, labels)
        kept = paddle.nonzero(paddle.where(scores >= _DECAYED, scores, scores * 0)).squeeze([1])
        kept = paddle.gather(kept, _ops.best(paddle.gather(scores, kept), self.count))
        return tuple(paddle.gather(item, kept) for item in (maps, labels, scores))

    def _stretched(self, maps: paddle.Tensor, found: Found) -> paddle.Tensor:
        """Uint8 [N, H, W]."""
        sides = paddle.shape(found.maps)[1:]
        maps = F.interpolate(maps.unsqueeze(0), [sides[0] * 1, sides[1] * 1], mode="bilinear")
        maps = maps[:, :, : sides[0], : sides[1]]
        size = [found.size[0], found.size[1]]
        return (F.interpolate(maps, size, mode="bilinear").squeeze([0]) > 0.5).astype("uint8")


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
