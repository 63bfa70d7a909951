"""Measuring: models in turn (A B C A B C), each loaded and run once before anything counts.

What a busy minute costs is then shared by all of them, instead of being one model's fault.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from instseg_ui.errors import BusyError, Cancelled, InstSegError
from instseg_ui.images import Image
from instseg_ui.latency.key import LatencyKey
from instseg_ui.latency.load import others
from instseg_ui.latency.record import LEAST_RUNS, Latency, Taken, latency_of
from instseg_ui.latency.store import LatencyStore
from instseg_ui.results import Prediction
from instseg_ui.segmenter import Segmenter
from instseg_ui.workers.worker import IsCancelled

_WATCH_S = 0.1
# So often may a model have to be loaded again in its turn before it is measured alone.
_RELOADS = 2
_LOADING_POLL_S, _LOADING_WAIT_S = 0.1, 60.0


@dataclass(frozen=True, slots=True)
class LatencyProgress:
    """How far a measurement is.

    Attributes:
        stage: `waiting` for another measurement, `loading`, `measuring`, `done` or `stopped`.
        model: which one is at work.
        done, total: runs of all models, those that do not count included.
        latencies: what is known so far by model, as they were asked for; each says its `n`.
        failures: why others have none, by model.
    """

    stage: str
    model: str = ""
    done: int = 0
    total: int = 0
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.done / self.total if self.total else 1.0


def known(
    segmenter: Segmenter, model: str, size: tuple[int, int], engine: str | None = None
) -> Latency | None:
    """What was measured earlier of the model as it would run now; None for nothing.

    Args:
        segmenter: what would run it.
        model: a name of the catalog.
        size: width and height of the image, pixels; one of its class will do.
        engine: one of `engines.MODES`; None is the setting's.
    """
    try:
        key = LatencyKey.of(segmenter, model, size, engine)
    except (InstSegError, OSError):
        return None
    return None if key is None else LatencyStore.of(segmenter.settings).get(key)


def measure(
    segmenter: Segmenter,
    models: Sequence[str],
    image: Image,
    *,
    engine: str | None = None,
    again: bool = False,
    runs: int = LEAST_RUNS,
    seconds: float | None = None,
    watch_s: float = _WATCH_S,
    cancelled: IsCancelled = lambda: False,
) -> Generator[LatencyProgress, None, LatencyProgress]:
    """Measure what is not known yet, and yield how far it is; the last step has all that is known.

    A model that fails says why in `failures` and the others go on. What was measured when it was
    stopped is kept, and the next measurement goes on from there.

    Args:
        segmenter: what runs the models; its kept predictions are not used.
        models: names of the catalog, which take turns.
        image: what they are run on.
        engine: one of `engines.MODES`; None is the setting's.
        again: whether what is known is measured anew.
        runs: how many of each model count.
        seconds: after which no new round begins, waiting included; None for no end.
        watch_s: how long other work is looked for before every round.
        cancelled: asked before and during each run.

    Raises:
        UnknownModelError: no such model, before anything runs.
    """
    names = list(dict.fromkeys(segmenter.catalog.get(name).id for name in models))
    work = _Measurement(segmenter, names, image, engine, again, runs, watch_s, cancelled)
    end = float("inf") if seconds is None else time.monotonic() + seconds
    try:
        if not work.open:
            yield (last := work.progress("done"))
            return last
        yield work.progress("waiting")
        with work.store.alone(lambda: cancelled() or time.monotonic() > end):
            work.look()
            yield from work.warm_up()
            while work.open and time.monotonic() < end:
                yield from work.one_round()
    except Cancelled:
        yield (last := work.progress("stopped"))
        return last
    finally:
        work.keep()
    yield (last := work.progress("done" if not work.open else "stopped"))
    return last


def keep(
    segmenter: Segmenter,
    last: Prediction,
    runs_ms: Sequence[float],
    engine: str | None,
    taken: Taken,
) -> Latency:
    """Keep what somebody else measured by the same rule: warm runs of one model on one image size.

    Args:
        segmenter: what ran them, without kept predictions.
        last: of the last run.
        runs_ms: the latency of each, at least one.
        engine: what was asked to run them; None is the setting's.
        taken: how they were taken.
    """
    found = latency_of(last, runs_ms, engine or segmenter.settings.engine, taken)
    with suppress(InstSegError, OSError):
        key = LatencyKey.of(segmenter, last.model, (last.width, last.height), engine)
        if key is not None:
            LatencyStore.of(segmenter.settings).put(key, found)
    return found


class _Measurement:
    """One measurement under way."""

    def __init__(
        self,
        segmenter: Segmenter,
        names: Sequence[str],
        image: Image,
        engine: str | None,
        again: bool,
        runs: int,
        watch_s: float,
        cancelled: IsCancelled,
    ) -> None:
        self.store = LatencyStore.of(segmenter.settings)
        self._segmenter = segmenter.sibling(cache_predictions=0)
        self._names, self._image, self._engine = tuple(names), image, engine
        self._again, self._wanted, self._watch_s = again, runs, watch_s
        self._cancelled = cancelled
        self._known: dict[str, Latency] = {}
        self._failures: dict[str, str] = {}
        self._reloads = dict.fromkeys(names, 0)
        self._done = 0
        self._session = secrets.token_hex(8)
        self._begun = datetime.now(UTC).replace(microsecond=0)
        self._others: list[float] = []
        self._keys: dict[str, LatencyKey | None] = {}
        self.look()
        self._turns = tuple(self.open)

    @property
    def open(self) -> list[str]:
        """The models that need more runs."""
        return [
            name
            for name in self._names
            if name not in self._failures and self._count(name) < self._wanted
        ]

    def look(self) -> None:
        """Take what is known, of this measurement or of one that ended meanwhile."""
        size = self._image.width, self._image.height
        for name in () if self._again else self._names:
            found = known(self._segmenter, name, size, self._engine)
            if found is not None and found.n > self._count(name):
                self._known[name] = found

    def progress(self, stage: str, model: str = "") -> LatencyProgress:
        left = sum(self._wanted - self._count(name) for name in self.open)
        found = {name: self._known[name] for name in self._names if name in self._known}
        return LatencyProgress(
            stage, model, self._done, self._done + left, found, dict(self._failures)
        )

    def warm_up(self) -> Generator[LatencyProgress]:
        """Load every model and run it once, so that no process starts while one is measured."""
        for name in self.open:
            yield self.progress("loading", name)
            with self._excused(name):
                self._run(name)
        self._wait_for_loads()
        self._keys = {name: self._key(name) for name in self.open}

    def one_round(self) -> Generator[LatencyProgress]:
        """A run of each model that needs more, one after another."""
        self._watch()
        for name in self.open:
            yield self.progress("measuring", name)
            with self._excused(name):
                self._count_one(name)

    def keep(self) -> None:
        """Write down what is new, of models that are still what they were when it began."""
        for name, key in self._keys.items():
            found = self._known.get(name)
            if found is None or key is None or found.session != self._session:
                continue
            if key == self._key(name):
                self.store.put(key, found)

    def _key(self, name: str) -> LatencyKey | None:
        size = self._image.width, self._image.height
        with suppress(InstSegError, OSError):
            return LatencyKey.of(self._segmenter, name, size, self._engine)
        return None

    def _count(self, name: str) -> int:
        found = self._known.get(name)
        return found.n if found else 0

    @contextmanager
    def _excused(self, name: str) -> Iterator[None]:
        """A model that fails keeps its reason, and the others go on."""
        try:
            yield
        except Cancelled:
            raise
        except InstSegError as error:
            self._failures[name] = str(error)
        self._check()

    def _count_one(self, name: str) -> None:
        """One run that counts, unless its model had left the memory in the meantime."""
        prediction, warm = self._run(name)
        if warm:
            self._add(name, prediction)
            return
        self._reloads[name] += 1
        if self._reloads[name] > _RELOADS:
            self._count_alone(name)

    def _count_alone(self, name: str) -> None:
        """All runs in a row: the models do not fit into the memory together."""
        for _ in range(2 * self._wanted):
            prediction, warm = self._run(name)
            if warm:
                self._add(name, prediction, beside=(name,))
            if self._count(name) >= self._wanted:
                return
        raise BusyError(f"{name} left the memory between its runs. Measure it alone.")

    def _run(self, name: str) -> tuple[Prediction, bool]:
        """One run, and whether its model was in memory before."""
        stages: list[str] = []
        prediction = self._segmenter.segment(
            self._image,
            name,
            engine=self._engine,
            on_stage=stages.append,
            cancelled=self._cancelled,
        )
        return prediction, stages == ["running"]

    def _add(self, name: str, prediction: Prediction, beside: Sequence[str] = ()) -> None:
        self._done += 1
        before = self._known.get(name)
        runs = (*(before.runs_ms if before else ()), prediction.timings.latency)
        begun = before.measured if before else self._begun
        taken = Taken(begun, self._session, tuple(beside) or self._turns, self._work())
        mode = self._engine or self._segmenter.settings.engine
        self._known[name] = latency_of(prediction, runs, mode, taken)

    def _work(self) -> float | None:
        """The mean of what others did at the begin of the rounds, cores."""
        return round(sum(self._others) / len(self._others), 2) if self._others else None

    def _watch(self) -> None:
        found = others(self._watch_s)
        if found is not None:
            self._others.append(found)

    def _wait_for_loads(self) -> None:
        """Nothing is measured while a process of this product starts, within a minute."""
        end = time.monotonic() + _LOADING_WAIT_S
        while self._segmenter.registry.loading() and time.monotonic() < end:
            self._check()
            time.sleep(_LOADING_POLL_S)

    def _check(self) -> None:
        if self._cancelled():
            raise Cancelled("Stopped.")
