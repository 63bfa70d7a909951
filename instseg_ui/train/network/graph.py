"""The whole exported graph: PaddleX's three inputs to boxes, count and masks."""

import paddle
import paddle.nn.functional as F
from paddle import Tensor, _C_ops, nn

from instseg_ui.train.network import spec
from instseg_ui.train.network.layers import PaddleNetwork

BANDS = 8  # in which masks are drawn, to hold the float32 logits of one at a time


class PaddleModel(nn.Layer):
    """`PaddleNetwork` followed by decoding, suppression and masks.

    `tools/embedded_models/inference.py` holds the same for PyTorch.
    """

    def __init__(self, size: spec.Spec) -> None:
        super().__init__()
        self.spec = size
        self.network = PaddleNetwork(size)

    def forward(
        self, im_shape: Tensor, image: Tensor, scale_factor: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Find the objects of one image.

        Args:
            im_shape: float32 [1,2], height and width after resizing, before padding.
            image: float32 [1,3,h,w], normalised RGB, padded to multiples of 32.
            scale_factor: float32 [1,2], resized by original height, the same of the width.

        Returns:
            boxes: float32 [N,6], class, score, x1, y1, x2, y2 in pixels of the original image,
                class after class, best first within each.
            count: int32 [1], N.
            masks: uint8 [N,H,W], 0 or 1, in the original image's size, zero outside the object's
                box.
        """
        return self.decode(self.network.backbone(image), im_shape, scale_factor)

    def decode(
        self, taps: list[Tensor], im_shape: Tensor, scale_factor: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same from the backbone's features of the image."""
        scores, distances, embeddings, features, levels = self.network.read(taps)
        original = paddle.round(im_shape / scale_factor)
        boxes = _decode(distances, levels, scale_factor, original)
        sides = boxes[:, :, 2:] - boxes[:, :, :2]
        whole = (sides >= spec.MIN_SIDE).all(-1).astype("float32")
        found, count, kept = _suppress(boxes, F.sigmoid(scores) * whole.unsqueeze(1))
        # oneDNN divides by zero on tensors without elements: carry one object more, and leave it
        # out at the end.
        kept = paddle.concat([kept, paddle.zeros([1], kept.dtype)])
        boxes = paddle.gather(boxes[0], kept)
        parameters = self.network.controller(paddle.gather(embeddings[0], kept))
        values = sample(features, boxes * _xyxy(scale_factor), self.spec.mask_size)
        logits = mask_logits(parameters, values, self.spec.mask_size)
        masks = _paste(logits, boxes, original.astype("int32"), self.spec.mask_size)
        return found, count, masks[:-1].astype("uint8")


def _xyxy(height_width: Tensor) -> Tensor:
    """Turn [1,2] (height, width) into [1,4] (width, height, width, height)."""
    width_height = paddle.flip(height_width, [1])
    return paddle.concat([width_height, width_height], 1)


def _decode(
    distances: Tensor, levels: list[Tensor], scale_factor: Tensor, original: Tensor
) -> Tensor:
    """Boxes [1,A,4], xyxy in pixels of the original image and within it."""
    bins = paddle.arange(spec.DISTANCE_BINS, dtype="float32")
    expected = (F.softmax(distances, -1) * bins).sum(-1)
    centres, strides = _points(levels)
    expected = expected * strides
    boxes = paddle.concat([centres - expected[:, :, :2], centres + expected[:, :, 2:]], -1)
    boxes = boxes / _xyxy(scale_factor)
    return paddle.minimum(F.relu(boxes), _xyxy(original))


def _points(levels: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Centres [A,2] (x, y in input pixels) and strides [A,1] of all points."""
    centres, strides = [], []
    for index, stride in enumerate(spec.STRIDES):
        shape = paddle.shape(levels[index])
        y, x = paddle.meshgrid(
            (paddle.arange(shape[2]).astype("float32") + 0.5) * stride,
            (paddle.arange(shape[3]).astype("float32") + 0.5) * stride,
        )
        grid = paddle.stack([x.flatten(), y.flatten()], -1)
        centres.append(grid)
        strides.append(paddle.full_like(grid[:, :1], stride))
    return paddle.concat(centres), paddle.concat(strides)


def _suppress(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Greedy non-maximum suppression of boxes [1,A,4] by scores [1,C,A], class by
    class.

    Returns what is kept, class after class, best first within each: rows [N,6], their count [1] and
    indices [N].
    """
    found, kept, count = _C_ops.multiclass_nms3(
        boxes,
        scores,
        None,
        spec.SCORE_THRESHOLD,
        spec.NMS_TOP_K,
        spec.KEEP_TOP_K,
        spec.NMS_IOU,
        True,
        1.0,
        -1,
    )
    return found, count, kept.flatten()


def sample(features: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Bilinear values [N,C,S*S] of `features` [1,C,h,w] on a grid over each box.

    `boxes` [N,4] are in input pixels, S is `size`.
    """
    steps = (paddle.arange(size, dtype="float32") + 0.5) / size
    shape = paddle.shape(features).astype("float32") * spec.MASK_STRIDE
    x = (boxes[:, 0:1] + steps * (boxes[:, 2:3] - boxes[:, 0:1])) / shape[3] * 2 - 1
    y = (boxes[:, 1:2] + steps * (boxes[:, 3:4] - boxes[:, 1:2])) / shape[2] * 2 - 1
    columns, rows = x.unsqueeze(1).tile([1, size, 1]), y.unsqueeze(2).tile([1, 1, size])
    grid = paddle.stack([columns, rows], -1)
    values = F.grid_sample(
        features, grid.reshape([1, -1, size, 2]), padding_mode="border", align_corners=False
    )
    return values.reshape([spec.MASK_CHANNELS, -1, size * size]).transpose([1, 0, 2])


def mask_logits(parameters: Tensor, values: Tensor, size: int) -> Tensor:
    """Mask logits [N,S,S] from each object's own perceptron at `values` [N,C,S*S].

    `parameters` is [N,MASK_PARAMETERS].

    Biases are a last column of the weights, met by a row of ones: oneDNN fuses a bias added after a
    batched product into a kernel thirty times slower than the product.
    """
    steps = (paddle.arange(size, dtype="float32") + 0.5) / size * 2 - 1
    y, x = paddle.meshgrid(steps, steps)
    coordinates = paddle.stack([x, y]).reshape([1, 2, -1])
    ones = paddle.ones_like(values[:, :1])
    x = paddle.concat([values, paddle.expand_as(coordinates, values[:, :2])], 1)
    start = 0
    for layer, (inputs, outputs) in enumerate(spec.MASK_LAYERS):
        middle, end = start + inputs * outputs, start + inputs * outputs + outputs
        weight = parameters[:, start:middle].reshape([-1, outputs, inputs])
        bias = parameters[:, middle:end].unsqueeze(-1)
        x = paddle.matmul(paddle.concat([weight, bias], 2), paddle.concat([x, ones], 1))
        start = end
        if layer < len(spec.MASK_LAYERS) - 1:
            x = F.relu(x)
    return x.reshape([-1, size, size])


def _paste(logits: Tensor, boxes: Tensor, size: Tensor, cells: int) -> Tensor:
    """Masks bool [N,H,W] from logits [N,S,S] over `boxes` [N,4]: `size` int32 [1,2] is (H, W), S is
    `cells`.

    Bilinear interpolation is separable, so it is two matrix products: rows, then columns. It is
    done in bands of rows, because the float32 logits of a whole photo are four times as large as
    its masks.
    """
    height, width = size[0, 0], size[0, 1]
    # Every band has as many rows, the last ones perhaps below the photo, so that none is empty.
    rows = _interpolation(boxes[:, 1], boxes[:, 3], (height + BANDS - 1) // BANDS * BANDS, cells)
    rows = rows.reshape([0, BANDS, -1, cells])
    columns = _interpolation(boxes[:, 0], boxes[:, 2], width, cells)
    bands = []
    for band in range(BANDS):
        pasted = paddle.matmul(paddle.matmul(rows[:, band], logits), columns, transpose_y=True)
        bands.append(pasted > 0)
    return paddle.concat(bands, 1)[:, :height]


def _interpolation(start: Tensor, end: Tensor, length: Tensor, size: int) -> Tensor:
    """Weights [N,length,size] that read pixels from `size` cells between `start` and `end` [N].

    They are zero outside.
    """
    pixel = paddle.arange(length).astype("float32") + 0.5
    extent = paddle.clip(end - start, min=1e-3)
    position = (pixel - start.unsqueeze(1)) / extent.unsqueeze(1) * size - 0.5
    inside = paddle.logical_and(position > -0.5, position < size - 0.5).astype("float32")
    # Pixels outside the box move to where no cell is within reach.
    position = inside * (paddle.clip(position, 0, size - 1) + 2) - 2
    # All differences of position and cell, as a product: (p, 1) by (1, -c). oneDNN's broadcasting
    # is far slower.
    pairs = paddle.stack([position, paddle.ones_like(position)], -1)
    cells = paddle.arange(size, dtype="float32")
    differences = paddle.matmul(pairs, paddle.stack([paddle.ones_like(cells), -cells]))
    return F.relu(1 - differences.abs())
