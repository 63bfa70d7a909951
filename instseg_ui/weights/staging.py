"""The place beside the models where a fetch works: one at a time a model, and nothing stays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 0.2
REMEDY = "Set PADDLE_PDX_CACHE_HOME or INSTSEG_MODELS_DIR to a folder that can be written."
"""What helps where the models' folder cannot be written."""


class Staging:
    """Work folders under `<root>/<name>`, on the file system of what they are moved to.

    A file lock a model keeps threads and processes apart; it is let go by the system when its
    holder dies, so what that one left behind can be told from work in progress, and removed.
    """

    def __init__(self, root: Path, name: str = ".fetching") -> None:
        self._root = root / name

    @contextmanager
    def alone(self, name: str, while_waiting: Callable[[], None]) -> Iterator[Path]:
        """An empty folder for work on the model `name`, removed afterwards with all it holds.

        `while_waiting` is called again and again while somebody else works on that model, and
        may raise to give up. Raises `OSError` when the models' folder cannot be written.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        lock = self._lock(name)
        _acquire(lock, while_waiting)
        work = self._root / name
        try:
            self._sweep(name)
            work.mkdir()
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
            lock.release()

    def _lock(self, name: str) -> FileLock:
        return FileLock(self._root / f"{name}.lock")

    def _sweep(self, name: str) -> None:
        """Remove what crashed fetches left behind; a folder whose lock is held is in use."""
        shutil.rmtree(self._root / name, ignore_errors=True)
        for folder in self._root.iterdir():
            if folder.is_dir() and folder.name != name:
                with suppress(Timeout), self._lock(folder.name).acquire(timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)


def move_into_place(folder: Path, target: Path, work: Path) -> None:
    """Rename `folder` to `target`; what stood there goes to `work`, to be removed with it."""
    move_aside(target, work)
    folder.replace(target)


def move_aside(target: Path, work: Path) -> None:
    """Rename `target`, if it is there, into `work`."""
    if os.path.lexists(target):
        target.replace(work / "replaced")


def _acquire(lock: FileLock, while_waiting: Callable[[], None]) -> None:
    while True:
        try:
            lock.acquire(timeout=POLL_SECONDS)
            return
        except Timeout:
            while_waiting()
