"""Answers on disk, a line of JSON each, as they are given: nothing is changed, nothing is lost.

The first line says what the answers are of. Taking an answer back is a line too. Each line is on
the disk before the next question comes; one that a crash cut off is dropped, one that cannot be an
answer is passed over and counted.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from instseg_ui.errors import BusyError, InputError, system_said
from instseg_ui.judge.answers import JudgeAnswer

VERSION = 1
_LONGEST = 100_000
_LARGEST = 200_000_000


class AnswerFile:
    """The answers to one set of photos and models. Used by one thread at a time."""

    def __init__(self, path: Path, digest: str, read: Callable[[object], JudgeAnswer]) -> None:
        """Open the file and take up the answers that are there.

        Args:
            path: of the file; made if it is not there.
            digest: of the candidates the answers are about.
            read: makes an answer of a JSON value. Raises `InputError`.

        Raises:
            BusyError: another process has it open.
            InputError: it is of other photos or models, or cannot be read or written.
        """
        self.passed_over = 0
        self._answers: list[JudgeAnswer] = []
        self._digest, self._read = digest, read
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(
                "These answers are open in another place. Close it there, then try again."
            ) from None
        except OSError as error:
            raise _unwritable(error) from error
        try:
            self._file = path.open("a+b")
            self._open()
        except OSError as error:
            self._lock.release()
            raise _unwritable(error) from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[JudgeAnswer]:
        """The answers that hold, in the order they were given."""
        return iter(tuple(self._answers))

    def add(self, answer: JudgeAnswer) -> None:
        """Write one down. Raises `InputError` if that is not possible; then it does not hold."""
        self._line(answer.to_dict())
        self._answers.append(answer)

    def undo(self) -> JudgeAnswer | None:
        """Take the last one that holds back; None if there is none."""
        if not self._answers:
            return None
        self._line({"undo": len(self._answers)})
        return self._answers.pop()

    def close(self) -> None:
        """Let others open it."""
        with contextlib.suppress(ValueError, OSError):
            self._file.close()
        self._lock.release()

    def _open(self) -> None:
        if os.fstat(self._file.fileno()).st_size > _LARGEST:
            raise InputError("The file of answers is larger than answers can be.")
        self._file.seek(0)
        good = 0
        for number, line in enumerate(iter(lambda: self._file.readline(), b"")):
            if not line.endswith(b"\n"):
                break
            if number == 0:
                self._expect_mine(line)
            elif not self._take(line):
                self.passed_over += 1
            good += len(line)
        self._file.truncate(good)
        if not good:
            self._line({"instseg_answers": VERSION, "of": self._digest})

    def _expect_mine(self, line: bytes) -> None:
        head = _value(line)
        if not isinstance(head, dict) or head.get("instseg_answers") != VERSION:
            raise InputError("This is no file of answers. Name another folder.")
        if head.get("of") != self._digest:
            raise InputError(
                "The answers there are of other photos, models or thresholds. They stay as they "
                "are; name another folder for these."
            )

    def _take(self, line: bytes) -> bool:
        """Whether the line could be read; what it says holds then."""
        value = _value(line)
        if not isinstance(value, dict):
            return False
        value.pop("at", None)
        if value.keys() == {"undo"}:
            if self._answers:
                self._answers.pop()
            return True
        try:
            self._answers.append(self._read(value))
        except InputError:
            return False
        return True

    def _line(self, value: dict[str, Any]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        text = json.dumps(value | {"at": now}, ensure_ascii=True, allow_nan=False)
        try:
            self._file.write(text.encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(error) from error


def _value(line: bytes) -> Any:
    if len(line) > _LONGEST:
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _unwritable(error: OSError) -> InputError:
    return InputError("The answers could not be written.", remedy=system_said(error))
