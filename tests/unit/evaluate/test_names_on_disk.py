"""Names that are written otherwise in the annotations than the files are called."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

import pytest

from instseg_ui.errors import InputError
from instseg_ui.evaluate import Dataset, Finding, Severity, open_dataset
from instseg_ui.evaluate.dataset_files import Zip
from instseg_ui.evaluate.file_names import FileNames
from instseg_ui.images.sources import find_places
from tests.unit.evaluate.test_importers import PICTURE, SQUARE, coco_json

NFC, NFD = normalize("NFC", "école.png"), normalize("NFD", "école.png")


def said(dataset: Dataset) -> dict[str, Finding]:
    return {one.kind: one for one in dataset.findings}


def listed(*names: str) -> bytes:
    entries = [{"id": i, "file_name": name} for i, name in enumerate(names, 1)]
    return coco_json([], entries)


def folder(where: Path, files: Iterable[str], name: str, json_file: str = "set.json") -> Dataset:
    for one in files:
        (where / one).parent.mkdir(parents=True, exist_ok=True)
        (where / one).write_bytes(PICTURE)
    (where / json_file).parent.mkdir(parents=True, exist_ok=True)
    (where / json_file).write_bytes(listed(name))
    return open_dataset(where)


@pytest.mark.parametrize(
    ("files", "name", "found", "form"),
    [
        (["images/a.png"], "images\\a.png", "images/a.png", "slashes"),
        (["images\\a.png"], "images/a.png", "images\\a.png", "slashes"),
        ([NFD], NFC, NFD, "composition of accents"),
        ([NFC], NFD, NFC, "composition of accents"),
        ([f"images/{NFD}"], NFC, f"images/{NFD}", "composition of accents"),
        (["A.PNG"], "a.png", "A.PNG", "upper and lower case"),
        (["Images/a.png"], "images/a.png", "Images/a.png", "upper and lower case"),
        (["a b.png"], "a%20b.png", "a b.png", "percent signs"),
        (["a%20b.png"], "a b.png", "a%20b.png", "percent signs"),
        (["a.jpeg"], "a.jpg", "a.jpeg", "ending"),
        (["a.png"], "a.PNG", "a.png", "upper and lower case"),
        (["images/a.png"], "a.jpg", "images/a.png", "ending"),
    ],
)
def test_a_name_in_another_form_is_found_and_said(
    tmp_path: Path, files: list[str], name: str, found: str, form: str
) -> None:
    dataset = folder(tmp_path, files, name)
    assert [one.file for one in dataset.images] == [found]
    note = said(dataset)["name written otherwise"]
    assert note.level is Severity.NOTE
    assert form in note.examples[0]


@pytest.mark.parametrize(
    ("files", "name", "found"),
    [
        (["a%20b.png", "a b.png"], "a%20b.png", "a%20b.png"),
        (["100%.png"], "100%.png", "100%.png"),
        (["a.png", "A.png"], "A.png", "A.png"),
        (["images/a.png"], "./images//a.png", "images/a.png"),
        (["images/a.png"], "a.png", "images/a.png"),
        (["images/a.png"], "/content/set/images/a.png", "images/a.png"),
        (["images/a.png"], "C:\\set\\images\\a.png", "images/a.png"),
        (["images/val/a.png", "images/train/a.png"], "val/a.png", "images/val/a.png"),
    ],
)
def test_the_strictest_reading_comes_first(
    tmp_path: Path, files: list[str], name: str, found: str
) -> None:
    assert [one.file for one in folder(tmp_path, files, name).images] == [found]


def test_a_name_from_the_folder_of_the_annotations(tmp_path: Path) -> None:
    name = "../images/a.png"
    dataset = folder(tmp_path, ["images/a.png"], name, "annotations/set.json")
    assert [one.file for one in dataset.images] == ["images/a.png"]
    assert not said(dataset).keys() - {"image without objects"}


@pytest.mark.parametrize("below", ["", "images/"])
def test_equal_names_in_two_splits(tmp_path: Path, below: str) -> None:
    for split in ("train", "valid"):
        (tmp_path / split / below).mkdir(parents=True)
        (tmp_path / split / below / "a.png").write_bytes(PICTURE)
        (tmp_path / split / "_annotations.coco.json").write_bytes(listed("a.png"))
    dataset = open_dataset(tmp_path, split="valid")
    assert [one.file for one in dataset.images] == [f"valid/{below}a.png"]
    assert ("equal names" in said(dataset)) == bool(below)


def test_equal_names_and_an_annotation_file_that_is_named_by_the_folder(tmp_path: Path) -> None:
    files = ["train2017/a.png", "val2017/a.png"]
    dataset = folder(tmp_path, files, "a.png", "annotations/instances_val2017.json")
    assert [one.file for one in dataset.images] == ["val2017/a.png"]
    assert said(dataset)["equal names"].level is Severity.NOTE


@pytest.mark.parametrize(
    "files", [["x/a.png", "y/a.png"], ["A.png", "a.Png"], ["x/a.jpg", "x/a.jpeg"]]
)
def test_what_could_be_several_is_a_sentence_and_no_guess(tmp_path: Path, files: list[str]) -> None:
    with pytest.raises(InputError, match="ambiguous image name"):
        folder(tmp_path, files, "a.png")


def test_another_folder_than_the_one_that_is_named_is_doubtful(tmp_path: Path) -> None:
    dataset = folder(tmp_path, ["images/a.png"], "photos/a.png")
    assert said(dataset)["image in another folder"].level is Severity.WARNING


def test_two_entries_for_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    (tmp_path / "set.json").write_bytes(listed("a.png", "A.png"))
    assert said(open_dataset(tmp_path))["one file for two images"].count == 1


def packed(path: Path, members: dict[bytes, bytes]) -> Path:
    """A zip whose names are these bytes, without the mark for UTF-8."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, data) in enumerate(members.items()):
            archive.writestr(zipfile.ZipInfo(f"@{number}".ljust(len(name), "@")), data)
    data = path.read_bytes()
    for number, name in enumerate(members):
        data = data.replace(f"@{number}".ljust(len(name), "@").encode(), name)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("école.png", "utf-8"),
        ("école.png", "cp437"),
        ("école.png", "cp850"),
        ("école.png", "cp1252"),
        ("表示.png", "cp932"),
        ("照片.png", "gbk"),
        ("кот.png", "cp866"),
    ],
)
def test_a_zip_that_does_not_say_its_code_page(tmp_path: Path, name: str, page: str) -> None:
    members = {f"images/{name}".encode(page): PICTURE, b"set.json": listed(name)}
    dataset = open_dataset(packed(tmp_path / "set.zip", members))
    assert [one.name for one in dataset.images] == [name]


def test_a_zip_with_backslashes(tmp_path: Path) -> None:
    members = {b"images\\a.png": PICTURE, b"annotations\\set.json": listed("a.png")}
    path = packed(tmp_path / "set.zip", members)
    assert Zip(path).names() == ("images/a.png", "annotations/set.json")
    assert [one.file for one in open_dataset(path).images] == ["images/a.png"]


def test_what_a_zip_passes_over_is_said(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", PICTURE)
        archive.writestr("../b.png", PICTURE)
        archive.writestr("set.json", listed("a.png"))
        link = zipfile.ZipInfo("c.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert {"name that leads out of the zip", "link in the zip"} <= said(open_dataset(path)).keys()


def linked(where: Path) -> Path:
    """A data set whose pictures are on another disk, with links that lead back."""
    (where / "disk").mkdir(parents=True)
    (where / "disk" / "a.png").write_bytes(PICTURE)
    (where / "set").mkdir()
    (where / "set" / "set.json").write_bytes(listed("val/a.png"))
    (where / "set" / "val").symlink_to(where / "disk")
    (where / "set" / "again").symlink_to(where / "set")
    (where / "set" / "up").symlink_to(where)
    (where / "disk" / "back").symlink_to(where / "set")
    return where / "set"


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    dataset = open_dataset(linked(tmp_path))
    assert [one.file for one in dataset.images] == ["val/a.png"]
    assert said(dataset)["linked folder"].examples == ("val",)
    assert said(dataset)["link passed over"].count == 3
    assert "image that is not listed" not in said(dataset)


def test_pictures_in_linked_folders_are_run_once(tmp_path: Path) -> None:
    places = find_places(linked(tmp_path))
    assert [place.name for place in places] == ["a.png"]
    places = find_places(f"{tmp_path / 'set'}/**/*.png")
    assert len(places) == 1


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    (tmp_path / "b.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "more").symlink_to(tmp_path / "gone")
    (tmp_path / "set.json").write_bytes(listed("a.png", "b.png"))
    dataset = open_dataset(tmp_path)
    assert len(dataset.images) == 1
    assert said(dataset)["unreadable image"].count == 1


@pytest.mark.parametrize("pair", [(NFD, NFC), (NFC, NFD), ("A.PNG", "a.png")])
def test_yolo_labels_of_pictures_in_another_form(tmp_path: Path, pair: tuple[str, str]) -> None:
    disk, written = pair
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "images" / disk).write_bytes(PICTURE)
    line = " ".join(f"{v / (60 if i % 2 else 80)}" for i, v in enumerate(SQUARE))
    (tmp_path / "labels" / written.replace(".png", ".txt")).write_text(f"0 {line}\n")
    (tmp_path / "data.yaml").write_text("val: images\nnames: [cat]\n")
    assert len(open_dataset(tmp_path).truths) == 1


def test_labelme_names_its_picture_in_another_form(tmp_path: Path) -> None:
    (tmp_path / NFD).write_bytes(PICTURE)
    shape = {"label": "cat", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"}
    content = {"shapes": [shape], "imagePath": f"..\\set\\{NFC}", "imageData": None}
    (tmp_path / "other.json").write_text(json.dumps(content))
    assert [one.file for one in open_dataset(tmp_path).images] == [NFD]


def test_many_names_of_one_stem_do_not_make_it_slow() -> None:
    names = FileNames(f"{i}/a.png" for i in range(2000))
    assert names.find("1999/a.png") == "1999/a.png"
    assert names.find("a.png") is None
    assert names.find("7/A.png") == "7/a.png"
