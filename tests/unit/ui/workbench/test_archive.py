"""One zip of what the ticked models found in all photos of the tray."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.archive import ArchiveView, archive
from instseg_ui.ui.workbench.tray import Tray
from tests.unit.factories import model_folder
from tests.unit.ui.workbench.kit import filled, photo, upload


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    root = tmp_path_factory.mktemp("models")
    folders = [
        model_folder(root / "one"),
        model_folder(root / "two"),
        model_folder(root / "fails", good_runs=1, run_error="It failed."),
        model_folder(root / "slow", good_runs=1, delay_s=30),
    ]
    settings = Settings(
        models_dir=root / "official", model_folders=tuple(folders), fake_engine=True, threads=1
    )
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


def views(
    services: Services,
    tray: Tray,
    cache: Path,
    *models: str,
    format: str = "coco",
    threshold: object = 0.5,
    own: Mapping[str, object] | None = None,
) -> list[ArchiveView]:
    thresholds = dict.fromkeys(models, threshold) | dict(own or {})
    return list(archive(services, tray, models, format, thresholds, None, "me", cache))


def members(view: ArchiveView) -> dict[str, bytes]:
    assert view.file is not None
    with zipfile.ZipFile(io.BytesIO(Path(view.file).read_bytes())) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_each_model_has_a_folder(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 3, 1)
    *before, last = views(services, tray, tmp_path / "cache", "one", "two")
    assert all(view.busy and view.file is None for view in before)
    assert not last.busy
    assert "2 photos, 2 models: saved." in last.progress
    assert last.file is not None
    assert Path(last.file).name == "2-photos_coco.zip"
    for name, data in members(last).items():
        told = json.loads(data)
        assert name.split("/")[0] in ("one", "two")
        assert [one["file_name"] for one in told["images"]] == ["photo 0.png", "photo 1.png"]
        assert len(told["annotations"]) == 4
    assert len(members(last)) == 2


def test_the_threshold_is_the_one_that_is_shown(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 3)
    last = views(services, tray, tmp_path / "cache", "one", threshold=1.0)[-1]
    (data,) = members(last).values()
    assert json.loads(data)["annotations"] == []


def test_each_model_is_taken_at_its_own_threshold(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 3)
    last = views(services, tray, tmp_path / "cache", "one", "two", own={"two": 1.0})[-1]
    counts = {name.split("/")[0]: json.loads(data) for name, data in members(last).items()}
    assert {name: len(one["annotations"]) for name, one in counts.items()} == {"one": 3, "two": 0}


@pytest.mark.parametrize("format", ["labelme", "label-map", "cut-outs"])
def test_what_is_made_of_pixels_has_a_folder_a_photo(
    services: Services, tmp_path: Path, format: str
) -> None:
    tray = filled(tmp_path, 2, 1)
    found = members(views(services, tray, tmp_path / "cache", "one", format=format)[-1])
    folders = {tuple(name.split("/")[:2]) for name in found}
    assert folders == {("one", "photo_0"), ("one", "photo_1")}
    pictures = [data for name, data in found.items() if name.endswith(".png")]
    for data in pictures:
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) is not None


def test_photos_of_one_name_are_kept_apart(services: Services, tmp_path: Path) -> None:
    tray = Tray(())
    for count in (1, 2):
        tray.add(str(upload(tmp_path, "a.png", photo(count))), "../<b>a.png", "/t")
    found = members(views(services, tray, tmp_path / "cache", "one", format="labelme")[-1])
    assert len({name.split("/")[1] for name in found}) == 2
    assert not [name for name in found if ".." in name or name.startswith("/")]


def test_a_photo_that_is_none_is_named(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 1, -1)
    found = members(views(services, tray, tmp_path / "cache", "one")[-1])
    assert found["one/left-out.txt"].decode().startswith("photo 1.png: This file is not an image")
    assert str(tmp_path) not in found["one/left-out.txt"].decode()


def test_stopping_leaves_no_file(services: Services, tmp_path: Path) -> None:
    tray, seen = filled(tmp_path, 1, 2), []
    models = ["one", "slow"]
    least = dict.fromkeys(models, 0.5)
    for view in archive(services, tray, models, "coco", least, None, "me", tmp_path / "cache"):
        seen.append(view)
        if "4 of 4" in view.progress or "3 of 4" in view.progress:
            services.jobs["batch"].stop("me")
    assert seen[-1].file is None
    assert not seen[-1].busy
    assert "Stopped" in seen[-1].progress
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_a_model_that_fails_says_so(services: Services, tmp_path: Path) -> None:
    last = views(services, filled(tmp_path, 1), tmp_path / "cache", "fails")[-1]
    assert "It failed." in last.progress
    assert last.file is None
    assert not last.busy


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "coca"}, "There is no export format “coca”"),
        ({"format": "x" * 5000}, "There is no export format"),
        ({"threshold": 7}, "must lie between 0 and 1"),
        ({"threshold": None}, "must"),
        ({"threshold": "<b>"}, "must"),
    ],
)
def test_what_cannot_be_exported_is_said(
    services: Services, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    (only,) = views(services, filled(tmp_path, 1), tmp_path / "cache", "one", **changes)  # type: ignore[arg-type]
    assert sentence in only.progress
    assert len(only.progress) < 400
    assert (only.busy, only.file) == (False, None)


def test_without_photos_or_models_it_says_what_to_do(services: Services, tmp_path: Path) -> None:
    for tray, models in ((Tray(()), ["one"]), (filled(tmp_path, 1), [])):
        (only,) = views(services, tray, tmp_path / "cache", *models)
        assert "Tick one or more models and add photos" in only.progress
