"""Asks the process that runs PaddleX."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from instseg_ui.settings import PROJECT_DIR
from performance.paddlex_process import ANSWER


class PaddlexError(Exception):
    """PaddleX raised, or its process ended."""


class PaddlexSide:
    """A process with the unmodified PaddleX, ended on exit."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "performance.paddlex_process"],
            cwd=PROJECT_DIR,
            env=os.environ | _environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> PaddlexSide:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def load(self, folder: Path, model_name: str, threads: int) -> dict[str, Any]:
        """Load a model; its real run mode and threads."""
        return self._ask(verb="load", folder=str(folder), model_name=model_name, threads=threads)

    def run(self, image: Path, threshold: float, out: Path | None) -> dict[str, Any]:
        """Predict, draw and save into `out`; without it, predict only."""
        files = {"jpeg": str(out / "paddlex.jpg"), "text": str(out / "paddlex.json")} if out else {}
        return self._ask(
            verb="run", image=str(image), threshold=threshold, **({"jpeg": "", "text": ""} | files)
        )

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            lines = iter(self._process.stdout.readline, "")
            line = next(line for line in lines if line.startswith(ANSWER))
        except (OSError, StopIteration):
            raise PaddlexError(f"PaddleX's process ended: {self._last_words()}") from None
        answer: dict[str, Any] = json.loads(line.removeprefix(ANSWER))
        if "error" in answer:
            raise PaddlexError(answer["error"])
        return answer

    def _last_words(self) -> str:
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")[-300:].strip()


def _environment() -> dict[str, str]:
    """No network: hosts are not asked, and the font that PaddleX would fetch lies here."""
    return {"PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"} | _font()


def _font() -> dict[str, str]:
    """DejaVu Sans, which comes with matplotlib, as PaddleX and pycocotools do."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return {}
    file = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    return {"PADDLE_PDX_LOCAL_FONT_FILE_PATH": str(file)} if file.is_file() else {}
