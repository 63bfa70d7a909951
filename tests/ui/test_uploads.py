"""What a caller names, and what becomes of the files that are written for visitors."""

from __future__ import annotations

import os
import threading
import time

import pytest
from gradio.route_utils import delete_files_created_by_app

from instseg_ui import images
from instseg_ui.errors import ImageError, InputError
from instseg_ui.segmenter import Segmenter
from instseg_ui.ui import uploads
from instseg_ui.ui.page import build_page
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.uploads import ServedFiles, admitted, decoded, private_name, received
from instseg_ui.ui.viewer import picture
from tools.test_models import make_scene

SECRET = "5e" * 32
META = {"_type": "gradio.FileData"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "uploads"
    (folder / SECRET).mkdir(parents=True)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def photo(folder):
    path = folder / SECRET / "photo.png"
    path.write_bytes(b"photo")
    return path


@pytest.fixture
def page(settings, folder, monkeypatch):
    monkeypatch.setattr(uploads, "BUNDLED", set())
    with Segmenter(settings) as segmenter:
        yield build_page(Services(segmenter))


def scene(settings, seed=0):
    return images.from_array(make_scene(64, 48, count=1, labels=["a"], seed=seed).image, settings)


def test_an_upload_is_received(photo):
    assert received(str(photo)) == photo


def test_a_folder_that_is_reached_by_a_link_is_the_upload_folder(photo, tmp_path, monkeypatch):
    (tmp_path / "linked").symlink_to(photo.parent.parent)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "linked"))
    here = tmp_path / "linked" / SECRET / "photo.png"
    assert received(str(photo)) == received(str(here)) == here


@pytest.mark.parametrize(
    "name",
    ["", ".", "/", "photo.png", "~", "a\0b", "\udc80", "x" * 5000, 3, None, True, [], {}, b"x"],
)
def test_what_names_no_upload_is_refused(folder, name):
    with pytest.raises(InputError) as caught:
        received(name)
    assert str(caught.value) == uploads.REFUSED


def test_what_is_no_regular_file_is_refused(folder):
    place = folder / SECRET
    os.mkfifo(place / "pipe")
    (place / "loop").symlink_to(place / "loop")
    (place / "folder").mkdir()
    for name in ("pipe", "loop", "folder", ".."):
        with pytest.raises(InputError):
            received(str(place / name))


def test_references_keep_nothing_that_a_caller_made_up(photo):
    sent = {"path": str(photo), "url": "http://elsewhere/", "meta": META | {"x": 1}, "mine": 1}
    kept = {"path": str(photo), "orig_name": "photo.png", "meta": META}
    assert admitted([{"deep": (sent,)}, 3, "text"]) == [{"deep": [kept]}, 3, "text"]


def test_a_value_that_is_nested_without_end_is_refused():
    value: list = []
    for _ in range(500):
        value = [value]
    with pytest.raises(InputError, match="nested too deeply"):
        admitted(value)


def test_a_photo_inside_its_address_is_bounded():
    assert decoded("data:image/png;base64,aGkh", 10) == b"hi!"
    with pytest.raises(ImageError, match="too large"):
        decoded("data:image/png;base64," + "A" * 4000, 1000)


def test_the_name_of_a_shown_picture_follows_from_no_content(monkeypatch):
    name = private_name("content")
    assert name == private_name("content") != private_name("other")
    monkeypatch.setattr(uploads, "_KEY", b"another process")
    assert name != private_name("content")


def test_a_shown_picture_is_whole_at_every_moment(folder, settings):
    image, seen = scene(settings), set()

    def show():
        url = picture.display_url(image, folder)
        seen.add(open(url.removeprefix("/gradio_api/file="), "rb").read())  # noqa: PTH123, SIM115

    threads = [threading.Thread(target=show) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(seen) == 1
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["photo.jpg"]


def test_shown_pictures_are_deleted_with_the_uploads(page, folder, settings, photo):
    page.upload_file_set.add(str(photo))
    shown = folder / private_name(scene(settings).digest) / "photo.jpg"
    picture.display_url(scene(settings), folder)
    delete_files_created_by_app(page, 3600)
    assert shown.is_file()
    assert photo.is_file()
    delete_files_created_by_app(page, 0)
    assert not shown.exists()
    assert not photo.exists()
    assert uploads.BUNDLED
    assert all(os.path.exists(path) for path in uploads.BUNDLED)  # noqa: PTH110


def test_a_picture_that_is_shown_again_is_as_new(folder, settings):
    image = scene(settings)
    path = folder / private_name(image.digest) / "photo.jpg"
    picture.display_url(image, folder)
    before = path.stat().st_ctime_ns
    time.sleep(0.02)
    picture.display_url(image, folder)
    assert path.stat().st_ctime_ns > before
    path.unlink()
    picture.display_url(image, folder)
    assert path.is_file()


def test_files_may_be_added_while_old_ones_are_deleted(tmp_path):
    files = ServedFiles()
    for number in range(50):
        path = tmp_path / str(number)
        path.touch()
        files.add(str(path))
    for number, _ in enumerate(files):
        files.add(f"{number} more")
    assert len(list(files)) == 50


def test_a_data_set_does_not_take_the_examples_away(page, folder):
    from instseg_ui.evaluate import Watch
    from instseg_ui.ui.evaluate.desk import Desks

    (example, *_) = sorted(uploads.BUNDLED)
    desks = Desks(page._settings, folder)
    with pytest.raises(InputError):
        desks.take("me", [example], Watch())
    assert os.path.exists(example)  # noqa: PTH110
