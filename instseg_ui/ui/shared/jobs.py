"""The visitors' running work: one piece of a kind each, which a newer one or a button ends."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, get_args

from instseg_ui.errors import Cancelled

T = TypeVar("T")
Report = Callable[[str], None]
Kind = Literal[
    "segment", "compare", "benchmark", "evaluate", "batch", "judge", "fetch", "verify", "own",
    "teach",
]  # fmt: skip

_TICK_S = 0.5
# Two benchmarks on one machine would measure each other.
# Who waits to teach a model is told so by that work itself, which lets one of them begin.
_AT_ONCE: Mapping[Kind, int] = {
    "benchmark": 1, "evaluate": 2, "batch": 2, "judge": 2, "teach": 64,
}  # fmt: skip
_GOES_ON: frozenset[Kind] = frozenset({"teach"})
"""Ends by itself within minutes: it goes on without a window."""


@dataclass(eq=False)
class Job:
    """A visitor's running work; `task` tells what it is."""

    task: object = None
    stopped: threading.Event = field(default_factory=threading.Event)
    replaced: bool = False


class Broadcast(Generic[T]):
    """What running work shows, to every window that looks on; it goes on without any.

    `merged` makes of what was shown and what is new what a window that comes later is shown first.
    """

    def __init__(self, views: Iterator[T], merged: Callable[[T, T], T] | None = None) -> None:
        self._views = views
        self._merged = merged or (lambda _old, new: new)
        self._latest: list[T] = []
        self._ended = False
        self._windows: list[queue.SimpleQueue[T | BaseException | None]] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        """Go through the views to their end."""
        end: BaseException | None = None
        try:
            for view in self._views:
                self._tell(view)
        except BaseException as error:  # noqa: BLE001 - raised again in `follow`
            end = error
        with self._lock:
            self._ended = True
            for window in self._windows:
                window.put(end)

    def follow(self) -> Iterator[T]:
        """What was shown last and all that comes.

        Raises:
            Exception: what the views raised.
        """
        window: queue.SimpleQueue[T | BaseException | None] = queue.SimpleQueue()
        with self._lock:
            first = list(self._latest)
            if not self._ended:
                self._windows.append(window)
        try:
            yield from first
            while not self._ended or not window.empty():
                view = window.get()
                if view is None:
                    return
                if isinstance(view, BaseException):
                    raise view
                yield view
        finally:
            with self._lock:
                if window in self._windows:
                    self._windows.remove(window)

    def _tell(self, view: T) -> None:
        with self._lock:
            self._latest = [self._merged(self._latest[0], view) if self._latest else view]
            for window in self._windows:
                window.put(view)


class Jobs:
    """The running work of one kind of every visitor, by session.

    Of shared work so many run `at_once`; the others wait.
    """

    def __init__(self, at_once: int = 4) -> None:
        self._jobs: dict[str, Job] = {}
        self._broadcasts: dict[str, Broadcast[Any]] = {}
        self._turns = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()

    def share(
        self, session: str, views: Iterator[T], merged: Callable[[T, T], T] | None = None
    ) -> Iterator[T]:
        """Do the work that `views` are of in a thread of its own, and yield them.

        It goes on when nobody takes the views any more; `look_on` finds it again.
        """
        broadcast = Broadcast(views, merged)
        with self._lock:
            self._broadcasts[session] = broadcast
        threading.Thread(target=self._run, args=[session, broadcast], daemon=True).start()
        yield from broadcast.follow()

    def shared(self, session: str) -> bool:
        """Whether shared work of this visitor goes on."""
        with self._lock:
            return session in self._broadcasts

    def count(self) -> int:
        """How many visitors have shared work that goes on or waits."""
        with self._lock:
            return len(self._broadcasts)

    def look_on(self, session: str) -> Iterator[Any]:
        """The views of this visitor's shared work from now on; none without any."""
        with self._lock:
            broadcast = self._broadcasts.get(session)
        if broadcast is not None:
            yield from broadcast.follow()

    def _run(self, session: str, broadcast: Broadcast[Any]) -> None:
        with self._turns:
            broadcast.run()
        with self._lock:
            if self._broadcasts.get(session) is broadcast:
                del self._broadcasts[session]

    def begin(self, session: str, task: object = None) -> Job:
        """A new job for this visitor; the one before it is stopped."""
        job = Job(task)
        with self._lock:
            before = self._jobs.get(session)
            self._jobs[session] = job
        if before is not None:
            before.replaced = True
            before.stopped.set()
        return job

    def stop(self, session: str, task: object = None) -> bool:
        """Stop the visitor's work; False if there was none.

        `task`: stop it only if this is its task, and leave what was begun elsewhere alone.
        """
        with self._lock:
            job = self._jobs.get(session)
            if job is not None and task is not None and job.task != task:
                return False
            self._jobs.pop(session, None)
        if job is not None:
            job.stopped.set()
        return job is not None

    def doing(self, session: str) -> object:
        """The task of this visitor's running work; None without any."""
        with self._lock:
            job = self._jobs.get(session)
        return None if job is None else job.task

    def busy(self, session: str) -> bool:
        """Whether this visitor's work is running."""
        with self._lock:
            return session in self._jobs

    def end(self, session: str, job: Job) -> None:
        """Forget a job that has finished, if no newer one took its place."""
        with self._lock:
            if self._jobs.get(session) is job:
                del self._jobs[session]


class JobsByKind:
    """All that visitors have running."""

    def __init__(self) -> None:
        self._jobs: dict[Kind, Jobs] = {
            kind: Jobs(_AT_ONCE.get(kind, 4)) for kind in get_args(Kind)
        }

    def __getitem__(self, kind: Kind) -> Jobs:
        """The running work of that kind."""
        return self._jobs[kind]

    def leave(self, session: str) -> None:
        """Stop all work that was begun under this name, a window's or a visitor's, but what ends
        by itself.
        """
        for kind, jobs in self._jobs.items():
            if kind not in _GOES_ON:
                jobs.stop(session)


@dataclass(frozen=True, slots=True)
class JobStage:
    """Where the work is, and for how long it has been running, seconds."""

    name: str
    elapsed: float


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What the work gave."""

    value: T


def follow(work: Callable[[Report], T], job: Job) -> Iterator[JobStage | Done[T]]:
    """Do `work` in a thread; yield its stage twice a second, then what it gave.

    `work` gets a function to report its stage with, and must look at `job.stopped` itself.

    Raises:
        Cancelled: a newer job took its place.
        Exception: what `work` raised.
    """
    reports: queue.Queue[str | Done[T] | BaseException] = queue.Queue()
    threading.Thread(target=_work, args=(work, reports), daemon=True).start()
    started, stage = time.monotonic(), ""
    while True:
        try:
            report = reports.get(timeout=_TICK_S)
        except queue.Empty:
            report = stage
        if job.replaced:
            raise Cancelled("Replaced by a newer request.")
        if isinstance(report, BaseException):
            raise report
        if isinstance(report, Done):
            yield report
            return
        stage = report
        yield JobStage(stage, time.monotonic() - started)


def _work(work: Callable[[Report], T], reports: queue.Queue[str | Done[T] | BaseException]) -> None:
    try:
        reports.put(Done(work(reports.put)))
    except BaseException as error:  # noqa: BLE001 - raised again in `follow`
        reports.put(error)
