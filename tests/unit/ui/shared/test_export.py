"""The shown instances as a file, without a browser."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import cv2
import pytest

from instseg_ui import images
from instseg_ui.errors import InputError, InstSegError
from instseg_ui.exports import FORMATS
from instseg_ui.segmenter import Segmenter
from instseg_ui.ui.shared import export as file_export
from instseg_ui.ui.shared.export import ShownResult, shown_in
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer.picture import display_url
from tests.browser.server import COLORS, fake_model
from tools.test_models import make_scene

MODEL = "SOLOv2"


@pytest.fixture
def services(settings):
    fake_model(settings.models_dir / MODEL)
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "my scene.png"
    cv2.imwrite(str(path), make_scene(320, 240, count=6, labels=COLORS, seed=2).image)
    return str(path)


@pytest.fixture
def export(services, photo, tmp_path):
    def export(format="coco", photo=photo, model=MODEL, **shown):
        seen = ShownResult(model, **shown)
        return file_export.export_file(services, photo, format, seen, tmp_path / "cache")

    return export


def annotations(path: Path) -> list[dict]:
    return json.loads(path.read_bytes())["annotations"]


def test_every_format_has_a_name_on_the_page():
    assert set(file_export.NAMES) == set(FORMATS)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_every_format_is_a_file_named_by_the_photo(export, format, threshold):
    path = export(format, threshold=threshold)
    # LabelMe opens the picture of the same name; other names are made safe.
    assert path.name.startswith("my scene" if format == "labelme" else "my_scene")
    assert path.suffix == f".{FORMATS[format].extension}"
    if path.suffix == ".zip":
        assert zipfile.ZipFile(io.BytesIO(path.read_bytes())).testzip() is None
    else:
        json.loads(path.read_bytes())


def test_nothing_shown_is_an_empty_file(export):
    assert annotations(export(threshold=1.0)) == []
    archive = zipfile.ZipFile(export("yolo-seg", threshold=1.0))
    assert archive.read("labels/my scene.txt") == b""
    assert zipfile.ZipFile(export("cut-outs", threshold=1.0)).namelist() == []


def test_it_holds_what_the_viewer_shows(services, photo, export):
    image = images.read(photo, services.settings)
    rows = list(services.segmenter.segment(image, MODEL).instances)
    scores, areas = sorted(row.score for row in rows), sorted(row.area for row in rows)
    label = rows[0].label
    assert len(annotations(export(threshold=0))) == len(rows)
    # As the viewer's JSON has it: the shortest digits of a float32.
    threshold = float(f"{scores[2]:.4f}")
    assert len(annotations(export(threshold=threshold))) == len(rows) - 2
    assert len(annotations(export(threshold=0, min_area=areas[2]))) == len(rows) - 2
    hidden = annotations(export(threshold=0, hidden=frozenset({label, "no such class"})))
    assert len(hidden) == sum(row.label != label for row in rows) < len(rows)


def test_the_remembered_prediction_is_taken(services, photo, export):
    export()
    services.segmenter.unload(MODEL)
    export("labelme")
    assert services.segmenter.loaded() == {}


def test_another_photo_than_the_one_shown_is_not_exported(services, photo, export, tmp_path):
    image = images.read(photo, services.settings)
    address = display_url(image, tmp_path / "cache")
    assert export(picture=address).is_file()
    with pytest.raises(InputError, match="photo has changed"):
        export(picture=address.replace("photo.jpg", "other.jpg"))


def test_wrong_input_is_a_sentence(export, tmp_path):
    with pytest.raises(InputError, match="no photo"):
        export(photo=None)
    with pytest.raises(InputError, match="no export format"):
        export("svg")
    with pytest.raises(InstSegError, match="Did you mean “SOLOv2”"):
        export(model="SOLO")
    with pytest.raises(InstSegError, match="Upload it again"):
        export(photo=str(tmp_path / "gone.png"))
    files = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert files == []


def test_what_the_page_sends_is_read():
    sent = {"model": MODEL, "picture": "/p", "threshold": 0.7, "min_area": 9, "hidden": ["a", "b"]}
    assert shown_in(sent) == ShownResult(MODEL, "/p", 0.7, 9, frozenset("ab"))


@pytest.mark.parametrize("sent", [None, [], "model", 3, {}, {"threshold": 0.5}, {"model": ""}])
def test_before_a_result_it_says_so(sent):
    with pytest.raises(InputError, match="no result to export"):
        shown_in(sent)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": 7},
        {"picture": ["/p"]},
        {"threshold": None},
        {"threshold": "0.5"},
        {"threshold": 2},
        {"threshold": float("nan")},
        {"hidden": "red"},
        {"hidden": [1]},
        {"min_area": -1},
        {"min_area": "9"},
        {"min_area": True},
        {"min_area": None},
        {"min_area": float("inf")},
        {"min_area": float("nan")},
    ],
)
def test_values_of_another_kind_are_refused(wrong):
    with pytest.raises(InputError):
        shown_in({"model": MODEL, "threshold": 0.5} | wrong)
