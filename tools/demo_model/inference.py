"""From the PyTorch network's raw outputs to boxes and full-size masks.

The exported graph does the same, step by step; `prove` compares them.
"""

from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tools.demo_model import network, spec
from tools.demo_model.assign import pairwise_iou
from tools.demo_model.network import DemoNetwork


class Prepared(NamedTuple):
    """One image as the network takes it: PaddleX's three inputs."""

    image: Tensor  # float32 [1,3,h,w], normalised RGB, padded to multiples of 32
    im_shape: Tensor  # float32 [1,2], height and width before padding
    scale_factor: Tensor  # float32 [1,2], resized by original height, the same of the width


class Detections(NamedTuple):
    """N objects found in one H x W image, best first."""

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
def detect(model: DemoNetwork, prepared: Prepared) -> Detections:
    """Find the objects of one image."""
    raw = model(prepared.image)
    centres, strides = network.points(*prepared.image.shape[2:])
    scale = prepared.scale_factor[0].flip(0).repeat(2)
    height, width = (prepared.im_shape / prepared.scale_factor).round().int()[0].tolist()
    boxes = network.decode_boxes(raw.distances[0], centres, strides) / scale
    boxes = torch.minimum(boxes.clamp(min=0), torch.tensor([width, height] * 2))
    whole = (boxes[:, 2:] - boxes[:, :2] >= spec.MIN_SIDE).all(1)
    scores = raw.scores[0].float().sigmoid() * whole
    kept = suppress(boxes, scores)
    boxes, scores = boxes[kept], scores[kept]
    grid = network.box_grid(boxes * scale, spec.MASK_SIZE)
    values = network.sample(raw.mask_features[0].float(), grid)
    logits = network.mask_logits(model.controller(raw.embeddings[0, kept].float()), values)
    logits = logits.reshape(-1, spec.MASK_SIZE, spec.MASK_SIZE)
    return Detections(boxes, scores, paste(logits, boxes, height, width))


def suppress(boxes: Tensor, scores: Tensor) -> Tensor:
    """Indices of the boxes [A,4] that greedy non-maximum suppression keeps, best first."""
    order = scores.argsort(descending=True, stable=True)[: spec.NMS_TOP_K]
    order = order[scores[order] > spec.SCORE_THRESHOLD]
    overlaps = (pairwise_iou(boxes[order], boxes[order]) > spec.NMS_IOU).numpy()
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~overlaps[i, i + 1 :]
    return order[torch.from_numpy(alive)][: spec.KEEP_TOP_K]


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
