"""Small pieces of graph shared by the trunk and the heads of the test models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle
import paddle.nn.functional as F

NMS_SCORE = 0.01


def column(values: Sequence[float] | np.ndarray) -> paddle.Tensor:
    """Numbers by channel as [1, C, 1, 1], to go with an image."""
    return paddle.to_tensor(np.array(values, np.float32).reshape(1, -1, 1, 1))


def one_hot(index: paddle.Tensor, length: int) -> paddle.Tensor:
    """Float32 [len(index), length]; an index past the length gives zeros."""
    numbers = paddle.arange(length, dtype=index.dtype).unsqueeze(0)
    return (index.unsqueeze(1) == numbers).astype("float32")


def windows(length: paddle.Tensor, parts: int) -> paddle.Tensor:
    """Float32 [parts, length]: 1 where a pixel's centre lies in that part of the line."""
    centres = (paddle.arange(length).astype("float32") + 0.5) / length.astype("float32")
    part = paddle.floor(centres * parts).unsqueeze(0)
    numbers = paddle.arange(parts).astype("float32").unsqueeze(1)
    return (part == numbers).astype("float32")


def extent(profiles: paddle.Tensor, length: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Where profiles [R, n], stretched to `length`, pass 0.5: first pixel, one past the last."""
    line = F.interpolate(profiles.unsqueeze([0, 2]), size=[1, length], mode="bilinear")
    inside = (line[0, :, 0] > 0.5).astype("float32")
    end = length.astype("float32")
    index = paddle.arange(length).astype("float32").unsqueeze(0)
    first = end - ((end - index) * inside).max(axis=1)
    return first, ((index + 1) * inside).max(axis=1)


def decoded(embeddings: paddle.Tensor, maps: paddle.Tensor) -> paddle.Tensor:
    """Embeddings [R, M] over maps [M, h, w]: float32 [R, h, w]."""
    height, width = paddle.shape(maps)[1], paddle.shape(maps)[2]
    return paddle.matmul(embeddings, maps.flatten(1)).reshape([-1, height, width])


def stretched(maps: paddle.Tensor, size: paddle.Tensor) -> paddle.Tensor:
    """Bool [R, H, W]: the maps at the original image's size, cut at 0.5."""
    full = F.interpolate(maps.unsqueeze(0), size=[size[0], size[1]], mode="bilinear")
    return full[0] > 0.5


def detections(labels: paddle.Tensor, scores: paddle.Tensor, boxes: paddle.Tensor) -> paddle.Tensor:
    """Float32 [R, 6]: class, score, x1, y1, x2, y2."""
    return paddle.concat([labels.unsqueeze(1), scores.unsqueeze(1), boxes], 1)


def multiclass_nms(
    boxes: paddle.Tensor, scores: paddle.Tensor, keep: int, iou: float
) -> tuple[paddle.Tensor, paddle.Tensor, paddle.Tensor]:
    """Rows [N, 6], count int32 [1], kept rows int [N] of boxes [R, 4] and scores [R, C].

    Comes out class by class, in each by falling score, as from the real heads.
    """
    rows, kept, count = paddle._C_ops.multiclass_nms3(
        boxes.unsqueeze(0),
        scores.transpose([1, 0]).unsqueeze(0),
        None,
        NMS_SCORE,
        -1,
        keep,
        iou,
        True,
        1.0,
        -1,
    )
    return rows, count, kept.flatten()


def logit(scores: paddle.Tensor) -> paddle.Tensor:
    """The inverse of the sigmoid."""
    scores = scores.clip(1e-6, 1 - 1e-6)
    return paddle.log(scores / (1 - scores))


def inside(boxes: paddle.Tensor, side: int) -> paddle.Tensor:
    """Float32 [N, side, side]: 1 at pixels whose numbers lie in boxes [N, 4] xyxy."""
    x1, y1, x2, y2 = paddle.chunk(boxes.unsqueeze(2), 4, axis=1)
    line = paddle.arange(side, dtype="float32")
    x, y = line.unsqueeze([0, 1]), line.unsqueeze([0, 2])
    return ((x >= x1) * (x < x2) * (y >= y1) * (y < y2)).astype("float32")


def best(scores: paddle.Tensor, most: int) -> paddle.Tensor:
    """Indices of the `most` highest scores [N], the highest first; all if there are fewer."""
    # A branch, as the real head has it: a top-k does not take less than its number.
    if scores.shape[0] > most:
        order = paddle.topk(scores, most)[1]
    else:
        order = paddle.argsort(scores, descending=True)
    return order


def matrix_decay(masks: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
    """Factor [R] of Gaussian matrix NMS (Wang et al. 2020, SOLOv2).

    Args:
        masks: float32 [R, h, w] of 0 and 1, in falling order of score.
        labels: int64 [R].
    """
    flat = masks.flatten(1)
    area = flat.sum(1)
    common = paddle.matmul(flat, flat, transpose_y=True)
    union = area.unsqueeze(1) + area.unsqueeze(0) - common
    same = (labels.unsqueeze(1) == labels.unsqueeze(0)).astype("float32")
    iou = paddle.triu(common / union * same, 1)
    worst = iou.max(axis=0).unsqueeze(1)
    return (paddle.exp(-2.0 * iou**2) / paddle.exp(-2.0 * worst**2)).min(axis=0)
