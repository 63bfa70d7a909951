"""What a visitor teaches: the folder of the training, its data set, its model, its record."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from instseg_ui.errors import InstSegError
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.visits import Visits
from instseg_ui.ui.teach.record import TeachRecord

_PART = "teach"
_FORGOTTEN_S = 24 * 3600.0


@dataclass(eq=False)
class TeachDesk:
    """One visitor's training; hold `lock` while it is changed.

    `left` is set when the visitor has gone: the training ends at once then.
    """

    record: TeachRecord | None = None
    folder: Path | None = None
    left: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)
    _before: tuple[TeachRecord | None, Path | None] | None = None

    def put(self, record: TeachRecord, folder: Path) -> None:
        """Begin with a new training; the one before can be put back until it is `settled`."""
        with self.lock:
            self._before = self.record, self.folder
            self.record, self.folder = record, folder

    def settled(self) -> None:
        """The new training has begun to learn: the one before goes."""
        with self.lock:
            before, self._before = self._before, None
        if before is not None and before[1] is not None:
            shutil.rmtree(before[1], ignore_errors=True)

    def put_back(self) -> None:
        """The new training came to nothing: the one before is there again."""
        with self.lock:
            if self._before is None:
                return
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
            (self.record, self.folder), self._before = self._before, None

    def save(self) -> None:
        """Write the record; where the disk is full the training goes on."""
        with self.lock, suppress(InstSegError):
            if self.record is not None and self.folder is not None:
                self.record.save(self.folder)

    def clear(self) -> None:
        """Remove all of it."""
        with self.lock:
            self.left = True
            for folder in (self.folder, self._before[1] if self._before else None):
                if folder is not None:
                    shutil.rmtree(folder, ignore_errors=True)
            self.record = self.folder = self._before = None


class TeachDesks:
    """The desks of all visitors, by session. Safe to use from many threads.

    `turn` is held by the one training that runs on this machine.
    """

    def __init__(
        self, settings: Settings, running: Callable[[str], bool], visits: Visits | None = None
    ) -> None:
        """`running`: whether a visitor's training goes on."""
        self._root = settings.models_dir / ".teachings"
        self._kept_s = max(_FORGOTTEN_S, 3600 * settings.keep_visits)
        self._running, self._visits = running, visits
        self._desks: dict[str, TeachDesk] = {}
        self._lock = threading.Lock()
        self.turn = threading.BoundedSemaphore(1)

    def of(self, session: str) -> TeachDesk:
        """The visitor's desk, with what is kept of it; an empty one at first."""
        with self._lock:
            desk = self._desks.get(session)
            if desk is None:
                desk = self._desks[session] = TeachDesk()
                self._recall(session, desk)
            return desk

    def keep(self, session: str) -> None:
        """Have the visitor's training found again after a restart."""
        desk = self.of(session)
        if self._visits is not None:
            kept = {} if desk.folder is None else {"folder": desk.folder.name}
            self._visits.keep(session, _PART, kept)

    def _recall(self, session: str, desk: TeachDesk) -> None:
        folder = self._kept(session)
        if folder is not None:
            desk.record = TeachRecord.load(folder)
            desk.folder = None if desk.record is None else folder

    def _kept(self, session: str) -> Path | None:
        name = self._visits.kept(session, _PART).get("folder") if self._visits else None
        return self._root / Path(name).name if isinstance(name, str) and name else None

    def new_folder(self) -> Path:
        """A folder for a training, under a name that cannot be guessed. Raises `OSError`."""
        self._forget_old()
        folder = self._root / secrets.token_hex(20)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def _forget_old(self) -> None:
        """Remove what a server that was killed has left."""
        with self._lock:
            live = {desk.folder for desk in self._desks.values()}
        with suppress(OSError):
            for folder in self._root.iterdir():
                if folder not in live and _age_s(folder) > self._kept_s:
                    shutil.rmtree(folder, ignore_errors=True)

    def leave(self, session: str) -> None:
        """Remove what the visitor taught, once the running training has ended."""
        kept = self._kept(session)
        with self._lock:
            desk = self._desks.pop(session, None)
        if desk is not None:
            desk.left = True
            while self._running(session):
                time.sleep(0.05)
            desk.clear()
        if kept is not None:
            shutil.rmtree(kept, ignore_errors=True)


def _age_s(folder: Path) -> float:
    try:
        return time.time() - max(one.stat().st_mtime for one in (folder, *folder.glob("*")))
    except OSError:
        return 0.0
