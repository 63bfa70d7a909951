"""Data sets as they come: what is read, and what is said about what cannot be."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pil
from pycocotools import mask as coco

from instseg_ui import masks
from instseg_ui.errors import Cancelled, ImageError, InputError
from instseg_ui.evaluate import Dataset, Severity, Watch, open_coco, open_dataset
from instseg_ui.exports import Item, export
from instseg_ui.results import Prediction
from instseg_ui.settings import Settings
from tests.unit.evaluate.factories import World, instance, prediction, rectangle
from tests.unit.factories import GREEN, RED, patches, png

BOX = (10, 10, 40, 40)
SQUARE = [10, 10, 40, 10, 40, 40, 10, 40]
PICTURE = png(patches(((10, 10, 40, 40), RED)))


def findings(dataset: Dataset) -> dict[str, int]:
    """What is left out or doubtful, without notes."""
    return {one.kind: one.count for one in dataset.findings if one.level is not Severity.NOTE}


def notes(dataset: Dataset) -> set[str]:
    return {one.kind for one in dataset.findings if one.level is Severity.NOTE}


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def coco_json(
    annotations: list[Any], images: list[Any] | None = None, order: str = "images first"
) -> bytes:
    images = images or [{"id": 1, "file_name": "a.png", "width": 80, "height": 60}]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    value = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
    if order != "images first":
        value = {key: value[key] for key in ("annotations", "categories", "images")}
    return json.dumps(value).encode()


def annotation(number: object = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "image_id": 1,
        "category_id": 1,
        "segmentation": [SQUARE],
        "area": 900,
        "bbox": [10, 10, 30, 30],
        "iscrowd": 0,
    } | more


def read_coco(tmp_path: Path, *annotations: Any, **more: Any) -> Dataset:
    files = {"a.png": PICTURE, "x/instances.json": coco_json(list(annotations), **more)}
    return open_dataset(zipped(tmp_path / "set.zip", files))


def test_coco_as_pycocotools_reads_it(tmp_path: Path) -> None:
    pixels = masks.decode(rectangle(BOX)).ravel("F").astype(int)
    edges = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff([0, *edges, pixels.size]).tolist()
    rings = [SQUARE, [50, 5, 70, 5.5, 60, 30.2]]
    dataset = read_coco(
        tmp_path,
        annotation(5, segmentation=rings, category_id=2),
        annotation(3, segmentation={"size": [60, 80], "counts": counts}, iscrowd=1),
        annotation(4, segmentation=rectangle(BOX), area=12.5),
    )
    assert findings(dataset) == {}
    assert dataset.format == "coco"
    assert dataset.truths.ids == (5, 3, 4)
    first, second, third = dataset.truths_of(0)
    merged = coco.merge(coco.frPyObjects(rings, 60, 80))
    assert first.mask["counts"].encode() == merged["counts"]
    assert (first.category, first.crowd, second.crowd) == (1, False, True)
    assert second.mask == rectangle(BOX)
    assert (third.mask, third.area) == (rectangle(BOX), 12.5)
    assert dataset.truths.box[0].tolist() == [10, 10, 30, 30]


def test_the_order_in_the_file_does_not_matter(tmp_path: Path) -> None:
    rows = [annotation(1), annotation(2, category_id=2)]
    (tmp_path / "x").mkdir()
    usual = read_coco(tmp_path, *rows)
    other = read_coco(tmp_path / "x", *rows, order="annotations first")
    assert [one.mask for one in usual.truths_of(0)] == [one.mask for one in other.truths_of(0)]
    assert usual.digest == other.digest


@pytest.mark.parametrize(
    ("rows", "kind", "left"),
    [
        ([annotation(1, category_id=9)], "unknown category", 0),
        ([annotation(1, image_id=7)], "unknown image", 0),
        ([annotation(1, image_id=None)], "unknown image", 0),
        ([annotation(1), annotation(1)], "duplicate annotation id", 2),
        ([annotation(1, segmentation=[[1, 2, 3, 4]])], "broken outline", 0),
        ([annotation(1, segmentation=[])], "broken outline", 0),
        ([annotation(1, segmentation=None)], "broken outline", 0),
        ([annotation(1, segmentation=[[1, 2, 3, 4, 5, "x"]])], "broken outline", 0),
        ([annotation(1, segmentation=[[0, 0, float("nan"), 1, 5, 5]])], "broken outline", 0),
        ([annotation(1, segmentation=[[0, 0, 1e9, 1, 5, 5]])], "broken outline", 0),
        ([annotation(1, segmentation=[SQUARE, [1, 2]])], "broken ring", 1),
        ([annotation(1, segmentation={"size": [60, 80], "counts": [5]})], "broken outline", 0),
        ([annotation(1, segmentation={"size": [6, 8], "counts": [48]})], "broken outline", 0),
        ([annotation(1, segmentation={"size": [60, 80], "counts": "~~"})], "broken outline", 0),
        ([annotation(1, segmentation=[[1, 1, 1.1, 1, 1, 1.1]])], "empty mask", 1),
        (["nonsense", 7, None], "unknown image", 0),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, rows: list[Any], kind: str, left: int) -> None:
    dataset = read_coco(tmp_path, *rows)
    assert kind in findings(dataset)
    assert len(dataset.truths) == left


def test_what_is_missing_is_made_from_the_mask(tmp_path: Path) -> None:
    row = annotation(0)
    del row["area"], row["bbox"], row["iscrowd"]
    dataset = read_coco(tmp_path, row, {**annotation(1), "id": None})
    assert {"object without area", "object without box", "annotation id 0"} <= notes(dataset)
    assert dataset.truths.ids == (0, -1)
    assert dataset.truths.area[0] == 900
    assert dataset.truths.box[0].tolist() == [10, 10, 30, 30]


def test_images_that_cannot_be_used(tmp_path: Path) -> None:
    entries = [
        {"id": 1, "file_name": "a.png", "width": 80, "height": 60},
        {"id": 2, "file_name": "gone.png", "width": 80, "height": 60},
        {"id": 3, "file_name": "small.png", "width": 8, "height": 6},
        {"id": 4, "file_name": "text.png", "width": 80, "height": 60},
        {"id": 1, "file_name": "a.png", "width": 80, "height": 60},
        {"id": 5, "file_name": "../../etc/passwd", "width": 80, "height": 60},
        {"id": [6], "file_name": "a.png"},
        {"id": 7, "file_name": 8},
    ]
    rows = [annotation(1), annotation(2, image_id=2), annotation(3, image_id=3)]
    files = {"a.png": PICTURE, "small.png": PICTURE, "text.png": b"words", "b.png": PICTURE}
    path = zipped(tmp_path / "set.zip", {**files, "set.json": coco_json(rows, entries)})
    dataset = open_dataset(path)
    assert [one.id for one in dataset.images] == [1]
    assert findings(dataset) == {
        "missing image": 2,
        "other image size": 1,
        "unreadable image": 1,
        "duplicate image id": 1,
        "broken image entry": 2,
    }
    assert "image that is not listed" in notes(dataset)
    assert len(dataset.truths) == 1


def test_a_size_that_is_not_said_is_read_upright(tmp_path: Path) -> None:
    turned = io.BytesIO()
    exif = Pil.Exif()
    exif[0x0112] = 6
    Pil.new("RGB", (80, 60)).save(turned, "JPEG", exif=exif)
    files = {"a.jpg": turned.getvalue()}
    entries = [{"id": 1, "file_name": "a.jpg"}]
    dataset = open_dataset(
        zipped(tmp_path / "set.zip", {**files, "set.json": coco_json([], entries)})
    )
    assert (dataset.images[0].width, dataset.images[0].height) == (60, 80)
    picture, _ = dataset.read(0, Settings())
    assert (picture.width, picture.height) == (60, 80)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[1, 2]", "holds no data set"),
        (b"words", "holds no data set"),
        (b'{"images": [', "ends too early"),
        (b'{"images": [], "annotations": [], "categories": []}', "no image that can be used"),
        (b'{"images": []}', "no list “annotations”"),
        (coco_json([])[:-9], "is not a JSON object that can be read"),
        (b'{"images": {}, "annotations": 5, "categories": "x"}', "“annotations” must be a list"),
        (b'{"images": []' + b" " * 300_000 + b"\xff}", "not text in UTF-8"),
        (b'{"images": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_data_set(tmp_path: Path, data: bytes, message: str) -> None:
    path = zipped(tmp_path / "set.zip", {"a.png": PICTURE, "set.json": data})
    with pytest.raises(InputError, match=message):
        open_dataset(path)


def test_categories(tmp_path: Path) -> None:
    value = json.loads(coco_json([annotation(1, category_id=4)]))
    value["categories"] = [
        {"id": 4, "name": "cat"},
        {"id": 4, "name": "dog"},
        {"id": 2, "name": "Cat "},
        {"name": "x"},
        {"id": 3},
    ]
    path = zipped(tmp_path / "s.zip", {"a.png": PICTURE, "s.json": json.dumps(value).encode()})
    dataset = open_dataset(path)
    # “Cat ” has the name of a category that owns objects, and has none itself.
    assert [(one.id, one.name) for one in dataset.categories] == [(3, "category 3"), (4, "cat")]
    assert findings(dataset) == {
        "duplicate category id": 1,
        "broken category entry": 1,
    }
    assert "group category" in notes(dataset)
    assert dataset.truths.category.tolist() == [1]


def test_two_categories_of_one_name_that_both_own_objects(tmp_path: Path) -> None:
    value = json.loads(coco_json([annotation(1), annotation(2, category_id=2)]))
    value["categories"][1]["name"] = "Cat"
    path = zipped(tmp_path / "s.zip", {"a.png": PICTURE, "s.json": json.dumps(value).encode()})
    dataset = open_dataset(path)
    assert findings(dataset) == {"duplicate category name": 1}


def test_images_and_annotations_in_two_places(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(3, (1, BOX))
    world.image(1, (2, BOX))
    dataset = world.open()
    assert [one.id for one in dataset.images] == [1, 3]
    assert dataset.truths.ids == (2, 1)
    with pytest.raises(InputError, match=r"no file “none\.json”"):
        open_coco(tmp_path / "images", tmp_path / "none.json")
    with pytest.raises(InputError, match="no folder or zip “none”"):
        open_coco(tmp_path / "none", world.file)


def test_several_annotation_files(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(1, (1, BOX))
    text = world.write().read_text()
    (tmp_path / "instances_val.json").write_text(text)
    with pytest.raises(InputError, match="several annotation files"):
        open_dataset(tmp_path)
    assert len(open_dataset(tmp_path, split="val").images) == 1


def test_reading_can_be_stopped(tmp_path: Path) -> None:
    rows = [annotation(i) for i in range(1, 600)]
    path = zipped(tmp_path / "s.zip", {"a.png": PICTURE, "s.json": coco_json(rows)})
    told: list[str] = []
    with pytest.raises(Cancelled):
        open_dataset(path, watch=Watch(told.append, lambda: bool(told)))
    assert told == ["Reading objects: 500"]


def two_objects() -> Prediction:
    rows = [instance(0, "cat", 0.9, BOX), instance(1, "dog", 0.8, (50, 5, 70, 50))]
    return prediction(rows, ("cat", "dog"), (60, 80))


def expect_two_objects(dataset: Dataset, least: float = 0.98) -> None:
    assert findings(dataset) == {}
    assert [one.name for one in dataset.categories] == ["cat", "dog"]
    first, second = sorted(dataset.truths_of(0), key=lambda one: one.category)
    assert masks.iou([first.mask], [rectangle(BOX)])[0, 0] >= least
    assert masks.iou([second.mask], [rectangle((50, 5, 70, 50))])[0, 0] >= least
    assert dataset.read(0, Settings())[0].width == 80


def test_yolo_labels_that_were_exported_here(tmp_path: Path) -> None:
    made = export([Item(two_objects(), None, "a.png")], "yolo-seg")
    files = {f"set/images/{name}.png": PICTURE for name in ("a", "b")}
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        files |= {f"set/{name}": archive.read(name) for name in archive.namelist()}
    dataset = open_dataset(zipped(tmp_path / "set.zip", files))
    assert dataset.format == "yolo-seg"
    assert len(dataset.images) == 2
    expect_two_objects(dataset)


@pytest.mark.parametrize("options", [{}, {"shape": "polygon", "embed": False}])
def test_labelme_files_that_were_exported_here(tmp_path: Path, options: dict[str, Any]) -> None:
    made = export([Item(two_objects(), None, "a.png")], "labelme", **options)
    (tmp_path / "a.json").write_bytes(made.data)
    (tmp_path / "a.png").write_bytes(PICTURE)
    dataset = open_dataset(tmp_path)
    assert dataset.format == "labelme"
    expect_two_objects(dataset)


def labelme_file(shapes: list[Any], **more: Any) -> bytes:
    value = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": "a.png"}
    return json.dumps(value | {"imageHeight": 60, "imageWidth": 80} | more).encode()


def shape(label: object = "cat", kind: str = "polygon", **more: Any) -> dict[str, Any]:
    points = [[10, 10], [40, 10], [40, 40], [10, 40]]
    return {"label": label, "points": points, "shape_type": kind, "group_id": None} | more


def test_labelme_shapes(tmp_path: Path) -> None:
    shapes = [
        shape("dog", "rectangle", points=[[50, 5], [70, 50]]),
        shape("cat", "circle", points=[[25, 25], [25, 35]]),
        shape("cat", points=[[1, 1], [9, 1], [9, 9], [1, 9]], group_id=3),
        shape("cat", points=[[1, 11], [9, 11], [9, 19], [1, 19]], group_id=3),
        shape("cat", "point", points=[[1, 1]]),
        shape("cat", "mask", mask="???"),
        shape("", "polygon"),
        shape("cat", points="x"),
        "nonsense",
    ]
    embedded = labelme_file(shapes, imageData=base64.b64encode(PICTURE).decode(), imagePath="z.png")
    (tmp_path / "a.json").write_bytes(embedded)
    (tmp_path / "broken.json").write_bytes(b'{"shapes": 5}')
    dataset = open_dataset(tmp_path)
    assert findings(dataset) == {
        "broken outline": 3,
        "shape without label": 2,
        "unreadable labels": 1,
    }
    dog, circle, group = sorted(dataset.truths_of(0), key=lambda one: -one.area)
    assert dog.area == 900
    assert circle.area == pytest.approx(np.pi * 100, rel=0.05)
    assert group.area == 128
    assert dataset.read(0, Settings())[0].height == 60


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("???", "unreadable image"),
        (base64.b64encode(b"words").decode(), "unreadable image"),
        (base64.b64encode(png(patches())[:60]).decode(), ""),
        (None, "missing image"),
    ],
)
def test_labelme_without_a_whole_picture(tmp_path: Path, data: str | None, kind: str) -> None:
    (tmp_path / "a.json").write_bytes(labelme_file([shape()], imageData=data))
    if kind:
        with pytest.raises(InputError, match=kind):
            open_dataset(tmp_path)
    else:
        with pytest.raises(ImageError, match="damaged"):
            open_dataset(tmp_path).read(0, Settings())


def test_the_size_that_a_labelme_file_claims_is_not_believed(tmp_path: Path) -> None:
    embedded = base64.b64encode(PICTURE).decode()
    huge = labelme_file([shape()], imageData=embedded, imageWidth=10**9, imageHeight=10**9)
    (tmp_path / "a.json").write_bytes(huge)
    with pytest.raises(InputError, match="other image size"):
        open_dataset(tmp_path)


def test_reports_beside_a_data_set_are_not_taken_for_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(1, (1, BOX))
    world.write()
    (tmp_path / "out").mkdir()
    report = b'{"instseg_ui": "1", "dataset": {"images": 5, "categories": [{"id": 1}]}}'
    (tmp_path / "out" / "report.json").write_bytes(report)
    (tmp_path / "out" / "m.predictions.json").write_bytes(b'[{"image_id": 1}]')
    assert len(open_dataset(tmp_path).images) == 1


YAML = b"path: /somewhere/else/set\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n"


def yolo(folder: Path, labels: str, yaml: bytes = YAML) -> Dataset:
    for split in ("train", "val"):
        (folder / "images" / split).mkdir(parents=True)
        (folder / "labels" / split).mkdir(parents=True)
        (folder / "images" / split / f"{split}.png").write_bytes(PICTURE)
        (folder / "labels" / split / f"{split}.txt").write_text(labels)
    (folder / "data.yaml").write_bytes(yaml)
    return open_dataset(folder)


def test_yolo_takes_one_split(tmp_path: Path) -> None:
    line = "1 0.125 0.25 0.5 0.25 0.5 0.75\n"
    dataset = yolo(tmp_path, line)
    assert [one.name for one in dataset.images] == ["images/val/val.png"]
    assert dataset.truths.category.tolist() == [1]
    train = open_dataset(tmp_path, split="train")
    assert [one.name for one in train.images] == ["images/train/train.png"]
    with pytest.raises(InputError, match="no images in the split “test”"):
        open_dataset(tmp_path, split="test")


def test_yolo_lines_that_cannot_be_used(tmp_path: Path) -> None:
    lines = [
        "0 0.1 0.1 0.5 0.1 0.5 0.5",
        "0 0.5 0.5 0.2 0.2",
        "7 0.1 0.1 0.5 0.1 0.5 0.5",
        "0 0.1 0.1 0.5 0.1 0.5",
        "zero 1 2 3",
        "0.5 0.1 0.1 0.5 0.1 0.5 0.5",
        "0 nan 0.1 0.5 0.1 0.5 0.5",
        "",
        "0 900 900 901 900 901 901",
    ]
    dataset = yolo(tmp_path, "\n".join(lines))
    assert findings(dataset) == {
        "box without outline": 1,
        "unknown category": 1,
        "broken outline": 2,
        "broken label line": 3,
    }
    assert len(dataset.truths) == 1


@pytest.mark.parametrize("names", [b"names: 5", b"names: {a: b}", b"names: []", b"names: {-1: x}"])
def test_yolo_without_names(tmp_path: Path, names: bytes) -> None:
    with pytest.raises(InputError, match="lists no class names"):
        yolo(tmp_path, "", b"val: images/val\n" + names)


def test_an_empty_folder_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no data set"):
        open_dataset(tmp_path)
    with pytest.raises(InputError, match="There is no folder or zip"):
        open_dataset(tmp_path / "none")


def test_a_picture_that_changed_its_size(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(1, (1, BOX))
    dataset = world.open()
    cv2.imwrite(str(tmp_path / "images" / "1.png"), patches(((1, 1, 5, 5), GREEN))[:20])
    with pytest.raises(ImageError, match="80 x 20 pixels and the data set says 80 x 60"):
        dataset.read(0, Settings())
