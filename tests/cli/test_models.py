"""`instseg models`: the catalog and the weights on the command line."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.cli.conftest import Say, Shell
from tests.unit.factories import model_folder

NAME = "SOLOv2"


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    """A local folder with the archive of one official model."""
    folder = model_folder(tmp_path / "made" / NAME)
    (folder / "inference.pdiparams").write_bytes(b"weights" * 500_000)
    source = tmp_path / "archives"
    source.mkdir()
    with tarfile.open(source / f"{NAME}_infer.tar", "w") as archive:
        archive.add(folder, f"{NAME}_infer")
    shutil.rmtree(folder)
    return source


def test_list(say: Say) -> None:
    said = say("models", "list")
    lines = said.out.splitlines()
    assert (said.code, len(lines)) == (0, 19)
    assert lines[1].split()[:4] == ["everyday-M", "(default)", "Everyday", "bundled"]
    assert [line.split()[0] for line in lines[2:4]] == ["everyday-S", "demo-cats"]
    assert lines[3].split()[:4] == ["demo-cats", "Demo", "bundled", "8.0"]
    assert "not fetched" in lines[4]
    rows = json.loads(say("models", "list", "--json").out)
    assert len(rows) == 18
    solo = next(row for row in rows if row["model"] == NAME)
    assert (
        solo["published"]
        == {
            "mask_ap": 35.5,
            "gpu_normal_ms": 131.99,
            "gpu_hp_ms": 131.99,
            "cpu_hp_ms": 2369.98,
            "storage_mb": 179.1,
        }
        or "mask_ap" in solo["published"]
    )


def test_info(say: Say) -> None:
    facts = json.loads(say("models", "info", "everyday-M", "--json").out)
    assert (facts["model"], facts["state"], facts["default"]) == ("everyday-M", "bundled", True)
    said = say("models", "info", NAME)
    assert "published mask ap" in said.out
    assert "not fetched" in said.out


@pytest.mark.parametrize("command", ["info", "pull", "rm", "verify"])
def test_an_unknown_model_names_close_matches(say: Say, command: str) -> None:
    said = say("models", command, "SOLOv3")
    assert (said.code, said.out) == (2, "")
    assert said.err == "There is no model named “SOLOv3”. Did you mean “SOLOv2”?\n"


def test_pull_verify_and_remove(say: Say, archives: Path, tmp_path: Path) -> None:
    said = say("models", "pull", NAME, "--source", archives)
    assert said.code == 0
    lines = said.err.splitlines()
    assert lines[-1] == f"{NAME} is ready."
    assert len(lines) >= 2
    assert lines[-2].startswith(f"{NAME}: 3.5 of 3.5 MB (")
    assert (tmp_path / "models" / NAME / "inference.yml").is_file()

    assert say("models", "pull", NAME, "--quiet").err == ""

    weights = (tmp_path / "models" / NAME / "inference.pdiparams").read_bytes()
    said = say("models", "verify", NAME, "--json")
    (facts,) = json.loads(said.out)
    assert facts["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    assert (facts["engine"], facts["verdict"]) == ("fake", "whole, and it runs")

    assert say("models", "rm", NAME).err == f"{NAME} was removed.\n"
    assert not (tmp_path / "models" / NAME).exists()
    assert say("models", "rm", NAME).err == f"{NAME} was not on this machine.\n"


def test_one_that_fails_does_not_end_the_rest(say: Say, archives: Path, tmp_path: Path) -> None:
    said = say("models", "pull", "Mask-RT-DETR-S", NAME, "--source", archives)
    assert said.code == 1
    assert "Mask-RT-DETR-S could not be fetched" in said.err
    assert (tmp_path / "models" / NAME).is_dir()


def test_what_is_not_whole_is_said(say: Say, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "models" / NAME)
    (folder / "inference.pdiparams").unlink()
    said = say("models", "verify", NAME)
    assert said.code == 1
    assert "has no inference.pdiparams" in said.err


def test_the_bundled_model_is_not_removed(say: Say) -> None:
    said = say("models", "rm", "demo-cats")
    assert said.code == 1
    assert "not an official model" in said.err


def test_predict_fetches_what_it_needs(shell: Shell, archives: Path) -> None:
    shell.environment["INSTSEG_MODELS_SOURCE"] = str(archives)
    done = shell.run("predict", "missing.png", "--model", NAME)
    assert f"Fetching {NAME} takes about" in done.stderr
    assert f"Model: {NAME}, run by fake." in done.stderr
    shell.environment |= {"INSTSEG_ALLOW_FETCH": "false"}
    done = shell.run("predict", "missing.png", "--model", "Mask-RT-DETR-S")
    assert done.returncode == 2
    assert "fetching is off here" in done.stderr


@pytest.mark.paddle
@pytest.mark.slow
def test_verify_runs_the_demo_model_for_real(shell: Shell) -> None:
    del shell.environment["INSTSEG_FAKE_ENGINE"]
    done = shell.run("models", "verify", "demo-cats", "--json")
    assert done.returncode == 0, done.stderr
    (facts,) = json.loads(done.stdout)
    assert facts["engine"].startswith("paddle")
    assert facts["objects"] > 0


def test_add_and_remove_a_model_of_ones_own(say: Say, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "ลายเสือ" / "output" / "best_model" / "inference")
    said = say("models", "add", tmp_path / "ลายเสือ" / "output")
    assert (said.code, said.out) == (0, "ลายเสือ\n")
    assert "ลายเสือ is added: made from SOLOv2, 3 classes, 0.0 MB. It found " in said.err
    lines = say("models", "list").out.splitlines()
    assert lines[1].split()[:4] == ["ลายเสือ", "SOLOv2", "ready", "0.0"]
    facts = json.loads(say("models", "info", "ลายเสือ", "--json").out)
    assert (facts["source"], facts["classes"]) == ("own", "3 classes: red, green, blue")

    said = say("models", "add", folder, "--name", "ลายเสือ")
    assert said.code == 2
    assert said.err.endswith("There is a model “ลายเสือ” already. Choose another name.\n")

    assert say("models", "remove", "ลายเสือ").err == "ลายเสือ was removed.\n"
    assert (folder / "inference.yml").is_file()
    assert "ลายเสือ" not in say("models", "list").out


def test_a_zip_is_added_by_name(say: Say, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "inference")
    packed = shutil.make_archive(str(tmp_path / "inference"), "zip", tmp_path, "inference")
    said = say("models", "add", packed, "--name", "tigers", "--quiet")
    assert (said.code, said.out, said.err) == (0, "tigers\n", "")
    (folder / "inference.pdiparams").unlink()
    said = say("models", "add", folder, "--name", "lions")
    assert (said.code, said.out) == (2, "")
    assert "“lions” has no inference.pdiparams" in said.err
