"""`instseg doctor` on this machine, and on ones that are worse."""

from __future__ import annotations

import json

import pytest

from instseg_ui import cli
from instseg_ui.cli import doctor as command
from instseg_ui.doctor import Diagnosis, State
from tests.cli.conftest import Say


@pytest.mark.paddle
def test_this_machine(say: Say) -> None:
    said = say("doctor", "--json")
    findings = json.loads(said.out)
    topics = [finding["topic"] for finding in findings]
    assert topics == list(dict.fromkeys(topics))
    for topic in ("system", "Python", "cores", "memory", "GPU", "OpenCV", "Paddle", "disk"):
        assert topic in topics
    names = ("paddle", "paddle-onednn", "onnxruntime", "openvino", "tensorrt")
    assert {f"engine {name}" for name in names} <= set(topics)
    assert {"ONNX Runtime", "models' folder", "default model"} <= set(topics)
    wrongs = [finding for finding in findings if finding["state"] == "wrong"]
    assert said.code == bool(wrongs)
    assert all(finding["remedy"] for finding in wrongs)


def test_what_is_wrong_stands_out_with_its_remedy(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Diagnosis("cores", "2"), Diagnosis("OpenCV", "two", State.WRONG, "Remove one.")]
    monkeypatch.setattr(command, "examine", lambda settings: iter(found))
    said = say("doctor")
    assert said.code == 1
    assert [line.split()[0] for line in said.out.splitlines()] == ["ok", "WRONG", "->"]
    assert said.err == "1 of 2 things are wrong.\n"
    assert cli.run is not None
