"""Latencies kept over restarts: one JSON file each, whole or not there, bounded in number."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from instseg_ui.errors import Cancelled
from instseg_ui.latency.key import LatencyKey
from instseg_ui.latency.record import Latency
from instseg_ui.settings import Settings
from instseg_ui.workers.worker import IsCancelled

_SCHEMA = 1
_MOST, _MOST_RUNS = 500, 1000
_LARGEST = 1_000_000  # bytes
_POLL_S = 0.1
_LATENCY = TypeAdapter(Latency)


class LatencyStore:
    """The latencies of this machine. Safe for many threads and processes at once.

    What cannot be kept or read is as if it had never been measured: nobody waits for a figure
    because a disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, settings: Settings) -> LatencyStore:
        """The store of this machine, among the models that were fetched."""
        return cls(settings.models_dir / ".latencies")

    def get(self, key: LatencyKey) -> Latency | None:
        """What was measured of that key; None for nothing."""
        try:
            path = self._path(key)
            if path.stat().st_size > _LARGEST:
                return None
            values: dict[str, Any] = json.loads(path.read_bytes())
            if values.pop("schema") != _SCHEMA:
                return None
            found = _LATENCY.validate_python(values)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        return found if found.runs_ms and found.model == key.identity.model else None

    def put(self, key: LatencyKey, latency: Latency) -> None:
        """Keep it in place of what was there, but never fewer runs than make a figure for enough.

        Of very many runs the last ones are kept.
        """
        before = self.get(key)
        if not latency.runs_ms or (before and before.enough and not latency.enough):
            return
        values = _LATENCY.dump_python(latency, mode="json") | {"schema": _SCHEMA}
        values["runs_ms"] = values["runs_ms"][-_MOST_RUNS:]
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self.folder / f".{secrets.token_hex(8)}.part"
            try:
                draft.write_text(json.dumps(values, allow_nan=False), encoding="utf-8")
                draft.replace(self._path(key))
            finally:
                draft.unlink(missing_ok=True)
            self._drop_oldest()

    def forget(self, key: LatencyKey) -> None:
        """Have it measured anew."""
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self, cancelled: IsCancelled) -> Iterator[None]:
        """One measurement at a time on this machine: two would be each other's load.

        Where the folder cannot be written to, it is not waited for.

        Raises:
            Cancelled: `cancelled` said so while waiting.
        """
        lock = self._lock()
        try:
            while lock is not None and not self._acquired(lock):
                if cancelled():
                    raise Cancelled("Stopped while another measurement ran.")
            yield
        finally:
            if lock is not None:
                lock.release()

    def _lock(self) -> FileLock | None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Whoever ends a generator need not be the thread that began it.
            lock = FileLock(self.folder / ".measuring.lock", thread_local=False)
            with contextlib.suppress(Timeout):
                lock.acquire(timeout=0)
        except OSError:
            return None
        return lock

    def _acquired(self, lock: FileLock) -> bool:
        if not lock.is_locked:
            with contextlib.suppress(Timeout):
                lock.acquire(timeout=_POLL_S)
        return lock.is_locked

    def _path(self, key: LatencyKey) -> Path:
        return self.folder / f"{key.digest}.json"

    def _drop_oldest(self) -> None:
        """The files beyond the bound, and drafts that a crash has left."""
        kept = sorted(self.folder.glob("*.json"), key=_written, reverse=True)
        drafts = sorted(self.folder.glob(".*.part"), key=_written, reverse=True)
        for path in (*kept[_MOST:], *drafts[_MOST:]):
            path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    """When, 0 for a file that has gone meanwhile."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
