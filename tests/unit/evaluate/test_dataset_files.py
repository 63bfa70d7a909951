"""Hostile and broken archives: nothing leaves them and nothing is unpacked."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from instseg_ui.errors import ImageError, InputError
from instseg_ui.evaluate import dataset_files, json_stream, open_dataset
from instseg_ui.evaluate.dataset_files import Folder, Zip, read_bytes
from instseg_ui.evaluate.file_names import FileNames
from instseg_ui.images.endings import is_picture
from instseg_ui.settings import Settings
from tests.unit.evaluate.test_importers import PICTURE, coco_json, zipped


def test_names_that_lead_out_of_the_archive_are_passed_over(tmp_path: Path) -> None:
    bad = ("../a.png", "/a.png", "x/../../a.png", "C:/a.png", "..\\a.png", "\\a.png")
    path = zipped(tmp_path / "set.zip", {**dict.fromkeys(bad, PICTURE), "ok/a.png": PICTURE})
    assert Zip(path).names() == ("ok/a.png",)


def test_rubbish_of_other_systems_is_passed_over(tmp_path: Path) -> None:
    rubbish = ("__MACOSX/a.png", ".DS_Store", "x/.hidden/a.png")
    path = zipped(tmp_path / "set.zip", {**dict.fromkeys(rubbish, b""), "a.png": PICTURE})
    assert Zip(path).names() == ("a.png",)


def test_a_link_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("a.png")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("set.json", coco_json([]))
    with pytest.raises(InputError, match="missing image"):
        open_dataset(path)


def test_a_bomb_is_a_picture_that_is_too_large(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"a.png": bytes(30_000_000), "set.json": coco_json([])})
    assert path.stat().st_size < 100_000
    with pytest.raises(ImageError, match="at most 1 MB"):
        read_bytes(Zip(path), "a.png", 1_000_000)
    with pytest.raises(InputError, match="unreadable image"):
        open_dataset(path)


def test_a_json_bomb_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "set.zip", {"set.json": b'{"images": [' + b" " * 20_000_000})
    with pytest.raises(InputError, match="ends too early"):
        open_dataset(path)
    monkeypatch.setattr(json_stream, "MAX_ELEMENT", 2_000_000)
    path = zipped(tmp_path / "set.zip", {"set.json": b'{"images": ["' + b"x" * 9_000_000})
    with pytest.raises(InputError, match="longer than 2 MB"):
        open_dataset(path)


def test_too_many_and_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "set.zip", {f"{i}.png": PICTURE for i in range(5)})
    monkeypatch.setattr(dataset_files, "MAX_MEMBERS", 4)
    with pytest.raises(InputError, match="at most 4 are read"):
        Zip(path)
    monkeypatch.setattr(dataset_files, "MAX_MEMBERS", 5)
    monkeypatch.setattr(dataset_files, "MAX_BYTES", 100)
    with pytest.raises(InputError, match="unpacks to"):
        Zip(path)


@pytest.mark.parametrize("data", [b"", b"words", b"PK\x03\x04 and no more"])
def test_what_is_no_zip(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a zip file"):
        open_dataset(path)


def test_an_encrypted_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"a.png": PICTURE})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="encrypted"):
        open_dataset(path)


def test_a_damaged_member_is_one_image_less(tmp_path: Path) -> None:
    entries = [{"id": i, "file_name": f"{i}.png", "width": 80, "height": 60} for i in (1, 2)]
    members = {"1.png": PICTURE, "2.png": PICTURE, "set.json": coco_json([], entries)}
    path = zipped(tmp_path / "set.zip", members)
    data = bytearray(path.read_bytes())
    start = data.index(b"2.png") + 40
    data[start : start + 20] = bytes(20)
    path.write_bytes(bytes(data))
    dataset = open_dataset(path)
    whole = [place for place in range(len(dataset.images)) if dataset.images[place].id == 1]
    assert dataset.read(whole[0], Settings())[0].width == 80
    for place in range(len(dataset.images)):
        if place not in whole:
            with pytest.raises(ImageError):
                dataset.read(place, Settings())


def test_a_folder_reads_what_is_in_it_only(tmp_path: Path) -> None:
    (tmp_path / "set" / ".git").mkdir(parents=True)
    (tmp_path / "set" / "a.png").write_bytes(PICTURE)
    (tmp_path / "set" / ".git" / "b.png").write_bytes(PICTURE)
    (tmp_path / "outside.png").write_bytes(PICTURE)
    folder = Folder(tmp_path / "set")
    assert folder.names() == ("a.png",)
    with pytest.raises(KeyError):
        folder.open("../outside.png")
    with pytest.raises(ImageError, match="not among the files"):
        read_bytes(folder, "../outside.png", 1000)


def test_how_an_image_is_found() -> None:
    names = FileNames(
        filter(is_picture, ["x/images/a.jpg", "x/images/b.jpg", "y/b.jpg", "c.txt", "D.JPG"])
    )
    assert len(names) == 4
    assert names.find("a.jpg") == "x/images/a.jpg"
    assert names.find("images\\b.jpg") == "x/images/b.jpg"
    assert names.find("b.jpg") is None
    assert names.find("b.jpg", near="y") == "y/b.jpg"
    assert names.find("d.jpg") == "D.JPG"
    assert names.find("c.txt") is None
    assert names.find("") is None
    assert names.with_stem("x/images/a") == "x/images/a.jpg"
