"""Every format, read back by the library that owns it where there is one."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from instseg_ui.errors import InputError
from instseg_ui.exports import Item, export
from instseg_ui.masks import decode
from tests.unit.exports.kit import (
    LABELS,
    Mask,
    ellipse,
    files,
    iou,
    item,
    masks_of,
    parsed,
    picture,
    prediction,
    rich,
    ring_shape,
)

# PaddleX


def test_paddlex_json_has_the_structure_of_paddlex() -> None:
    result = parsed(export([rich()], "paddlex-json"))
    assert list(result) == ["input_path", "page_index", "boxes", "masks"]
    assert result["input_path"] == "photo.jpg"
    assert result["page_index"] is None
    assert list(result["boxes"][0]) == ["cls_id", "label", "score", "coordinate"]
    assert [type(value) for value in result["boxes"][0]["coordinate"]] == [float] * 4
    assert result["boxes"][0]["score"] == 0.95
    for mask, rle in zip(masks_of(rich()), result["masks"], strict=True):
        assert (decode(rle) == mask).all()


@pytest.mark.paddle
def test_paddlex_puts_dense_masks_back_where_they_were() -> None:
    result_module = importlib.import_module("paddlex.inference.models.instance_segmentation.result")
    result = parsed(export([rich()], "paddlex-json", dense=True))
    found = [i for i, mask in enumerate(masks_of(rich())) if mask.any()]
    restored = result_module.restore_to_draw_masks(
        (120, 160), [result["boxes"][i] for i in found], [result["masks"][i] for i in found]
    )
    assert (restored == np.array(masks_of(rich()))[found]).all()


def test_dense_masks_end_at_the_rounded_box_and_at_the_picture() -> None:
    whole = prediction([np.ones((120, 160), bool)])
    whole.instances.boxes[0] = (-3.0, 10.4, 20.6, 500.0)
    mask = parsed(export([Item(whole)], "paddlex-json", dense=True))["masks"][0]
    assert np.array(mask).shape == (110, 21)
    assert np.all(mask)


# LabelMe


def instance_maps(labelme: ModuleType, data: bytes, folder: Path) -> tuple[Any, Any]:
    """The file as LabelMe reads it, and its map of group numbers."""
    path = folder / "photo.json"
    path.write_bytes(data)
    file = labelme.LabelFile(str(path))
    values = {name: i for i, name in enumerate(LABELS, start=1)}
    return file, [
        (shape, labelme.utils.shapes_to_label((120, 160), [shape], values)[1].astype(bool))
        for shape in file.shapes
    ]


def test_labelme_reads_exact_masks_and_the_picture(labelme: ModuleType, tmp_path: Path) -> None:
    file, shapes = instance_maps(labelme, export([rich()], "labelme").data, tmp_path)
    assert file.image_path == "photo.jpg"
    embedded = cv2.imdecode(np.frombuffer(file.image_data, np.uint8), cv2.IMREAD_COLOR)
    assert (embedded == picture().pixels).all()
    assert len(shapes) == 3
    for (shape, mask), expected in zip(shapes, masks_of(rich()), strict=False):
        assert (mask == expected).all()
        assert shape["shape_type"] == "mask"
    assert shapes[0][0]["description"] == "score 0.950"
    assert shapes[0][0]["other_data"]["score"] == 0.95


def test_labelme_reads_polygons(labelme: ModuleType, tmp_path: Path) -> None:
    data = export([rich()], "labelme", shape="polygon").data
    _, shapes = instance_maps(labelme, data, tmp_path)
    for number, expected in enumerate(masks_of(rich())[:3], start=1):
        parts = [mask for shape, mask in shapes if shape["group_id"] == number]
        assert iou(np.logical_or.reduce(parts), expected) >= 0.98


def test_labelme_without_pixels_points_at_the_file() -> None:
    content = parsed(export([Item(prediction([]), None, "a/b c.png")], "labelme"))
    assert (content["imageData"], content["imagePath"]) == (None, "b c.png")
    assert (content["imageHeight"], content["imageWidth"], content["shapes"]) == (120, 160, [])
    assert parsed(export([rich()], "labelme", embed=False))["imageData"] is None


# YOLO


def yolo_masks(text: bytes, size: tuple[int, int]) -> list[tuple[int, Mask]]:
    """Class and mask of each line, filled as Ultralytics' `polygon2mask` does."""
    height, width = size
    rows = []
    for line in text.decode("ascii").splitlines():
        class_id, *values = line.split()
        points = np.array(values, np.float32).reshape(-1, 2)
        assert len(points) >= 3
        assert points.min() >= 0
        assert points.max() <= 1
        canvas = np.zeros(size, np.uint8)
        cv2.fillPoly(canvas, [(points * (width, height)).astype(np.int32)], 1)
        rows.append((int(class_id), canvas.astype(bool)))
    return rows


def test_yolo_labels_read_as_ultralytics_reads_them() -> None:
    content = files(export([rich()], "yolo-seg"))
    assert list(content) == ["data.yaml", "labels/photo.txt"]
    assert yaml.safe_load(content["data.yaml"])["names"] == dict(enumerate(LABELS))
    rows = yolo_masks(content["labels/photo.txt"], (120, 160))
    assert [class_id for class_id, _ in rows] == [0, 1, 2]
    for (_, mask), expected in zip(rows, masks_of(rich()), strict=False):
        assert iou(mask, expected) >= 0.98


def test_yolo_parts_can_stand_on_lines_of_their_own() -> None:
    far_apart = np.zeros((120, 160), bool)
    far_apart[5:8, 5:8] = far_apart[100:103, 150:153] = True
    content = files(export([item([far_apart])], "yolo-seg", parts="separate"))
    rows = yolo_masks(content["labels/photo.txt"], (120, 160))
    assert len(rows) == 2
    assert (np.logical_or(rows[0][1], rows[1][1]) == far_apart).all()


def test_supervision_reads_the_yolo_dataset(tmp_path: Path) -> None:
    supervision = pytest.importorskip(
        "supervision", reason="supervision is not installed: see requirements-dev.txt"
    )
    big = np.kron(ellipse(160, 120, 60, 60, 45, 40), np.ones((8, 8), bool))
    found = prediction([big, big[::-1]], size=(960, 1280))
    items = [Item(found, None, "one.jpg"), Item(prediction([], size=(960, 1280)), None, "two.jpg")]
    for name, data in files(export(items, "yolo-seg")).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "images").mkdir()
    for name in ("one", "two"):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), np.zeros((960, 1280, 3), np.uint8))
    dataset = supervision.DetectionDataset.from_yolo(
        str(tmp_path / "images"), str(tmp_path / "labels"), str(tmp_path / "data.yaml")
    )
    assert dataset.classes == list(LABELS)
    detections = {Path(path).stem: rows for path, _, rows in dataset}
    assert len(detections["two"]) == 0
    assert detections["one"].class_id.tolist() == [0, 1]
    # It rounds to the nearest pixel, so outlines are half a pixel off; hence large masks.
    for mask, expected in zip(detections["one"].mask, (big, big[::-1]), strict=True):
        assert iou(mask, expected) >= 0.98


# Label map


def test_a_label_map_shows_the_higher_score_on_top() -> None:
    low, high = np.ones((120, 160), bool), ring_shape()
    pair = item([low, high], scores=(0.3, 0.8))
    content = files(export([pair], "label-map"))
    labels = cv2.imdecode(np.frombuffer(content["photo.png"], np.uint8), cv2.IMREAD_UNCHANGED)
    assert labels.dtype == np.uint8
    assert (labels == np.where(high, 1, 2)).all()
    legend = json.loads(content["photo.json"])
    assert [row["score"] for row in legend["instances"]] == [0.8, 0.3]
    assert legend["instances"][1]["visible_area"] == (~high).sum()


def test_many_instances_take_sixteen_bits() -> None:
    masks = []
    for i in range(300):
        mask = np.zeros((120, 160), bool)
        mask[i // 16, i % 16] = True
        masks.append(mask)
    content = files(export([item(masks)], "label-map"))
    labels = cv2.imdecode(np.frombuffer(content["photo.png"], np.uint8), cv2.IMREAD_UNCHANGED)
    assert labels.dtype == np.uint16
    for i, mask in enumerate(masks, start=1):
        assert ((labels == i) == mask).all()


# Cut-outs


def test_cut_outs_are_the_objects_pixels_and_nothing_else() -> None:
    content = files(export([rich()], "cut-outs"))
    assert list(content) == ["001_cat_0.95.png", "002_dog_0.72.png", "003_bird_0.50.png"]
    for data, mask in zip(content.values(), masks_of(rich()), strict=False):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        inside = mask[y : y + height, x : x + width]
        assert ((image[..., 3] == 255) == inside).all()
        pixels = picture().pixels[y : y + height, x : x + width]
        assert (image[..., :3] == pixels * inside[..., None]).all()


def test_cut_outs_of_several_pictures_have_folders_and_harmless_names() -> None:
    mask = np.ones((120, 160), bool)
    pair = [item([mask], name=name, labels=("../x",)) for name in ("a.png", "A.jpg")]
    assert list(files(export(pair, "cut-outs"))) == ["a/001_x_0.95.png", "A-2/001_x_0.95.png"]


def test_cut_outs_need_the_picture_that_the_model_saw() -> None:
    found = prediction([np.ones((120, 160), bool)])
    with pytest.raises(InputError, match="need the picture"):
        export([Item(found)], "cut-outs")
    with pytest.raises(InputError, match="Expected a picture of 160 x 120"):
        export([Item(found, picture((10, 10)))], "cut-outs")
