"""The network of the embedded models in Paddle, its batch normalisation folded away.

It was first trained in PyTorch (`tools/embedded_models`), batch normalisation and all; layers carry
the names of the PyTorch modules that they mirror.
"""

# ruff: noqa: B905 - Paddle 3.0's converter to static graphs does not know `strict`.

from collections.abc import Callable

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

from instseg_ui.train.network import spec


class Conv(nn.Layer):
    """Convolution with bias, then `activation` if given; padded like the PyTorch side's."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.weight = self.create_parameter([outputs, inputs // groups, kernel, kernel])
        self.bias = self.create_parameter([outputs], is_bias=True)
        self.stride, self.groups, self.activation = stride, groups, activation
        before = (kernel - 2) // 2 if stride == 2 else kernel // 2
        after = kernel - 2 - before if stride == 2 else kernel // 2
        self.padding = [before, after, before, after]

    def forward(self, x: Tensor) -> Tensor:
        """Map [B,C,H,W] to [B,C',H/stride,W/stride]."""
        x = F.conv2d(x, self.weight, self.bias, self.stride, self.padding, groups=self.groups)
        return x if self.activation is None else self.activation(x)


class Block(nn.Layer):
    """Inverted residual of EfficientNet-Lite."""

    def __init__(self, inputs: int, stage: spec.Stage, stride: int) -> None:
        super().__init__()
        hidden = inputs * stage.expansion
        self.expand = Conv(inputs, hidden, 1, activation=F.relu6) if stage.expansion > 1 else None
        self.depthwise = Conv(hidden, hidden, stage.kernel, stride, hidden, F.relu6)
        self.project = Conv(hidden, stage.out_channels, 1)
        self.residual = stride == 1 and inputs == stage.out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map [B,C,H,W] to [B,C',H/stride,W/stride]."""
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.residual else y


class Backbone(nn.Layer):
    """EfficientNet-Lite0, cut; features of strides 4, 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv(3, spec.STEM_CHANNELS, 3, 2, activation=F.relu6)
        blocks, channels = [], spec.STEM_CHANNELS
        for stage in spec.STAGES:
            for repeat in range(stage.repeats):
                blocks.append(Block(channels, stage, stage.stride if repeat == 0 else 1))
                channels = stage.out_channels
        self.blocks = nn.LayerList(blocks)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Map a normalised image [B,3,H,W] to the features at `spec.TAPS`."""
        x, taps = self.stem(image), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in spec.TAPS:
                taps.append(x)
        return taps


class FeaturePyramid(nn.Layer):
    """Top-down feature pyramid over strides 8, 16 and 32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lateral = nn.LayerList(
            [Conv(channels, width, 1) for channels in spec.TAP_CHANNELS[1:]]
        )
        self.smooth = nn.LayerList([Conv(width, width, 3, activation=F.relu) for _ in spec.STRIDES])

    def forward(self, taps: list[Tensor]) -> list[Tensor]:
        """Map features of strides 8, 16, 32 to as many levels of [B,WIDTH,h,w]."""
        levels = [lateral(tap) for lateral, tap in zip(self.lateral, taps)]
        merged = [levels[2]]
        for level in (levels[1], levels[0]):
            merged.append(level + F.interpolate(merged[-1], scale_factor=2, mode="nearest"))
        return [smooth(level) for smooth, level in zip(self.smooth, reversed(merged))]


class Affine(nn.Layer):
    """A folded batch normalisation that stays apart from its convolution, because levels share the
    latter.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = self.create_parameter([1, channels, 1, 1])
        self.bias = self.create_parameter([1, channels, 1, 1], is_bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift the channels of [B,C,h,w]."""
        return x * self.weight + self.bias


class SharedConv(nn.Layer):
    """3x3 convolution without bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = self.create_parameter([width, width, 3, 3])

    def forward(self, x: Tensor) -> Tensor:
        """Filter [B,width,h,w]."""
        return F.conv2d(x, self.weight, padding=1)


class Tower(nn.Layer):
    """Convolutions shared by the levels, normalised by each level's own statistics."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.convs = nn.LayerList([SharedConv(width) for _ in range(depth)])
        self.norms = nn.LayerList(
            [nn.LayerList([Affine(width) for _ in range(depth)]) for _ in spec.STRIDES]
        )

    def forward(self, x: Tensor, level: int) -> Tensor:
        """Filter one level's features [B,width,h,w]."""
        for conv, norm in zip(self.convs, self.norms[level]):
            x = F.relu(norm(conv(x)))
        return x


class MaskBranch(nn.Layer):
    """Features at stride 4 from which every object's mask is read."""

    def __init__(self, width: int, mask_width: int) -> None:
        super().__init__()
        self.coarse = Conv(width, mask_width, 3, activation=F.relu)
        self.detail = Conv(spec.TAP_CHANNELS[0], mask_width, 1)
        self.fuse = Conv(mask_width, 2 * spec.MASK_CHANNELS, 3, activation=F.relu)
        self.project = Conv(2 * spec.MASK_CHANNELS, spec.MASK_CHANNELS, 1)

    def forward(self, detail: Tensor, level: Tensor) -> Tensor:
        """Map stride 4 and stride 8 features to mask features [B,MASK_CHANNELS,H/4,W/4]."""
        coarse = F.interpolate(
            self.coarse(level), scale_factor=2, mode="bilinear", align_corners=False
        )
        return self.project(self.fuse(coarse + self.detail(detail)))


class Controller(nn.Layer):
    """Embeddings to mask parameters; the weight is stored as PyTorch stores it, [outputs,
    inputs].
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = self.create_parameter([spec.MASK_PARAMETERS, width])
        self.bias = self.create_parameter([spec.MASK_PARAMETERS], is_bias=True)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Map [N,width] to [N,MASK_PARAMETERS]."""
        return paddle.matmul(embeddings, self.weight, transpose_y=True) + self.bias


class PaddleNetwork(nn.Layer):
    """Backbone, pyramid, towers and mask branch of the classes and size of a `Spec`."""

    def __init__(self, size: spec.Spec) -> None:
        super().__init__()
        width, depth = size.width, size.tower_depth
        self.backbone = Backbone()
        self.pyramid = FeaturePyramid(width)
        self.score_tower = Tower(width, depth)
        self.box_tower = Tower(width, depth)
        self.score = Conv(width, len(size.classes), 1)
        self.distance = Conv(width, 4 * spec.DISTANCE_BINS, 1)
        self.mask_branch = MaskBranch(width, size.mask_width)
        self.controller = Controller(width)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, list[Tensor]]:
        """Map one normalised RGB image [1,3,H,W] (H, W multiples of 32) to raw outputs.

        Returns logits of the scores [1,C,A], of the distances [1,A,4,DISTANCE_BINS], embeddings
        [1,A,width], mask features [1,MASK_CHANNELS,H/4,W/4], and the pyramid's levels, whose shapes
        tell where the points are.
        """
        return self.read(self.backbone(image))

    def scores(self, taps: list[Tensor]) -> Tensor:
        """The logits of the scores [1,C,A] alone, of the backbone's features."""
        levels = self.pyramid(taps[1:])
        towers = [self.score_tower(level, index) for index, level in enumerate(levels)]
        return paddle.concat([self.score(tower).flatten(2) for tower in towers], 2)

    def read(self, taps: list[Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor, list[Tensor]]:
        """The same from the backbone's features, which training computes once and keeps."""
        detail, *coarser = taps
        levels = self.pyramid(coarser)
        scores, distances, embeddings = [], [], []
        for index, level in enumerate(levels):
            boxes = self.box_tower(level, index)
            scores.append(self.score(self.score_tower(level, index)).flatten(2))
            distances.append(self.distance(boxes).flatten(2).transpose([0, 2, 1]))
            embeddings.append(boxes.flatten(2).transpose([0, 2, 1]))
        distance = paddle.concat(distances, 1).reshape([1, -1, 4, spec.DISTANCE_BINS])
        mask_features = self.mask_branch(detail, levels[0])
        return (
            paddle.concat(scores, 2),
            distance,
            paddle.concat(embeddings, 1),
            mask_features,
            levels,
        )
