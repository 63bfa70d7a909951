"""The snippets are code that parses and says what was chosen."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from instseg_ui.show.snippets import snippets

ODD = """it's "odd" $(touch x) & <b>"""

needs_shell = pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")


def shell_words(command: str) -> list[str]:
    """The words a shell makes of a command, without running it."""
    script = f"set -- {command}\nprintf '%s\\n' \"$@\""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_an_engine_is_named_only_where_it_is_asked_for() -> None:
    plain, fast = snippets("SOLOv2", 0.5), snippets("SOLOv2", 0.5, engine="high_performance")
    assert "engine" not in plain.shell + plain.python
    assert fast.shell.endswith(" --engine high_performance")
    assert 'create_pipeline(model="SOLOv2", engine="high_performance")' in fast.python
    ast.parse(fast.python)


@needs_shell
@pytest.mark.parametrize("model", ["Mask-RT-DETR-L", ODD])
def test_the_command_line_holds_its_arguments(model: str) -> None:
    words = shell_words(snippets(model, 0.5).shell)
    assert words[:2] == ["instseg", "predict"]
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert options == {
        "--model": model,
        "--input": "photo.jpg",
        "--threshold": "0.5",
        "--save_path": "./output",
    }


@pytest.mark.parametrize("model", ["Mask-RT-DETR-L", ODD])
def test_the_python_is_python(model: str) -> None:
    tree = ast.parse(snippets(model, 0.35).python)
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert model in values
    assert 0.35 in values


def test_the_python_imports_what_there_is() -> None:
    import instseg_ui

    source = snippets("SOLOv2", 0.5).python
    assert source.startswith("from instseg_ui import create_pipeline\n")
    assert "create_pipeline" in instseg_ui.__all__


@needs_shell
@pytest.mark.parametrize("model", ["Mask-RT-DETR-L", ODD])
def test_curl_sends_the_image_and_the_model(tmp_path: Path, model: str) -> None:
    """Run as it is, with a `curl` that writes down what it was given."""
    (tmp_path / "photo.jpg").write_bytes(b"\xff" * 100)
    spy = tmp_path / "curl"
    spy.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > arguments\ncat > body\n')
    spy.chmod(0o755)
    code = snippets(model, 0.25, "http://127.0.0.1:7860/").curl
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["bash", "-c", code], cwd=tmp_path, env=environment, check=True)
    body = json.loads((tmp_path / "body").read_text())
    assert body == {"image": "/" * 133 + "w==", "model": model, "threshold": 0.25}
    sent = (tmp_path / "arguments").read_text().splitlines()
    assert "http://127.0.0.1:7860/instance-segmentation" in sent
    assert "Content-Type: application/json" in sent


def test_the_threshold_is_short() -> None:
    assert "--threshold 0.3 " in snippets("SOLOv2", 0.30000000000000004).shell
