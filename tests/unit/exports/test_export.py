"""The one door to all formats."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from instseg_ui.errors import InputError
from instseg_ui.exports import FORMATS, Item, export
from tests.unit.exports.kit import files, item, prediction, rich

NAMES = [
    "paddlex-json",
    "coco-results",
    "coco",
    "labelme",
    "yolo-seg",
    "label-map",
    "cut-outs",
]
ONE_FILE_FOR_ALL = {"coco", "coco-results"}


def test_the_formats() -> None:
    assert list(FORMATS) == NAMES
    for name, row in FORMATS.items():
        assert row.name == name
        assert row.description.endswith(".")
        assert row.media_type.endswith(row.extension)


@pytest.mark.parametrize("name", NAMES)
def test_one_picture_is_a_file_of_the_formats_kind(name: str) -> None:
    file = export([rich()], name)
    row = FORMATS[name]
    assert file.name.startswith("photo")
    assert file.name.endswith(f".{row.extension}")
    assert file.media_type == row.media_type


@pytest.mark.parametrize("name", NAMES)
def test_several_pictures_are_one_file(name: str) -> None:
    file = export([rich(), rich()], name)
    assert file.name.endswith(".json" if name in ONE_FILE_FOR_ALL else ".zip")
    assert (file.media_type == "application/json") == (name in ONE_FILE_FOR_ALL)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_found_is_a_valid_file(name: str) -> None:
    for pictures in ([item([])], [item([]), item([], labels=())]):
        file = export(pictures, name)
        if file.media_type == "application/zip":
            files(file)
        else:
            json.loads(file.data)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bytes_every_time(name: str) -> None:
    assert export([rich(), rich()], name).data == export([rich(), rich()], name).data


def test_archives_carry_no_time_of_day_and_no_paths() -> None:
    hostile = [item([], name=name) for name in ("../../a.png", "/etc/a.jpg", "C:\\A.png", "")]
    with zipfile.ZipFile(io.BytesIO(export(hostile, "labelme").data)) as archive:
        assert archive.namelist() == ["a.json", "a-2.json", "A.json", "image.json"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_pages_of_one_document_are_told_apart() -> None:
    pages = [Item(prediction([]), None, "report.pdf", page) for page in (0, 1)]
    assert list(files(export(pages, "paddlex-json"))) == ["report_0_res.json", "report_1_res.json"]


def test_an_unknown_format_names_the_close_ones() -> None:
    with pytest.raises(InputError, match=r"no export format “coco-result”.*“coco-results”"):
        export([rich()], "coco-result")
    with pytest.raises(InputError, match="There are: paddlex-json"):
        export([rich()], "xyzzy")


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(InputError, match=r"no option “dens”\. Did you mean “dense”"):
        export([rich()], "paddlex-json", dens=True)
    with pytest.raises(InputError, match="It has no options"):
        export([rich()], "label-map", dense=True)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("paddlex-json", "dense", "yes"),
        ("coco", "segmentation", "polygons"),
        ("coco", "image_ids", [1, 2]),
        ("coco", "image_ids", "1"),
        ("coco", "category_ids", [1, 1, 1]),
        ("coco-results", "category_ids", {0: 1}),
        ("coco-results", "category_ids", ["a", "b", "c"]),
        ("labelme", "shape", None),
        ("yolo-seg", "parts", 1),
    ],
)
def test_an_option_of_another_kind_is_an_answer(name: str, option: str, value: object) -> None:
    with pytest.raises(InputError, match=option):
        export([rich()], name, **{option: value})


def test_no_picture_is_an_answer() -> None:
    with pytest.raises(InputError, match="nothing to export"):
        export([], "coco")


@pytest.mark.parametrize("name", ["coco", "coco-results", "yolo-seg"])
def test_two_lists_of_classes_do_not_go_into_one_file(name: str) -> None:
    mask = np.ones((120, 160), bool)
    with pytest.raises(InputError, match="different classes"):
        export([item([mask]), item([mask], labels=("boat",))], name)
