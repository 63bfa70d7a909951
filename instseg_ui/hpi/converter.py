"""Runs the converter in a process of its own, under limits of time and memory."""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from instseg_ui.errors import Cancelled
from instseg_ui.settings import PROJECT_DIR, Settings
from instseg_ui.workers.exit_cause import exit_cause

log = logging.getLogger(__name__)

_POLL_S = 0.1
_COMMAND = (sys.executable, "-m", "instseg_ui.engines.conversion")


@dataclass(frozen=True, slots=True)
class Conversion:
    """The recipe that converted the model, empty if none did, and why others were not used."""

    recipe: str
    reasons: tuple[str, ...]


class Converter:
    """Converts model folders; one process each, and another where one crashes."""

    def __init__(self, settings: Settings, command: Sequence[str] = _COMMAND) -> None:
        """`command`: what is run, with the folders and the recipes as its arguments."""
        self._command = command
        self._timeout = settings.convert_timeout
        self._memory = int(settings.convert_memory)

    def convert(
        self,
        source: Path,
        out: Path,
        recipes: Sequence[str],
        *,
        on_trying: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Conversion:
        """Write the first of `recipes` that fits the model folder `source` into `out`.

        Raises:
            Cancelled: `cancelled` said so; the process is ended by then.
        """
        reasons: list[str] = []
        remaining = list(recipes)
        while remaining:
            attempt = _Attempt(self._command, source, out, remaining)
            try:
                done = attempt.follow(self._timeout, self._memory, on_trying, cancelled)
            finally:
                attempt.end()
            reasons += attempt.reasons
            if done or not attempt.trying:
                return Conversion(done, tuple(reasons))
            # It ended inside this one; the next ones are still to be tried.
            remaining = remaining[remaining.index(attempt.trying) + 1 :]
        return Conversion("", tuple(reasons))


class _Attempt:
    """One converter process and what it said."""

    def __init__(
        self, command: Sequence[str], source: Path, out: Path, recipes: Sequence[str]
    ) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.reasons: list[str] = []
        self.trying = ""
        self._log = (out.parent / "converter.log").open("ab")
        self._process = subprocess.Popen(
            [*command, str(source.resolve()), str(out.resolve()), *recipes],
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    def follow(
        self,
        timeout: float,
        memory: int,
        on_trying: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> str:
        """Listen until it ends; the recipe that it finished, or an empty string."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._lines.get(timeout=_POLL_S)
            except queue.Empty:
                fault = self._over(deadline, memory, timeout)
                if fault:
                    self.reasons.append(f"{self.trying or 'The converter'} {fault}")
                    return ""
                if cancelled():
                    raise Cancelled("Stopped while the model was converted.") from None
                continue
            if line is None:
                return self._ended()
            done = self._hear(json.loads(line), on_trying)
            if done:
                return done

    def end(self) -> None:
        """End the process if it has not ended, and let go of its log."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        self._log.close()

    def _hear(self, message: dict[str, str], on_trying: Callable[[str], None]) -> str:
        if "trying" in message:
            self.trying = message["trying"]
            on_trying(self.trying)
        elif "skipped" in message:
            self.reasons += filter(None, [message["why"]])
            self.trying = ""
        return message.get("done", "")

    def _ended(self) -> str:
        code = self._process.wait()
        if self.trying or code not in (0, 1):
            name = f"{self.trying or 'The converter'} failed"
            self.reasons.append(f"{name}: the converter's process ended ({exit_cause(code)}).")
        return ""

    def _over(self, deadline: float, memory: int, timeout: float) -> str:
        """Which limit the process has passed, in words; empty if none."""
        if time.monotonic() > deadline:
            log.warning("Converting took %g s: INSTSEG_CONVERT_TIMEOUT.", timeout)
            return f"was ended after {timeout:g} s."
        try:
            used = psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            return ""
        if used > memory:
            log.warning("Converting took more memory than INSTSEG_CONVERT_MEMORY.")
            return f"was ended at {memory / 1e6:.0f} MB of memory."
        return ""

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self._lines.put(line)
        self._lines.put(None)
