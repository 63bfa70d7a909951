"""Small R-CNNs with the operators and the control flow of the real exports. Imports Paddle.

Their weights are random, so what they find has no meaning, but it is the same in every engine. As
in the real graphs, loops run over the images of a batch, and branches over what was found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn
from paddle.vision import ops

from tools.test_models.options import ModelOptions

_WIDTH = 8
_HIDDEN = 24
_STRIDES = {"fpn": (4, 8, 16, 32, 64), "cascade": (4, 8, 16, 32, 64), "c4": (16,)}
_SIDES = {"fpn": (32,), "cascade": (32,), "c4": (32, 64, 128)}
_RATIOS = (0.5, 1.0, 2.0)
_PROPOSALS = 150
_FACTORS = (10.0, 20.0, 30.0)
_BOX_CELLS, _MASK_CELLS = 7, 14
_LIMIT = math.log(1000.0 / 16)
_SEED = 7


class Backbone(nn.Layer):
    """A few strided convolutions, and a feature pyramid over them."""

    def __init__(self, strides: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Conv2D(3, _WIDTH, 7, stride=4, padding=3)
        self.convs = nn.LayerList([nn.Conv2D(_WIDTH, _WIDTH, 3, stride=2, padding=1)] * 3)
        self.lateral = nn.LayerList([nn.Conv2D(_WIDTH, _WIDTH, 1) for _ in range(4)])
        self.levels = len(strides)

    def forward(self, image: paddle.Tensor) -> list[paddle.Tensor]:
        features = [F.relu(self.stem(image))]
        for conv in self.convs:
            features.append(F.relu(conv(features[-1])))
        if self.levels == 1:
            return [features[2]]
        maps = [self.lateral[3](features[3])]
        for level in (2, 1, 0):
            upper = F.interpolate(maps[0], scale_factor=2.0, mode="nearest")
            maps.insert(0, self.lateral[level](features[level]) + upper)
        return [*maps, F.max_pool2d(maps[-1], 1, stride=2)]


class Anchors(nn.Layer):
    """Boxes around every cell of one level."""

    def __init__(self, stride: int, sides: Sequence[float]) -> None:
        super().__init__()
        self.stride = stride
        shapes = [(side / math.sqrt(r), side * math.sqrt(r)) for r in _RATIOS for side in sides]
        corners = np.array([(-w / 2, -h / 2, w / 2, h / 2) for w, h in shapes], np.float32)
        self.count = len(corners)
        self.register_buffer("corners", paddle.to_tensor(corners))

    def forward(self, cells: paddle.Tensor) -> paddle.Tensor:
        """Float32 [h * w * A, 4] for a map [1, C, h, w]."""
        size = paddle.shape(cells)
        x = paddle.arange(0, size[3] * self.stride, self.stride, dtype="float32")
        y = paddle.arange(0, size[2] * self.stride, self.stride, dtype="float32")
        y, x = paddle.meshgrid(y, x)
        x, y = x.reshape([-1]), y.reshape([-1])
        places = paddle.stack([x, y, x, y], axis=-1).reshape([-1, 1, 4])
        return (places + self.corners.reshape([1, -1, 4])).reshape([-1, 4])


class ProposalHead(nn.Layer):
    """The region proposal network, and the best proposals of all levels."""

    def __init__(self, strides: Sequence[int], sides: Sequence[float]) -> None:
        super().__init__()
        self.anchors = nn.LayerList(
            [Anchors(stride, [side * stride / strides[0] for side in sides]) for stride in strides]
        )
        count = self.anchors[0].count
        self.conv = nn.Conv2D(_WIDTH, _WIDTH, 3, padding=1)
        self.score = nn.Conv2D(_WIDTH, count, 1)
        self.delta = nn.Conv2D(_WIDTH, 4 * count, 1)

    def forward(
        self, maps: list[paddle.Tensor], im_shape: paddle.Tensor
    ) -> tuple[list[paddle.Tensor], paddle.Tensor]:
        features = [F.relu(self.conv(cells)) for cells in maps]
        scores = [self.score(cells) for cells in features]
        deltas = [self.delta(cells) for cells in features]
        anchors = [self.anchors[i](cells) for i, cells in enumerate(features)]
        return self._collected(scores, deltas, anchors, im_shape)

    def _collected(
        self,
        scores: list[paddle.Tensor],
        deltas: list[paddle.Tensor],
        anchors: list[paddle.Tensor],
        im_shape: paddle.Tensor,
    ) -> tuple[list[paddle.Tensor], paddle.Tensor]:
        found, counts = [], []
        for i in range(im_shape.shape[0]):
            rois, values = [], []
            for level, anchor in enumerate(anchors):
                roi, value, _ = ops.generate_proposals(
                    scores[level][i : i + 1],
                    deltas[level][i : i + 1],
                    im_shape[i : i + 1],
                    anchor,
                    paddle.ones_like(anchor),
                    pre_nms_top_n=_PROPOSALS,
                    post_nms_top_n=_PROPOSALS,
                    nms_thresh=0.7,
                    min_size=0.0,
                    eta=1.0,
                    return_rois_num=True,
                )
                rois.append(roi)
                values.append(value)
            if len(scores) > 1:
                all_rois = paddle.concat(rois)
                all_values = paddle.concat(values).flatten()
                number = paddle.shape(all_values)[0].cast("int32")
                if number > _PROPOSALS:
                    _, index = paddle.topk(all_values, _PROPOSALS)
                    best = paddle.gather(all_rois, index)
                else:
                    best = all_rois
            else:
                best = rois[0]
            found.append(best)
            counts.append(paddle.shape(best)[0:1])
        return found, paddle.concat(counts)


class Pooling(nn.Layer):
    """RoIAlign, each RoI on the level that fits its size."""

    def __init__(self, cells: int, strides: Sequence[int]) -> None:
        super().__init__()
        self.cells = cells
        self.scales = [1.0 / stride for stride in strides[:4]]

    def forward(
        self, maps: list[paddle.Tensor], rois: list[paddle.Tensor], counts: paddle.Tensor
    ) -> paddle.Tensor:
        """Float32 [N, C, cells, cells]."""
        boxes = paddle.concat(rois) if len(rois) > 1 else rois[0]
        if len(self.scales) == 1:
            return self._pooled(maps[0], boxes, counts, self.scales[0])
        by_level, restore, numbers = ops.distribute_fpn_proposals(
            boxes, 2, 5, 4, 224, rois_num=counts
        )
        pooled = [
            self._pooled(maps[i], by_level[i], numbers[i], self.scales[i])
            for i in range(len(self.scales))
        ]
        return paddle.gather(paddle.concat(pooled), restore)

    def _pooled(
        self, cells: paddle.Tensor, boxes: paddle.Tensor, counts: paddle.Tensor, scale: float
    ) -> paddle.Tensor:
        return ops.roi_align(
            cells, boxes, counts, self.cells, scale, sampling_ratio=0, aligned=False
        )


class BoxHead(nn.Layer):
    """Pooled RoIs to class scores and box deltas."""

    def __init__(self, classes: int, boxes: int, shared: nn.Layer | None) -> None:
        super().__init__()
        self.shared = shared
        # Without a pyramid the network's last stage runs on the pooled RoIs.
        cells = 1 if shared else _BOX_CELLS**2
        self.hidden = nn.Linear(_WIDTH * cells, _HIDDEN)
        self.score = nn.Linear(_HIDDEN, classes + 1)
        self.delta = nn.Linear(_HIDDEN, 4 * boxes)

    def forward(self, pooled: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        if self.shared is None:
            flat = paddle.flatten(pooled, start_axis=1, stop_axis=-1)
        else:
            features = F.relu(self.shared(pooled))
            flat = paddle.squeeze(F.adaptive_avg_pool2d(features, output_size=1), axis=[2, 3])
        hidden = F.relu(self.hidden(flat))
        return self.score(hidden), self.delta(hidden)


class MaskHead(nn.Layer):
    """Pooled boxes to a mask of every class, of which the box's own is taken."""

    def __init__(self, classes: int, shared: nn.Layer | None) -> None:
        super().__init__()
        self.classes, self.shared = classes, shared
        self.conv = nn.Conv2D(_WIDTH, _WIDTH, 3, padding=1)
        self.up = nn.Conv2DTranspose(_WIDTH, _WIDTH, 2, stride=2)
        self.logits = nn.Conv2D(_WIDTH, classes, 1)

    def forward(self, pooled: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """Float32 [N, m, m], probabilities."""
        features = F.relu(self.shared(pooled)) if self.shared else F.relu(self.conv(pooled))
        logits = self.logits(F.relu(self.up(features)))
        if self.classes == 1:
            return F.sigmoid(logits)[:, 0, :, :]
        index = paddle.arange(logits.shape[0]).cast("int32")
        own = logits[index, labels]
        own = paddle.reshape(own, [*index.shape, own.shape[-2], own.shape[-1]])
        return F.sigmoid(own)


class StructuredRcnn(nn.Layer):
    """Mask R-CNN with a pyramid, the same as a cascade of three stages, or without a pyramid."""

    def __init__(self, options: ModelOptions) -> None:
        super().__init__()
        paddle.seed(_SEED)
        kind = options.structure
        strides = _STRIDES[kind]
        self.classes, self.count = len(options.labels), options.rows("rcnn")
        self.stages = 3 if kind == "cascade" else 1
        shared = nn.Conv2D(_WIDTH, _WIDTH, 3, stride=2, padding=1) if kind == "c4" else None
        self.backbone = Backbone(strides)
        self.rpn = ProposalHead(strides, _SIDES[kind])
        self.pool_boxes = Pooling(_BOX_CELLS if shared is None else _MASK_CELLS, strides)
        self.pool_masks = Pooling(_MASK_CELLS, strides)
        boxes = 1 if kind == "cascade" else self.classes
        self.heads = nn.LayerList(
            [BoxHead(self.classes, boxes, shared) for _ in range(self.stages)]
        )
        self.mask = MaskHead(self.classes, shared)
        self._spread(options)

    def _spread(self, options: ModelOptions) -> None:
        """Random weights, wide enough that hardly two objects score alike."""
        random = np.random.default_rng(_SEED)
        for weight in self.parameters():
            fan = int(np.prod(weight.shape[1:])) if len(weight.shape) == 4 else weight.shape[0]
            scale = math.sqrt(2 / fan) if len(weight.shape) > 1 else 0.02
            weight.set_value(random.normal(0, scale, weight.shape).astype(np.float32))
        background = np.zeros(self.classes + 1, np.float32)
        background[-1] = 60.0 if options.nothing else 4.0
        for head in self.heads:
            head.score.weight.set_value(head.score.weight * 3)
            head.delta.weight.set_value(head.delta.weight * (1.0 if self.stages == 1 else 0.5))
            head.score.bias.set_value(background)
        self.mask.logits.weight.set_value(self.mask.logits.weight * 4)
        if options.empty_mask:
            self.mask.logits.bias.set_value(np.full(self.classes, -60, np.float32))

    def forward(
        self, im_shape: paddle.Tensor, image: paddle.Tensor, scale_factor: paddle.Tensor
    ) -> tuple[paddle.Tensor, ...]:
        maps = self.backbone(image)
        rois, counts = self.rpn(maps, im_shape)
        scores, deltas, rois = self._staged(maps, rois, counts, im_shape)
        boxes, counts = self._chosen(scores, deltas, rois, counts, im_shape)
        masks = self._masks(maps, boxes, counts)
        rows, counts, sizes = self._rescaled(boxes, counts, im_shape, scale_factor)
        return rows, counts, _pasted(masks, rows, counts, sizes)

    def _staged(
        self,
        maps: list[paddle.Tensor],
        rois: list[paddle.Tensor],
        counts: paddle.Tensor,
        im_shape: paddle.Tensor,
    ) -> tuple[paddle.Tensor, paddle.Tensor, list[paddle.Tensor]]:
        logits, deltas = self.heads[0](self.pool_boxes(maps, rois, counts))
        scores = [F.softmax(logits)]
        for stage in range(1, self.stages):
            proposals = paddle.concat(rois) if len(rois) > 1 else rois[0]
            boxes = _decoded(deltas, proposals, _FACTORS[stage - 1]).reshape([-1, 4])
            rois, counts = _clipped_rois(boxes.split([-1]), im_shape)
            logits, deltas = self.heads[stage](self.pool_boxes(maps, rois, counts))
            scores.append(F.softmax(logits))
        total = paddle.add_n(scores) / self.stages if self.stages > 1 else scores[0]
        return total, deltas, rois

    def _chosen(
        self,
        scores: paddle.Tensor,
        deltas: paddle.Tensor,
        rois: list[paddle.Tensor],
        counts: paddle.Tensor,
        im_shape: paddle.Tensor,
    ) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Rows [N, 6] in pixels of the network's input, and how many there are."""
        limits = []
        for i in range(im_shape.shape[0]):
            # Exported, a comprehension over a number that is not known would never end.
            limits.append(paddle.expand(im_shape[i, :], [counts[i], 2]))  # noqa: PERF401
        limit = paddle.concat(limits)
        boxes = _decoded(deltas, paddle.concat(rois), _FACTORS[self.stages - 1])
        boxes = paddle.expand(boxes, [boxes.shape[0], self.classes, boxes.shape[-1]])
        height, width = limit[:, 0].unsqueeze(1), limit[:, 1].unsqueeze(1)
        boxes = _within(boxes, height, width)
        # Arguments: score threshold, top k, keep, IoU, normalised, eta, background.
        rows, _, number = paddle._C_ops.multiclass_nms3(
            boxes,
            scores[:, :-1],
            counts,
            0.05,
            -1,
            self.count,
            0.5,
            True,
            1.0,
            self.classes,
        )
        return rows, number

    def _masks(
        self, maps: list[paddle.Tensor], rows: paddle.Tensor, counts: paddle.Tensor
    ) -> paddle.Tensor:
        if rows.shape[0] == 0:
            masks = paddle.full([1, 1, 1], -1)
        else:
            labels = rows[:, 0].cast("int32")
            masks = self.mask(self.pool_masks(maps, [rows[:, 2:]], counts), labels)
        return masks

    def _rescaled(
        self,
        rows: paddle.Tensor,
        counts: paddle.Tensor,
        im_shape: paddle.Tensor,
        scale_factor: paddle.Tensor,
    ) -> tuple[paddle.Tensor, paddle.Tensor, paddle.Tensor]:
        """Rows in pixels of the image, an emptied box with class -1; and the image's size."""
        stand_in = paddle.to_tensor(np.array([[0, 0, 0, 0, 1, 1]], np.float32))
        one = paddle.to_tensor(np.array([1], np.int32))
        found, numbers = [], []
        start = 0
        for i in range(counts.shape[0]):
            if counts[i] == 0:
                mine, number = stand_in, one
            else:
                mine, number = rows[start : start + counts[i], :], counts[i : i + 1]
                start += counts[i]
            found.append(mine)
            numbers.append(number)
        rows, counts = paddle.concat(found), paddle.concat(numbers)
        sizes = paddle.floor(im_shape / scale_factor + 0.5)
        scale = scale_factor[0].flip(0).tile([2]).unsqueeze(0)
        boxes = rows[:, 2:] / scale
        boxes = _within(boxes.unsqueeze(1), sizes[:1, :1], sizes[:1, 1:])[:, 0]
        whole = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        labels = paddle.where(whole.unsqueeze(1), rows[:, :1], paddle.ones_like(rows[:, :1]) * -1)
        return paddle.concat([labels, rows[:, 1:2], boxes], axis=1), counts, sizes


def _decoded(deltas: paddle.Tensor, boxes: paddle.Tensor, factor: float) -> paddle.Tensor:
    """Boxes [N, 4] moved by deltas [N, 4 C]: [N, C, 4]."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = boxes[:, 0] + 0.5 * width, boxes[:, 1] + 0.5 * height
    dx, dy = deltas[:, 0::4] / factor, deltas[:, 1::4] / factor
    dw, dh = deltas[:, 2::4] / (factor / 2), deltas[:, 3::4] / (factor / 2)
    dw, dh = paddle.clip(dw, max=_LIMIT), paddle.clip(dh, max=_LIMIT)
    x = dx * width.unsqueeze(1) + x.unsqueeze(1)
    y = dy * height.unsqueeze(1) + y.unsqueeze(1)
    w = paddle.exp(dw) * width.unsqueeze(1)
    h = paddle.exp(dh) * height.unsqueeze(1)
    return paddle.stack([x - 0.5 * w, y - 0.5 * h, x + 0.5 * w, y + 0.5 * h], axis=-1)


def _within(boxes: paddle.Tensor, height: paddle.Tensor, width: paddle.Tensor) -> paddle.Tensor:
    """Boxes [N, C, 4] clipped to sizes [N, 1]."""
    zero = paddle.zeros_like(height)
    sides = [
        paddle.maximum(paddle.minimum(boxes[:, :, side], (width, height)[side % 2]), zero)
        for side in range(4)
    ]
    return paddle.stack(sides, axis=-1)


def _clipped_rois(
    boxes: list[paddle.Tensor], im_shape: paddle.Tensor
) -> tuple[list[paddle.Tensor], paddle.Tensor]:
    """The next stage's RoIs."""
    rois = []
    for i, mine in enumerate(boxes):
        height, width = im_shape[i][0], im_shape[i][1]
        x0, y0 = mine[:, 0].clip(0, width), mine[:, 1].clip(0, height)
        x1, y1 = mine[:, 2].clip(0, width), mine[:, 3].clip(0, height)
        rois.append(paddle.stack([x0, y0, x1, y1], axis=1))
    return rois, paddle.concat([paddle.shape(mine)[0:1] for mine in rois])


def _pasted(
    masks: paddle.Tensor, rows: paddle.Tensor, counts: paddle.Tensor, sizes: paddle.Tensor
) -> paddle.Tensor:
    """Int32 [N, H, W]."""
    sizes = sizes.cast("int32")
    full = paddle.zeros([masks.shape[0], sizes[:, 0].max(), sizes[:, 1].max()], "int32") - 1
    start = 0
    for i in range(counts.shape[0]):
        height, width = sizes[i, 0], sizes[i, 1]
        mine = rows[start : start + counts[i], :]
        cells = masks[start : start + counts[i], :, :].unsqueeze(1)
        pasted = _sampled(cells, mine[:, 2:], height, width)
        full[start : start + counts[i], :height, :width] = (pasted >= 0.5).cast("int32")
        start += counts[i]
    return full


def _sampled(
    masks: paddle.Tensor, boxes: paddle.Tensor, height: paddle.Tensor, width: paddle.Tensor
) -> paddle.Tensor:
    x0, y0, x1, y1 = paddle.split(boxes, 4, axis=1)
    y = (paddle.arange(0, height) + 0.5 - y0) / (y1 - y0) * 2 - 1
    x = (paddle.arange(0, width) + 0.5 - x0) / (x1 - x0) * 2 - 1
    shape = [masks.shape[0], y.shape[1], x.shape[1]]
    grid = paddle.stack([x.unsqueeze(1).expand(shape), y.unsqueeze(2).expand(shape)], axis=3)
    return F.grid_sample(masks, grid, align_corners=False)[:, 0]
