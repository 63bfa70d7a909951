"""Who has the page open, and what is kept of a visitor while nobody has.

A visit does not end with a window: a reload, a second window and a restart of the server find what
was there. It ends when the visitor forgets it, or some hours after the last window was closed. What
a visitor has running goes on for a while without a window.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

ABSENCE_S = 600.0
"""How long the work of a visitor goes on without a window, seconds."""

_MOST_KEPT = 500
_MOST_BYTES = 2_000_000
_NAME = re.compile(r"[0-9a-f]{40}")


@dataclass
class _Visit:
    windows: set[str] = field(default_factory=set)
    timer: threading.Timer | None = None


class Visits:
    """All visits; safe to use from many threads.

    What is kept lies in `folder`, a JSON file a visitor, with a part for each room of the page.
    """

    def __init__(self, folder: Path, keep_s: float) -> None:
        self._folder = folder
        self._keep_s = keep_s
        self._visits: dict[str, _Visit] = {}
        self._visitors: dict[str, str] = {}
        self._lock = threading.RLock()
        self._on_absence: list[Callable[[str], None]] = []
        self._on_end: list[Callable[[str], None]] = []

    def on_absence(self, act: Callable[[str], None]) -> None:
        """Have `act` called with the visitor who has had no window open for `ABSENCE_S`."""
        self._on_absence.append(act)

    def on_end(self, act: Callable[[str], None]) -> None:
        """Have `act` called with every visitor whose visit ends; what they brought goes then."""
        self._on_end.append(act)

    def arrive(self, visitor: str, window: str) -> None:
        """A window was opened."""
        with self._lock:
            visit = self._visits.setdefault(visitor, _Visit())
            visit.windows.add(window)
            self._visitors[window] = visitor
            _stop(visit)
        with suppress(OSError):
            os.utime(self._path(visitor))

    def depart(self, window: str) -> None:
        """A window was closed. Whoever has no cookie cannot come back: their visit ends."""
        with self._lock:
            visitor = self._visitors.pop(window, window)
        if visitor == window:
            self.end(visitor)
            return
        with self._lock:
            visit = self._visits.setdefault(visitor, _Visit())
            visit.windows.discard(window)
            if not visit.windows:
                wait = min(ABSENCE_S, self._keep_s)
                self._later(visit, wait, self._be_absent, visitor)

    def end(self, visitor: str) -> None:
        """Forget the visitor and all that was kept."""
        with self._lock:
            visit = self._visits.pop(visitor, None)
            if visit is not None:
                _stop(visit)
        # In a thread of its own: it may wait for work to end.
        threading.Thread(target=self._clear, args=[visitor], daemon=True).start()

    def forget(self, visitor: str) -> None:
        """Forget all that was kept, while the visitor stays; done when it returns."""
        self._clear(visitor)

    def sweep(self) -> None:
        """End the visits that are over, of an earlier server too, and the oldest beyond many."""
        now = time.time()
        files = sorted(self._files(), key=_changed, reverse=True)
        for place, path in enumerate(files):
            with self._lock:
                here = bool((visit := self._visits.get(path.stem)) and visit.windows)
            if not here and (place >= _MOST_KEPT or now - _changed(path) > self._keep_s):
                self.end(path.stem)

    def kept(self, visitor: str, part: str) -> Mapping[str, Any]:
        """What was kept of a visitor; empty where nothing was or it cannot be read."""
        with self._lock:
            found = self._read(visitor).get(part)
        return found if isinstance(found, dict) else {}

    def keep(self, visitor: str, part: str, value: Mapping[str, Any]) -> None:
        """Keep a part of a visitor, in place of what was kept of it; an empty one is forgotten.

        Where it cannot be written the page works on: it is lost at a restart, which the log tells.
        """
        if _NAME.fullmatch(visitor) is None:
            return
        with self._lock:
            parts = self._read(visitor)
            parts.pop(part, None)
            if value:
                parts[part] = dict(value)
            try:
                self._write(visitor, parts)
            except (OSError, ValueError) as error:
                log.warning("What a visitor has on the page could not be kept: %s", error)

    def change(
        self, visitor: str, part: str, by: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> None:
        """Keep what `by` makes of what was kept; nobody else changes it meanwhile."""
        with self._lock:
            self.keep(visitor, part, by(self.kept(visitor, part)))

    def _clear(self, visitor: str) -> None:
        for act in (*self._on_absence, *self._on_end):
            self._act(act, visitor)
        # Last: it names the files that were to go.
        with self._lock, suppress(OSError):
            self._path(visitor).unlink()

    def _be_absent(self, visitor: str) -> None:
        with self._lock:
            visit = self._visits.get(visitor)
            if visit is None or visit.windows:
                return
            self._later(visit, max(0.0, self._keep_s - ABSENCE_S), self.end, visitor)
        for act in self._on_absence:
            self._act(act, visitor)

    def _later(
        self, visit: _Visit, seconds: float, act: Callable[[str], None], visitor: str
    ) -> None:
        _stop(visit)
        visit.timer = threading.Timer(seconds, act, [visitor])
        visit.timer.daemon = True
        visit.timer.start()

    def _act(self, act: Callable[[str], None], visitor: str) -> None:
        try:
            act(visitor)
        except Exception:
            log.exception("Clearing up after a visitor failed")

    def _files(self) -> list[Path]:
        try:
            return [path for path in self._folder.glob("*.json") if _NAME.fullmatch(path.stem)]
        except OSError:
            return []

    def _path(self, visitor: str) -> Path:
        name = visitor if _NAME.fullmatch(visitor) else "nobody"
        return self._folder / f"{name}.json"

    def _read(self, visitor: str) -> dict[str, Any]:
        try:
            path = self._path(visitor)
            if path.stat().st_size > _MOST_BYTES:
                return {}
            found = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, visitor: str, parts: Mapping[str, Any]) -> None:
        data = json.dumps(parts).encode()
        if len(data) > _MOST_BYTES:
            raise ValueError(f"{len(data):,} bytes are more than {_MOST_BYTES:,}")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._folder / f".{secrets.token_hex(8)}"
        try:
            draft.touch(mode=0o600)
            draft.write_bytes(data)
            draft.replace(self._path(visitor))
        finally:
            draft.unlink(missing_ok=True)


def _stop(visit: _Visit) -> None:
    if visit.timer is not None:
        visit.timer.cancel()
        visit.timer = None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
