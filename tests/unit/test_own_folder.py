"""A home that cannot be written, and a temporary folder that somebody else made."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from instseg_ui import own_folder, settings
from instseg_ui.errors import LoadError
from instseg_ui.hpi import ConvertedStore
from instseg_ui.settings import Settings
from instseg_ui.weights.staging import Staging
from tests.unit.weights.kit import make_folder


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PADDLE_PDX_CACHE_HOME", raising=False)


def test_the_same_folder_at_every_start_and_for_this_user_alone() -> None:
    folder = own_folder.temporary("gradio")
    assert own_folder.temporary("gradio") == folder
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_of_another_user_or_a_link_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_folder.temporary("gradio")
    monkeypatch.setattr(own_folder, "_is_mine", lambda folder: False)
    other = own_folder.temporary("gradio")
    assert other != folder
    assert other.is_dir()
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder.rmdir()
    folder.symlink_to(tmp_path)
    assert own_folder.temporary("gradio") != folder


def test_paddlex_writes_into_its_cache_where_it_can(tmp_path: Path) -> None:
    assert settings.paddlex_work_folder() == tmp_path / "home" / ".paddlex"


def test_paddlex_writes_elsewhere_where_its_cache_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writable = own_folder.writable
    home = str(tmp_path / "home")
    monkeypatch.setattr(
        own_folder, "writable", lambda folder: not str(folder).startswith(home) and writable(folder)
    )
    assert settings.paddlex_work_folder() == own_folder.temporary("paddlex")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert Settings().models_dir == own_folder.temporary("paddlex") / "official_models"


def test_a_file_where_a_folder_should_be_cannot_be_written_into(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not own_folder.writable(tmp_path / "file" / "below")
    assert own_folder.writable(tmp_path / "not" / "yet")


def test_converting_says_which_setting_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Staging, name: str, while_waiting: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Staging, "alone", refuse)
    from instseg_ui.catalog.model_folder import inspect_folder

    facts = inspect_folder(make_folder(tmp_path / "model"), {"Mask-RT-DETR-S"})
    store = ConvertedStore(Settings(models_dir=tmp_path / "models"))
    with pytest.raises(LoadError, match="PADDLE_PDX_CACHE_HOME"), store.alone(facts, lambda: None):
        pass
