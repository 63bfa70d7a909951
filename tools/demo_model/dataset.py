"""COCO polygons and photos, decoded once into memory, and the samples drawn from them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from tools.demo_model import augment, spec
from tools.demo_model.augment import Augmentation, Instance

MASK_GRID = 64
MASK_MARGIN = 1.25  # the grid covers the box and an eighth of its side around it
_SUPERSAMPLE = 4  # cv2.fillPoly fattens by half a pixel; at 4x that is an eighth of a cell
_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Photo:
    """One annotated photo: RGB uint8 [H,W,3] and its instances in pixels."""

    image_id: int
    pixels: np.ndarray
    instances: list[Instance]


class Sample(NamedTuple):
    """One training input of size S x S and its G objects."""

    image: Tensor  # uint8 [3,S,S], RGB
    boxes: Tensor  # float32 [G,4], x1, y1, x2, y2 in pixels of `image`
    masks: Tensor  # uint8 [G,MASK_GRID,MASK_GRID], coverage, 0 to 255, see `rasterise`
    foreground: Tensor  # uint8 [S/4,S/4], 1 where any object is


def load_photos(data: Path, split: str) -> list[Photo]:
    """Read `instances_<split>.json` of a COCO-format folder and decode all of its photos."""
    document = json.loads((data / f"instances_{split}.json").read_text())
    instances: dict[int, list[Instance]] = {}
    for annotation in document["annotations"]:
        rings = [np.asarray(ring, np.float32).reshape(-1, 2) for ring in annotation["segmentation"]]
        instances.setdefault(annotation["image_id"], []).append(rings)
    return [
        Photo(image["id"], _read_rgb(data / image["file_name"]), instances.get(image["id"], []))
        for image in document["images"]
    ]


def _read_rgb(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(path)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


class CatDataset(Dataset[Sample]):
    """Augmented training samples; item `i` of epoch `e` is the same for the same seed."""

    def __init__(
        self, photos: list[Photo], augmentation: Augmentation, seed: int, epoch: int
    ) -> None:
        self.photos = photos
        self.augmentation = augmentation
        self.seed = seed
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        chosen = [self.photos[index]]
        if rng.random() < self.augmentation.mosaic:
            chosen += [self.photos[i] for i in rng.integers(len(self.photos), size=3)]
        size = self.augmentation.size
        pixels, instances = augment.compose(
            [(photo.pixels, photo.instances) for photo in chosen], self.augmentation, rng
        )
        boxes = np.array([augment.bounds(rings) for rings in instances], np.float32).reshape(-1, 4)
        masks = np.stack(
            [rasterise(rings, box) for rings, box in zip(instances, boxes, strict=True)]
            or [_NO_MASK]
        )
        foreground = np.zeros((size // spec.MASK_STRIDE,) * 2, np.uint8)
        for rings in instances:
            _fill(foreground, [ring / spec.MASK_STRIDE for ring in rings])
        return Sample(
            torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))),
            torch.from_numpy(boxes),
            torch.from_numpy(masks[: len(boxes)]),
            torch.from_numpy(foreground),
        )


_NO_MASK = np.zeros((MASK_GRID, MASK_GRID), np.uint8)


def rasterise(rings: Instance, box: np.ndarray) -> np.ndarray:
    """Coverage uint8 [MASK_GRID,MASK_GRID], 0 to 255, of `rings` over an enlarged box.

    `box` is xyxy and grows by MASK_MARGIN around its centre.

    Drawing each object in its own frame gives a small cat as fine a target as a large one.
    """
    side = MASK_GRID * _SUPERSAMPLE
    centre = (box[:2] + box[2:]) / 2
    extent = np.maximum(box[2:] - box[:2], 1e-3) * MASK_MARGIN
    canvas = np.zeros((side, side), np.uint8)
    _fill(canvas, [((ring - centre) / extent + 0.5) * side for ring in rings], 255)
    return cv2.resize(canvas, (MASK_GRID, MASK_GRID), interpolation=cv2.INTER_AREA)


def _fill(canvas: np.ndarray, rings: Instance, value: int = 1) -> None:
    """Fill polygons whose coordinates put pixel centres at halves; OpenCV puts them at integers."""
    scale = 1 << _SUBPIXEL_BITS
    integer = [np.round((ring - 0.5) * scale).astype(np.int32) for ring in rings]
    cv2.fillPoly(canvas, integer, value, shift=_SUBPIXEL_BITS)


def collate(samples: list[Sample]) -> tuple[Tensor, list[Tensor], list[Tensor], Tensor]:
    """Stack images [B,3,S,S] and foregrounds [B,S/4,S/4].

    Boxes and masks stay one tensor an image.
    """
    images, boxes, masks, foregrounds = zip(*samples, strict=True)
    return torch.stack(images), list(boxes), list(masks), torch.stack(foregrounds)
