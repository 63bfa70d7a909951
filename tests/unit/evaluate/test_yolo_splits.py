"""Which pictures a data.yaml means: those of its split, and never others."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from instseg_ui.errors import InputError
from instseg_ui.evaluate import Dataset, Finding, open_dataset
from tests.unit.evaluate.test_importers import PICTURE

LINE = "0 0.125 0.25 0.5 0.25 0.5 0.75\n"
VAL = ["images/val/v1.png", "images/val/v2.png"]


def yolo_set(folder: Path, yaml: str, lists: dict[str, str] | None = None) -> Path:
    for split, names in (("train", ("t1", "t2")), ("val", ("v1", "v2"))):
        for name in names:
            for kind, content in (("images", PICTURE), ("labels", LINE.encode())):
                file = folder / kind / split / f"{name}{'.png' if kind == 'images' else '.txt'}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
    for name, text in (lists or {}).items():
        (folder / name).write_text(text)
    (folder / "data.yaml").write_text(f"{yaml}\nnames: [cat]\n")
    return folder


def zipped(folder: Path) -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return target


def files(dataset: Dataset) -> list[str]:
    return [one.file for one in dataset.images]


def said(dataset: Dataset) -> dict[str, Finding]:
    return {one.kind: one for one in dataset.findings}


FORMS = {
    "a folder": ("val: images/val", ""),
    "a folder with a dot": ("val: ./images/val/", ""),
    "a path below": ("path: .\nval: images/val", ""),
    "ups of Roboflow": ("val: ../images/val", ""),
    "backslashes": ("val: images\\val", ""),
    "a list of folders": ("val: [images/val]", ""),
    "a list of pictures": ("val: [images/val/v1.png, images/val/v2.png]", ""),
    "a folder of another machine": ("val: /content/cats/images/val", ""),
    "a folder of Windows": ("val: C:\\cats\\images\\val", ""),
    "another machine's path": ("path: /content/cats\nval: images/val", ""),
    "a text file": ("train: train.txt\nval: val.txt", "images/val/v1.png\nimages/val/v2.png\n"),
    "a text file with dots": ("val: val.txt", "./images/val/v1.png\n./images/val/v2.png\n"),
    "a text file of Windows": ("val: val.txt", "images\\val\\v1.png\r\nimages\\val\\v2.png\r\n"),
    "a text file of CVAT": ("val: val.txt", "data/images/val/v1.png\n\ndata/images/val/v2.png"),
    "a text file of a machine": ("val: /x/val.txt", "/x/images/val/v1.png\n/x/images/val/v2.png"),
    "a list of text files": ("val: [val.txt]", "# both\nimages/val/v1.png\nimages/val/v2.png\n"),
    "val called valid": ("train: images/train\nvalid: images/val", ""),
    "test without val": ("train: images/train\ntest: images/val", ""),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_pictures_of_the_split_and_no_others(tmp_path: Path, form: str, packed: bool) -> None:
    yaml, text = FORMS[form]
    folder = yolo_set(tmp_path / "set", yaml, {"val.txt": text, "train.txt": "images/train/t1.png"})
    dataset = open_dataset(zipped(folder) if packed else folder)
    assert files(dataset) == VAL
    assert len(dataset.truths) == 2
    assert said(dataset)["split"].text.startswith("The 2 images of the split “")


@pytest.mark.parametrize(
    ("yaml", "split", "message"),
    [
        ("train: images/train\nval: images/none", None, "no images in the split “val”"),
        ("train: images/train\nval: none.txt", None, "no images in the split “val”"),
        ("train: images/train\nval: [images/val, images/none]", None, "“images/none” is not here"),
        ("train: images/train\nval: images/val", "test", "in the split “test”. It has: val, train"),
        ("train: images/train\nval:", None, "pictures to train on only"),
        ("train: images/train", "val", "no images in the split “val”"),
        ("val: ../..", None, "no images in the split “val”"),
        ("val: /etc", None, "no images in the split “val”"),
        ("train: /a/images\nval: /b/images", None, "no images in the split “val”"),
        ("path: images\ntrain: train\nval: test", None, "no images in the split “val”"),
        ("path: 5\nval: {a: b}", "val", "no images in the split “val”"),
    ],
)
def test_a_split_that_is_not_there_is_never_other_pictures(
    tmp_path: Path, yaml: str, split: str | None, message: str
) -> None:
    folder = yolo_set(tmp_path / "set", yaml)
    with pytest.raises(InputError, match=message):
        open_dataset(folder, split=split)


def test_the_training_pictures_when_they_are_asked_for(tmp_path: Path) -> None:
    folder = yolo_set(tmp_path / "set", "train: images/train")
    assert files(open_dataset(folder, split="train")) == [
        "images/train/t1.png",
        "images/train/t2.png",
    ]


def test_a_picture_that_is_listed_and_not_there(tmp_path: Path) -> None:
    text = "images/val/v1.png\nimages/val/t1.png\nimages/val/gone.png\n"
    dataset = open_dataset(yolo_set(tmp_path / "set", "val: val.txt", {"val.txt": text}))
    assert files(dataset) == ["images/val/v1.png"]
    assert said(dataset)["missing image"].count == 2


def test_folders_outside_are_read_where_that_is_allowed(tmp_path: Path) -> None:
    yolo_set(tmp_path / "disk", "")
    here = tmp_path / "set"
    here.mkdir()
    (here / "data.yaml").write_text(f"val: {tmp_path}/disk/images/val\nnames: [cat]\n")
    dataset = open_dataset(here, reach=True)
    assert [Path(one).name for one in files(dataset)] == ["v1.png", "v2.png"]
    assert len(dataset.truths) == 2
    with pytest.raises(InputError, match="no images in the split"):
        open_dataset(here)
    with pytest.raises(InputError, match="no images in the split"):
        open_dataset(zipped(here), reach=True)


def test_a_list_outside(tmp_path: Path) -> None:
    disk = yolo_set(tmp_path / "disk", "")
    here = tmp_path / "set"
    here.mkdir()
    (here / "val.txt").write_text("".join(f"{disk}/{name}\n" for name in VAL))
    (here / "data.yaml").write_text("path: .\nval: val.txt\nnames: [cat]\n")
    assert len(open_dataset(here, reach=True).truths) == 2
    with pytest.raises(InputError, match=r"no image that can be used|no images in the split"):
        open_dataset(here)


@pytest.mark.parametrize(
    "names", ["names: [cat, dog]", "names: {0: cat, 1: dog}", "names: {'0': cat, '1': dog}"]
)
def test_class_names_in_any_form(tmp_path: Path, names: str) -> None:
    folder = yolo_set(tmp_path / "set", "val: images/val")
    (folder / "data.yaml").write_text(f"val: images/val\n{names}\n")
    (folder / "labels" / "val" / "v1.txt").write_text(LINE.replace("0 ", '"1" ', 1))
    dataset = open_dataset(folder)
    assert [one.name for one in dataset.categories] == ["cat", "dog"]
    assert sorted(dataset.truths.category.tolist()) == [0, 1]


def test_labels_of_label_studio_with_its_notes(tmp_path: Path) -> None:
    folder = yolo_set(tmp_path / "set", "")
    (folder / "data.yaml").unlink()
    (folder / "classes.txt").write_text("cat\n")
    notes = '{"categories": [{"id": 0, "name": "cat"}], "info": {"year": 2024}}'
    (folder / "notes.json").write_text(notes)
    dataset = open_dataset(folder)
    assert (dataset.format, len(dataset.images), len(dataset.truths)) == ("yolo-seg", 4, 4)
    assert said(dataset)["no splits"].text.endswith("all 4 images are used.")


def test_pictures_without_any_labels_are_doubtful(tmp_path: Path) -> None:
    folder = yolo_set(tmp_path / "set", "val: images/val")
    for file in (folder / "labels" / "val").iterdir():
        file.unlink()
    assert said(open_dataset(folder))["no labels"].count == 2
