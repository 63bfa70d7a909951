"""COCO: one JSON file of images, categories and annotations, read in one go or two.

Format: "Data format" on cocodataset.org.
"""

from __future__ import annotations

import math
from typing import Any, cast

from pycocotools import mask as coco

from instseg_ui.errors import InputError
from instseg_ui.evaluate.builder import Builder, Watch
from instseg_ui.evaluate.dataset import Dataset, Id, ImageEntry
from instseg_ui.evaluate.dataset_files import Files
from instseg_ui.evaluate.json_stream import Element, elements
from instseg_ui.evaluate.truth_masks import BrokenMask, to_counts

FORMAT = "coco"


def read(annotations: Files, file: str, images: Files, watch: Watch | None = None) -> Dataset:
    """The data set of one annotation file.

    Args:
        annotations: where the annotation file is, `file` its name there.
        images: where the pictures are.

    Raises:
        InputError: the file is not COCO's, or nothing of it can be used.
        Cancelled: the watch said so.
    """
    reading = _Reading(Builder(images.name, FORMAT, images, watch or Watch()))
    for again in (False, True):
        with annotations.open(file) as stream:
            for element in elements(stream, file):
                reading.take(element, again)
        if not reading.postponed:
            break
    reading.check(file)
    return reading.builder.build()


class _Reading:
    """The state of one read. Annotations that come before the images wait for a second go."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.postponed = False
        self._images_seen = False
        self._categories: dict[Id, int] = {}
        self._ids: set[Id] = set()
        self._without_id = 0
        self._seen: set[str] = set()

    def take(self, element: Element, again: bool) -> None:
        self._seen.add(element.key)
        if element.key == "annotations":
            if element.whole and element.value == []:
                return
            if self._images_seen or again:
                self._annotation(element.value)
            else:
                self.postponed = True
        elif element.key == "images" and not again:
            self._images_seen = True
            if not element.whole:
                self._image(element.value)
        elif element.key == "categories" and not again and not element.whole:
            self._category(element.value)

    def check(self, file: str) -> None:
        missing = [key for key in ("images", "annotations", "categories") if key not in self._seen]
        if missing:
            raise InputError(
                f"“{file}” is not COCO's format: it has no list “{missing[0]}”. Expected the lists "
                "images, annotations and categories."
            )
        builder = self.builder
        for category_id, count in self._categories.items():
            if builder.categories[builder.category_place(category_id)] is None:
                builder.findings.error(
                    "unknown category",
                    "An annotation's category is not in the list; the object is left out. Add the "
                    "category.",
                    f"category {category_id}, {count} objects",
                )

    def _image(self, row: Any) -> None:
        image_id, name = _get(row, "id"), _get(row, "file_name")
        if not _is_id(image_id) or not isinstance(name, str) or not name:
            self.builder.findings.error(
                "broken image entry",
                "Expected an id and a file_name; the entry is left out.",
                image_id if _is_id(image_id) else name,
            )
            return
        width, height = _get(row, "width"), _get(row, "height")
        sides = (width, height) if _is_side(width) and _is_side(height) else None
        self.builder.add_image(image_id, name, cast("tuple[int, int] | None", sides))

    def _category(self, row: Any) -> None:
        category_id, name = _get(row, "id"), _get(row, "name")
        if not _is_id(category_id):
            self.builder.findings.error(
                "broken category entry", "Expected an id and a name; it is left out.", name
            )
            return
        self.builder.add_category(category_id, str(name) if name else f"category {category_id}")

    def _annotation(self, row: Any) -> None:
        findings = self.builder.findings
        truth_id = self._id(row)
        image_id, category_id = _get(row, "image_id"), _get(row, "category_id")
        image = self.builder.place_of(image_id) if _is_id(image_id) else None
        if image is None:
            if not (_is_id(image_id) and self.builder.was_left_out(image_id)):
                findings.error(
                    "unknown image",
                    "An annotation's image is not in the list; the object is left out.",
                    f"annotation {truth_id}, image {image_id}",
                )
            return
        if not _is_id(category_id):
            findings.error(
                "unknown category",
                "An annotation's category is not in the list; the object is left out. Add the "
                "category.",
                f"annotation {truth_id}",
            )
            return
        self._object(row, truth_id, image, category_id)

    def _object(self, row: dict[str, Any], truth_id: Id, image: int, category_id: Id) -> None:
        builder = self.builder
        entry = builder.entries[image]
        try:
            counts, lost = to_counts(row.get("segmentation"), entry.height, entry.width)
        except BrokenMask as fault:
            builder.findings.error(
                "broken outline",
                "The object's outline cannot be used; the object is left out. Draw it again.",
                f"annotation {truth_id}: {fault}",
            )
            return
        if lost:
            builder.findings.warn(
                "broken ring",
                "A part of the outline cannot be used; the other parts are kept.",
                f"annotation {truth_id}: {lost}",
            )
        area, box = self._measures(row, truth_id, counts, entry)
        # Its category may come later in the file.
        self._categories[category_id] = self._categories.get(category_id, 0) + 1
        place = builder.category_place(category_id)
        crowd = bool(row.get("iscrowd"))
        builder.rows.add(truth_id, image, place, area, box, crowd, counts)
        builder.watch.step("Reading objects", len(builder.rows))

    def _id(self, row: Any) -> Id:
        truth_id = _get(row, "id")
        findings = self.builder.findings
        if not _is_id(truth_id):
            self._without_id -= 1
            findings.note(
                "annotation without id", "It gets a negative number of its own.", self._without_id
            )
            return self._without_id
        if truth_id in self._ids:
            findings.warn(
                "duplicate annotation id",
                "Two annotations have one id; both are kept as objects of their own. pycocotools "
                "would take the last one twice.",
                truth_id,
            )
        elif truth_id == 0:
            findings.note(
                "annotation id 0",
                "pycocotools takes id 0 for “not found”; here the object counts as any other. "
                "Number annotations from 1.",
            )
        self._ids.add(truth_id)
        return cast("Id", truth_id)

    def _measures(
        self, row: dict[str, Any], truth_id: Id, counts: bytes, entry: ImageEntry
    ) -> tuple[float, tuple[float, ...]]:
        """Area and box: the annotation's own, else the mask's."""
        packed = {"size": [entry.height, entry.width], "counts": counts}
        area, box = row.get("area"), row.get("bbox")
        if not _is_length(area):
            self.builder.findings.note(
                "object without area", "Its mask's is taken.", f"annotation {truth_id}"
            )
            area = float(coco.area(packed))
        if not (isinstance(box, list) and len(box) == 4 and all(map(_is_number, box))):
            self.builder.findings.note(
                "object without box", "Its mask's is taken.", f"annotation {truth_id}"
            )
            box = coco.toBbox(packed).tolist()
        if not coco.toBbox(packed)[2]:
            self.builder.empty_mask(truth_id)
        return float(cast("float", area)), tuple(map(float, box))


def _get(row: Any, key: str) -> Any:
    return row.get(key) if isinstance(row, dict) else None


def _is_id(value: Any) -> bool:
    return type(value) is int or (isinstance(value, str) and bool(value))


def _is_side(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_length(value: Any) -> bool:
    return _is_number(value) and value >= 0
