"""What commands say, where, and how they end."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import typer

from instseg_ui.errors import InstSegError

SOME_FAILED = 1
NOT_DONE = 2
INTERRUPTED = 128 + signal.SIGINT
# SIGPIPE, which Windows does not have.
NO_READER = 128 + 13

_STEP_S = 0.1
_STEP_PERCENT = 10


@dataclass(frozen=True, slots=True)
class Console:
    """Standard output for results, standard error for everything about them."""

    quiet: bool = False

    def out(self, text: str) -> None:
        """A result."""
        typer.echo(text)

    def json(self, value: object, indent: int | None = 2) -> None:
        """A result as JSON; on one line where `indent` is None."""
        typer.echo(json.dumps(value, ensure_ascii=False, indent=indent))

    def say(self, text: str) -> None:
        """What is going on; nothing when quiet."""
        if not self.quiet:
            typer.echo(text, err=True)

    def fail(self, text: str) -> None:
        """What went wrong."""
        typer.echo(text, err=True)


@contextmanager
def guarded() -> Iterator[None]:
    """End the command as its docstring promises when it is stopped or cannot be done."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would say that this fails.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(NO_READER) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except InstSegError as error:
        typer.echo(error.with_remedy, err=True)
        raise typer.Exit(NOT_DONE) from None


@dataclass(slots=True)
class BytesShown:
    """Progress of a fetch: a line that moves in a terminal, a line every tenth in a log."""

    console: Console
    label: str
    total: Any = None
    _done: int = 0
    _percent: int = -_STEP_PERCENT
    _last: float = 0.0
    _open: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._open:
            typer.echo("", err=True)

    def update(self, n: int) -> None:
        """`n` more bytes are done."""
        self._done += n
        if self.console.quiet or not self.total:
            return
        percent = min(100, 100 * self._done // self.total)
        if sys.stderr.isatty():
            self._move(percent)
        elif percent >= self._percent + _STEP_PERCENT:
            self._percent = percent
            self.console.say(self._line(percent))

    def _move(self, percent: int) -> None:
        now = time.monotonic()
        if percent == self._percent or (now < self._last + _STEP_S and percent < 100):
            return
        self._percent, self._last = percent, now
        typer.echo(f"\r{self._line(percent)}", err=True, nl=False)
        self._open = True

    def _line(self, percent: int) -> str:
        return f"{self.label}: {self._done / 1e6:.1f} of {self.total / 1e6:.1f} MB ({percent} %)"
