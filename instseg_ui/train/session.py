"""A run as whoever started it sees it: events one after the other, stop, and how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from instseg_ui.errors import Cancelled, TrainingError
from instseg_ui.settings import Settings
from instseg_ui.train.checks import CHECKPOINT, GO_ON, START_OVER, WORK
from instseg_ui.train.request import TrainingRequest
from instseg_ui.workers.exit_cause import exit_cause

MODULE = "instseg_ui.train.process"
_LIMITS = ("max_pixels", "max_side", "max_upload")
_ENDING_S = 10.0
_LAST_BYTES, _LONGEST_WORD = 4000, 200


class TrainingSession:
    """One run in a process of its own. Use it as a context: leaving it ends the process.

    with TrainingSession(request, settings) as session:
        for event in session.events():
            ...

    The last event is `done`, with the `outcome`; every other end is raised.
    """

    def __init__(
        self,
        request: TrainingRequest,
        settings: Settings,
        *,
        resume: bool = False,
        park: bool = False,
        go_on: str = GO_ON,
        start_over: str = START_OVER,
    ) -> None:
        """Start it.

        Args:
            request: what is wanted.
            settings: limits of pictures, and where the examples lie.
            resume: go on from what an earlier run of the same request left.
            park: where whoever started it dies, leave what to go on from and no model.
            go_on: what going on is called where the sentences are read.
            start_over: the same of beginning anew.
        """
        self.request = request
        given = {
            "request": request.dumps(),
            "assets": str(settings.assets.absolute()),
            "limits": {name: int(getattr(settings, name)) for name in _LIMITS},
            "resume": resume,
            "park": park,
        }
        self._go_on, self._start_over = go_on, start_over
        # Of its own, so that what libraries print is in nobody's way, and a last word is found.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            encoding="utf-8",
            # The same package, wherever this process has it from.
            env={
                **os.environ,
                **tuned(request.threads),
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            # Ctrl-C in a terminal is for the one who asked, who then asks the process to stop.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()

    def __enter__(self) -> TrainingSession:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the process that trains."""
        return self._process.pid

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Every event as it comes, the last one being `done`.

        Raises:
            Cancelled: it was stopped before anything was learned.
            TrainingError: it ended without a model.
        """
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                break  # the process was killed while it wrote
            if event["event"] == "cancelled":
                raise Cancelled(event["text"])
            if event["event"] == "error":
                text = self._worded(event["text"])
                raise TrainingError(text, remedy=event["remedy"])
            yield event
            if event["event"] == "done":
                return
        raise self._ended()

    def _worded(self, text: str) -> str:
        """The sentence in the words of where it is read."""
        return text.replace(GO_ON, self._go_on).replace(START_OVER, self._start_over)

    def stop(self) -> None:
        """Ask it to stop and keep the best so far; `events` goes on to the end."""
        assert self._process.stdin is not None
        # A line and no signal: Paddle takes signals for its own until it is told not to.
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write("stop\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """End the process at once; `events` raises, and what it kept stays."""
        self._process.kill()

    def close(self) -> None:
        """End the process at once, if it still runs; what it kept stays."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def _ended(self) -> TrainingError:
        """Why there are no more events."""
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_ENDING_S)
        kept = (self.request.output / WORK / CHECKPOINT).is_file()
        what = (
            f"What was learned up to the last saved round is kept: {self._go_on}."
            if kept
            else "Nothing was saved yet: start again."
        )
        return TrainingError(
            f"The training's process ended before it was done: {exit_cause(code)}. {what}",
            remedy=self._last_word(),
        )

    def _last_word(self) -> str:
        """The last line that the process said."""
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - _LAST_BYTES))
        lines = [one for one in self._said.read().decode("utf-8", "replace").splitlines() if one]
        return f"It said: {lines[-1][:_LONGEST_WORD]}" if lines else ""


def tuned(threads: int) -> dict[str, str]:
    """Variables that Paddle and the C library read when a process starts.

    oneDNN runs the network, one view at a time, in three quarters of the time of Paddle's own
    kernels. glibc would return the large buffers of every step to the system and ask for them
    again. Threads that wait by spinning burn the time of those that they wait for.
    """
    count = str(threads)
    return {
        "FLAGS_use_mkldnn": "1",
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "OMP_WAIT_POLICY": "PASSIVE",
        "MALLOC_MMAP_THRESHOLD_": "4294967296",
        "MALLOC_TRIM_THRESHOLD_": "8589934592",
        "PYTHONUNBUFFERED": "1",
    }
