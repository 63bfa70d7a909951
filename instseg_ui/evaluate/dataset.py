"""A data set with its truth, by column, and the pictures behind it.

However it came (COCO, YOLO, LabelMe), it is this record. Masks are kept as one block of bytes:
half a million of them take some hundred megabytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui import images
from instseg_ui.errors import ImageError
from instseg_ui.evaluate.dataset_files import Files, read_bytes
from instseg_ui.evaluate.findings import Findings
from instseg_ui.images import Image
from instseg_ui.masks import Rle
from instseg_ui.results import Instance, Instances
from instseg_ui.settings import Settings

Id = int | str

MAX_LABELME = 200_000_000
"""Bytes of a LabelMe file, which may hold its picture in base64."""


class Category(NamedTuple):
    """A class of the data set, by the id that its annotations use."""

    id: Id
    name: str


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One picture of the data set.

    Attributes:
        id: the data set's own.
        name: as the data set calls it.
        file: which of the files it is; a LabelMe file for a picture that is embedded in it.
        width, height: upright, pixels.
    """

    id: Id
    name: str
    file: str
    width: int
    height: int


class Truth(NamedTuple):
    """One annotated object, as a row; `image` and `category` count in the data set's.

    `place` is where it stands in `Truths`.
    """

    place: int
    id: Id
    image: int
    category: int
    area: float
    box: tuple[float, float, float, float]
    crowd: bool
    mask: Rle


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Truths:
    """N annotated objects, by column, in the order of their images, then of the file.

    Attributes:
        ids: N annotation ids.
        starts: (images + 1,) int64; the objects of image i are `starts[i]` to `starts[i + 1]`.
        image: (N,) int32, counts in the data set's images.
        category: (N,) int32, counts in the data set's categories.
        area: (N,) float64, pixels, the annotation's own: COCO's sizes go by it.
        box: (N, 4) float64, x, y, width, height in pixels.
        crowd: (N,) bool; a region of many objects, neither found nor missed.
        ends: (N + 1,) int64, where each mask's run lengths end in `counts`.
        counts: all run lengths, COCO's compressed form.
    """

    ids: tuple[Id, ...]
    starts: npt.NDArray[np.int64]
    image: npt.NDArray[np.int32]
    category: npt.NDArray[np.int32]
    area: npt.NDArray[np.float64]
    box: npt.NDArray[np.float64]
    crowd: npt.NDArray[np.bool_]
    ends: npt.NDArray[np.int64]
    counts: bytes

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Truths({len(self)})"

    def of(self, image: int) -> slice:
        """Where the objects of one image stand."""
        return slice(int(self.starts[image]), int(self.starts[image + 1]))

    def packed(self, index: int) -> bytes:
        """One mask's run lengths."""
        return self.counts[self.ends[index] : self.ends[index + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Pictures and what is in them.

    Attributes:
        name: for the reader.
        format: `coco`, `yolo-seg` or `labelme`.
        files: where the pictures lie; close them with `close`.
        images: in the order of their ids.
        categories: in the order of their ids.
        truths: the annotated objects.
        findings: what was wrong with it on arrival.
        digest: of the images' ids and names; the key under which predictions are kept.
    """

    name: str
    format: str
    files: Files
    images: tuple[ImageEntry, ...]
    categories: tuple[Category, ...]
    truths: Truths
    findings: Findings = field(default_factory=Findings)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {len(self.images)} images, {len(self.truths)} objects)"

    @property
    def digest(self) -> str:
        sha = hashlib.sha256()
        for one in self.images:
            sha.update(json.dumps([one.id, one.name, one.width, one.height]).encode())
        return sha.hexdigest()[:32]

    def image_index(self, image_id: Id) -> int:
        """The place of the image with that id. Raises `KeyError`."""
        for index, one in enumerate(self.images):
            if one.id == image_id:
                return index
        raise KeyError(image_id)

    def truths_of(self, image: int) -> Iterator[Truth]:
        """The annotated objects of one image, by its place."""
        truths, entry = self.truths, self.images[image]
        part = truths.of(image)
        for i in range(part.start, part.stop):
            x, y, width, height = (float(value) for value in truths.box[i])
            yield Truth(
                i,
                truths.ids[i],
                image,
                int(truths.category[i]),
                float(truths.area[i]),
                (x, y, width, height),
                bool(truths.crowd[i]),
                {"size": [entry.height, entry.width], "counts": truths.packed(i).decode("ascii")},
            )

    def truth_instances(self, image: int) -> Instances:
        """The truth of one image as instances of score 1, for a viewer; crowds are left out.

        Class ids count in `categories`; the order is that of `truths_of`.
        """
        rows = [
            Instance(
                one.category,
                self.categories[one.category].name,
                1.0,
                (one.box[0], one.box[1], one.box[0] + one.box[2], one.box[1] + one.box[3]),
                round(one.area),
                one.mask,
            )
            for one in self.truths_of(image)
            if not one.crowd
        ]
        return Instances.from_rows(rows)

    def read(self, image: int, settings: Settings) -> tuple[Image, int]:
        """One picture's pixels and the CRC-32 of its file.

        Raises:
            ImageError: it cannot be read, or has not the size that the data set says.
        """
        entry = self.images[image]
        data = self._bytes(entry, settings)
        picture = images.decode(data, settings, name=entry.name)
        if (picture.width, picture.height) != (entry.width, entry.height):
            raise ImageError(
                f"“{entry.name}” has {picture.width} x {picture.height} pixels and the data set "
                f"says {entry.width} x {entry.height}."
            )
        return picture, zlib.crc32(data)

    def checksum(self, image: int, settings: Settings) -> int:
        """CRC-32 of one picture's file. Raises `ImageError` as `read` does."""
        return zlib.crc32(self._bytes(self.images[image], settings))

    def close(self) -> None:
        """Let go of the files."""
        self.files.close()

    def _bytes(self, entry: ImageEntry, settings: Settings) -> bytes:
        if not entry.file.lower().endswith(".json"):
            return read_bytes(self.files, entry.file, settings.max_upload)
        return embedded_picture(read_bytes(self.files, entry.file, MAX_LABELME))


def embedded_picture(data: bytes) -> bytes:
    """The picture inside a LabelMe file. Raises `ImageError` if there is none."""
    try:
        text: Any = json.loads(data)["imageData"]
        return base64.b64decode(text, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise ImageError("The LabelMe file holds no picture. Put the picture beside it.") from error


@dataclass(slots=True)
class TruthRows:
    """Annotated objects as they come, packed when all are there."""

    _ids: list[Id] = field(default_factory=list)
    _images: list[int] = field(default_factory=list)
    _categories: list[int] = field(default_factory=list)
    _areas: list[float] = field(default_factory=list)
    _boxes: list[tuple[float, ...]] = field(default_factory=list)
    _crowds: list[bool] = field(default_factory=list)
    _counts: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._ids)

    def add(
        self,
        truth_id: Id,
        image: int,
        category: int,
        area: float,
        box: tuple[float, ...],
        crowd: bool,
        counts: bytes,
    ) -> None:
        """One object; `image` and `category` count in the data set's."""
        self._ids.append(truth_id)
        self._images.append(image)
        self._categories.append(category)
        self._areas.append(area)
        self._boxes.append(box)
        self._crowds.append(crowd)
        self._counts.append(counts)

    @property
    def categories(self) -> Set[int]:
        """The places of the categories that have objects."""
        return set(self._categories)

    def move(self, joined: Mapping[int, int]) -> None:
        """Give the objects of some categories to others, by place."""
        if joined:
            self._categories = [joined.get(place, place) for place in self._categories]

    def pack(self, image_order: Sequence[int], category_order: Sequence[int]) -> Truths:
        """By column, image `i` being `image_order[i]` now, -1 for one that is left out."""
        image = np.asarray(image_order, np.int32).reshape(-1)[np.array(self._images, np.intp)]
        category = np.asarray(category_order, np.int32).reshape(-1)[
            np.array(self._categories, np.intp)
        ]
        kept = np.flatnonzero((image >= 0) & (category >= 0))
        kept = kept[np.argsort(image[kept], kind="stable")]
        counts = [self._counts[i] for i in kept]
        total = int(max(image_order, default=-1)) + 1
        return Truths(
            ids=tuple(self._ids[i] for i in kept),
            starts=np.searchsorted(image[kept], np.arange(total + 1)).astype(np.int64),
            image=image[kept],
            category=category[kept],
            area=np.array(self._areas, np.float64)[kept],
            box=np.array(self._boxes, np.float64).reshape(-1, 4)[kept],
            crowd=np.array(self._crowds, bool)[kept],
            ends=np.cumsum([0, *map(len, counts)], dtype=np.int64),
            counts=b"".join(counts),
        )


def in_order(ids: Sequence[Id]) -> list[int]:
    """The places of ids in rising order, numbers before texts: as COCO's evaluation takes them."""
    return sorted(range(len(ids)), key=lambda i: (isinstance(ids[i], str), ids[i]))
