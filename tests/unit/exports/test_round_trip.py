"""What is exported of a folder of pictures fits these pictures, and is read back here."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest

from instseg_ui.evaluate import Dataset, Severity, open_coco, open_dataset
from instseg_ui.exports import Item, export
from instseg_ui.images.sources import find_places
from instseg_ui.masks import decode
from tests.unit.exports.kit import files, iou, picture, prediction
from tests.unit.factories import png

NAMES = (
    "a/0001.png",
    "b/0001.png",
    "WhatsApp Image 2024-05-01 at 10.11.12 (1).png",
    f"kitchen_{'x' * 120}_jpg.rf.0123456789abcdef.png",
    f"{normalize('NFC', 'école')}/cliché.png",
    normalize("NFD", "forêt.png"),
    "50%20 percent%.png",
    "-dash.png",
    "end..png",
    "12:30.png",
    "写真/кот 🐈.png",
    "two words/con.png",
)
SIZE = (48, 64)


def items() -> list[Item]:
    """A square in each picture, in a place of its own."""
    made = []
    for i, name in enumerate(NAMES):
        mask = np.zeros(SIZE, bool)
        mask[4 + i : 24 + i, 6 + 2 * i : 30 + 2 * i] = True
        made.append(Item(prediction([mask], size=SIZE), picture(SIZE), name))
    return made


def photos(folder: Path) -> Path:
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(picture(SIZE).pixels))
    return folder


def unpacked(data: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder


def expect_the_same(dataset: Dataset, least: float) -> None:
    assert [one for one in dataset.findings if one.level is not Severity.NOTE] == []
    assert {"name written otherwise", "equal names"}.isdisjoint(
        one.kind for one in dataset.findings
    )
    by_name = {item.name: item for item in items()}
    assert len(dataset.images) == len(dataset.truths) == len(NAMES)
    for place, entry in enumerate(dataset.images):
        item = by_name.pop(entry.file.removeprefix("images/"))
        (truth,) = dataset.truths_of(place)
        expected = decode(item.prediction.instances.masks[0])
        assert iou(decode(truth.mask), expected) >= least
    assert not by_name


def test_names_are_the_paths_below_the_folder(tmp_path: Path) -> None:
    assert {place.below for place in find_places(photos(tmp_path))} == set(NAMES)
    one, two = tmp_path / "a" / "0001.png", tmp_path / "b" / "0001.png"
    assert [place.below for place in find_places([one, two])] == ["a/0001.png", "b/0001.png"]
    assert [place.below for place in find_places(one)] == ["0001.png"]
    assert {place.below for place in find_places(f"{tmp_path}/*/0001.png")} == set(NAMES[:2])


@pytest.mark.parametrize("segmentation", ["rle", "polygon"])
def test_coco(tmp_path: Path, segmentation: str) -> None:
    (tmp_path / "coco.json").write_bytes(export(items(), "coco", segmentation=segmentation).data)
    dataset = open_coco(photos(tmp_path / "photos"), tmp_path / "coco.json")
    assert [one.name for one in dataset.images] == list(NAMES)
    expect_the_same(dataset, 1.0 if segmentation == "rle" else 0.9)


@pytest.mark.parametrize("shape", ["mask", "polygon"])
def test_labelme(tmp_path: Path, shape: str) -> None:
    made = export(items(), "labelme", shape=shape, embed=False)
    expect_the_same(
        open_dataset(unpacked(made.data, photos(tmp_path))), 1.0 if shape == "mask" else 0.9
    )


def test_yolo(tmp_path: Path) -> None:
    photos(tmp_path / "images")
    expect_the_same(open_dataset(unpacked(export(items(), "yolo-seg").data, tmp_path)), 0.9)


def test_coco_results_number_the_pictures_as_the_dataset_does() -> None:
    made = items()
    dataset = json.loads(export(made, "coco").data)
    results = json.loads(export(made, "coco-results").data)
    assert [one["image_id"] for one in results] == [one["id"] for one in dataset["images"]]
    assert [one["file_name"] for one in dataset["images"]] == list(NAMES)


@pytest.mark.parametrize("name", ["paddlex-json", "label-map", "cut-outs"])
def test_files_of_our_own_have_safe_names_in_the_pictures_folders(name: str) -> None:
    content = files(export(items(), name))
    assert len({entry.casefold() for entry in content}) == len(content)
    assert any(entry.startswith("a/0001") for entry in content)
    assert any(entry.startswith("b/0001") for entry in content)
    for entry in content:
        assert not set('<>:"\\|?*') & set(entry)
        assert ".." not in entry.split("/")


def test_paddlex_json_says_which_picture_it_is_of() -> None:
    content = files(export(items(), "paddlex-json"))
    assert [json.loads(data)["input_path"] for data in content.values()] == list(NAMES)


def test_two_pictures_of_one_stem_have_labels_each(tmp_path: Path) -> None:
    made: Sequence[Item] = [
        Item(item.prediction, None, name)
        for item, name in zip(items(), ("a.png", "a.jpg"), strict=False)
    ]
    assert list(files(export(made, "labelme"))) == ["a.json", "a-2.json"]
    (tmp_path / "coco.json").write_bytes(export(made, "coco").data)
    listed = json.loads((tmp_path / "coco.json").read_text())["images"]
    assert [one["file_name"] for one in listed] == ["a.png", "a.jpg"]
