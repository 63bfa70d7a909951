"""Which of a model's classes stands for which category of the data set: by name, and by hand.

A model's class stands for one category or for none; several classes may stand for one category
(car, bus and truck for “vehicle”). What a model finds of a class that stands for none is left out;
a category without a class counts all the same: its objects are missed.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Pairs
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.errors import InputError
from instseg_ui.evaluate.dataset import Category

How = Literal["same name", "same but for spelling", "other name", "by hand", "none"]

# FileNames of Pascal VOC and others for COCO's classes.
_ALIASES = {
    "aeroplane": "airplane",
    "cellphone": "cell phone",
    "diningtable": "dining table",
    "hair dryer": "hair drier",
    "mobile phone": "cell phone",
    "motorbike": "motorcycle",
    "people": "person",
    "pedestrian": "person",
    "pottedplant": "potted plant",
    "sofa": "couch",
    "television": "tv",
    "tvmonitor": "tv",
    "doughnut": "donut",
    "bike": "bicycle",
}


class Row(NamedTuple):
    """One category of the data set: which classes of the model stand for it, and why."""

    category: Category
    labels: tuple[str, ...]
    how: How


@dataclass(frozen=True, slots=True)
class CategoryMap:
    """The classes of one model and the categories they stand for.

    Attributes:
        categories: of the data set.
        labels: of the model, by class id.
        targets: by class id, the place of its category in `categories`; None for none.
        how: by place of the category, why.
    """

    categories: tuple[Category, ...]
    labels: tuple[str, ...]
    targets: tuple[int | None, ...]
    how: tuple[How, ...]

    @classmethod
    def by_name(cls, categories: Sequence[Category], labels: Sequence[str]) -> CategoryMap:
        """Match names: as they stand, then but for case, spaces and signs, then by other names."""
        targets: list[int | None] = [None] * len(labels)
        how: list[How] = ["none"] * len(categories)
        for reason, key in _RULES:
            free = _first_places(categories, how, key)
            for class_id, label in enumerate(labels):
                place = free.get(key(label))
                if targets[class_id] is None and place is not None:
                    targets[class_id] = place
                    how[place] = reason
        return cls(tuple(categories), tuple(labels), tuple(targets), tuple(how))

    def rows(self) -> tuple[Row, ...]:
        """A row for each category, for the reader."""
        labels: dict[int, list[str]] = {}
        for class_id, place in enumerate(self.targets):
            if place is not None:
                labels.setdefault(place, []).append(self.labels[class_id])
        return tuple(
            Row(category, tuple(labels.get(i, ())), self.how[i])
            for i, category in enumerate(self.categories)
        )

    def unused(self) -> tuple[str, ...]:
        """The model's classes that stand for no category."""
        return tuple(
            self.labels[class_id] for class_id, place in enumerate(self.targets) if place is None
        )

    def with_changes(self, changes: Pairs[str, Sequence[str]]) -> CategoryMap:
        """The same with other classes for some categories.

        Args:
            changes: by the category's name, title or id, the names of the classes that stand for
                it and no others; an empty sequence leaves it without.

        Raises:
            InputError: no such category or class, or a class for two categories.
        """
        targets, how = list(self.targets), list(self.how)
        taken: dict[int, str] = {}
        for name in changes:
            place = self._place(name)
            targets = [None if target == place else target for target in targets]
            how[place] = "by hand"
        for name, labels in changes.items():
            for label in labels:
                for class_id in self._class_ids(label):
                    if taken.setdefault(class_id, name) != name:
                        raise InputError(
                            f"The class “{label}” cannot stand for both “{taken[class_id]}” and "
                            f"“{name}”: one class stands for one category."
                        )
                    targets[class_id] = self._place(name)
        left = {target for target in targets if target is not None}
        kept: list[How] = [
            why if place in left or why == "by hand" else "none" for place, why in enumerate(how)
        ]
        return replace(self, targets=tuple(targets), how=tuple(kept))

    def array(self) -> npt.NDArray[np.int32]:
        """(classes,) the category's place by class id, -1 for none."""
        return np.array([-1 if place is None else place for place in self.targets], np.int32)

    def known(self) -> npt.NDArray[np.bool_]:
        """(categories,), for which of them the model has a class."""
        found = np.zeros(len(self.categories), bool)
        found[[place for place in self.targets if place is not None]] = True
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "categories": [
                {
                    "id": row.category.id,
                    "name": row.category.name,
                    "classes": list(row.labels),
                    "how": row.how,
                }
                for row in self.rows()
            ],
            "unused_classes": list(self.unused()),
        }

    def _place(self, name: str) -> int:
        names = [category.name for category in self.categories]
        for known in (titles(self.categories), names, [str(one.id) for one in self.categories]):
            for key in (_as_it_stands, _plain):
                places = [i for i, one in enumerate(known) if key(one) == key(name)]
                if len(places) > 1:
                    ids = " or ".join(f"“{self.categories[place].id}”" for place in places[:5])
                    raise InputError(
                        f"The data set has {len(places)} categories “{name[:80]}”. Say which one "
                        f"is meant by its id: {ids}."
                    )
                if places:
                    return places[0]
        raise InputError(f"The data set has no category “{name[:80]}”. {_hint(name, names)}")

    def _class_ids(self, label: str) -> list[int]:
        for key in (_as_it_stands, _plain):
            found = [i for i, one in enumerate(self.labels) if key(one) == key(label)]
            if found:
                return found
        raise InputError(f"The model has no class “{label[:80]}”. {_hint(label, self.labels)}")


def titles(categories: Sequence[Category]) -> list[str]:
    """What to call each category where one is chosen: its name; with its id if others have it."""
    counts = Counter(category.name for category in categories)
    return [
        one.name if counts[one.name] == 1 else f"{one.name} (id {one.id})" for one in categories
    ]


def _first_places(
    categories: Sequence[Category], how: Sequence[How], key: Callable[[str], str]
) -> dict[str, int]:
    """The first category of each name that has no class yet."""
    places: dict[str, int] = {}
    for i, category in enumerate(categories):
        if how[i] == "none":
            places.setdefault(key(category.name), i)
    return places


def _as_it_stands(name: str) -> str:
    return name.strip()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def _usual(name: str) -> str:
    plain = _plain(name)
    return _ALIASES.get(plain, plain)


_RULES: tuple[tuple[How, Callable[[str], str]], ...] = (
    ("same name", _as_it_stands),
    ("same but for spelling", _plain),
    ("other name", _usual),
)


def _hint(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name.casefold(), {one.casefold(): one for one in known}, n=3)
    if close:
        return f"Did you mean {' or '.join(f'“{one}”' for one in close)}?"
    more = ", …" if len(known) > 10 else ""
    return f"There are: {', '.join(known[:10])}{more}."
