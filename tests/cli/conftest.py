"""The command line, in this process for what is quick and in its own for what starts workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from instseg_ui.cli import run
from instseg_ui.settings import Settings
from tests.unit.factories import model_folder

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-P", "-m", "instseg_ui")


@dataclass
class Shell:
    """Runs commands in a folder of their own, with the built-in engine."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env=os.environ | self.environment,
            # A shell starts what it runs in the background with Ctrl-C switched off.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options),
        )

    def run(self, *arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """A finished command, what it said as text."""
        process = self.start(*arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(stdin, timeout=120)
        return subprocess.CompletedProcess(
            arguments, process.returncode, out.decode(), err.decode()
        )

    def left_behind(self) -> list[int]:
        """Processes of these commands that still run: workers, and what they are forked from."""
        mark = str(self.folder)
        return [process.pid for process in psutil.process_iter() if _mark(process) == mark]


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("MARK")
    except psutil.Error:
        return None


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    folder = tmp_path / "here"
    folder.mkdir()
    own = model_folder(tmp_path / "own-model")
    return Shell(
        folder,
        {
            "PYTHONPATH": str(ROOT),
            "MARK": str(folder),
            "INSTSEG_FAKE_ENGINE": "1",
            "INSTSEG_MODELS_DIR": str(tmp_path / "models"),
            "INSTSEG_MODEL_FOLDERS": str(own),
            "INSTSEG_DEFAULT_MODEL": "own-model",
            "INSTSEG_THREADS": "1",
        },
    )


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Say = Callable[..., Said]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Say:
    """Run a command in this process."""
    monkeypatch.setenv("INSTSEG_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("INSTSEG_FAKE_ENGINE", "1")

    def no_server(settings: Settings, page: bool) -> int:
        raise AssertionError("This command starts no server.")

    def command(*arguments: object, start_server: Any = no_server) -> Said:
        with pytest.raises(SystemExit) as ended:
            run(list(map(str, arguments)), start_server=start_server)
        said = capfd.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return command
