"""`instseg bench`, as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import time
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Say, Shell
from tests.unit.factories import GREEN, RED, model_folder, patches, png

PAGE = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
PICTURE = png(patches(((2, 3, 12, 20), RED), ((30, 10, 50, 30), GREEN)))


@pytest.fixture
def desk(shell: Shell, tmp_path: Path) -> Shell:
    """A folder with a picture, and a second model that fails."""
    (shell.folder / "a.png").write_bytes(PICTURE)
    bad = model_folder(tmp_path / "bad", good_runs=3, run_error="It failed.")
    shell.environment["INSTSEG_MODEL_FOLDERS"] += f"{os.pathsep}{bad}"
    return shell


def kept(shell: Shell) -> list[Path]:
    folder = Path(shell.environment["INSTSEG_MODELS_DIR"]) / ".benchmarks"
    return sorted(folder.glob("*.json"))


def test_measure_keep_export_and_compare(desk: Shell) -> None:
    done = desk.run(
        *("bench", "-i", "a.png", "-n", "6", "--warmup", "1", "-c", "2", "--price", "3.6"),
        *("--save", "out/run.csv", "--save", "out/run.html", "--save", "out/run.json"),
    )
    assert done.returncode == 0, done.stderr
    for words in ("p50, ms", "inference", "Callers at once", "p99 needs 100 runs or more."):
        assert words in done.stdout
    assert "Cost of 1,000 images" in done.stdout
    assert "own-model: 2 callers at once" in done.stderr
    (file,) = kept(desk)
    assert file.name.endswith("_fake_1t_80x60_n6.json")
    assert f"Kept as {file.name}" in done.stderr
    rows = list(csv.DictReader((desk.folder / "out" / "run.csv").open()))
    assert {row["model"] for row in rows} == {"own-model"}
    assert (desk.folder / "out" / "run.json").read_bytes() == file.read_bytes()
    assert b"<svg" in (desk.folder / "out" / "run.html").read_bytes()

    again = desk.run("bench", "-i", "a.png", "-n", "6", "--versus", "last", "--json", "-q")
    assert again.returncode == 0, again.stderr
    assert again.stderr == ""
    assert json.loads(again.stdout)["schema"] == 1

    shown = desk.run("bench", "--show", "last", "--versus", file.name)
    assert shown.returncode == 0, shown.stderr
    assert f"Against {file.name}" in shown.stdout
    assert "95 % interval" in shown.stdout
    assert len(kept(desk)) == 2

    file.with_name("x.json").write_text("{")
    listed = desk.run("bench", "--list")
    assert [line.split()[-1] for line in listed.stdout.splitlines()] == ["own-model"] * 2
    assert "x.json is left out" in listed.stderr


def test_one_that_fails_does_not_end_the_rest(desk: Shell) -> None:
    done = desk.run("bench", "bad", "own-model", "-i", "a.png", "-n", "3", "--warmup", "0")
    assert done.returncode == 1
    assert "bad: It failed." in done.stderr or "It failed." in done.stderr
    assert "own-model" in done.stdout


def test_interrupting_keeps_what_was_measured(desk: Shell, tmp_path: Path) -> None:
    slow = model_folder(tmp_path / "slow", good_runs=4, delay_s=60)
    desk.environment["INSTSEG_MODEL_FOLDERS"] += f"{os.pathsep}{slow}"
    process = desk.start("bench", "own-model", "slow", "-i", "a.png", "--warmup", "0", "-n", "5")
    assert process.stderr
    for line in process.stderr:
        if line.startswith(b"slow: measuring"):
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Stopped." in err
    assert b"slow: Stopped after 2 counted runs." in err
    assert b"own-model" in out
    (file,) = kept(desk)
    states = {one["model"]: one["state"] for one in json.loads(file.read_text())["models"]}
    assert states == {"own-model": "stopped", "slow": "stopped"}, "they took turns"
    deadline = time.monotonic() + 20
    while desk.left_behind() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not desk.left_behind()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nope",), "There is no model named “nope”"),
        (("-n", "0"), "Expected 1 to 10000 repeats, got 0."),
        (("-c", "99"), "callers at once, got 99"),
        (("-i", "missing.png"), "There is no file or folder “missing.png”."),
        (("-i", "http://127.0.0.1/a.png"), "Expected files, folders or patterns"),
        (("--save", "run.pdf"), "--save writes .csv, .json or .html files"),
        (("--price", "free"), "The price of an hour must be a number"),
        (("--answer", "xml"), "Expected --answer json or overlay"),
        (("--versus", "nothing"), "There is no kept benchmark run “nothing”."),
        (("--show", "last"), "No benchmark run is kept here yet."),
        (("--threads", "0"), "--threads: expected a whole number of at least 1, got “0”."),
        (("--engine", "steam"), "Expected one of the engines"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    say: Say, arguments: tuple[str, ...], sentence: str
) -> None:
    said = say("bench", *arguments)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1


def test_the_examples_of_the_document_run(desk: Shell) -> None:
    (desk.folder / "cats.jpg").write_bytes(PICTURE)
    (block,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines():
        done = desk.run(*shlex.split(line)[1:])
        assert done.returncode == 0, done.stderr
    assert (desk.folder / "run.html").is_file()


def test_every_flag_is_in_the_document(say: Say) -> None:
    flags = set(re.findall(r"--[a-z]{3,}", say("bench", "--help").out)) - {"--help"}
    assert len(flags) > 12
    assert all(f"`{flag}" in PAGE for flag in flags)
