"""What the importers share: images, categories and objects to a `Dataset`, with the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from pycocotools import mask as coco

from instseg_ui.errors import Cancelled, InputError
from instseg_ui.evaluate.dataset import (
    Category,
    Dataset,
    Id,
    ImageEntry,
    TruthRows,
    Truths,
    in_order,
)
from instseg_ui.evaluate.dataset_files import Files
from instseg_ui.evaluate.file_names import FileNames, Match
from instseg_ui.evaluate.findings import Findings, Severity
from instseg_ui.evaluate.ids import meant_by
from instseg_ui.evaluate.image_size import upright_size
from instseg_ui.images.endings import is_picture

IsCancelled = Callable[[], bool]
OnStage = Callable[[str], None]


def never() -> bool:
    """The answer of somebody who does not cancel."""
    return False


def ignore_stage(stage: str) -> None:
    """No one watches the stages."""


@dataclass(slots=True)
class Watch:
    """Tells how far a long read is and asks whether to go on."""

    on_stage: OnStage = ignore_stage
    cancelled: IsCancelled = never
    _every: int = 500

    def step(self, verb: str, done: int) -> None:
        """`done` things are done; told now and then. Raises `Cancelled`."""
        if done % self._every == 0:
            self.on_stage(f"{verb}: {done}")
            if self.cancelled():
                raise Cancelled("Stopped while reading the data set.")


@dataclass(slots=True)
class Builder:
    """Gathers a data set; what cannot be used becomes a finding."""

    name: str
    format: str
    files: Files
    watch: Watch = field(default_factory=Watch)
    findings: Findings = field(default_factory=Findings)
    entries: list[ImageEntry] = field(default_factory=list)
    categories: list[Category | None] = field(default_factory=list)
    rows: TruthRows = field(default_factory=TruthRows)
    _image_places: dict[Id, int] = field(default_factory=dict)
    _category_places: dict[Id, int] = field(default_factory=dict)
    _left_out: set[Id] = field(default_factory=set)
    _used: set[str] = field(default_factory=set)
    hint: str = ""
    _supercategories: dict[int, set[str]] = field(default_factory=dict)
    _names: FileNames | None = None

    def __post_init__(self) -> None:
        self.findings.extend(self.files.findings)

    @property
    def names(self) -> FileNames:
        """The pictures that are there; `hint` tells those of equal names apart."""
        if self._names is None:
            pictures = filter(is_picture, self.files.names())
            self._names = FileNames(pictures, self.files.spellings, self.hint)
        return self._names

    def look_again(self) -> None:
        """Forget the list of pictures: more files are there now."""
        self._names = None

    def add_category(self, category_id: Id, name: str, supercategory: str = "") -> None:
        """A class; one whose id is taken is left out."""
        place = self.category_place(category_id)
        if self.categories[place] is not None:
            self.findings.error(
                "duplicate category id",
                "Two categories have one id; the first is kept. Give each its own.",
                f"{category_id}: {name}",
            )
            return
        self.categories[place] = Category(category_id, name)
        if supercategory:
            self._supercategories.setdefault(place, set()).add(supercategory)

    def add_image(
        self,
        image_id: Id,
        name: str,
        said: tuple[int, int] | None,
        *,
        near: str = "",
        file: str | None = None,
    ) -> int | None:
        """A picture, by its name in the annotations; its place, or None if it is left out.

        Args:
            said: width and height in the annotations, pixels; None where they say none.
            near: folder of the annotation.
            file: which file it is, where that is known.
        """
        if image_id in self._image_places or image_id in self._left_out:
            self.findings.error(
                "duplicate image id",
                "Two images have one id; the first is kept. Give each its own.",
                f"{image_id}: {name}",
            )
            return None
        path = file or self._found(name, near)
        size = None if path is None else self._size(name, path, said)
        if path is None or size is None:
            self._left_out.add(image_id)
            return None
        if path in self._used:
            self.findings.warn(
                "one file for two images", "Both are evaluated, on the same pixels.", name
            )
        self._used.add(path)
        self._image_places[image_id] = len(self.entries)
        self.entries.append(ImageEntry(image_id, name, path, *size))
        self.watch.step("Checking images", len(self.entries))
        return len(self.entries) - 1

    def place_of(self, image_id: Id) -> int | None:
        """The place of an image that can be used."""
        meant = meant_by(image_id, self._image_places)
        if meant is None:
            return None
        self._say_type(image_id, meant)
        return self._image_places[meant]

    def was_left_out(self, image_id: Id) -> bool:
        """Whether the annotations list the image, but it cannot be used."""
        return meant_by(image_id, self._left_out) is not None

    def join_categories(self) -> None:
        """Give objects whose category is written as another type to the category that is meant."""
        listed = {one.id for one in self.categories if one is not None}
        joined = {}
        for category_id, place in self._category_places.items():
            if self.categories[place] is None:
                meant = meant_by(category_id, listed)
                if meant is not None:
                    self._say_type(category_id, meant)
                    joined[place] = self._category_places[meant]
        self.rows.move(joined)

    def _say_type(self, written: Id, meant: Id) -> None:
        if type(written) is not type(meant):
            self.findings.note(
                "id of another type",
                "Annotations write an id as text or as a number, the list the other way; it is "
                "taken for the one in the list.",
                repr(written),
            )

    def _found(self, name: str, near: str) -> str | None:
        """The file that is meant by a name, with what is to be said about it."""
        match = self.names.look_up(name, near)
        if match.path is None:
            self._say_missing(name, match)
            return None
        shown = f"{name} → {match.path}"
        if match.moved:
            self.findings.warn(
                "image in another folder",
                "The annotations name another folder than the image is in. Check that it is the "
                "one that is meant.",
                shown,
            )
        if match.form:
            self.findings.note(
                "name written otherwise",
                "The annotations write the name otherwise than the file is called; it is taken "
                "for the same.",
                f"{shown} ({match.form})",
            )
        if match.nearest:
            self.findings.note(
                "equal names",
                "Several images have that name; the one in the folder of the annotations is used.",
                shown,
            )
        return match.path

    def _say_missing(self, name: str, match: Match) -> None:
        if match.several:
            self.findings.error(
                "ambiguous image name",
                "Several images have that name, so nobody can tell which one is meant; it and its "
                "objects are left out. Write the folder before the name.",
                f"{name}: {', '.join(match.several[:3])}",
            )
        else:
            self.findings.error(
                "missing image",
                "The annotations name it, but it is not among the images; it and its objects are "
                "left out.",
                name,
            )

    def category_place(self, category_id: Id) -> int:
        """The place of a category, which may still be to come."""
        place = self._category_places.setdefault(category_id, len(self.categories))
        if place == len(self.categories):
            self.categories.append(None)
        return place

    def add_mask(self, truth_id: Id, image: int, category: int, counts: bytes) -> None:
        """An object whose area and box are its mask's."""
        entry = self.entries[image]
        packed = {"size": [entry.height, entry.width], "counts": counts}
        box = tuple(float(value) for value in coco.toBbox(packed))
        self.rows.add(truth_id, image, category, float(coco.area(packed)), box, False, counts)
        if box[2] == 0:
            self.empty_mask(truth_id)

    def empty_mask(self, truth_id: Id) -> None:
        """Say that an object has no pixels."""
        self.findings.warn(
            "empty mask",
            "The outline holds no pixel, so the object can only be missed. Correct or delete it.",
            f"annotation {truth_id}",
        )

    def build(self) -> Dataset:
        """Everything, in the order of ids.

        Raises:
            InputError: no image can be used, or there are no categories.
        """
        if not self.entries:
            raise InputError(self._nothing())
        self.join_categories()
        self._leave_groups_out()
        known = [place for place, one in enumerate(self.categories) if one is not None]
        categories = [one for one in self.categories if one is not None]
        if not categories:
            raise InputError(
                "The data set has no categories. Name its classes, as its format does."
            )
        image_order = in_order([entry.id for entry in self.entries])
        order = in_order([category.id for category in categories])
        category_order = _inverse([known[i] for i in order], len(self.categories))
        truths = self.rows.pack(_inverse(image_order, len(image_order)), category_order)
        self._last_findings(truths, categories)
        return Dataset(
            self.name,
            self.format,
            self.files,
            tuple(self.entries[i] for i in image_order),
            tuple(categories[i] for i in order),
            truths,
            self.findings,
        )

    def _size(self, name: str, path: str, said: tuple[int, int] | None) -> tuple[int, int] | None:
        size = upright_size(self.files, path)
        if size is None:
            self.findings.error(
                "unreadable image",
                "The file is not a picture that can be read; it and its objects are left out.",
                name,
            )
        elif said is not None and said != size:
            self.findings.error(
                "other image size",
                "The annotations are made for another size than the upright picture has; it and "
                "its objects are left out.",
                f"{name}: {said[0]} x {said[1]} in the annotations, {size[0]} x {size[1]} in truth",
            )
            return None
        return size

    def _leave_groups_out(self) -> None:
        """Leave out categories that are no classes: nothing is annotated as one.

        They are the supercategory of others, or have the name of a category that owns objects.
        """
        owners = {place for place in self.rows.categories if self.categories[place] is not None}
        owned = {_plain(one) for place in owners if (one := self.categories[place]) is not None}
        groups = [
            place
            for place, one in enumerate(self.categories)
            if one is not None
            and place not in owners
            and (_plain(one) in owned or self._is_group(place, one))
        ]
        if len(groups) == sum(one is not None for one in self.categories):
            return
        for place in groups:
            one = self.categories[place]
            self.categories[place] = None
            self.findings.note(
                "group category",
                "Nothing is annotated as one, and it is the name of a group of categories, or of a "
                "category that owns objects; it is no class.",
                one and f"{one.id}: {one.name}",
            )

    def _is_group(self, place: int, category: Category) -> bool:
        named = (names for other, names in self._supercategories.items() if other != place)
        return any(category.name in names or str(category.id) in names for names in named)

    def _say_doubles(self, truths: Truths) -> None:
        """Tell of objects that are in the annotations twice."""
        seen: set[tuple[int, int, bytes]] = set()
        for i in np.flatnonzero(~truths.crowd).tolist():
            one = (int(truths.image[i]), int(truths.category[i]), truths.packed(i))
            if one in seen:
                self.findings.warn(
                    "same object twice",
                    "Two objects of one class have the same outline; both count, and a model finds "
                    "only one of them. Delete one.",
                    f"annotation {truths.ids[i]}",
                )
            seen.add(one)

    def _nothing(self) -> str:
        faults = [str(one) for one in self.findings]
        why = f" {faults[0]}" if faults else " It lists none."
        return f"The data set “{self.name}” has no image that can be used.{why}"

    def _last_findings(self, truths: Truths, categories: list[Category]) -> None:
        bare = int(np.count_nonzero(np.diff(truths.starts) == 0))
        if bare:
            self.findings.add(
                Severity.NOTE,
                "image without objects",
                "Nothing is annotated in it: whatever a model finds there is wrong.",
                count=bare,
            )
        unused = len(self.names) - len(self._used)
        if unused > 0:
            self.findings.add(
                Severity.NOTE,
                "image that is not listed",
                "It lies beside the others, but the annotations do not name it; it is not used.",
                count=unused,
            )
        self._say_doubles(truths)
        if truths.crowd.all() and len(truths):
            self.findings.add(
                Severity.ERROR,
                "nothing but crowd regions",
                "Every object is marked as a crowd (iscrowd 1), so none can be found and there is "
                "no AP. Some tools write plain objects so: CVAT for what is drawn with the brush, "
                "supervision for objects with holes or several parts, datumaro in its mask mode. "
                "Set iscrowd to 0 if these are single objects.",
                count=len(truths),
            )
        elif truths.crowd.any():
            self.findings.add(
                Severity.NOTE,
                "crowd region",
                "It counts neither as found nor as missed, and what is found in it is not wrong.",
                count=int(truths.crowd.sum()),
            )
        names = Counter(category.name.strip().casefold() for category in categories)
        for name in [name for name, count in names.items() if count > 1]:
            self.findings.warn(
                "duplicate category name",
                "Categories of one name are told apart by their ids only; a model's class is given "
                "to the first. Give each its own name.",
                name,
            )


def _plain(category: Category) -> str:
    return category.name.strip().casefold()


def _inverse(order: list[int], count: int) -> list[int]:
    """The new place of each of `count` things, -1 for those that are not in `order`."""
    inverse = [-1] * count
    for place, was in enumerate(order):
        inverse[was] = place
    return inverse
