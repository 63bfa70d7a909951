"""The examples of the documents run as they stand."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from instseg_ui.exports import FORMATS
from tests.cli.conftest import COMMAND, ROOT, Shell
from tests.unit.factories import RED, model_folder, patches, png

# Of the photo's one patch.
ANNOTATIONS = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 80, "height": 60}],
    "categories": [{"id": 1, "name": "cat"}],
    "annotations": [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "segmentation": [[2, 3, 12, 3, 12, 20, 2, 20]],
            "bbox": [2, 3, 10, 17],
            "area": 170,
            "iscrowd": 0,
        }
    ],
}


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def desk(shell: Shell, tmp_path: Path) -> Shell:
    """A folder with what the examples name, and `instseg` on the path."""
    for name in ("cats.jpg", "photos/a.jpg", "more/b.jpg", "more/c.jpg"):
        file = shell.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(png(patches(((2, 3, 12, 20), RED))))
    (shell.folder / "instances.json").write_text(json.dumps(ANNOTATIONS))
    model_folder(shell.folder / "my-model")
    script = tmp_path / "bin" / "instseg"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    script.chmod(0o755)
    shell.environment["PATH"] = f"{script.parent}:/usr/local/bin:/usr/bin:/bin"
    return shell


def finish(command: list[str], desk: Shell) -> str:
    done = subprocess.run(
        command,
        cwd=desk.folder,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_commands(desk: Shell) -> None:
    examples = blocks("cli.md", "sh")
    assert len(examples) >= 4
    finish(["sh", "-ec", "\n".join(examples)], desk)
    assert (desk.folder / "output" / "cats_res.json").is_file()
    assert (desk.folder / "cats.jsonl").read_text().startswith('{"res": ')


def test_scripts(desk: Shell) -> None:
    script = desk.folder / "script.py"
    script.write_text("\n".join(blocks("python.md", "python")))
    assert finish([sys.executable, str(script)], desk).count("{'res'") == 1


def test_every_format_and_command_is_named() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name in (*FORMATS, "predict", "models", "serve", "doctor", "pull", "rm", "verify"):
        assert f"`{name}" in page or f"instseg {name}" in page or f"## {name}" in page
