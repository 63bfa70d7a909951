"""Categories and classes are brought together by name."""

from __future__ import annotations

import pytest

from instseg_ui.errors import InputError
from instseg_ui.evaluate import Category, CategoryMap

CATEGORIES = tuple(
    Category(i, name)
    for i, name in enumerate(["cat", "Dining_Table", "aeroplane", "vehicle", "Cat"], 1)
)
LABELS = ("dining table", "cat", "airplane", "car", "bus", "CAT")


def shown(mapping: CategoryMap) -> list[tuple[str, tuple[str, ...], str]]:
    return [(row.category.name, row.labels, row.how) for row in mapping.rows()]


def test_by_name() -> None:
    mapping = CategoryMap.by_name(CATEGORIES, LABELS)
    assert shown(mapping) == [
        ("cat", ("cat",), "same name"),
        ("Dining_Table", ("dining table",), "same but for spelling"),
        ("aeroplane", ("airplane",), "other name"),
        ("vehicle", (), "none"),
        ("Cat", ("CAT",), "same but for spelling"),
    ]
    assert mapping.unused() == ("car", "bus")
    assert mapping.array().tolist() == [1, 0, 2, -1, -1, 4]
    assert mapping.known().tolist() == [True, True, True, False, True]


def test_by_hand() -> None:
    mapping = CategoryMap.by_name(CATEGORIES, LABELS)
    changed = mapping.with_changes({"vehicle": ["car", "bus"], "aeroplane": [], "cat": ["CAT"]})
    assert shown(changed) == [
        ("cat", ("CAT",), "by hand"),
        ("Dining_Table", ("dining table",), "same but for spelling"),
        ("aeroplane", (), "by hand"),
        ("vehicle", ("car", "bus"), "by hand"),
        ("Cat", (), "none"),
    ]
    assert shown(mapping)[3] == ("vehicle", (), "none")
    assert changed.to_dict()["unused_classes"] == ["cat", "airplane"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vehicl": ["car"]}, "no category “vehicl”. Did you mean “vehicle”?"),
        ({"vehicle": ["cars"]}, "no class “cars”. Did you mean “car”"),
        ({"vehicle": ["car"], "cat": ["car"]}, "cannot stand for both “vehicle” and “cat”"),
    ],
)
def test_changes_that_cannot_be_made(changes: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        CategoryMap.by_name(CATEGORIES, LABELS).with_changes(changes)


def test_classes_of_one_name_go_together() -> None:
    mapping = CategoryMap.by_name([Category(7, "cat")], ["cat", "cat"])
    assert mapping.array().tolist() == [0, 0]
