"""The one verb: `segment(image, model) -> Prediction`."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from types import TracebackType

from instseg_ui import engines
from instseg_ui.catalog import Catalog, ModelSpec
from instseg_ui.engines import EngineRequest
from instseg_ui.errors import BusyError, LoadError, WorkerCrashed, WorkerError
from instseg_ui.images import Image
from instseg_ui.registry import Registry, Resident
from instseg_ui.results import Prediction, Runtime, Timings
from instseg_ui.settings import Settings
from instseg_ui.weights import FolderFacts, WeightsStore
from instseg_ui.worker import Answer, IsCancelled, Loaded, OnStage, Worker, start_server

# A loaded model's memory over its weights' size, before it was measured here: Paddle's own
# share and the feature maps of a 640 x 480 image, MB.
_ENGINE_MB = 700.0
_MB_PER_WEIGHT_MB = 2.0


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
        self._cache = _Cache(settings.cache_predictions)
        self._measured_mb: dict[str, float] = {}

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
        if not self.settings.fake_engine:
            start_server()

    def segment(
        self,
        image: Image,
        model: str | None = None,
        *,
        on_stage: OnStage = _ignore,
        cancelled: IsCancelled = _never,
    ) -> Prediction:
        """Find the instances of one image, at the floor.

        The same image and model give the same `Prediction` again, with the timings it was
        measured with, as long as it is among the last `cache_predictions`.

        Args:
            image: what to look at.
            model: a name of the catalog; None is the default model.
            on_stage: told "loading", "warming up" and "running" when they begin.
            cancelled: asked every 50 ms; True ends the work.

        Raises:
            UnknownModelError, NotFetchedError, ModelFolderError, LoadError: no such model here.
            WorkerError, WorkerCrashed, WorkerTimeout: it failed on this image.
            BusyError, Cancelled: see `Registry.lease`.
        """
        spec = self.catalog.get(model or self.settings.default_model)
        facts = self.store.folder(spec)
        key = (image.digest, spec.id, facts.fingerprint)
        known = self._cache.get(key)
        if known is None:
            known = self._run(image, spec, facts, on_stage, cancelled)
            self._cache.put(key, known)
        timings = replace(known.timings, decode=image.decode_ms)
        return replace(known, timings=timings, notes=image.notes)

    def load(
        self, model: str, *, on_stage: OnStage = _ignore, cancelled: IsCancelled = _never
    ) -> Loaded:
        """Load a model without an image, so that the first image finds it warm."""
        spec = self.catalog.get(model)
        facts = self.store.folder(spec)
        with self._lease(spec, facts, on_stage, cancelled) as resident:
            return resident.loaded

    def loaded(self) -> dict[str, Resident]:
        """The models that are in memory, by catalog id."""
        return {resident.key: resident for resident in self.registry.residents()}

    def unload(self, model: str) -> bool:
        """Give a model's memory back; False if it was not loaded."""
        return self.registry.evict(self.catalog.get(model).id)

    def close(self) -> None:
        """End every worker."""
        self.registry.close()

    def _run(
        self,
        image: Image,
        spec: ModelSpec,
        facts: FolderFacts,
        on_stage: OnStage,
        cancelled: IsCancelled,
    ) -> Prediction:
        asked = time.perf_counter()
        with self._lease(spec, facts, on_stage, cancelled) as resident:
            _expect_current(resident, facts)
            on_stage("running")
            start = time.perf_counter()
            settings = self.settings
            answer = resident.worker.run(
                image.pixels, settings.floor, settings.max_instances, cancelled
            )
            end = time.perf_counter()
            resident.memory_mb = answer.memory_mb
            self._measured_mb[spec.id] = answer.memory_mb
        timings = _timings(answer, queue=(start - asked) * 1e3, round_trip=(end - start) * 1e3)
        return Prediction(
            model=spec.id,
            width=image.width,
            height=image.height,
            instances=answer.output.instances,
            timings=timings,
            runtime=self._runtime(resident),
            floor=settings.floor,
            labels=facts.labels,
            size_mb=facts.size_bytes / 1e6,
        )

    def _lease(
        self, spec: ModelSpec, facts: FolderFacts, on_stage: OnStage, cancelled: IsCancelled
    ) -> AbstractContextManager[Resident]:
        self._drop_if_changed(spec, facts)
        return self.registry.lease(
            spec.id,
            load=lambda: self._load(facts, on_stage, cancelled),
            expected_mb=self._expected_mb(spec, facts),
            timeout=self.settings.queue_timeout,
            cancelled=cancelled,
        )

    def _drop_if_changed(self, spec: ModelSpec, facts: FolderFacts) -> None:
        """A folder that was replaced on disk is another model under the same name."""
        resident = self.loaded().get(spec.id)
        if resident is not None and resident.worker.request.fingerprint != facts.fingerprint:
            with suppress(BusyError):
                self.registry.evict(spec.id)

    def _load(
        self, facts: FolderFacts, on_stage: OnStage, cancelled: IsCancelled
    ) -> tuple[Worker, Loaded]:
        """The first engine that loads and runs the model; the others' reasons go along."""
        reasons: list[str] = []
        names = self._engine_names(facts)
        for name in names:
            worker = self._worker(name, facts)
            try:
                loaded = worker.load(on_stage, cancelled)
            except (LoadError, WorkerCrashed, WorkerError) as error:
                worker.close()
                if name == names[-1]:
                    raise
                reasons.append(f"{name} was not used: {error}")
            except BaseException:
                worker.close()
                raise
            else:
                return worker, replace(loaded, notes=(*reasons, *loaded.notes))
        raise AssertionError("candidates() names at least one engine")

    def _worker(self, engine: str, facts: FolderFacts) -> Worker:
        settings = self.settings
        request = EngineRequest(
            engine=engine,
            folder=facts.path,
            model_name=facts.model_name,
            labels=facts.labels,
            fingerprint=facts.fingerprint,
            device=settings.device,
            threads=settings.threads,
        )
        return Worker(request, load_timeout=settings.load_timeout, run_timeout=settings.run_timeout)

    def _engine_names(self, facts: FolderFacts) -> tuple[str, ...]:
        if self.settings.fake_engine:
            return ("fake",)
        return engines.candidates(facts.model_name, self.settings.device)

    def _expected_mb(self, spec: ModelSpec, facts: FolderFacts) -> float:
        guess = _ENGINE_MB + _MB_PER_WEIGHT_MB * facts.size_bytes / 1e6
        return self._measured_mb.get(spec.id, guess)

    def _runtime(self, resident: Resident) -> Runtime:
        loaded = resident.loaded
        return Runtime(
            engine=loaded.engine,
            device=self.settings.device,
            threads=self.settings.threads,
            versions=loaded.versions,
            load_ms=loaded.load_ms,
            first_run_ms=loaded.first_run_ms,
            memory_mb=resident.memory_mb,
            notes=loaded.notes,
        )


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


def _expect_current(resident: Resident, facts: FolderFacts) -> None:
    if resident.worker.request.fingerprint != facts.fingerprint:
        raise BusyError(
            f"The folder of {resident.key} was replaced while the model ran. Try again in a moment."
        )


class _Cache:
    """The last predictions, bounded by number; safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: OrderedDict[tuple[str, ...], Prediction] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, ...]) -> Prediction | None:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def put(self, key: tuple[str, ...], prediction: Prediction) -> None:
        with self._lock:
            self._items[key] = prediction
            while len(self._items) > self._size:
                self._items.popitem(last=False)
