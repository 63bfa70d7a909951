"""What other programs write: ids of another type, groups, marks, one object twice."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from instseg_ui import masks
from instseg_ui.errors import InputError
from instseg_ui.evaluate import CategoryMap, Dataset, Finding, Severity, open_dataset
from instseg_ui.evaluate.category_map import titles
from instseg_ui.evaluate.ids import as_flag, as_id, meant_by
from tests.unit.evaluate.test_importers import (
    PICTURE,
    annotation,
    coco_json,
    labelme_file,
    shape,
    zipped,
)
from tests.unit.factories import png


def said(dataset: Dataset) -> dict[str, Finding]:
    return {one.kind: one for one in dataset.findings}


def coco_set(folder: Path, value: dict[str, Any], **more: bytes) -> Dataset:
    files = {"a.png": PICTURE, "set.json": json.dumps(value).encode()}
    return open_dataset(zipped(folder / "set.zip", files | more))


def content(*annotations: Any) -> dict[str, Any]:
    return dict(json.loads(coco_json(list(annotations))))


@pytest.mark.parametrize("written", [1, 1.0, "1", "1.0"])
@pytest.mark.parametrize("listed", [1, 1.0, "1"])
def test_ids_of_any_type(tmp_path: Path, listed: Any, written: Any) -> None:
    value = content(annotation(written, image_id=written, category_id=written, iscrowd="0"))
    value["images"][0]["id"] = value["categories"][0]["id"] = listed
    dataset = coco_set(tmp_path, value)
    (truth,) = dataset.truths_of(0)
    assert dataset.categories[truth.category].name == "cat"
    assert not dataset.truths.crowd.any()
    assert not [one for one in dataset.findings if one.level is Severity.ERROR]


def test_ids_that_mean_nothing(tmp_path: Path) -> None:
    rows = [annotation(1, image_id=value) for value in (True, 1.5, "x", "01", [1], None, "2")]
    dataset = coco_set(tmp_path, content(*rows))
    assert said(dataset)["unknown image"].count == 7


def test_a_text_and_a_number_that_are_both_there() -> None:
    assert meant_by("1", {1, "1"}) == "1"
    assert meant_by(1, {1, "1"}) == 1
    assert meant_by(1, {"1"}) == "1"
    assert meant_by("1e0", {1}) is None
    assert (as_id(1e0), as_id(True), as_id(1.5), as_id("")) == (1, None, None, None)


@pytest.mark.parametrize(
    ("value", "crowd"),
    [(0, False), (1, True), ("0", False), ("1", True), (0.0, False), (1.0, True), (None, False),
     (True, True), ("false", False), ("true", True), ("maybe", None), ([1], None)],
)  # fmt: skip
def test_iscrowd_in_any_type(value: Any, crowd: bool | None) -> None:
    assert as_flag(value) is crowd


@pytest.mark.parametrize("order", [("images", "annotations"), ("annotations", "images")])
def test_objects_by_id_instead_of_lists(tmp_path: Path, order: tuple[str, str]) -> None:
    value = content(annotation(1), annotation(2, category_id=2))
    value["annotations"] = {str(one["id"]): one for one in value["annotations"]}
    value["categories"] = {"1": "cat", "2": "dog"}
    value = {key: value[key] for key in (*order, "categories")}
    dataset = coco_set(tmp_path, value)
    assert [one.name for one in dataset.categories] == ["cat", "dog"]
    assert len(dataset.truths) == 2
    assert said(dataset)["object instead of a list"].level is Severity.NOTE


@pytest.mark.parametrize("value", ["none", 5, None, True])
def test_annotations_that_are_no_list(tmp_path: Path, value: Any) -> None:
    with pytest.raises(InputError, match="“annotations” must be a list"):
        coco_set(tmp_path, content() | {"annotations": value})


def test_other_json_files_beside_the_annotations(tmp_path: Path) -> None:
    notes = {"images": ["a.png"], "note": "images of May"}
    more = {"notes.json": json.dumps(notes).encode(), "classes.txt": b"cat\n", ".DS_Store": b"x"}
    dataset = coco_set(tmp_path, content(annotation()), **more)
    assert (dataset.format, len(dataset.truths)) == ("coco", 1)


def test_a_group_that_has_its_class_own_name(tmp_path: Path) -> None:
    value = content(annotation(1, category_id=1))
    value["categories"] = [
        {"id": 0, "name": "cat", "supercategory": "none"},
        {"id": 1, "name": "cat", "supercategory": "cat"},
    ]
    dataset = coco_set(tmp_path, value)
    assert [one.id for one in dataset.categories] == [1]
    assert said(dataset)["group category"].level is Severity.NOTE
    assert CategoryMap.by_name(dataset.categories, ["cat"]).targets == (0,)


def test_a_group_of_classes_that_has_a_name_of_its_own(tmp_path: Path) -> None:
    value = content(annotation(1, category_id=1))
    value["categories"] = [
        {"id": 0, "name": "animals"},
        {"id": 1, "name": "cat", "supercategory": "animals"},
        {"id": 2, "name": "person", "supercategory": "person"},
    ]
    dataset = coco_set(tmp_path, value)
    assert [one.name for one in dataset.categories] == ["cat", "person"]


def test_groups_that_name_each_other_stay(tmp_path: Path) -> None:
    value = content()
    value["categories"] = [
        {"id": 1, "name": "a", "supercategory": "b"},
        {"id": 2, "name": "b", "supercategory": "a"},
    ]
    assert len(coco_set(tmp_path, value).categories) == 2


def test_categories_of_one_name_are_chosen_by_their_ids(tmp_path: Path) -> None:
    value = content(annotation(1), annotation(2, category_id=2))
    value["categories"][1]["name"] = "cat"
    dataset = coco_set(tmp_path, value)
    assert titles(dataset.categories) == ["cat (id 1)", "cat (id 2)"]
    mapping = CategoryMap.by_name(dataset.categories, ["cat", "dog"])
    for name in ("2", "cat (id 2)"):
        assert mapping.with_changes({name: ["dog"]}).targets == (0, 1)
    with pytest.raises(InputError, match=r"2 categories “cat”. Say which one is meant by its id"):
        mapping.with_changes({"cat": ["dog"]})


def test_nothing_but_crowds_is_an_error_that_names_tools(tmp_path: Path) -> None:
    dataset = coco_set(tmp_path, content(annotation(1, iscrowd=1), annotation(2, iscrowd="1")))
    finding = said(dataset)["nothing but crowd regions"]
    assert finding.level is Severity.ERROR
    assert all(name in finding.text for name in ("CVAT", "supervision", "datumaro"))
    mixed = coco_set(tmp_path, content(annotation(1, iscrowd=1), annotation(2)))
    assert said(mixed)["crowd region"].level is Severity.NOTE


def test_the_same_object_twice_is_said(tmp_path: Path) -> None:
    rows = [annotation(1), annotation(2), annotation(3, category_id=2), annotation(4, iscrowd=1)]
    dataset = coco_set(tmp_path, content(*rows))
    assert said(dataset)["same object twice"].count == 1
    assert len(dataset.truths) == 4


def labelme_set(folder: Path, *shapes: dict[str, Any]) -> Dataset:
    (folder / "a.png").write_bytes(PICTURE)
    (folder / "a.json").write_bytes(labelme_file(list(shapes)))
    (folder / "notes.json").write_text('{"notes": [{"shapes": 3}]}')
    return open_dataset(folder)


def test_what_labelme_passes_over_is_no_class(tmp_path: Path) -> None:
    dataset = labelme_set(tmp_path, shape("cat"), shape("__ignore__"), shape("_background_"))
    assert [one.name for one in dataset.categories] == ["cat"]
    assert said(dataset)["mark of the tool"].count == 2
    assert "unreadable labels" not in said(dataset)


CORNERS = [[10, 10], [30, 5], [40, 40], [15, 45]]


@pytest.mark.parametrize("kind", ["oriented_rectangle", "rotation", "quadrilateral"])
def test_turned_rectangles_are_four_corners(labelme: ModuleType, tmp_path: Path, kind: str) -> None:
    dataset = labelme_set(tmp_path, shape("cat", kind, points=CORNERS))
    (truth,) = dataset.truths_of(0)
    theirs = labelme.utils.shape_to_mask((60, 80), CORNERS, "oriented_rectangle")
    # COCO's way of filling leaves the outline's outer half out.
    assert masks.iou([truth.mask], [masks.encode(theirs)])[0, 0] > 0.9
    three = labelme_set(tmp_path, shape("cat", kind, points=CORNERS[:3]))
    assert "has four corners, not 3" in said(three)["broken outline"].examples[0]


@pytest.mark.parametrize("origin", [(7.0, 5.0), (7.4, 5.2), (7.5, 5.5), (7.9, 5.999)])
def test_a_labelme_mask_is_cut_as_labelme_cuts_it(
    labelme: ModuleType, tmp_path: Path, origin: tuple[float, float]
) -> None:
    crop = np.zeros((12, 20), np.uint8)
    crop[2:9, 3:17] = 255
    x, y = origin
    points = [[x, y], [x + 19, y + 11]]
    data = base64.b64encode(png(crop)).decode()
    dataset = labelme_set(tmp_path, shape("cat", "mask", points=points, mask=data))
    (truth,) = dataset.truths_of(0)
    theirs = {"label": "cat", "points": points, "shape_type": "mask", "mask": crop > 0}
    cls, _ = labelme.utils.shapes_to_label((60, 80), [theirs], {"cat": 1})
    assert np.array_equal(masks.decode(truth.mask), cls > 0)


def test_a_rectangle_is_filled_as_coco_fills_it(labelme: ModuleType, tmp_path: Path) -> None:
    dataset = labelme_set(tmp_path, shape("cat", "rectangle", points=[[10, 10], [20, 20]]))
    assert dataset.truths.area.tolist() == [100]
    theirs = labelme.utils.shape_to_mask((60, 80), [[10, 10], [20, 20]], "rectangle")
    assert theirs.sum() == 121
