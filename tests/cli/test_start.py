"""A command loads what it needs and no other command."""

from __future__ import annotations

import subprocess
import sys

import pytest

from instseg_ui.settings import PROJECT_DIR

LOADED = """
import sys
from instseg_ui.cli import run
try:
    run(sys.argv[1:], start_server=lambda settings, page: 0)
except SystemExit:
    pass
print(*sorted(sys.modules))
"""


@pytest.mark.parametrize(
    ("command", "others"),
    [("predict", ("bench", "eval", "train")), ("models", ("bench", "judge", "train"))],
)
def test_a_command_loads_no_other_one(command: str, others: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_DIR,
    )
    loaded = set(done.stdout.split())
    assert f"instseg_ui.cli.{command}" in loaded
    assert not loaded & {f"instseg_ui.cli.{name}" for name in others}
    assert not loaded & {"gradio", "paddle", "scipy.stats", "scipy.optimize"}
