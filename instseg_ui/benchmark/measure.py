"""Measuring: every model loaded from nothing, warmed up, run again and again, and ended.

The models run one after another, each in a segmenter of its own that keeps no prediction: every
repeat runs, and no model holds memory or cores while another is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event

from instseg_ui.benchmark.conditions import (
    PhotoFile,
    checked_engine,
    encode,
    image_facts,
    import_once,
    machine,
)
from instseg_ui.benchmark.memory import read_memory
from instseg_ui.benchmark.model_draft import Draft
from instseg_ui.benchmark.records import (
    BenchmarkRun,
    ColdStart,
    ConcurrencyLevel,
    ModelRun,
    Request,
    Sample,
    level_runs,
)
from instseg_ui.catalog import Catalog
from instseg_ui.engines import CONVERTED, NORMAL
from instseg_ui.errors import Cancelled, InstSegError
from instseg_ui.images import Image, decode
from instseg_ui.results import Prediction
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.workers.worker import IsCancelled


@dataclass(frozen=True, slots=True)
class BenchmarkProgress:
    """How far a run is.

    Attributes:
        model: which is measured now.
        phase: "importing", "preparing: ...", "cold start", "warm-up", "measuring",
            "2 callers at once", "done".
        done, total: images of all models; a model that fails counts as done.
        latest_ms: the last counted image; None before one.
        run: what was found so far, when a model begins or ends.
    """

    model: str
    phase: str
    done: int
    total: int
    latest_ms: float | None = None
    run: BenchmarkRun | None = None

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.done / self.total if self.total else 1.0


OnProgress = Callable[[BenchmarkProgress], None]


def _never() -> bool:
    return False


def _ignore(progress: BenchmarkProgress) -> None:
    """No one watches."""


def run_benchmark(
    request: Request,
    photos: Sequence[PhotoFile],
    settings: Settings,
    *,
    on_progress: OnProgress = _ignore,
    cancelled: IsCancelled = _never,
) -> BenchmarkRun:
    """Measure the models on the photos.

    A model that cannot be run says why in its `failure` and the others go on. When `cancelled`
    says so, the run ends within a moment and what was measured by then is returned.

    Args:
        request: what to measure.
        photos: what to measure it on; all are decoded once before anything runs.
        settings: how models run here; `cache_predictions` is not followed.
        on_progress: told before each image, from the calling thread.
        cancelled: asked before and during each image.

    Raises:
        UnknownModelError: no such model, said before anything runs.
        ImageError: a photo cannot be decoded; its name is in the sentence.
        InputError: no photo, or too many.
    """
    return _Benchmark(request, photos, settings, on_progress, cancelled).run()


class _Benchmark:
    """One run under way."""

    def __init__(
        self,
        request: Request,
        photos: Sequence[PhotoFile],
        settings: Settings,
        on_progress: OnProgress,
        cancelled: IsCancelled,
    ) -> None:
        request.check_images(len(photos))
        self.request = request
        self.engine = checked_engine(request.engine or settings.engine)
        self.photos = tuple(photos)
        self.settings = settings.model_copy(update={"cache_predictions": 0})
        self.catalog = Catalog.load(settings)
        self._cancelled = cancelled
        self._on_progress = on_progress
        self._steps = request.steps(len(photos))
        self._done = 0
        specs = [self.catalog.get(name) for name in dict.fromkeys(request.models)]
        self._run = BenchmarkRun(
            made=datetime.now(UTC).replace(microsecond=0),
            request=request,
            machine=machine(settings),
            images=tuple(image_facts(photo, settings) for photo in photos),
            models=tuple(ModelRun(spec.id, published=spec.published) for spec in specs),
            basis=self.catalog.basis,
        )

    def run(self) -> BenchmarkRun:
        self._tell(self._run.models[0].model, "importing", run=self._run)
        if self.engine not in CONVERTED and not self.settings.fake_engine:
            import_once(self.settings, self._cancelled)
        for place, model in enumerate(self._run.models):
            self._done = place * self._steps
            self._put(place, replace(model, state="running"))
            self._tell(model.model, "cold start", run=self._run)
            self._put(place, self._measure(model))
            self._done = (place + 1) * self._steps
            self._tell(model.model, "done", run=self._run)
        stopped = any(one.state == "stopped" for one in self._run.models)
        self._run = replace(self._run, state="stopped" if stopped else "done")
        return self._run

    def _put(self, place: int, model: ModelRun) -> None:
        before = self._run.models
        self._run = replace(self._run, models=(*before[:place], model, *before[place + 1 :]))

    def _tell(
        self,
        model: str,
        phase: str,
        latest_ms: float | None = None,
        run: BenchmarkRun | None = None,
    ) -> None:
        total = self._steps * len(self._run.models)
        self._on_progress(BenchmarkProgress(model, phase, self._done, total, latest_ms, run))

    def _measure(self, model: ModelRun) -> ModelRun:
        """All that is asked of one model; what fails or is stopped keeps what it has."""
        draft = Draft(model)
        try:
            self._fill(draft)
        except Cancelled:
            return draft.ended("stopped")
        except InstSegError as error:
            return draft.ended("failed", str(error))
        return draft.ended("done")

    def _fill(self, draft: Draft) -> None:
        if self.engine != NORMAL:
            self._prepare(draft.model.model)
        for number in range(self.request.cold_starts):
            with self._segmenter() as segmenter:
                self._start(segmenter, draft)
                if number + 1 == self.request.cold_starts:
                    self._run_warm(segmenter, draft)

    def _prepare(self, model: str) -> None:
        """Have the model converted and proven, which is done once and belongs to no cold start."""
        with self._segmenter() as segmenter:
            segmenter.load(
                model,
                engine=self.engine,
                on_stage=lambda stage: self._tell(model, f"preparing: {stage}"),
                cancelled=self._cancelled,
            )

    def _run_warm(self, segmenter: Segmenter, draft: Draft) -> None:
        """What is measured of the model once it is loaded."""
        places = range(len(self.photos))
        try:
            for number in range(self.request.warmup):
                place = number % len(self.photos)
                draft.warmup.append(self._next(segmenter, draft, place, "warm-up"))
            for _ in range(self.request.repeats):
                for place in places:
                    draft.samples.append(self._next(segmenter, draft, place, "measuring"))
            for callers in self.request.concurrency:
                draft.levels.append(self._level(segmenter, draft, callers))
        finally:
            draft.memory = read_memory(segmenter)

    def _segmenter(self) -> Segmenter:
        return Segmenter(self.settings, self.catalog)

    def _start(self, segmenter: Segmenter, draft: Draft) -> None:
        """One cold start, up to the first image's prediction."""
        self._tell(draft.model.model, "cold start")
        self._check()
        began = time.perf_counter()
        prediction = self._segment(segmenter, draft.model.model, self._decode(0))
        draft.first = prediction
        runtime = prediction.runtime
        draft.cold.append(ColdStart(runtime.load_ms, runtime.first_run_ms, _since(began)))
        self._done += 1

    def _next(self, segmenter: Segmenter, draft: Draft, place: int, phase: str) -> Sample:
        latest = draft.samples[-1].latency if draft.samples else None
        self._tell(draft.model.model, phase, latest)
        sample = self._once(segmenter, draft.model.model, place)
        self._done += 1
        return sample

    def _once(self, segmenter: Segmenter, model: str, place: int) -> Sample:
        """One image, from its file's bytes to the encoded answer."""
        self._check()
        began = time.perf_counter()
        image = self._decode(place)
        prediction = self._segment(segmenter, model, image)
        found = time.perf_counter()
        encode(image, prediction, self.request.answer)
        timings = prediction.timings
        return Sample(
            image=place,
            wall=_since(began),
            decode=timings.decode,
            queue=timings.queue,
            preprocess=timings.preprocess,
            inference=timings.inference,
            postprocess=timings.postprocess,
            transfer=timings.transfer,
            encode=_since(found),
            instances=len(prediction.instances),
        )

    def _level(self, segmenter: Segmenter, draft: Draft, callers: int) -> ConcurrencyLevel:
        """So many callers, each asking for the next image as soon as it has an answer."""
        if callers == 1:
            walls = tuple(sample.wall for sample in draft.samples)
            return ConcurrencyLevel(1, sum(walls), walls)
        phase, model = f"{callers} callers at once", draft.model.model
        count = level_runs(len(draft.samples), callers)
        self._tell(model, phase)
        failed = Event()

        def once(number: int) -> Sample:
            if failed.is_set():
                raise Cancelled("Another caller's image failed.")
            try:
                return self._once(segmenter, model, number % len(self.photos))
            except BaseException:
                failed.set()
                raise

        walls = ()
        with _pool(callers) as pool:
            began = time.perf_counter()
            for sample in pool.map(once, range(count)):
                walls += (sample.wall,)
                self._done += 1
                self._tell(model, phase)
            return ConcurrencyLevel(callers, _since(began), walls)

    def _decode(self, place: int) -> Image:
        photo = self.photos[place]
        return decode(photo.data, self.settings, photo.name)

    def _segment(self, segmenter: Segmenter, model: str, image: Image) -> Prediction:
        return segmenter.segment(image, model, engine=self.engine, cancelled=self._cancelled)

    def _check(self) -> None:
        if self._cancelled():
            raise Cancelled("Stopped.")


@contextmanager
def _pool(callers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are all running before the clock starts."""
    with ThreadPoolExecutor(callers, thread_name_prefix="caller") as pool:
        list(pool.map(time.sleep, [0.01] * callers))
        yield pool


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1e3
