"""The network in PyTorch: backbone, feature pyramid, box head and mask branch."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from instseg_ui.train.network import spec
from tools.embedded_models.backbone import Backbone


class Raw(NamedTuple):
    """What the network says before any decoding.

    A counts the points of all levels, stride 8 first, each level row by row.
    """

    scores: Tensor  # [B,A,C] logits of "an object of the class is here, and this box fits it"
    distances: Tensor  # [B,A,4,DISTANCE_BINS] logits of left, top, right, bottom, in strides
    embeddings: Tensor  # [B,A,width] what the mask of each point is made from
    mask_features: Tensor  # [B,MASK_CHANNELS,H/4,W/4]
    foreground: Tensor  # [B,C,H/4,W/4] logits of "some object of the class", used in training only


class ConvNorm(nn.Sequential):
    """3x3 convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Pyramid(nn.Module):
    """Top-down feature pyramid (Lin et al. 2017) over strides 8, 16 and 32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(
            nn.Conv2d(channels, width, 1) for channels in spec.TAP_CHANNELS[1:]
        )
        self.smooth = nn.ModuleList(ConvNorm(width, width) for _ in spec.STRIDES)

    def forward(self, taps: list[Tensor]) -> list[Tensor]:
        """Map features of strides 8, 16, 32 to as many levels of [B,width,h,w]."""
        levels = [lateral(tap) for lateral, tap in zip(self.lateral, taps, strict=True)]
        merged = [levels[2]]
        for level in (levels[1], levels[0]):
            merged.append(level + F.interpolate(merged[-1], scale_factor=2.0, mode="nearest"))
        return [smooth(level) for smooth, level in zip(self.smooth, reversed(merged), strict=True)]


class Tower(nn.Module):
    """3x3 convolutions shared by the levels; each level normalises with its own statistics (as
    RTMDet does).
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(depth)
        )
        self.norms = nn.ModuleList(
            nn.ModuleList(nn.BatchNorm2d(width) for _ in range(depth)) for _ in spec.STRIDES
        )

    def forward(self, x: Tensor, level: int) -> Tensor:
        """Filter one level's features [B,width,h,w]."""
        for conv, norm in zip(self.convs, self.norms[level], strict=True):
            x = F.relu(norm(conv(x)), inplace=True)
        return x


class MaskBranch(nn.Module):
    """Features at stride 4 from which every object's mask is read."""

    def __init__(self, width: int, mask_width: int, classes: int) -> None:
        super().__init__()
        self.coarse = ConvNorm(width, mask_width)
        self.detail = nn.Conv2d(spec.TAP_CHANNELS[0], mask_width, 1)
        self.fuse = ConvNorm(mask_width, 2 * spec.MASK_CHANNELS)
        self.project = nn.Conv2d(2 * spec.MASK_CHANNELS, spec.MASK_CHANNELS, 1)
        self.foreground = nn.Conv2d(2 * spec.MASK_CHANNELS, classes, 1)

    def forward(self, detail: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Map stride 4 and stride 8 features to mask features and foreground logits at stride 4."""
        coarse = F.interpolate(
            self.coarse(level), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        fused = self.fuse(coarse + self.detail(detail))
        return self.project(fused), self.foreground(fused)


class Network(nn.Module):
    """Single-stage, anchor-free instance segmentation of the classes and size of a `Spec`."""

    def __init__(self, size: spec.Spec) -> None:
        super().__init__()
        self.spec = size
        width, depth = size.width, size.tower_depth
        self.backbone = Backbone()
        self.pyramid = Pyramid(width)
        self.score_tower = Tower(width, depth)
        self.box_tower = Tower(width, depth)
        self.score = nn.Conv2d(width, len(size.classes), 1)
        self.distance = nn.Conv2d(width, 4 * spec.DISTANCE_BINS, 1)
        self.mask_branch = MaskBranch(width, size.mask_width, len(size.classes))
        self.controller = nn.Linear(width, spec.MASK_PARAMETERS)
        self._initialise()

    def _initialise(self) -> None:
        # A prior of 1% keeps the many empty points from dominating the first steps (RetinaNet,
        # section 3.3).
        nn.init.constant_(self.score.bias, -4.6)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.normal_(self.distance.weight, std=0.01)
        nn.init.zeros_(self.distance.bias)

    def forward(self, image: Tensor) -> Raw:
        """Map normalised RGB images [B,3,H,W] (H, W multiples of 32) to raw outputs."""
        detail, *taps = self.backbone(image)
        levels = self.pyramid(taps)
        scores, distances, embeddings = [], [], []
        for index, level in enumerate(levels):
            boxes = self.box_tower(level, index)
            score = self.score(self.score_tower(level, index))
            scores.append(score.flatten(2).transpose(1, 2))
            distances.append(self.distance(boxes).flatten(2).transpose(1, 2))
            embeddings.append(boxes.flatten(2).transpose(1, 2))
        mask_features, foreground = self.mask_branch(detail, levels[0])
        distance = torch.cat(distances, 1)
        return Raw(
            torch.cat(scores, 1),
            distance.unflatten(2, (4, spec.DISTANCE_BINS)),
            torch.cat(embeddings, 1),
            mask_features,
            foreground,
        )


def points(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Centres [A,2] (x, y in input pixels) and strides [A] of all points of an H x W input."""
    centres, strides = [], []
    for stride in spec.STRIDES:
        y = (torch.arange(height // stride) + 0.5) * stride
        x = (torch.arange(width // stride) + 0.5) * stride
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(-1, 2)
        centres.append(grid)
        strides.append(torch.full((len(grid),), float(stride)))
    return torch.cat(centres), torch.cat(strides)


def decode_boxes(distances: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Boxes [...,A,4], x1, y1, x2, y2 in input pixels.

    Each side is the expectation of its distribution.

    The formula is that of Generalized Focal Loss (Li et al. 2020, eq. 5).
    """
    bins = torch.arange(spec.DISTANCE_BINS, dtype=torch.float32)
    expected = distances.float().softmax(-1) @ bins * strides[:, None]
    return torch.cat([centres - expected[..., :2], centres + expected[..., 2:]], -1)


def box_grid(boxes: Tensor, size: int) -> Tensor:
    """Points [N,size,size,2] (x, y in pixels): the centres of a size x size grid laid over each box
    [N,4].
    """
    steps = (torch.arange(size) + 0.5) / size
    x = boxes[:, 0:1] + steps * (boxes[:, 2:3] - boxes[:, 0:1])
    y = boxes[:, 1:2] + steps * (boxes[:, 3:4] - boxes[:, 1:2])
    return torch.stack([x[:, None, :].expand(-1, size, -1), y[:, :, None].expand(-1, -1, size)], -1)


def sample(features: Tensor, grid: Tensor) -> Tensor:
    """Bilinear values [N,C,size*size] of one image's `features` [C,h,w] at `grid` [N,size,size,2]
    in input pixels.
    """
    count, size = grid.shape[:2]
    extent = torch.tensor([features.shape[2], features.shape[1]]) * spec.MASK_STRIDE
    normalised = (grid / extent * 2 - 1).reshape(1, count * size, size, 2)
    values = F.grid_sample(features[None], normalised, padding_mode="border", align_corners=False)
    return values[0].reshape(features.shape[0], count, size * size).transpose(0, 1)


def mask_logits(parameters: Tensor, values: Tensor) -> Tensor:
    """Mask logits [N,P] of N objects from their `parameters` [N,MASK_PARAMETERS] and features
    `values` [N,C,P].

    Each object brings its own small perceptron (conditional convolutions, Tian et al. 2020). P is a
    square grid over the object's box, and a point's coordinates are taken within that box, from -1
    to 1.
    """
    count, _, total = values.shape
    size = round(total**0.5)
    steps = (torch.arange(size) + 0.5) / size * 2 - 1
    coordinates = torch.stack(torch.meshgrid(steps, steps, indexing="xy")).reshape(1, 2, -1)
    x = torch.cat([values, coordinates.expand(count, -1, -1)], 1)
    start = 0
    for layer, (inputs, outputs) in enumerate(spec.MASK_LAYERS):
        weight = parameters[:, start : start + inputs * outputs].reshape(count, outputs, inputs)
        bias = parameters[:, start + inputs * outputs : start + inputs * outputs + outputs]
        start += inputs * outputs + outputs
        x = torch.baddbmm(bias[:, :, None], weight, x)
        if layer < len(spec.MASK_LAYERS) - 1:
            x = x.relu()
    return x[:, 0]
