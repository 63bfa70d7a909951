"""The workers that are alive: loaded once however many ask, bounded by memory.

A caller holds a lease while it uses a worker; what is leased is never evicted. Before a
load that would pass the budget, the least recently used idle workers are ended.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from instseg_ui.errors import BusyError, Cancelled, ModelError
from instseg_ui.workers.worker import IsCancelled, Loaded, Worker

log = logging.getLogger(__name__)

_POLL_S = 0.05
_CLOSING = "The service is shutting down. Try again in a moment."


class Retired(Exception):
    """What the worker rests on has changed, so that it may not answer any more."""


class Turn:
    """Who uses a worker now, and who comes next: first come, first served."""

    def __init__(self) -> None:
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    def take(self, deadline: float, cancelled: IsCancelled) -> None:
        """Wait until all who came before are done or have given up.

        Raises:
            BusyError: `deadline` passed.
            Cancelled: `cancelled` said so.
        """
        me = object()
        with self._changed:
            self._queue.append(me)
            try:
                while self._queue[0] is not me:
                    self._changed.wait(_POLL_S)
                    _check(deadline, cancelled)
            except BaseException:
                self._queue.remove(me)
                self._changed.notify_all()
                raise

    def release(self) -> None:
        """Let the next one in."""
        with self._changed:
            self._queue.popleft()
            self._changed.notify_all()


@dataclass(eq=False)
class Resident:
    """A loaded model: its worker, what loading took, and who uses it."""

    key: Hashable
    worker: Worker
    loaded: Loaded
    memory_mb: float
    last_used: float = field(default_factory=time.monotonic)
    leases: int = 0
    retired: bool = False
    turn: Turn = field(default_factory=Turn)


@dataclass(eq=False)
class Flight:
    """A load under way: what it is expected to take, who waits for it, and its end."""

    expected_mb: float
    waiting: int = 0
    done: Future[None] = field(default_factory=Future)


Load = Callable[[IsCancelled], tuple[Worker, Loaded]]
"""Makes and loads a worker, unless it hears that nobody waits for it any more."""


class Registry:
    """The bounded set of loaded models. Safe to use from many threads."""

    def __init__(self, budget_mb: float) -> None:
        self.budget_mb = budget_mb
        self._residents: dict[Hashable, Resident] = {}
        self._flights: dict[Hashable, Flight] = {}
        self._retired: list[Resident] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def lease(
        self, key: Hashable, load: Load, expected_mb: float, timeout: float, cancelled: IsCancelled
    ) -> Iterator[Resident]:
        """Hold the model `key` for one run, loading it with `load` if it is not alive.

        Args:
            key: the model's identity; one worker a key.
            load: makes and loads a worker; called by one thread however many wait.
            expected_mb: memory that the load is expected to take, for making room.
            timeout: seconds to wait for a place or for the others' runs.
            cancelled: asked while waiting.

        Raises:
            BusyError: `timeout` passed, or every loaded model is in use.
            ModelError: the model alone does not fit into the memory budget.
            Cancelled: `cancelled` said so.
            Retired: the worker may not be used any more.
            InstSegError: what `load` raised; all who waited for it get the same.
        """
        deadline = time.monotonic() + timeout
        while True:
            resident = self._acquire(key, load, expected_mb, deadline, cancelled)
            try:
                resident.turn.take(deadline, cancelled)
                try:
                    if resident.retired:
                        raise Retired
                    # One that died under its last user is not handed to the next.
                    if resident.worker.alive:
                        yield resident
                        return
                finally:
                    resident.turn.release()
            finally:
                self._release(resident)

    def residents(self) -> list[Resident]:
        """The loaded models, the most recently used first."""
        with self._lock:
            self._forget_dead()
            return sorted(self._residents.values(), key=lambda item: -item.last_used)

    def memory_mb(self) -> float:
        """Memory of all workers at their last measurement, MB of 10^6 bytes."""
        return sum(resident.memory_mb for resident in self.residents())

    def loading(self) -> bool:
        """Whether a model is being loaded."""
        with self._lock:
            return bool(self._flights)

    def evict(self, key: Hashable) -> bool:
        """End one model's worker; False if it is not loaded.

        Raises:
            BusyError: it is in use.
        """
        with self._lock:
            self._forget_dead()
            resident = self._residents.get(key)
            if resident is None:
                return False
            if resident.leases:
                raise BusyError(f"{key} is running. Unload it when it has finished.")
            del self._residents[key]
        resident.worker.close()
        return True

    def retire(self, is_stale: Callable[[Hashable], bool]) -> None:
        """End the workers whose key is stale; one that runs ends when it has answered.

        Who waits for its turn hears `Retired`.
        """
        with self._lock:
            stale = [self._residents.pop(key) for key in list(self._residents) if is_stale(key)]
            for item in stale:
                item.retired = True
            idle = [item for item in stale if not item.leases]
            self._retired += [item for item in stale if item.leases]
        for item in idle:
            item.worker.close()

    def close(self) -> None:
        """End every worker, used or not."""
        with self._lock:
            self._closed = True
            residents = [*self._residents.values(), *self._retired]
            self._residents.clear()
        for resident in residents:
            resident.worker.close()

    def _acquire(
        self, key: Hashable, load: Load, expected_mb: float, deadline: float, cancelled: IsCancelled
    ) -> Resident:
        while True:
            with self._lock:
                if self._closed:
                    raise BusyError(_CLOSING)
                self._forget_dead()
                resident = self._residents.get(key)
                if resident is not None:
                    resident.leases += 1
                    return resident
                flight = self._flights.get(key)
                evicted = [] if flight else self._make_room(key, expected_mb)
                mine = None if flight else Flight(expected_mb)
                if mine:
                    self._flights[key] = mine
                elif flight:
                    flight.waiting += 1
            if mine:
                return self._land(key, mine, load, evicted, cancelled)
            assert flight is not None
            try:
                _await(flight.done, deadline, cancelled)
            finally:
                with self._lock:
                    flight.waiting -= 1

    def _forget_dead(self) -> None:
        """Called with the lock held; a process that has ended takes no memory."""
        for key in [key for key, item in self._residents.items() if not item.worker.alive]:
            del self._residents[key]

    def _land(
        self,
        key: Hashable,
        flight: Flight,
        load: Load,
        evicted: list[Resident],
        cancelled: IsCancelled,
    ) -> Resident:
        """Load outside the lock; whoever waits for the flight gets its outcome.

        Who began it may hang up: it ends only if nobody else waits. The resident comes leased:
        nobody can evict it before it has been used once.
        """
        try:
            for old in evicted:
                log.info("evicting %s to make room for %s", old.key, key)
                old.worker.close()
            worker, loaded = load(lambda: cancelled() and not flight.waiting)
        except BaseException as error:
            with self._lock:
                del self._flights[key]
            flight.done.set_exception(error)
            raise
        resident = Resident(key, worker, loaded, loaded.memory_mb, leases=1)
        with self._lock:
            del self._flights[key]
            closed = self._closed
            if not closed:
                self._residents[key] = resident
        flight.done.set_result(None)
        if closed:
            worker.close()
            raise BusyError(_CLOSING)
        return resident

    def _make_room(self, key: Hashable, expected_mb: float) -> list[Resident]:
        """Called with the lock held: the idle residents, oldest first, that must end for this."""
        if expected_mb > self.budget_mb:
            raise ModelError(
                f"{key} needs about {expected_mb:.0f} MB of memory and the limit here is "
                f"{self.budget_mb:.0f} MB. Choose a smaller model.",
                remedy="Or raise INSTSEG_MEMORY_BUDGET.",
            )
        over = self._planned_mb() + expected_mb - self.budget_mb
        taken: list[Resident] = []
        for item in self._idle():
            if over <= 0:
                break
            taken.append(item)
            over -= item.memory_mb
        if over > 0:
            raise BusyError(
                f"Running models use all of the memory ({self.budget_mb:.0f} MB) and about "
                f"{expected_mb:.0f} MB are needed. Try again when one has finished."
            )
        for item in taken:
            del self._residents[item.key]
        return taken

    def _idle(self) -> list[Resident]:
        """Those that nobody holds, the least recently used first."""
        idle = [item for item in self._residents.values() if not item.leases]
        return sorted(idle, key=lambda item: item.last_used)

    def _planned_mb(self) -> float:
        """Memory of the residents and of what is being loaded."""
        loading = sum(flight.expected_mb for flight in self._flights.values())
        held = [*self._residents.values(), *self._retired]
        return sum(item.memory_mb for item in held) + loading

    def _release(self, resident: Resident) -> None:
        with self._lock:
            resident.leases -= 1
            resident.last_used = time.monotonic()
            self._forget_dead()
            over = self._over_budget(but=resident)
            if resident in self._retired and not resident.leases:
                self._retired.remove(resident)
                over.append(resident)
        for old in over:
            old.worker.close()

    def _over_budget(self, but: Resident) -> list[Resident]:
        """A run can grow a worker past the budget; then the others make room."""
        taken = []
        for item in self._idle():
            if self._planned_mb() <= self.budget_mb:
                break
            if item is not but:
                taken.append(self._residents.pop(item.key))
        return taken


def _await(flight: Future[None], deadline: float, cancelled: IsCancelled) -> None:
    while True:
        try:
            flight.result(timeout=_POLL_S)
            return
        except Cancelled:
            return  # the one who loaded stopped; whoever still waits tries for itself
        except TimeoutError:
            if flight.done():
                raise
            _check(deadline, cancelled)


def _check(deadline: float, cancelled: IsCancelled) -> None:
    if cancelled():
        raise Cancelled("Stopped while waiting.")
    if time.monotonic() > deadline:
        raise BusyError("Too many images are waiting for this model. Try again in a moment.")
