"""`instseg train`, as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Say, Shell
from tests.unit.train.factories import EXAMPLES, NEW, PHOTOS, START, document, written


@pytest.fixture
def data(tmp_path: Path) -> tuple[object, ...]:
    return "--images", EXAMPLES, "--annotations", written(tmp_path / "data")


def test_what_is_missing_or_wrong_is_one_sentence(
    say: Say, data: tuple[object, ...], tmp_path: Path
) -> None:
    output = ("--output", tmp_path / "model")
    for arguments, words in (
        ((), "--images FOLDER"),
        (data, "--output FOLDER"),
        ((*data, *output, "--minutes", "0"), "minutes above 0"),
        ((*data, *output, "--from", "everyday-X"), "There is no model named"),
        ((*data, *output, "--name", "a/b"), "Expected a name"),
        ((*data, *output, "--epochs", "0"), "1 to 10000 epochs"),
    ):
        said = say("train", *arguments)
        assert said.code == 2, arguments
        assert words in said.err
        assert "Traceback" not in said.err
    assert not (tmp_path / "model").exists()


@pytest.mark.paddle
@pytest.mark.slow
def test_data_that_cannot_teach_is_one_sentence(say: Say, tmp_path: Path) -> None:
    path = written(tmp_path / "data", document(names=PHOTOS[:1]))
    said = say(
        "train", "--images", EXAMPLES, "--annotations", path, "--from", START,
        "--output", tmp_path / "model",
    )  # fmt: skip
    assert said.code == 2
    assert said.err.strip().splitlines()[-1].startswith("Only 1 picture with annotated objects")


@pytest.mark.paddle
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_stopped_by_a_signal_it_keeps_the_best_so_far(
    shell: Shell, data: tuple[object, ...], tmp_path: Path
) -> None:
    process = shell.start(
        "train", *data, "--from", START, "--minutes", "60", "--name", "Panes", "--seed", "3",
        "--licence", "mine", "--output", tmp_path / "model", "--json",
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line.decode())
        if "round 1," in said[-1]:
            os.kill(process.pid, signal.SIGTERM)
            break
    rest, err = process.stdout.read(), process.stderr.read().decode()  # type: ignore[union-attr]
    assert process.wait(600) == 0, err
    outcome = json.loads(rest)
    assert outcome["name"] == "Panes"
    assert outcome["licence"] == "mine"
    assert outcome["ended"] == "It was stopped."
    assert any("mask AP before" in line for line in said)
    assert any("images/s" in line and "minutes left" in line for line in said)
    assert "Stopping; the best so far is written." in err
    assert f"Wrote {tmp_path / 'model'}" in err
    assert NEW in (tmp_path / "model" / "inference.yml").read_text(encoding="utf-8")


def test_figures_are_shown_with_what_they_mean() -> None:
    from instseg_ui.show.taught_model import outcome_lines, outcome_table, training_words
    from tests.unit.train.test_card import outcome

    table = outcome_table(outcome())
    assert [cell.plain for cell in table.rows[0]] == ["balcony", "12", "—", "31.5"]
    lines = "\n".join(outcome_lines(outcome()))
    assert "+31.5 points, with 95 % between +20.0 and +40.0" in lines
    assert "Too few pictures to tell" in lines
    line = training_words(
        {
            "event": "progress", "part": 1, "parts": 1, "epoch": 7, "progress": 0.5,
            "views_per_s": 3.21, "loss": 6.54321, "ap": 0.25, "best": 0.3, "minutes_left": 4.0,
        }
    )  # fmt: skip
    assert line == (
        "round 7, 50 %, 3.21 images/s, loss 6.54, mask AP 25.0 (best 30.0), 4.0 minutes left"
    )
    assert training_words({"event": "done"}) == ""
