"""COCO-format annotations and photos, decoded once into memory, and the samples drawn from them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from instseg_ui.train import augment
from instseg_ui.train.augment import Augmentation, Donor, Shape, View
from instseg_ui.train.network import spec
from instseg_ui.train.outlines import MASK_GRID, rasterise, to_rings

REVIEWED = Path(__file__).with_name("reviewed.json")
_DONOR_AREA = 0.01  # of the photo; smaller objects make poor pastes
# Things that stand free of what is around them, and are rare: a window is neither.
_DONOR_CLASSES = {"person", "deer", "tiger", "otter", "turtle", "car"}


@dataclass(frozen=True)
class Photo:
    """One annotated photo: its objects, and the classes whose every visible object is annotated."""

    image_id: int
    file_name: str
    pixels: np.ndarray  # RGB uint8 [H,W,3]
    instances: list[Shape]
    known: np.ndarray  # bool [C]


class Sample(NamedTuple):
    """One training input of size S x S and its G objects."""

    image: Tensor  # uint8 [3,S,S], RGB
    labels: Tensor  # int64 [G]
    boxes: Tensor  # float32 [G,4], x1, y1, x2, y2 in pixels of `image`
    masks: Tensor  # uint8 [G,MASK_GRID,MASK_GRID], coverage, 0 to 255, see `rasterise`
    foreground: Tensor  # uint8 [C,S/4,S/4], 1 where any object of the class is
    known: Tensor  # bool [C,S/8,S/8], where a class may be punished


class Batch(NamedTuple):
    """Samples stacked: images [B,3,S,S] and maps; objects stay one tensor an image."""

    images: Tensor
    labels: list[Tensor]
    boxes: list[Tensor]
    masks: list[Tensor]
    foreground: Tensor
    known: Tensor


def load_photos(data: Path, split: str, classes: tuple[str, ...]) -> list[Photo]:
    """Read `instances_<split>.json` of a COCO-format folder and decode all of its photos.

    An image may list `exhaustive` classes, see `Photo`; without the list all of them are. Objects
    of other classes than `classes` are left out.
    """
    document = json.loads((data / f"instances_{split}.json").read_text(encoding="utf-8"))
    names = {category["id"]: category["name"] for category in document["categories"]}
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    instances: dict[int, list[Shape]] = {}
    for annotation in document["annotations"]:
        name, image_id = names[annotation["category_id"]], annotation["image_id"]
        if name in classes:
            rings = to_rings(annotation["segmentation"], sizes[image_id])
            instances.setdefault(image_id, []).append(Shape(classes.index(name), rings))
    reviews = [review for review in load_reviews() if review.get("split") == split]
    return [
        Photo(
            image["id"],
            image["file_name"],
            _read_rgb(data / image.get("root", "") / image["file_name"]),
            instances.get(image["id"], []),
            _known(image, classes, reviews),
        )
        for image in document["images"]
    ]


def load_reviews() -> list[dict]:
    """What photos were looked through for, see the note in `reviewed.json`."""
    return json.loads(REVIEWED.read_text(encoding="utf-8"))["reviewed"]


def _known(image: dict, classes: tuple[str, ...], reviews: list[dict]) -> np.ndarray:
    """Classes of which nothing in `image` is without an annotation.

    Beside what the data set says, `reviews` tell of classes that were looked for and not found.
    """
    folder, _, name = image["file_name"].rpartition("/")
    known = set(image.get("exhaustive", classes))
    for review in reviews:
        if review["folder"] == folder and name not in review["except"]:
            known |= set(review["classes"])
    return np.array([name in known for name in classes])


def _read_rgb(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(path)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def repeat_factors(photos: list[Photo], threshold: float) -> np.ndarray:
    """How often each photo should be drawn, relative to the others (LVIS, Gupta et al. 2019).

    A class in a share f of the photos asks for sqrt(threshold / f), if that is above one; a photo
    takes the largest factor of its classes.
    """
    present = np.zeros((len(photos), len(photos[0].known)))
    for row, photo in zip(present, photos, strict=True):
        row[[instance.label for instance in photo.instances]] = 1
    share = np.maximum(present.mean(0), 1 / len(photos))
    return np.maximum(1.0, (present * np.sqrt(threshold / share)).max(1))


class PhotoDataset(Dataset[Sample]):
    """Augmented training samples; item `i` of epoch `e` is the same for the same seed."""

    def __init__(
        self,
        photos: list[Photo],
        classes: tuple[str, ...],
        augmentation: Augmentation,
        length: int,
        repeat_threshold: float,
        key: tuple[int, int],
    ) -> None:
        self.photos = photos
        self.augmentation = augmentation
        self.length = length
        self.key = key  # seed and epoch
        factors = repeat_factors(photos, repeat_threshold)
        self.shares = factors / factors.sum()
        self.donors = _donors(photos, classes)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng((*self.key, index))
        count = 4 if rng.random() < self.augmentation.mosaic else 1
        chosen = [self.photos[i] for i in rng.choice(len(self.photos), count, p=self.shares)]
        views = [View(photo.pixels, photo.instances, photo.known) for photo in chosen]
        pasted = rng.integers(1, 3) if rng.random() < self.augmentation.paste else 0
        donors = [self._donor(rng) for _ in range(pasted)] if self.donors else []
        composed = augment.compose(views, donors, self.augmentation, rng)
        return to_sample(composed)

    def _donor(self, rng: np.random.Generator) -> Donor:
        """An object of a random class."""
        of_class = self.donors[rng.integers(len(self.donors))]
        photo, instance = of_class[rng.integers(len(of_class))]
        return Donor(self.photos[photo].pixels, self.photos[photo].instances[instance])


def _donors(photos: list[Photo], classes: tuple[str, ...]) -> list[list[tuple[int, int]]]:
    """Objects worth pasting, class by class: indices of photo and instance."""
    found: dict[int, list[tuple[int, int]]] = {}
    for i, photo in enumerate(photos):
        least = _DONOR_AREA * photo.pixels.shape[0] * photo.pixels.shape[1]
        for j, (label, rings, _) in enumerate(photo.instances):
            if classes[label] in _DONOR_CLASSES and sum(map(augment.area, rings)) >= least:
                found.setdefault(label, []).append((i, j))
    return list(found.values())


def to_sample(composed: augment.Composed) -> Sample:
    """Draw the targets of a composed picture."""
    pixels, instances, known = composed
    side = pixels.shape[0] // spec.MASK_STRIDE
    boxes = [augment.bounds(instance.rings) for instance in instances]
    masks = [rasterise(instance, box) for instance, box in zip(instances, boxes, strict=True)]
    foreground = np.zeros((len(known), side, side), np.uint8)
    for label, rings, _ in instances:
        augment.fill(foreground[label], [ring / spec.MASK_STRIDE for ring in rings])
    return Sample(
        torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))),
        torch.tensor([instance.label for instance in instances], dtype=torch.int64),
        torch.from_numpy(np.array(boxes, np.float32).reshape(-1, 4)),
        torch.from_numpy(np.array(masks, np.uint8).reshape(-1, MASK_GRID, MASK_GRID)),
        torch.from_numpy(foreground),
        torch.from_numpy(known),
    )


def collate(samples: list[Sample]) -> Batch:
    """Stack samples of one size."""
    images, labels, boxes, masks, foregrounds, known = zip(*samples, strict=True)
    return Batch(
        torch.stack(images),
        list(labels),
        list(boxes),
        list(masks),
        torch.stack(foregrounds),
        torch.stack(known),
    )
