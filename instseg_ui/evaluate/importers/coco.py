"""COCO: one JSON file of images, categories and annotations, read in one go or two.

Format: "Data format" on cocodataset.org.
"""

from __future__ import annotations

import json
import math
from typing import Any, cast

from pycocotools import mask as coco

from instseg_ui.errors import InputError
from instseg_ui.evaluate.builder import Builder, Watch
from instseg_ui.evaluate.dataset import Dataset, Id, ImageEntry
from instseg_ui.evaluate.dataset_files import Files
from instseg_ui.evaluate.ids import as_flag, as_id, as_whole, meant_by
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
    near, _, name = file.rpartition("/")
    builder = Builder(images.name, FORMAT, images, watch or Watch(), hint=name)
    # A file_name is meant from the annotations' folder, where that is among the same files.
    reading = _Reading(builder, file, near if annotations is images else "")
    for again in (False, True):
        with annotations.open(file) as stream:
            for element in elements(stream, file):
                reading.take(element, again)
        if not reading.postponed:
            break
    reading.check()
    return reading.builder.build()


class _Reading:
    """The state of one read. Annotations that come before the images wait for a second go."""

    def __init__(self, builder: Builder, file: str, near: str) -> None:
        self.builder = builder
        self._file = file
        self._near = near
        self.postponed = False
        self._images_seen = False
        self._categories: dict[Id, int] = {}
        self._ids: set[Id] = set()
        self._without_id = 0
        self._seen: set[str] = set()

    def take(self, element: Element, again: bool) -> None:
        self._seen.add(element.key)
        if element.key == "annotations":
            if element.whole and element.value in ([], {}):
                return
            if self._images_seen or again:
                for row in self._rows(element):
                    self._annotation(row)
            else:
                self.postponed = True
        elif element.key == "images" and not again:
            self._images_seen = True
            for row in self._rows(element):
                self._image(row)
        elif element.key == "categories" and not again:
            for row in self._rows(element):
                self._category(row)

    def _rows(self, element: Element) -> list[Any]:
        """One row of a list, or all of an object that has rows by their ids."""
        if not element.whole:
            return [element.value]
        if not isinstance(element.value, dict | list):
            raise InputError(
                f"“{self._file}” is not COCO's format: “{element.key}” must be a list, got "
                f"{json.dumps(element.value)[:40]}."
            )
        if isinstance(element.value, dict) and element.value:
            self.builder.findings.note(
                "object instead of a list",
                "The format has a list here; the values are taken for its rows.",
                element.key,
            )
        return [_keyed(key, row) for key, row in dict(element.value).items()]

    def check(self) -> None:
        missing = [key for key in ("images", "annotations", "categories") if key not in self._seen]
        if missing:
            raise InputError(
                f"“{self._file}” is not COCO's format: it has no list “{missing[0]}”. Expected the "
                "lists images, annotations and categories."
            )
        builder = self.builder
        listed = {one.id for one in builder.categories if one is not None}
        for category_id, count in self._categories.items():
            if meant_by(category_id, listed) is None:
                builder.findings.error(
                    "unknown category",
                    "An annotation's category is not in the list; the object is left out. Add the "
                    "category.",
                    f"category {category_id}, {count} objects",
                )

    def _image(self, row: Any) -> None:
        image_id, name = as_id(_get(row, "id")), _get(row, "file_name")
        if image_id is None or not isinstance(name, str) or not name:
            self.builder.findings.error(
                "broken image entry",
                "Expected an id and a file_name; the entry is left out.",
                name if image_id is None else image_id,
            )
            return
        width, height = as_whole(_get(row, "width")), as_whole(_get(row, "height"))
        sides = (width, height) if width and height and min(width, height) > 0 else None
        self.builder.add_image(image_id, name, sides, near=self._near)

    def _category(self, row: Any) -> None:
        category_id, name = as_id(_get(row, "id")), _get(row, "name")
        if category_id is None:
            self.builder.findings.error(
                "broken category entry", "Expected an id and a name; it is left out.", name
            )
            return
        group = _get(row, "supercategory")
        self.builder.add_category(
            category_id,
            str(name) if name not in (None, "") else f"category {category_id}",
            "" if group in (None, "", "none") else str(group),
        )

    def _annotation(self, row: Any) -> None:
        findings = self.builder.findings
        truth_id = self._id(row)
        image_id, category_id = as_id(_get(row, "image_id")), as_id(_get(row, "category_id"))
        image = None if image_id is None else self.builder.place_of(image_id)
        if image is None:
            if image_id is None or not self.builder.was_left_out(image_id):
                findings.error(
                    "unknown image",
                    "An annotation's image is not in the list; the object is left out.",
                    f"annotation {truth_id}, image {image_id}",
                )
            return
        if category_id is None:
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
        builder.rows.add(truth_id, image, place, area, box, self._is_crowd(row, truth_id), counts)
        builder.watch.step("Reading objects", len(builder.rows))

    def _is_crowd(self, row: dict[str, Any], truth_id: Id) -> bool:
        crowd = as_flag(row.get("iscrowd"))
        if crowd is None:
            self.builder.findings.warn(
                "iscrowd that is neither 0 nor 1",
                "The object counts as a single one.",
                f"annotation {truth_id}",
            )
        return bool(crowd)

    def _id(self, row: Any) -> Id:
        truth_id = as_id(_get(row, "id"))
        findings = self.builder.findings
        if truth_id is None:
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
        return truth_id

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


def _keyed(key: str, row: Any) -> dict[str, Any]:
    """A row of an object by ids; a bare text is the name of what has that id."""
    return {"id": key, **row} if isinstance(row, dict) else {"id": key, "name": row}


def _get(row: Any, key: str) -> Any:
    return row.get(key) if isinstance(row, dict) else None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_length(value: Any) -> bool:
    return _is_number(value) and value >= 0
