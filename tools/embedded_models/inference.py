"""From the PyTorch network's raw outputs to boxes and full-size masks.

The exported graph does the same, step by step; `prove` compares them.
"""

from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from instseg_ui.train.network import spec
from tools.embedded_models import network
from tools.embedded_models.assign import pairwise_iou
from tools.embedded_models.network import Network


class Prepared(NamedTuple):
    """One image as the network takes it: PaddleX's three inputs."""

    image: Tensor  # float32 [1,3,h,w], normalised RGB, padded to multiples of 32
    im_shape: Tensor  # float32 [1,2], height and width before padding
    scale_factor: Tensor  # float32 [1,2], resized by original height, the same of the width


class Detections(NamedTuple):
    """N objects found in one H x W image, best first."""

    classes: Tensor  # int64 [N], indices into the model's classes
    boxes: Tensor  # float32 [N,4], xyxy in pixels of the original image
    scores: Tensor  # float32 [N]
    masks: Tensor  # bool [N,H,W]


def preprocess(pixels: np.ndarray, target: tuple[int, int]) -> Prepared:
    """Prepare RGB uint8 [H,W,3] as PaddleX does by the exported `inference.yml`.

    The aspect is kept: the short side becomes `target[0]` pixels unless the long one would exceed
    `target[1]`. Right and bottom are padded with zeros after normalisation.
    """
    height, width = pixels.shape[:2]
    scale = min(target[0] / min(height, width), target[1] / max(height, width))
    resized = round(height * scale), round(width * scale)
    pixels = cv2.resize(pixels, resized[::-1], interpolation=cv2.INTER_LINEAR)
    image = normalise(torch.from_numpy(pixels).permute(2, 0, 1)[None])
    stride = spec.STRIDES[-1]
    image = F.pad(image, (0, -resized[1] % stride, 0, -resized[0] % stride))
    factors = [[resized[0] / height, resized[1] / width]]
    return Prepared(image, torch.tensor([resized], dtype=torch.float32), torch.tensor(factors))


def normalise(image: Tensor) -> Tensor:
    """Map uint8 RGB [B,3,H,W] to what the backbone expects, channels last in memory."""
    normalised = (image.float() - spec.PIXEL_MEAN) / spec.PIXEL_STD
    return normalised.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def detect(model: Network, prepared: Prepared) -> Detections:
    """Find the objects of one image."""
    raw = model(prepared.image)
    centres, strides = network.points(*prepared.image.shape[2:])
    scale = prepared.scale_factor[0].flip(0).repeat(2)
    height, width = (prepared.im_shape / prepared.scale_factor).round().int()[0].tolist()
    boxes = network.decode_boxes(raw.distances[0], centres, strides) / scale
    boxes = torch.minimum(boxes.clamp(min=0), torch.tensor([width, height] * 2))
    whole = (boxes[:, 2:] - boxes[:, :2] >= spec.MIN_SIDE).all(1)
    scores = raw.scores[0].float().sigmoid() * whole[:, None]
    kept, classes = suppress(boxes, scores)
    boxes, scores = boxes[kept], scores[kept, classes]
    size = model.spec.mask_size
    grid = network.box_grid(boxes * scale, size)
    values = network.sample(raw.mask_features[0].float(), grid)
    logits = network.mask_logits(model.controller(raw.embeddings[0, kept].float()), values)
    logits = logits.reshape(-1, size, size)
    return Detections(classes, boxes, scores, paste(logits, boxes, height, width))


def suppress(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Greedy non-maximum suppression of boxes [A,4] by scores [A,C], class by class.

    Returns what is kept, best first: indices of boxes and of classes, int64 [N] each.
    """
    found = [_suppress_one(boxes, scores[:, index]) for index in range(scores.shape[1])]
    kept = torch.cat(found)
    classes = torch.cat([torch.full_like(one, index) for index, one in enumerate(found)])
    best = scores[kept, classes].argsort(descending=True, stable=True)[: spec.KEEP_TOP_K]
    return kept[best], classes[best]


def _suppress_one(boxes: Tensor, scores: Tensor) -> Tensor:
    """The same for one class: indices of boxes [A,4] by scores [A]."""
    order = scores.argsort(descending=True, stable=True)[: spec.NMS_TOP_K]
    order = order[scores[order] > spec.SCORE_THRESHOLD]
    overlaps = (pairwise_iou(boxes[order], boxes[order]) > spec.NMS_IOU).numpy()
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~overlaps[i, i + 1 :]
    return order[torch.from_numpy(alive)]


def paste(logits: Tensor, boxes: Tensor, height: int, width: int) -> Tensor:
    """Masks bool [N,height,width] from logits [N,S,S] over boxes [N,4] in pixels of the full image.

    Bilinear interpolation is separable, so it is two matrix products: rows, then columns. Weights
    are zero outside the box, where the interpolated logit is hence exactly zero, which is not
    positive.
    """
    size = logits.shape[1]
    rows = _interpolation(boxes[:, 1], boxes[:, 3], height, size)
    columns = _interpolation(boxes[:, 0], boxes[:, 2], width, size)
    return rows @ logits @ columns.transpose(1, 2) > 0


def _interpolation(start: Tensor, end: Tensor, length: int, size: int) -> Tensor:
    """Weights [N,length,size] that read pixels from `size` cells between `start` and `end`."""
    pixel = torch.arange(length) + 0.5
    position = (pixel - start[:, None]) / (end - start).clamp(min=1e-3)[:, None] * size - 0.5
    inside = (position > -0.5) & (position < size - 0.5)
    position = position.clamp(0, size - 1)
    weights = (1 - (position[..., None] - torch.arange(size)).abs()).clamp(min=0)
    return weights * inside[..., None]
