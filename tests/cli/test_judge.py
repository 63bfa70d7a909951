"""`instseg judge`, as a script uses it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from tests.cli.conftest import Say, Shell
from tests.unit.factories import GREEN, RED, model_folder, patches

LEFT, RIGHT = (2, 3, 22, 20), (40, 10, 60, 30)


@pytest.fixture
def begun(say: Say, tmp_path: Path) -> Path:
    """A judgement of two models on two photos; one model knows red only."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(2):
        cv2.imwrite(str(photos / f"{i}.png"), patches((LEFT, RED), (RIGHT, GREEN)))
    (photos / "broken.png").write_bytes(b"no picture")
    models = ("--model", model_folder(tmp_path / "one"))
    models += ("--model", model_folder(tmp_path / "two", labels=("red",)))
    said = say("judge", "begin", photos, *models, "--output", tmp_path / "judged")
    assert said.code == 0, said.err
    assert "broken.png" in said.err
    assert json.loads(said.out)["left"] == 4
    return tmp_path / "judged"


def test_question_answer_report(say: Say, begun: Path) -> None:
    first = json.loads(say("judge", "next", begun).out)
    assert {"question", "photo", "image", "crop", "kind", "outlines"} <= first.keys()
    after = json.loads(say("judge", "answer", begun, "right", "--outline", 1).out)
    assert after["question"] != first["question"]
    said = json.dumps({"question": after["question"], "answer": "nothing"})
    assert json.loads(say("judge", "answer", begun, said).out)["left"] == 2
    report = say("judge", "report", begun)
    assert report.out.startswith("2 answers, 2 objects left.")
    assert "Go on: " in report.out
    value = json.loads(say("judge", "report", begun, "--json").out)
    assert (value["answered"], value["left"], value["decision"]) == (2, 2, "ask on")
    undone = json.loads(say("judge", "undo", begun).out)
    assert undone["question"] == after["question"]
    assert len(json.loads(say("judge", "next", begun, "--count", 3).out)) == 3


def test_photos_are_spoken_of_by_name(say: Say, begun: Path, tmp_path: Path) -> None:
    given = ("judge", "answer", begun)
    assert say(*given, "missed", "--photo", "0.png", "--at", 70, 50).code == 0
    assert say(*given, "complete", "--photo", "1.png").code == 0
    say(*given, "nothing")
    assert say("judge", "export", begun, "--output", tmp_path / "judged.json").code == 0
    value = json.loads((tmp_path / "judged.json").read_text())
    assert "0.png" in [row["file_name"] for row in value["images"]]
    assert json.loads(say("judge", "export", begun).out) == value


def test_talk_line_by_line(shell: Shell, begun: Path) -> None:
    lines = [
        '{"answer": "right"}',
        "no json",
        '{"next": 2}',
        '{"next": "x"}',
        '{"answer": "complete", "photo": "0.png"}',
        '{"undo": true}',
        '{"report": true}',
    ]
    done = shell.run("judge", "talk", begun, stdin="\n".join(lines).encode())
    assert done.returncode == 0, done.stderr
    first, *replies = map(json.loads, done.stdout.splitlines())
    assert first["left"] == 4
    assert ["error" in reply for reply in replies] == [True, True, False, True] + [False] * 3
    assert len(replies[2]) == 2
    assert replies[-1]["answered"] == 0


def test_what_cannot_be_done(say: Say, begun: Path, tmp_path: Path) -> None:
    for given, expected in (
        (("judge", "next", tmp_path / "nowhere"), "no judgement in that folder"),
        (("judge", "next", begun, "--count", 99), "1 to 20 questions"),
        (("judge", "answer", begun, "yes"), "There is no answer"),
        (("judge", "answer", begun, "right", "--outline", 9), "Expected an outline"),
        (("judge", "answer", begun, "{broken"), "JSON object"),
        (("judge", "begin", tmp_path, "--model", "demo-cats"), "--output FOLDER"),
        (("judge", "begin", tmp_path, "-m", "demo-cats", "-o", tmp_path / "x"), "2 to 8 models"),
        (("judge", "export", begun, "-o", tmp_path / "no" / "x.json"), "cannot be written"),
    ):
        said = say(*given)
        assert said.code == 2, given
        assert expected in said.err
        assert "Traceback" not in said.err
