"""The environment that `make setup` accepts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check_env, find_browser, setup_env

GOOD = ["opencv-contrib-python", "paddlepaddle", "onnxruntime", "numpy"]


def test_one_of_each_is_right() -> None:
    assert check_env.problems(GOOD) == []


@pytest.mark.parametrize("second", ["opencv-python", "paddlepaddle-gpu", "onnxruntime-gpu"])
def test_a_second_one_is_named(second: str) -> None:
    (problem,) = check_env.problems([*GOOD, second])
    assert second in problem


def test_a_missing_one_is_named() -> None:
    assert check_env.problems(["paddlepaddle", "onnxruntime"]) == [
        "Exactly one OpenCV must be installed, there is none."
    ]


def test_a_changed_requirements_file_asks_for_a_new_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_env, "ROOT", tmp_path)
    file = tmp_path / "requirements.txt"
    file.write_text("numpy==1")
    before = setup_env.digest([file.name])
    assert setup_env.digest([file.name]) == before
    file.write_text("numpy==2")
    assert setup_env.digest([file.name]) != before


def test_the_command_works_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv = tmp_path / "with space" / ".venv"
    packages = venv / "lib" / "python3.11" / "site-packages"
    (venv / "bin").mkdir(parents=True)
    packages.mkdir(parents=True)
    monkeypatch.setattr(setup_env, "VENV", venv)
    monkeypatch.setattr(setup_env, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(setup_env, "COMMAND", venv / "bin" / "instseg")
    for _ in range(2):
        setup_env.install_command()
    assert (packages / "instseg_ui.pth").read_text() == f"{setup_env.ROOT}\n"
    done = subprocess.run(
        [venv / "bin" / "instseg", "--version"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(setup_env.ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("instseg ")


def test_a_stub_that_only_prints_is_no_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setattr(find_browser, "_candidates", lambda: iter([str(stub)]))
    assert find_browser.find_browser() is None
