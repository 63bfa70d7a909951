"""Where a model is brought from, whole and hostile."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from instseg_ui.admission.source import model_files
from instseg_ui.errors import InputError
from instseg_ui.weights.archive import ArchiveLimits
from tests.unit.factories import model_folder

LIMITS = ArchiveLimits()
FILES = ["inference.yml", "inference.json", "inference.pdiparams", "fake.json"]


def pack(zip_: Path, folder: Path, below: str = "") -> Path:
    with zipfile.ZipFile(zip_, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in folder.iterdir():
            opened.write(file, f"{below}{file.name}")
    return zip_


@pytest.mark.parametrize("below", ["", "inference", "best_model/inference"])
def test_the_folder_that_paddlex_writes_is_found_from_above(tmp_path: Path, below: str) -> None:
    model_folder(tmp_path / "tigers" / "output" / below)
    with model_files(tmp_path / "tigers" / "output", LIMITS) as files:
        assert sorted(files.sizes) == sorted(FILES)
        assert files.suggestion() == "tigers"


def test_the_root_of_a_run_is_enough(tmp_path: Path) -> None:
    model_folder(tmp_path / "tigers" / "output" / "best_model" / "inference")
    with model_files(tmp_path / "tigers", LIMITS) as files:
        assert files.suggestion() == "tigers"


def test_a_home_is_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "somebody"))
    folder = model_folder(tmp_path / "somebody" / "best_model" / "inference")
    with model_files(folder, LIMITS) as files:
        assert files.suggestion() == "SOLOv2-own"


@pytest.mark.parametrize(
    ("name", "below", "called"),
    [
        ("tigers.zip", "inference/", "tigers"),
        ("ลายเสือ.zip", "", "ลายเสือ"),
        ("inference.zip", "", "SOLOv2-own"),
        ("archive.zip", "tigers/output/best_model/inference/", "tigers"),
    ],
)
def test_a_zip_is_read_however_it_was_packed(
    tmp_path: Path, name: str, below: str, called: str
) -> None:
    path = pack(tmp_path / name, model_folder(tmp_path / "made"), below)
    target = tmp_path / "copy"
    target.mkdir()
    told: list[int] = []
    with model_files(path, LIMITS) as files:
        assert files.suggestion() == called
        files.copy(target, told.append)
        assert sum(told) == files.total
    assert sorted(file.name for file in target.iterdir()) == sorted(FILES)


def test_of_a_packed_run_the_best_model_is_taken(tmp_path: Path) -> None:
    made = model_folder(tmp_path / "made")
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as opened:
        for below in ("output/best_model/inference", "output/epoch_10/inference"):
            for file in made.iterdir():
                opened.write(file, f"{below}/{file.name}")
    with model_files(tmp_path / "run.zip", LIMITS) as files:
        assert sorted(files.sizes) == sorted(FILES)


def test_several_models_in_one_zip_are_said(tmp_path: Path) -> None:
    made = model_folder(tmp_path / "made")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as opened:
        for below in ("a", "b"):
            opened.write(made / "inference.yml", f"{below}/inference.yml")
    with (
        pytest.raises(InputError, match="holds 2 models"),
        model_files(tmp_path / "two.zip", LIMITS),
    ):
        pass


def refused(path: Path, sentence: str, limits: ArchiveLimits = LIMITS) -> None:
    with pytest.raises(InputError, match=sentence), model_files(path, limits):
        pass


def test_what_is_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no zip")
    refused(tmp_path / "empty", "“empty” holds no inference.yml")
    refused(tmp_path / "gone", "There is no folder or zip “gone”")
    refused(tmp_path / "text.zip", "is not a zip file")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    made = model_folder(tmp_path / "made")
    (made / "inference.pdiparams").unlink()
    path = pack(tmp_path / "linked.zip", made)
    link = zipfile.ZipInfo("inference.pdiparams")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(link, "/etc/passwd")
    refused(path, "holds a link, a device or a name that leads out of it")


@pytest.mark.parametrize("name", ["../../evil.yml", "/etc/inference.yml"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / "out.zip", model_folder(tmp_path / "made"))
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(name, "x")
    refused(path, "leads out of it")


def test_a_zip_is_bounded(tmp_path: Path) -> None:
    path = pack(tmp_path / "model.zip", model_folder(tmp_path / "made"))
    refused(path, "holds 4 files; at most 3", ArchiveLimits(members=3))
    refused(path, "at most 0 MB are taken", ArchiveLimits(bytes=500))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("inference.yml", bytes(120_000_000))
    refused(tmp_path / "bomb.zip", "times its own size")


def test_a_damaged_zip_is_said_and_not_finished(tmp_path: Path) -> None:
    made = model_folder(tmp_path / "made")
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for file in made.iterdir():
            opened.write(file, file.name)
    data = bytearray(path.read_bytes())
    place = data.index(b"0" * 1000)
    data[place] = ord("1")
    path.write_bytes(data)
    target = tmp_path / "copy"
    target.mkdir()
    with (
        model_files(path, LIMITS) as files,
        pytest.raises(InputError, match=r"inference\.pdiparams” is damaged"),
    ):
        files.copy(target, lambda n: None)


def test_only_the_graph_that_is_run_is_copied(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "both")
    (folder / "inference.pdmodel").write_bytes(b"old")
    (folder / "inference.onnx").write_bytes(b"other")
    (folder / "model.pdparams").write_bytes(b"training")
    (folder / "MODEL_CARD.md").write_text("card")
    with model_files(folder, LIMITS) as files:
        assert sorted(files.sizes) == sorted([*FILES, "MODEL_CARD.md"])


def test_pipes_and_links_to_nothing_are_passed_over(tmp_path: Path) -> None:
    import os

    folder = model_folder(tmp_path / "odd")
    (folder / "inference.pdiparams").unlink()
    os.mkfifo(folder / "inference.pdiparams")
    (folder / "gone.md").symlink_to(tmp_path / "nothing")
    with model_files(folder, LIMITS) as files:
        assert "inference.pdiparams" not in files.sizes
