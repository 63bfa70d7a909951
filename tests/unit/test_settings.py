"""Settings come from the environment, are checked, and do not change."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from instseg_ui import settings as module
from instseg_ui.cgroups import cpu_limit, memory_limit
from instseg_ui.settings import Settings


def test_the_environment_sets_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_FLOOR", "0.2")
    monkeypatch.setenv("INSTSEG_MAX_UPLOAD", "10MB")
    monkeypatch.setenv("INSTSEG_FAKE_ENGINE", "1")
    settings = Settings()
    assert settings.floor == 0.2
    assert settings.max_upload == 10_000_000
    assert settings.fake_engine is True


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_THREADS", "7")
    assert Settings(threads=2).threads == 2


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().floor = 0.9  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("floor", 1.0),
        ("floor", -0.1),
        ("max_instances", 0),
        ("threads", 0),
        ("load_timeout", 0),
        ("run_timeout", -1),
        ("port", 70_000),
        ("max_upload", "much"),
        ("cache_predictions", -1),
    ],
)
def test_a_senseless_value_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_model_folders_are_separated_as_paths_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_MODEL_FOLDERS", os.pathsep.join(["/a/one", "", "/b/two words"]))
    assert Settings().model_folders == (Path("/a/one"), Path("/b/two words"))


def test_model_folders_may_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_MODEL_FOLDERS", "")
    assert Settings().model_folders == ()


def test_models_lie_in_paddlexs_own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path))
    assert Settings().models_dir == tmp_path / "official_models"
    monkeypatch.delenv("PADDLE_PDX_CACHE_HOME")
    assert Settings().models_dir == Path.home() / ".paddlex" / "official_models"


def limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **files: str) -> None:
    """A container whose control group's files are these."""
    for name, text in files.items():
        file = tmp_path / "sys/fs/cgroup" / name.replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for function in (cpu_limit, memory_limit):
        monkeypatch.setattr(module.cgroups, function.__name__, partial(function, tmp_path))


def test_a_containers_cpu_quota_bounds_the_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(16)), raising=False)
    limits(monkeypatch, tmp_path, cpu_max="250000 100000\n")
    assert module.available_cpus() == 2
    limits(monkeypatch, tmp_path, cpu_max="10000 100000\n")
    assert module.available_cpus() == 1
    limits(monkeypatch, tmp_path, cpu_max="max 100000\n")
    assert module.available_cpus() == 16
    limits(monkeypatch, tmp_path, cpu_max="nonsense")
    assert module.available_cpus() == 16


def test_a_containers_memory_limit_bounds_the_budget(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine = module.psutil.virtual_memory().total
    limits(monkeypatch, tmp_path, memory_max="1000000\n")
    assert module.available_memory() == 1_000_000
    limits(monkeypatch, tmp_path, memory_max="max\n")
    assert module.available_memory() == machine
    limits(monkeypatch, tmp_path, memory_max=str(machine * 10))
    assert module.available_memory() == machine


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
