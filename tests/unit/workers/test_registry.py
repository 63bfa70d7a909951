"""Loaded models are shared, bounded and never used by two at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from instseg_ui.errors import BusyError, Cancelled, InstSegError, LoadError, ModelError
from instseg_ui.workers.registry import Registry, Resident, Retired
from instseg_ui.workers.worker import Loaded, Worker
from tests.unit.factories import never

LONG = 30.0


class FakeWorker:
    """Stands in for a process: alive until closed or killed, and watches who uses it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.alive = True
        self.closed = 0
        self.users = 0
        self.most_users = 0
        self.closed_in_use = False
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            self.closed_in_use |= self.users > 0
            self.alive = False
            self.closed += 1

    @contextmanager
    def in_use(self) -> Iterator[None]:
        with self._lock:
            self.users += 1
            self.most_users = max(self.most_users, self.users)
        try:
            yield
        finally:
            with self._lock:
                self.users -= 1


@dataclass
class House:
    """A registry, and loads that can be counted, held back or made to fail."""

    registry: Registry
    made: list[FakeWorker] = field(default_factory=list)

    def load(
        self,
        key: str,
        memory_mb: float = 100,
        *,
        gate: threading.Event | None = None,
        error: BaseException | None = None,
    ) -> Callable[[Callable[[], bool]], tuple[Worker, Loaded]]:
        def make(unwanted: Callable[[], bool]) -> tuple[Worker, Loaded]:
            worker = FakeWorker(key)
            self.made.append(worker)
            if gate is not None:
                assert gate.wait(LONG)
            if error is not None:
                raise error
            return cast("Worker", worker), Loaded("fake", {}, (), 1.0, 1.0, memory_mb)

        return make

    @contextmanager
    def lease(
        self,
        key: str,
        memory_mb: float = 100,
        *,
        timeout: float = LONG,
        cancelled: Callable[[], bool] = never,
        **how: Any,
    ) -> Iterator[Resident]:
        load = self.load(key, memory_mb, **how)
        with self.registry.lease(key, load, memory_mb, timeout, cancelled) as resident:
            yield resident

    def use(self, key: str, memory_mb: float = 100, **how: Any) -> FakeWorker:
        with self.lease(key, memory_mb, **how) as resident:
            worker = cast("FakeWorker", resident.worker)
            with worker.in_use():
                return worker

    @property
    def keys(self) -> list[str]:
        return [str(resident.key) for resident in self.registry.residents()]


@pytest.fixture
def house() -> House:
    return House(Registry(budget_mb=250))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def run_in(count: int, function: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, range(count)))


def outcome(function: Callable[[], Any]) -> Any:
    """What a call gives, or the error that it raises."""
    try:
        return function()
    except InstSegError as error:
        return error


def test_eight_who_ask_at_once_share_one_load(house: House) -> None:
    gate = threading.Event()
    threading.Timer(0.2, gate.set).start()
    workers = run_in(8, lambda _: house.use("a", gate=gate))
    assert len(house.made) == 1
    assert set(workers) == set(house.made)
    assert house.made[0].most_users == 1


def test_a_second_lease_finds_the_model_loaded(house: House) -> None:
    assert house.use("a") is house.use("a")


def test_eight_who_ask_at_once_share_one_failure(house: House) -> None:
    gate = threading.Event()
    everybody = threading.Barrier(8)

    def ask(i: int) -> Any:
        everybody.wait(LONG)
        if i == 0:
            threading.Timer(0.3, gate.set).start()
        return outcome(lambda: house.use("a", gate=gate, error=LoadError("refused")))

    answers = run_in(8, ask)
    assert {str(answer) for answer in answers} == {"refused"}
    assert len(house.made) == 1


def test_after_a_failure_the_next_one_tries_again(house: House) -> None:
    with pytest.raises(LoadError):
        house.use("a", error=LoadError("refused"))
    assert house.use("a").alive


def test_an_error_of_any_kind_does_not_leave_the_key_locked(house: House) -> None:
    with pytest.raises(TimeoutError):
        house.use("a", error=TimeoutError())
    with pytest.raises(KeyboardInterrupt):
        house.use("a", error=KeyboardInterrupt())
    assert house.use("a").alive


def test_an_error_while_in_use_gives_the_lease_back(house: House) -> None:
    with pytest.raises(LookupError), house.lease("a"):
        raise LookupError
    assert house.registry.evict("a")


def test_the_least_recently_used_makes_room(house: House) -> None:
    first, second = house.use("a"), house.use("b")
    assert house.use("a") is first
    house.use("c")
    assert not second.alive
    assert house.keys == ["c", "a"]
    assert house.registry.memory_mb() == 200


def test_as_many_go_as_are_needed_and_no_more(house: House) -> None:
    for key in ("a", "b"):
        house.use(key)
    house.use("big", 240)
    assert house.keys == ["big"]
    house.use("small", 10)
    assert house.keys == ["small", "big"]


def test_what_is_in_use_is_never_evicted(house: House) -> None:
    with house.lease("a") as held:
        house.use("b")
        house.use("c")
        assert held.worker.alive
        assert house.keys == ["c", "a"]


def test_when_all_are_in_use_the_next_model_is_turned_away(house: House) -> None:
    with house.lease("a"), house.lease("b"):
        with pytest.raises(BusyError, match=r"^Running models use all of the memory \(250 MB\)"):
            house.use("c")
        assert sorted(house.keys) == ["a", "b"]
    assert house.use("c").alive


def test_who_is_turned_away_evicts_nobody(house: House) -> None:
    house.use("idle")
    with house.lease("a"), pytest.raises(BusyError):
        house.use("big", 200)
    assert sorted(house.keys) == ["a", "idle"]


def test_a_model_larger_than_the_budget_is_refused_and_evicts_nobody(house: House) -> None:
    house.use("a")
    with pytest.raises(ModelError, match=r"needs about 251 MB .* limit here is 250 MB"):
        house.use("huge", 251)
    assert house.keys == ["a"]


def test_two_loads_that_do_not_fit_together_are_not_both_turned_away(house: House) -> None:
    for _ in range(20):
        registry = House(Registry(budget_mb=150))
        both = threading.Barrier(2)

        def ask(i: int, registry: House = registry, both: threading.Barrier = both) -> Any:
            both.wait(LONG)
            return outcome(lambda: registry.use(f"model {i}"))

        assert any(isinstance(answer, FakeWorker) for answer in run_in(2, ask))


def test_a_freshly_loaded_model_is_used_before_it_can_be_evicted() -> None:
    house = House(Registry(budget_mb=100))
    stop = threading.Event()

    def rival() -> None:
        while not stop.is_set():
            with suppress(BusyError):
                house.use("b")

    thread = threading.Thread(target=rival)
    thread.start()
    try:
        for _ in range(50):
            until(lambda: not isinstance(outcome(lambda: house.use("a")), BusyError))
    finally:
        stop.set()
        thread.join()
    assert all(worker.most_users == 1 for worker in house.made)


def test_a_worker_that_grew_past_the_budget_pushes_the_others_out(house: House) -> None:
    other = house.use("b")
    with house.lease("a") as resident:
        resident.memory_mb = 240
    assert not other.alive
    assert house.keys == ["a"]


def test_one_that_outgrew_the_budget_alone_stays(house: House) -> None:
    with house.lease("a") as resident:
        resident.memory_mb = 900
    assert house.keys == ["a"]


def test_a_dead_worker_is_replaced_at_the_next_lease(house: House) -> None:
    house.use("a").alive = False
    assert house.use("a").alive
    assert len(house.made) == 2


def test_a_dead_worker_takes_no_memory_and_is_not_shown(house: House) -> None:
    house.use("a", 200).alive = False
    assert house.keys == []
    assert house.registry.memory_mb() == 0
    house.use("a", 200).alive = False
    with house.lease("b", 200):
        assert house.keys == ["b"]


def test_those_who_wait_for_a_worker_that_dies_get_a_new_one(house: House) -> None:
    with ThreadPoolExecutor(3) as pool:
        with house.lease("a") as resident:
            waiting = [pool.submit(house.use, "a") for _ in range(3)]
            until(lambda: resident.leases == 4)
            cast("FakeWorker", resident.worker).alive = False
        workers = {item.result(LONG) for item in waiting}
    assert workers == {house.made[1]}
    assert len(house.made) == 2


def test_who_waits_too_long_is_told_so(house: House) -> None:
    with house.lease("a"), pytest.raises(BusyError, match=r"^Too many images are waiting"):
        house.use("a", timeout=0.1)
    assert house.use("a").alive


def test_who_waits_too_long_for_anothers_load_is_told_so(house: House) -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(house.use, "a", gate=gate)
        until(lambda: house.made)
        with pytest.raises(BusyError):
            house.use("a", timeout=0.1)
        gate.set()
        assert loading.result(LONG).alive


def test_who_waits_for_a_turn_can_stop(house: House) -> None:
    with house.lease("a"), pytest.raises(Cancelled):
        house.use("a", cancelled=lambda: True)
    assert house.registry.evict("a")


def test_who_waits_for_a_load_can_stop(house: House) -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(house.use, "a", gate=gate)
        until(lambda: house.made)
        with pytest.raises(Cancelled):
            house.use("a", cancelled=lambda: True)
        gate.set()
        assert loading.result(LONG).alive


def test_when_the_loader_stops_those_who_wait_load_for_themselves(house: House) -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(house.use, "a", gate=gate, error=Cancelled("Stopped."))
        until(lambda: house.made)
        others = [pool.submit(house.use, "a") for _ in range(2)]
        gate.set()
        with pytest.raises(Cancelled):
            first.result(LONG)
        assert {item.result(LONG) for item in others} == {house.made[1]}


def test_evicting_ends_the_worker(house: House) -> None:
    worker = house.use("a")
    assert house.registry.evict("a") is True
    assert not worker.alive
    assert house.registry.evict("a") is False
    assert house.registry.evict("never loaded") is False


def test_evicting_what_is_in_use_is_refused(house: House) -> None:
    with house.lease("a") as resident:
        with pytest.raises(BusyError, match=r"^a is running"):
            house.registry.evict("a")
        assert resident.worker.alive


def test_evicting_what_is_loading_leaves_the_load_alone(house: House) -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(house.use, "a", gate=gate)
        until(lambda: house.made)
        assert house.registry.evict("a") is False
        gate.set()
        assert loading.result(LONG).alive


def test_closing_ends_all_and_takes_no_more(house: House) -> None:
    workers = [house.use("a"), house.use("b")]
    house.registry.close()
    house.registry.close()
    assert [worker.alive for worker in workers] == [False, False]
    with pytest.raises(BusyError, match="shutting down"):
        house.use("a")


def test_closing_ends_a_worker_in_use(house: House) -> None:
    with house.lease("a") as resident:
        house.registry.close()
        assert not resident.worker.alive


def test_closing_during_a_load_ends_what_was_loaded(house: House) -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(outcome, lambda: house.use("a", gate=gate)) for _ in range(3)]
        until(lambda: house.made)
        house.registry.close()
        gate.set()
        answers = [item.result(LONG) for item in asked]
    assert all(isinstance(answer, BusyError) for answer in answers)
    assert [worker.alive for worker in house.made] == [False]
    assert house.keys == []


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_breaks_nothing(seed: int) -> None:
    """Many threads load, run, crash, cancel and unload at random: no two share a worker."""
    house = House(Registry(budget_mb=250))
    sizes = {"a": 60.0, "b": 90.0, "c": 120.0, "d": 200.0}
    over: list[float] = []

    def visitor(number: int) -> None:
        rng = random.Random(seed * 100 + number)
        for _ in range(40):
            key = rng.choice(list(sizes))
            with suppress(InstSegError):
                if rng.random() < 0.1:
                    house.registry.evict(key)
                    continue
                visit(rng, key)

    def visit(rng: random.Random, key: str) -> None:
        fails = LoadError("refused") if rng.random() < 0.1 else None
        stops = (lambda: True) if rng.random() < 0.1 else never
        with house.lease(key, sizes[key], cancelled=stops, error=fails, timeout=5) as resident:
            worker = cast("FakeWorker", resident.worker)
            with worker.in_use():
                over.append(house.registry.memory_mb())
                time.sleep(rng.random() * 0.002)
                if rng.random() < 0.05:
                    worker.alive = False

    run_in(12, visitor)
    assert max(worker.most_users for worker in house.made) == 1
    assert not any(worker.closed_in_use for worker in house.made)
    assert max(over) <= 250
    assert all(resident.leases == 0 for resident in house.registry.residents())
    house.registry.close()
    assert not house.registry._flights


def test_who_comes_first_is_served_first(house: House) -> None:
    served: list[int] = []
    with house.lease("a") as held:
        threads = []
        for number in range(6):

            def use(number: int = number) -> None:
                with house.lease("a"):
                    served.append(number)

            threads.append(threading.Thread(target=use))
            threads[-1].start()
            until(
                lambda number=number: (
                    held.leases == number + 2 and len(held.turn._queue) > number + 1
                )
            )
    for thread in threads:
        thread.join(LONG)
    assert served == list(range(6))


def test_who_began_a_load_may_hang_up_while_others_wait_for_it(house: House) -> None:
    gone, go_on = threading.Event(), threading.Event()
    heard: list[bool] = []

    def load(unwanted: Callable[[], bool]) -> tuple[Worker, Loaded]:
        assert go_on.wait(LONG)
        heard.append(unwanted())
        return house.load("a")(unwanted)

    def ask(cancelled: Callable[[], bool]) -> None:
        with house.registry.lease("a", load, 100, LONG, cancelled):
            pass

    first = threading.Thread(target=ask, args=[gone.is_set])
    first.start()
    until(lambda: house.registry._flights)
    other = threading.Thread(target=ask, args=[never])
    other.start()
    until(lambda: house.registry._flights["a"].waiting)
    gone.set()
    go_on.set()
    first.join(LONG)
    other.join(LONG)
    assert heard == [False]
    assert len(house.made) == 1


def test_a_load_that_nobody_waits_for_hears_it(house: House) -> None:
    heard: list[bool] = []

    def load(unwanted: Callable[[], bool]) -> tuple[Worker, Loaded]:
        heard.append(unwanted())
        return house.load("a")(unwanted)

    with house.registry.lease("a", load, 100, LONG, lambda: bool(heard) or True):
        pass
    assert heard == [True]


def test_a_stale_worker_that_runs_answers_and_ends_and_the_next_asks_anew(house: House) -> None:
    with house.lease("a") as held, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(house.use, "a")
        until(lambda: held.leases == 2)
        house.registry.retire(lambda key: key == "a")
        assert held.worker.alive
        assert house.keys == []
        assert house.registry._planned_mb() == 100
        held.turn.release()  # the run is over
        with pytest.raises(Retired):
            waiting.result(LONG)
        held.turn.take(time.monotonic() + LONG, never)
    assert not held.worker.alive
    assert house.use("a") is not held.worker


def test_a_stale_worker_that_idles_ends_at_once(house: House) -> None:
    worker, other = house.use("a"), house.use("b")
    house.registry.retire(lambda key: key == "a")
    assert (worker.alive, other.alive) == (False, True)
