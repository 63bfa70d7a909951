"""`instseg eval`, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import cv2
import pytest

from tests.cli.conftest import Say, Shell
from tests.unit.evaluate.factories import World
from tests.unit.factories import GREEN, RED, model_folder, patches

BOX = (2, 3, 22, 20)


def data_set(folder: Path, count: int = 3) -> World:
    world = World(folder, [(1, "Red"), (2, "vehicle")])
    for image_id in range(1, count + 1):
        world.image(image_id, (1, BOX), (2, (40, 10, 60, 30)))
        pixels = patches((BOX, RED), ((40, 10, 60, 30), GREEN))
        cv2.imwrite(str(folder / "images" / f"{image_id}.png"), pixels)
    world.write()
    return world


def test_measure_a_model_and_take_it_up_again(shell: Shell) -> None:
    data_set(shell.folder / "set")
    given = ("eval", "--images", "set/images", "--annotations", "set/instances.json")
    given += ("--model", "own-model", "--output", "out", "--map", "vehicle=green")
    done = shell.run(*given)
    assert done.returncode == 0, done.stderr
    title, _, head, row, *_ = done.stdout.splitlines()
    assert title == "Masks, 1 model"
    assert re.split(r"  +", head)[:3] == ["Model", "AP, %", "AP50, %"]
    assert row.split()[:3] == ["own-model", "100.0", "100.0"]
    assert "Wrote out/report.json" in done.stderr
    report = json.loads((shell.folder / "out" / "report.json").read_text())
    assert [one["classes"] for one in report["models"][0]["mapping"]["categories"]] == [
        ["red"],
        ["green"],
    ]
    results = json.loads((shell.folder / "out" / "own-model.predictions.json").read_text())
    assert len(results) == 6
    assert (shell.folder / "out" / "report.html").read_text().startswith("<!doctype html>")


def test_taken_up_and_begun_anew(say: Say, tmp_path: Path) -> None:
    data_set(tmp_path / "set")
    model = model_folder(tmp_path / "own-model")
    given = ("eval", "--dataset", tmp_path / "set", "--model", model, "--output", tmp_path / "out")
    assert "loading" in say(*given).err
    again = say(*given, "--json", "--no-boundary")
    assert "loading" not in again.err
    assert json.loads(again.out)["models"][0]["mask"]["of_known_categories"]["ap"] == (
        pytest.approx(1)
    )
    assert "boundary" not in json.loads(again.out)["models"][0]
    other = say(*given, "--floor", "0.1")
    assert "note: 1 × begun anew (own-model): The predictions that were there are of" in other.err
    anew = say(*given, "--restart", "--limit", "2")
    assert "loading" in anew.err
    assert "Only the first 2 of 3 images" in (tmp_path / "out" / "report.html").read_text()


def test_one_of_two_models_fails(say: Say, tmp_path: Path) -> None:
    data_set(tmp_path / "set")
    broken = model_folder(tmp_path / "sick", load_error="It refuses to load.")
    models = ("--model", broken, "--model", model_folder(tmp_path / "well"))
    said = say("eval", "--dataset", tmp_path / "set", *models, "--output", tmp_path / "out")
    assert said.code == 1
    assert "sick: It refuses to load." in said.err
    assert said.out.splitlines()[3].startswith("well")


def test_interrupted_and_taken_up(shell: Shell, tmp_path: Path) -> None:
    data_set(shell.folder / "set", 8)
    slow = model_folder(tmp_path / "slow", delay_s=0.5, good_runs=1)
    given = ("eval", "--dataset", "set", "--model", slow, "--output", "out")
    process = shell.start(*given, start_new_session=True)
    file = shell.folder / "out" / "predictions" / "slow.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (
        file.exists() and b'"image": 2' in file.read_bytes()
    ):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.decode().splitlines()[-1]) == (130, "Stopped.")
    (tmp_path / "slow" / "fake.json").write_text("{}")
    done = shell.run(*given)
    assert done.returncode == 0, done.stderr
    assert "checking" in done.stderr
    assert file.read_text().count('{"image": ') == 8


def test_findings_are_said(say: Say, tmp_path: Path) -> None:
    world = data_set(tmp_path / "set")
    (world.folder / "images" / "2.png").unlink()
    model = model_folder(tmp_path / "well")
    given = ("--dataset", tmp_path / "set", "--model", model, "--output", tmp_path / "out")
    said = say("eval", *given, "--quiet")
    assert said.code == 0
    assert said.err.startswith("error: 1 × missing image (2.png): ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--output FOLDER"),
        (["--output", "o"], "Name a model"),
        (["--output", "o", "-m", "demo-cats"], "Name the data set"),
        (["--output", "o", "-m", "demo-cats", "--images", "x"], "Name the data set"),
        (["--output", "o", "-m", "demo-cats", "--dataset", "x"], "no folder or zip “x”"),
        (["--output", "o", "-m", "demo-catz", "--dataset", "x"], "Did you mean “demo-cats”"),
        (["--output", "o", "-m", "demo-cats", "--floor", "3"], "between 0 and 1"),
        (["--output", "o", "-m", "demo-cats", "--limit", "0"], "greater than or equal to 1"),
        (["--output", "o", "-m", "demo-cats", "--device", "abacus"], "Expected the device"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_2(
    say: Say, arguments: list[str], message: str
) -> None:
    said = say("eval", *arguments)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("cat", "Expected --map CATEGORY=CLASS"),
        ("cow=cat", "no category “cow”"),
        ("Red=dog", "no class “dog”"),
    ],
)
def test_a_mapping_that_cannot_be_made(say: Say, tmp_path: Path, pair: str, message: str) -> None:
    data_set(tmp_path / "set")
    given = ["--dataset", tmp_path / "set", "-m", "demo-cats", "--output", tmp_path / "o"]
    said = say("eval", *given, "--map", pair)
    assert said.code == 2
    assert message in said.err


def test_a_split_that_is_not_there_ends_with_two(say: Say, tmp_path: Path) -> None:
    data_set(tmp_path / "set")
    (tmp_path / "set" / "instances.json").unlink()
    (tmp_path / "set" / "data.yaml").write_text("train: images\nval: none\nnames: [red]\n")
    given = ("eval", "--dataset", tmp_path / "set", "--output", tmp_path / "out")
    said = say(*given, "--model", model_folder(tmp_path / "own-model"))
    assert said.code == 2
    assert "no images in the split “val”: “none” is not here" in said.err
    assert not said.out
