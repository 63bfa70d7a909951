"""What a visitor brings: photos, zips of them, and what is neither."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image as Pil

from instseg_ui.errors import InputError
from instseg_ui.settings import Settings
from instseg_ui.ui import uploads
from instseg_ui.ui.workbench import intake
from instseg_ui.ui.workbench.intake import Intake, brought, bundled_photos, take_in
from instseg_ui.ui.workbench.tray import MOST_PHOTOS, Tray
from tests.unit.ui.workbench.kit import EXAMPLES, packed, photo, sent, upload


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def tray() -> Tray:
    return Tray(EXAMPLES)


def last(tray: Tray, settings: Settings, *paths: Path) -> Intake:
    return list(take_in(tray, brought(sent(*paths)), settings))[-1]


def names(tray: Tray) -> list[str]:
    return [one.name for one in tray.photos]


def served(address: str) -> Path:
    return Path(address.removeprefix("/gradio_api/file="))


def test_photos_are_taken_in_their_order_and_the_first_is_looked_at(
    tray: Tray, settings: Settings, folder: Path
) -> None:
    paths = [upload(folder, name, photo()) for name in ("b.png", "a.png")]
    steps = list(take_in(tray, brought(sent(*paths)), settings))
    assert [(one.done, one.total) for one in steps[:2]] == [(1, 2), (2, 2)]
    assert names(tray) == ["b.png", "a.png"]
    assert tray.chosen is not None
    assert tray.chosen.name == "b.png"
    assert {one.photo for one in steps} == {tray.chosen.path}
    assert Path(tray.chosen.path).read_bytes() == paths[0].read_bytes()
    assert (steps[-1].sentence, steps[-1].refused) == ("", None)


def test_a_thumbnail_is_small_and_served(tray: Tray, settings: Settings, folder: Path) -> None:
    path = upload(folder, "large.png", b"")
    Pil.new("RGB", (900, 300), "red").save(path)
    last(tray, settings, path)
    small = served(tray.photos[0].thumbnail)
    assert small.is_relative_to(folder)
    assert Pil.open(small).size == (192, 64)
    assert str(small) in uploads.HELD, "it stays while the photo is in the tray"


def test_more_photos_join_those_that_are_there(
    tray: Tray, settings: Settings, folder: Path
) -> None:
    last(tray, settings, upload(folder, "a.png", photo(1)))
    second = last(tray, settings, upload(folder, "b.png", photo(2)))
    assert names(tray) == ["a.png", "b.png"]
    assert tray.chosen is not None
    assert tray.chosen.path == second.photo


def test_what_is_no_photo_is_left_out_with_its_reason(
    tray: Tray, settings: Settings, folder: Path
) -> None:
    texts = [upload(folder, f"{n}.jpg", b"Not a photo.") for n in range(5)]
    step = last(tray, settings, upload(folder, "a.png", photo()), *texts)
    assert names(tray) == ["a.png"]
    assert step.sentence.startswith("Left out: “0.jpg”: This file is not an image.")
    assert step.sentence.count("not an image") == 3
    assert step.sentence.endswith("; and 2 more files.")
    assert str(folder) not in step.sentence


def test_a_single_file_that_is_no_photo_is_handed_to_who_shows_photos(
    tray: Tray, settings: Settings, folder: Path
) -> None:
    path = upload(folder, "text.jpg", b"Not a photo.")
    step = last(tray, settings, path)
    assert (step.photo, step.refused, step.sentence) == (None, str(path), "")
    assert tray.photos == EXAMPLES


def test_the_photos_of_a_zip_are_taken(tray: Tray, settings: Settings, folder: Path) -> None:
    files = {
        "trip/b.png": photo(1),
        "trip/a.png": photo(2),
        "trip/notes.txt": b"hello",
        "__MACOSX/trip/._a.png": b"rubbish",
    }
    step = last(tray, settings, upload(folder, "trip.zip", packed(files)))
    assert names(tray) == ["a.png", "b.png"]
    assert step.sentence == ""
    for one in tray.photos:
        assert uploads.received(one.path) == Path(one.path)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"no zip", "is not a zip file that can be read"),
        (b"", "is not a zip file that can be read"),
        (packed({}), "holds no photos"),
        (packed({"notes.txt": b"hello"}), "holds no photos"),
        (packed({"a.png": b"Not a photo."}), "“a.png”: This file is not an image"),
    ],
)
def test_a_zip_without_photos_says_so(
    tray: Tray, settings: Settings, folder: Path, data: bytes, sentence: str
) -> None:
    step = last(tray, settings, upload(folder, "set.zip", data))
    assert sentence in step.sentence
    assert (step.photo, step.refused) == (None, None)
    assert tray.photos == EXAMPLES


def test_an_encrypted_zip_says_so(tray: Tray, settings: Settings, folder: Path) -> None:
    data = bytearray(packed({"a.png": photo()}, zipfile.ZIP_STORED))
    data[6] |= 1  # the mark in the member's own head, and in the list at the end
    data[data.index(b"PK\1\2") + 8] |= 1
    step = last(tray, settings, upload(folder, "set.zip", bytes(data)))
    assert "is encrypted. Pack it again without a password" in step.sentence


def test_names_that_lead_out_of_a_zip_lead_nowhere(
    tray: Tray, settings: Settings, folder: Path
) -> None:
    names_sent = ("../../../evil.png", "/etc/evil.png", "a/..\\..\\evil.png", "a/<b>&\n“x”.png")
    last(tray, settings, upload(folder, "set.zip", packed(dict.fromkeys(names_sent, photo()))))
    assert tray.own
    for one in tray.photos:
        assert "/" not in one.name
        path = Path(one.path)
        assert path.parent.parent == folder / "trays"
        assert uploads.received(one.path) == path
    assert not list(folder.parent.glob("evil*"))


def test_a_bomb_is_not_unpacked(tray: Tray, settings: Settings, folder: Path) -> None:
    small = settings.model_copy(update={"max_upload": 100_000})
    files = {"bomb.png": bytes(3_000_000), "a.png": photo()}
    step = last(tray, small, upload(folder, "set.zip", packed(files)))
    assert names(tray) == ["a.png"]
    assert "“bomb.png”" in step.sentence
    assert sum(path.stat().st_size for path in folder.rglob("*.png")) < 100_000


def test_a_zip_that_lies_of_a_members_size_says_so(
    tray: Tray, settings: Settings, folder: Path
) -> None:
    data = bytearray(packed({"a.png": bytes(3_000_000)}))
    place = data.index(b"PK\1\2") + 24
    data[place : place + 4] = (100).to_bytes(4, "little")
    step = last(tray, settings, upload(folder, "set.zip", bytes(data)))
    assert "“a.png”" in step.sentence
    assert tray.photos == EXAMPLES


def test_a_damaged_member_is_left_out(tray: Tray, settings: Settings, folder: Path) -> None:
    whole = packed({"a.png": photo(), "b.png": photo(1)})
    start = whole.index(b"a.png") + 5
    data = whole[:start] + bytes(20) + whole[start + 20 :]
    step = last(tray, settings, upload(folder, "set.zip", data))
    assert names(tray) == ["b.png"]
    assert "“a.png” is damaged and cannot be read" in step.sentence


def test_a_zip_is_unpacked_up_to_a_size(
    tray: Tray, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_MOST_UNPACKED", int(1.5 * len(photo())))
    files = {"a.png": photo(), "b.png": photo(), "c.png": photo()}
    step = last(tray, settings, upload(folder, "set.zip", packed(files)))
    assert names(tray) == ["a.png"]
    assert "GB of photos" in step.sentence


def test_too_many_photos_are_said(
    tray: Tray, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_PHOTOS", 3)
    files = {f"{n}.png": photo() for n in range(5)}
    step = last(tray, settings, upload(folder, "set.zip", packed(files)))
    assert names(tray) == ["0.png", "1.png", "2.png"]
    assert "holds 5 photos; the first 3 were looked at" in step.sentence
    with pytest.raises(InputError, match="at most 3 files at once; 4 came"):
        brought(sent(*[upload(folder, "a.png", photo())] * 4))


def test_a_full_tray_says_so_and_keeps_what_it_has(
    tray: Tray, settings: Settings, folder: Path
) -> None:
    for number in range(MOST_PHOTOS):
        tray.add(f"/p/{number}", str(number), "/t")
    step = last(tray, settings, upload(folder, "a.png", photo()), upload(folder, "b.png", photo()))
    assert f"holds at most {MOST_PHOTOS} photos" in step.sentence
    assert len(tray.photos) == MOST_PHOTOS


@pytest.mark.parametrize(
    "data",
    [None, 3, "x", [], {}, {"files": None}, {"files": []}, {"files": "x"}, {"files": {"path": 1}}],
)
def test_what_names_no_files_is_refused(folder: Path, data: object) -> None:
    with pytest.raises(InputError) as caught:
        brought(data)
    assert str(caught.value) == uploads.REFUSED


def test_a_foreign_path_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(photo())
    (folder / "loose.png").write_bytes(photo())
    own = upload(folder, "a.png", photo())
    (own.parent / "link.png").symlink_to(tmp_path / "secret.png")
    wrong = (
        tmp_path / "secret.png",
        folder / "loose.png",
        own.parent / "link.png",
        own.parent,
        own.parent / "gone.png",
        "/etc/passwd",
        None,
        3,
        {"path": str(own)},
    )
    for path in wrong:
        file = {"path": str(path) if isinstance(path, Path) else path}
        for files in ([file], [{"path": str(own)}, file]):
            with pytest.raises(InputError) as caught:
                brought({"files": files})
            assert str(caught.value) == uploads.REFUSED
    for entry in (None, 3, str(own), [str(own)]):
        with pytest.raises(InputError):
            brought({"files": [entry]})


@pytest.mark.parametrize("name", ["<img onerror=x>.png", "“x”\n\0.png", "x" * 5000, "../../a.png"])
def test_a_name_is_kept_as_it_is_but_short(
    tray: Tray, settings: Settings, folder: Path, name: str
) -> None:
    path = upload(folder, "a.png", photo())
    (file,) = brought({"files": [{"path": str(path)}], "names": [name]})
    assert file.name == name[-120:]
    assert file.path == path
    list(take_in(tray, [file], settings))
    assert Path(tray.photos[0].path).read_bytes() == path.read_bytes()
    assert tray.photos[0].name == name[-120:]


def test_a_file_without_a_name_has_that_of_its_upload(folder: Path) -> None:
    path = upload(folder, "a.png", photo())
    for names in (None, "x", 3, {}, [], ["x", "y"], [None], [""], [3], [["x"]]):
        (file,) = brought({"files": [{"path": str(path)}], "names": names})
        assert file.name == "a.png"


def test_the_examples_are_nobodys_to_remove(
    settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "BUNDLED", set())
    (tmp_path / "cats.png").write_bytes(photo())
    (example,) = bundled_photos([tmp_path / "cats.png"], settings)
    assert example.name == "cats"
    assert uploads.is_bundled(Path(example.path))
    assert uploads.is_bundled(served(example.thumbnail))
    assert os.path.exists(served(example.thumbnail))  # noqa: PTH110
