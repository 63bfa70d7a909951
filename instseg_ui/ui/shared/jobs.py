"""The visitors' running work: one piece of a kind each, which a newer one or a button ends."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar, get_args

from instseg_ui.errors import Cancelled

T = TypeVar("T")
Report = Callable[[str], None]
Kind = Literal["segment", "compare", "benchmark", "evaluate", "batch", "judge", "fetch", "verify"]

_TICK_S = 0.5


@dataclass(eq=False)
class Job:
    """A visitor's running work; `task` tells what it is."""

    task: object = None
    stopped: threading.Event = field(default_factory=threading.Event)
    replaced: bool = False


class Jobs:
    """The running work of one kind of every visitor, by session."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

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
    """All that visitors have running, and what is to be done when one closes the page."""

    def __init__(self) -> None:
        self._jobs: dict[Kind, Jobs] = {kind: Jobs() for kind in get_args(Kind)}
        self._on_leave: list[Callable[[str], None]] = []

    def __getitem__(self, kind: Kind) -> Jobs:
        """The running work of that kind."""
        return self._jobs[kind]

    def on_leave(self, act: Callable[[str], None]) -> None:
        """Have `act` called with the session of everybody who closes the page."""
        self._on_leave.append(act)

    def leave(self, session: str) -> None:
        """Stop all work of a visitor who has closed the page, then clear up after it.

        What was registered runs in threads of its own: it may wait for the work to end.
        """
        for jobs in self._jobs.values():
            jobs.stop(session)
        for act in self._on_leave:
            threading.Thread(target=act, args=[session], daemon=True).start()


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
