"""The one verb: `segment(image, model) -> Prediction`."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import psutil

from instseg_ui import engines
from instseg_ui.catalog import DEFAULT_REMEDY, Catalog, ModelSpec
from instseg_ui.engines import EngineRequest, conversion
from instseg_ui.errors import (
    BusyError,
    Cancelled,
    InputError,
    LoadError,
    ModelError,
    ModelFolderError,
    NotFetchedError,
    UnknownModelError,
    WorkerCrashed,
    WorkerError,
    system_said,
)
from instseg_ui.hpi import ConvertedStore, Preparer, Record
from instseg_ui.hpi.calibration import Picture
from instseg_ui.hpi.environment import current, versions
from instseg_ui.hpi.identity import Identity, WorkerKey
from instseg_ui.images import Image
from instseg_ui.results import Instances, Prediction, Runtime, Timings
from instseg_ui.settings import Settings
from instseg_ui.weights import FolderFacts, WeightsStore
from instseg_ui.workers.registry import Registry, Resident, Retired
from instseg_ui.workers.slots import Slot, Slots
from instseg_ui.workers.worker import Answer, IsCancelled, Loaded, OnStage, Worker, start_server

# A loaded model's memory over its weights' size, before it was measured here: Paddle's own
# share and the feature maps of a 640 x 480 image, MB.
_ENGINE_MB = 700.0
_MB_PER_WEIGHT_MB = 2.0


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which engines to try for a model, what is known of them, and what all of it rests on."""

    identity: Identity
    record: Record | None = None
    converted: Path | None = None


@dataclass(frozen=True, slots=True)
class ModelFailure:
    """Why a model failed when it was last used; `loads` where it was loaded and a run failed.

    `fingerprint` is of the folder that failed.
    """

    reason: str
    loads: bool
    fingerprint: str


def _never() -> bool:
    return False


def _ignore(stage: str) -> None:
    """No one watches the stages."""


class Segmenter:
    """Runs models on images. Safe to use from many threads; close it to end all workers."""

    def __init__(
        self, settings: Settings, catalog: Catalog | None = None, store: WeightsStore | None = None
    ) -> None:
        self.settings = settings
        self.catalog = catalog or Catalog.load(settings)
        self.store = store or WeightsStore(settings)
        self.registry = Registry(settings.memory_budget / 1e6)
        self.converted = ConvertedStore(settings)
        self._preparer = Preparer(settings, self.converted, self._for_a_check)
        self._slots = Slots(settings)
        self._cache = _Cache(settings.cache_predictions)
        self._measured_mb: dict[str, float] = {}
        # Of models whose last load or run failed: what was asked, and the sentence.
        self._failures: dict[str, ModelFailure] = {}

    def sibling(self, **changes: Any) -> Segmenter:
        """A segmenter with other settings over the same loaded models. Do not close it.

        `changes`: fields of `Settings` that the workers do not depend on.
        """
        other = Segmenter(self.settings.model_copy(update=changes), self.catalog, self.store)
        other.registry, other._slots = self.registry, self._slots
        other._measured_mb = self._measured_mb
        return other

    def __enter__(self) -> Segmenter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def prepare(self) -> None:
        """Start importing what workers need, in the background."""
        if not self.settings.fake_engine and self.settings.engine == engines.NORMAL:
            start_server()

    def segment(
        self,
        image: Image,
        model: str | None = None,
        *,
        engine: str | None = None,
        on_stage: OnStage = _ignore,
        cancelled: IsCancelled = _never,
    ) -> Prediction:
        """Find the instances of one image, at the floor.

        The same image, model and engine give the same `Prediction` again, with the timings it was
        measured with, as long as it is among the last `cache_predictions`.

        Args:
            image: what to look at.
            model: a name of the catalog; None is the default model.
            engine: one of `engines.MODES`; None is the setting's. The first image in
                high-performance mode waits until the model is converted, checked and timed here.
            on_stage: told "loading", "warming up" and "running" when they begin.
            cancelled: asked every 50 ms; True ends the work.

        Raises:
            InputError: there is no such engine.
            UnknownModelError, NotFetchedError, ModelFolderError, LoadError: no such model here.
            WorkerError, WorkerCrashed, WorkerTimeout: it failed on this image.
            BusyError, Cancelled: see `Registry.lease`.
        """
        spec = self.catalog.get(model) if model else self.catalog.default(self.settings)
        mode = self._mode(engine)
        while True:
            with suppress(Retired):
                known = self._found(image, spec, mode, on_stage, cancelled)
                break
        timings = replace(known.timings, decode=image.decode_ms)
        return replace(known, timings=timings, notes=image.notes)

    def _found(
        self,
        image: Image,
        spec: ModelSpec,
        mode: str,
        on_stage: OnStage,
        cancelled: IsCancelled,
    ) -> Prediction:
        """The kept prediction of what the model rests on now, or a new one."""
        facts = self.store.folder(spec)
        with self._watched(spec, facts):
            choice = self._choose(spec, facts, mode, on_stage, cancelled)
        settings = self.settings
        key = _Key(image.digest, choice.identity, settings.floor, settings.max_instances)
        known = self._cache.get(key)
        if known is None:
            with self._watched(spec, facts):
                known = self._run(image, spec, facts, choice, on_stage, cancelled)
            self._failures.pop(spec.id, None)
            self._cache.put(key, known)
            if cancelled():
                raise Cancelled("Stopped.")
        return known

    @contextmanager
    def _watched(self, spec: ModelSpec, facts: FolderFacts) -> Iterator[None]:
        """Remember why the model cannot be loaded or did not run, until it runs again."""
        try:
            yield
        except (LoadError, WorkerError) as error:
            loads = not isinstance(error, LoadError)
            self._failures[spec.id] = ModelFailure(str(error), loads, facts.fingerprint)
            raise

    def failures(self) -> dict[str, ModelFailure]:
        """By catalog id, the models that failed when they were last used and lie there unchanged.

        A folder that is not whole is one of them, if it is the default model's.
        """
        found = {}
        for name, failure in list(self._failures.items()):
            with suppress(ModelError, UnknownModelError):
                if self.store.folder(self.catalog.get(name)).fingerprint == failure.fingerprint:
                    found[name] = failure
        with suppress(NotFetchedError, UnknownModelError):
            try:
                self.store.folder(self.catalog.get(self.settings.default_model))
            except ModelFolderError as error:
                found[self.settings.default_model] = ModelFailure(str(error), False, "")
        return found

    def load(
        self,
        model: str,
        *,
        engine: str | None = None,
        on_stage: OnStage = _ignore,
        cancelled: IsCancelled = _never,
    ) -> Loaded:
        """Load a model without an image, so that the first image finds it warm."""
        spec = self.catalog.get(model)
        facts = self.store.folder(spec)
        choice = self._choose(spec, facts, self._mode(engine), on_stage, cancelled)
        try:
            with (
                self._watched(spec, facts),
                self._lease(spec, facts, choice, on_stage, cancelled) as resident,
            ):
                return resident.loaded
        except Retired:
            return self.load(model, engine=engine, on_stage=on_stage, cancelled=cancelled)

    def identity(self, model: str, *, engine: str | None = None) -> Identity | None:
        """What an answer of the model would rest on now; nothing is loaded or converted for it.

        None where the engines of that mode were not proven on this machine yet, or none is.

        Raises:
            InputError: there is no such engine.
            UnknownModelError, NotFetchedError, ModelFolderError: no such model here.
        """
        spec, mode = self.catalog.get(model), self._mode(engine)
        facts = self.store.folder(spec)
        known = self._needs_no_proof(spec, facts, mode)
        if known is not None:
            return known
        record = self._preparer.record(facts)
        with suppress(LoadError):
            return None if record is None else self._proven(spec, facts, mode, record).identity
        return None

    def loaded(self) -> dict[str, Resident]:
        """The models that are in memory, by catalog id; of several workers the last used."""
        residents = reversed(self.registry.residents())
        return {self._slots.model(str(resident.key)): resident for resident in residents}

    def unload(self, model: str) -> bool:
        """Give a model's memory back; False if it was not loaded.

        Raises:
            BusyError: it is in use.
        """
        name = self.catalog.get(model).id
        keys = [item.key for item in self.registry.residents()]
        mine = [key for key in keys if self._slots.model(str(key)) == name]
        ended = [self.registry.evict(key) for key in mine]
        return any(ended)

    def try_out(
        self, facts: FolderFacts, image: Image, *, cancelled: IsCancelled = _never
    ) -> Instances:
        """What a folder that is no row of the catalog yet finds in one image, at the floor.

        It runs in a worker of its own, which may take as much memory as all models together.

        Raises:
            LoadError, WorkerError, WorkerCrashed, WorkerTimeout: it does not run.
            BusyError, Cancelled: see `Registry.lease`.
        """
        settings, names = self.settings, self._engine_names(facts)
        slot = Slot("", settings.first_device, settings.worker_threads)
        for name in names:
            request = self._request(name, facts, slot, None)
            try:
                with self._for_a_check(request, cancelled) as worker:
                    bounded = self._bounded(worker, cancelled)
                    answer = worker.run(
                        image.pixels, settings.floor, settings.max_instances, bounded
                    )
                    return answer.output.instances
            except (LoadError, WorkerError):
                if name == names[-1]:
                    raise
        raise AssertionError("there is at least one engine")

    def record(self, model: str) -> Record | None:
        """What is known of a model's engines here; None if high-performance mode never ran it.

        Raises:
            UnknownModelError, NotFetchedError, ModelFolderError: no such model here.
        """
        return self.converted.record(self.store.folder(self.catalog.get(model)))

    def verify(
        self,
        model: str,
        *,
        pictures: Sequence[Picture] = (),
        on_stage: OnStage = _ignore,
        cancelled: IsCancelled = _never,
    ) -> Record:
        """Convert a model anew and hold every engine against Paddle.

        Args:
            model: a name of the catalog.
            pictures: more images to compare on, beside the bundled and generated ones.
            on_stage: told what begins, in words.
            cancelled: asked every 50 ms; True ends the work.

        Raises:
            UnknownModelError, NotFetchedError, ModelFolderError: no such model here.
            LoadError, WorkerError: Paddle itself does not run it.
            Cancelled: `cancelled` said so.
        """
        spec = self.catalog.get(model)
        facts = self.store.folder(spec)
        record = self._preparer.prepare(
            facts, on_stage, cancelled, again=True, own_pictures=pictures
        )
        self._let_go(lambda known: known.model == spec.id and known.proof not in ("", record.proof))
        return record

    def _let_go(self, is_stale: Callable[[Identity], bool]) -> None:
        """End the workers and drop the predictions that rest on what does not hold any more."""
        self.registry.retire(lambda key: isinstance(key, WorkerKey) and is_stale(key.identity))
        self._cache.drop(is_stale)

    def remove(self, model: str) -> bool:
        """Delete a model and what was converted from it; False if it was not here.

        Of an own model our copy is deleted, and never what it was copied from.

        Raises:
            InputError: it is neither an official model nor an own one, or it is the default model.
            BusyError: it is in use, or being fetched.
        """
        spec = self.catalog.get(model)
        if spec.source == "own" and spec.id == self.settings.default_model:
            sentence = f"{spec.id} is the default model here, so it is not removed."
            raise InputError(sentence, remedy=DEFAULT_REMEDY)
        self.unload(spec.id)
        made: FolderFacts | None = None
        with suppress(ModelError):
            made = self.store.folder(spec)
            made.weights_sha256  # noqa: B018 - read while the file is there
        removed = self.store.remove(spec)
        self._let_go(lambda known: known.model == spec.id)
        if removed and made is not None:
            self.converted.remove(made)
        return removed

    def close(self) -> None:
        """End every worker."""
        self.registry.close()

    def _run(
        self,
        image: Image,
        spec: ModelSpec,
        facts: FolderFacts,
        choice: _Choice,
        on_stage: OnStage,
        cancelled: IsCancelled,
    ) -> Prediction:
        asked = time.perf_counter()
        with self._lease(spec, facts, choice, on_stage, cancelled) as resident:
            on_stage("running")
            start = time.perf_counter()
            settings = self.settings
            # One more than is kept tells whether there were more.
            answer = resident.worker.run(
                image.pixels, settings.floor, settings.max_instances + 1, cancelled
            )
            end = time.perf_counter()
            resident.memory_mb = answer.memory_mb
            self._measured_mb[spec.id] = answer.memory_mb
        timings = _timings(answer, queue=(start - asked) * 1e3, round_trip=(end - start) * 1e3)
        return Prediction(
            model=spec.id,
            width=image.width,
            height=image.height,
            instances=answer.output.instances.limit(settings.max_instances),
            timings=timings,
            runtime=self._runtime(resident),
            floor=settings.floor,
            labels=facts.labels,
            size_mb=facts.size_bytes / 1e6,
            cut=_cut(len(answer.output.instances), settings),
        )

    def _mode(self, engine: str | None) -> str:
        mode = engine or self.settings.engine
        if mode not in engines.MODES:
            raise InputError(
                f"Expected one of the engines {', '.join(engines.MODES)}, got “{mode[:40]}”."
            )
        return mode

    def _choose(
        self,
        spec: ModelSpec,
        facts: FolderFacts,
        mode: str,
        on_stage: OnStage,
        cancelled: IsCancelled,
    ) -> _Choice:
        """The engines of a mode; those that must be proven first are, which takes a while once."""
        known = self._needs_no_proof(spec, facts, mode)
        if known is not None:
            return _Choice(known)
        if mode != engines.HIGH_PERFORMANCE and (
            why := engines.unusable(mode, self.settings.first_device)
        ):
            sentence = f"{mode} does not run on this machine. Choose another engine."
            raise LoadError(sentence, remedy=why)
        record = self._preparer.record(facts) or self._preparer.prepare(facts, on_stage, cancelled)
        return self._proven(spec, facts, mode, record)

    def _needs_no_proof(self, spec: ModelSpec, facts: FolderFacts, mode: str) -> Identity | None:
        """Paddle is the reference, and the built-in engine stands for it."""
        if self.settings.fake_engine or mode == engines.NORMAL:
            return self._identity(spec, facts, mode, self._engine_names(facts))
        return self._identity(spec, facts, mode, (mode,)) if mode == "paddle" else None

    def _proven(self, spec: ModelSpec, facts: FolderFacts, mode: str, record: Record) -> _Choice:
        """The engines that the record says are equal to Paddle here."""
        names = record.order(current(self.settings))
        if mode != engines.HIGH_PERFORMANCE:
            names = (mode,) if mode in names else ()
            if not names:
                raise LoadError(_not_offered(mode, record))
        identity = self._identity(spec, facts, mode, names, record.proof)
        return _Choice(identity, record, self.converted.model(facts))

    def _identity(
        self,
        spec: ModelSpec,
        facts: FolderFacts,
        mode: str,
        names: tuple[str, ...],
        proof: str = "",
    ) -> Identity:
        return Identity(
            model=spec.id,
            content=_content(facts),
            mode=mode,
            engines=names,
            proof=proof,
            recipe=conversion.recipes_digest() if proof else "",
            versions=versions(),
            devices=self.settings.devices,
            threads=self.settings.worker_threads,
        )

    @contextmanager
    def _lease(
        self,
        spec: ModelSpec,
        facts: FolderFacts,
        choice: _Choice,
        on_stage: OnStage,
        cancelled: IsCancelled,
    ) -> Iterator[Resident]:
        with self._slots.taken(spec.id, choice.identity.mode) as slot:
            key = WorkerKey(slot.key, choice.identity)
            # One in this slot that rests on something else would take its memory for nothing.
            self.registry.retire(lambda other: str(other) == str(key) and other != key)
            with self.registry.lease(
                key,
                load=lambda unwanted: self._load(spec, facts, choice, slot, on_stage, unwanted),
                expected_mb=self._expected_mb(spec, facts),
                timeout=self.settings.queue_timeout,
                cancelled=cancelled,
            ) as resident:
                yield resident

    def _load(
        self,
        spec: ModelSpec,
        facts: FolderFacts,
        choice: _Choice,
        slot: Slot,
        on_stage: OnStage,
        cancelled: IsCancelled,
    ) -> tuple[Worker, Loaded]:
        """The first engine that loads and runs the model; the others' reasons go along."""
        reasons: list[str] = list(choice.record.reasons) if choice.record else []
        for name in choice.identity.engines:
            worker = self._worker(self._request(name, facts, slot, choice.converted))
            try:
                loaded = worker.load(on_stage, cancelled)
                self._expect_unchanged(spec, facts)
            except (LoadError, WorkerCrashed, WorkerError) as error:
                worker.close()
                if name == choice.identity.engines[-1]:
                    raise
                reasons.append(f"{name} was not used: {error}")
            except BaseException:
                worker.close()
                raise
            else:
                return worker, self._with_proof(loaded, choice.record, reasons)
        raise AssertionError("a choice names at least one engine")

    def _expect_unchanged(self, spec: ModelSpec, facts: FolderFacts) -> None:
        """What was loaded must be what its identity says."""
        if self.store.folder(spec).fingerprint != facts.fingerprint:
            raise BusyError(
                f"The folder of {spec.id} was replaced while it was loaded. Try again in a moment."
            )

    def _request(
        self, engine: str, facts: FolderFacts, slot: Slot, converted: Path | None
    ) -> EngineRequest:
        return EngineRequest(
            engine=engine,
            folder=facts.path,
            model_name=facts.model_name,
            labels=facts.labels,
            fingerprint=facts.fingerprint,
            device=slot.device,
            threads=slot.threads,
            converted=converted,
        )

    def _worker(self, request: EngineRequest) -> Worker:
        settings = self.settings
        return Worker(request, load_timeout=settings.load_timeout, run_timeout=settings.run_timeout)

    @contextmanager
    def _for_a_check(self, request: EngineRequest, cancelled: IsCancelled) -> Iterator[Worker]:
        """A loaded worker within the memory budget, ended afterwards."""
        worker = self._worker(request)
        key = f"{request.model_name} on {request.engine}, checked {id(worker)}"

        def load(unwanted: IsCancelled) -> tuple[Worker, Loaded]:
            try:
                return worker, worker.load(_ignore, self._bounded(worker, unwanted))
            except BaseException:
                worker.close()
                raise

        try:
            with self.registry.lease(
                key, load, _ENGINE_MB, self.settings.queue_timeout, cancelled
            ) as resident:
                yield resident.worker
        finally:
            self.registry.evict(key)

    def _bounded(self, worker: Worker, cancelled: IsCancelled) -> IsCancelled:
        """The same question, which fails once the worker has taken more memory than all may."""

        def asked() -> bool:
            if _memory(worker.pid) > self.settings.memory_budget:
                limit = f"{self.settings.memory_budget / 1e6:.0f} MB"
                raise WorkerError(
                    f"{worker.request.model_name} took more than the {limit} of memory that models "
                    "may take here."
                )
            return cancelled()

        return asked

    def _engine_names(self, facts: FolderFacts) -> tuple[str, ...]:
        if self.settings.fake_engine:
            return ("fake",)
        return engines.candidates(facts.model_name, self.settings.first_device)

    def _expected_mb(self, spec: ModelSpec, facts: FolderFacts) -> float:
        guess = _ENGINE_MB + _MB_PER_WEIGHT_MB * facts.size_bytes / 1e6
        return self._measured_mb.get(spec.id, guess)

    def _runtime(self, resident: Resident) -> Runtime:
        loaded, request = resident.loaded, resident.worker.request
        return Runtime(
            engine=loaded.engine,
            device=request.device,
            threads=request.threads,
            versions=loaded.versions,
            load_ms=loaded.load_ms,
            first_run_ms=loaded.first_run_ms,
            memory_mb=resident.memory_mb,
            notes=loaded.notes,
            speedup=loaded.speedup,
            parity=loaded.parity,
        )

    def _with_proof(self, loaded: Loaded, record: Record | None, reasons: list[str]) -> Loaded:
        notes = (*reasons, *loaded.notes)
        if record is None:
            return replace(loaded, notes=notes)
        check = record.checks.get(loaded.engine)
        return replace(
            loaded,
            notes=notes,
            speedup=record.speedup(loaded.engine, current(self.settings)),
            parity=check.sentence if check else "",
        )


def _memory(pid: int | None) -> int:
    """Bytes that a process holds in memory; 0 for one that has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss) if pid else 0
    except psutil.Error:
        return 0


def _cut(found: int, settings: Settings) -> str:
    if found <= settings.max_instances:
        return ""
    return (
        f"Only the {settings.max_instances:,} objects with the highest scores are kept, and there "
        f"are more from {settings.floor:g} on."
    )


def _not_offered(engine: str, record: Record) -> str:
    check = record.checks.get(engine)
    reasons = [check.sentence] if check else list(record.reasons)
    why = reasons[-1] if reasons else "it was not timed on this machine."
    return f"{engine} is not offered for this model: {why}"


def _timings(answer: Answer, queue: float, round_trip: float) -> Timings:
    output = answer.output
    inside = output.preprocess + output.inference + output.postprocess
    return Timings(
        queue=queue,
        preprocess=output.preprocess,
        inference=output.inference,
        postprocess=output.postprocess,
        transfer=max(0.0, round_trip - inside),
    )


def _content(facts: FolderFacts) -> str:
    try:
        return facts.content
    except OSError as error:
        raise ModelFolderError(
            f"A file of the model folder “{facts.path.name}” cannot be read.",
            remedy=system_said(error),
        ) from error


class _Key(NamedTuple):
    """What a kept prediction is of: an image, what the model rests on, and how it was run."""

    image: str
    identity: Identity
    floor: float
    limit: int


class _Cache:
    """The last predictions, bounded by number; safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: OrderedDict[_Key, Prediction] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> Prediction | None:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def put(self, key: _Key, prediction: Prediction) -> None:
        with self._lock:
            self._items[key] = prediction
            while len(self._items) > self._size:
                self._items.popitem(last=False)

    def drop(self, is_stale: Callable[[Identity], bool]) -> None:
        """Forget what rests on such an identity."""
        with self._lock:
            for key in [key for key in self._items if is_stale(key.identity)]:
                del self._items[key]
