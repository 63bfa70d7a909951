"""Measuring: every model loaded from nothing, warmed up, run again and again, and ended.

Models that fit into the memory together take turns (A B C A B C), each in a segmenter of its own
that keeps no prediction: every repeat runs, a busy minute is shared by all, and only one model runs
at a time.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event

from pydantic import ByteSize

from instseg_ui.benchmark.conditions import (
    PhotoFile,
    checked_engine,
    encode,
    image_facts,
    import_once,
    machine,
)
from instseg_ui.benchmark.model_draft import Draft, Seat
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
from instseg_ui.errors import Cancelled, InstSegError, ModelError
from instseg_ui.images import Image, decode
from instseg_ui.latency import LEAST_RUNS, LatencyStore, Taken, keep, others, size_class
from instseg_ui.results import Prediction
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.workers.worker import IsCancelled

WATCH_S = 0.1
"""How long other work is looked for before every round, seconds."""
_SHOW_S = 5.0


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
        self._session = secrets.token_hex(8)
        self._shown = -math.inf
        specs = [self.catalog.get(name) for name in dict.fromkeys(request.models)]
        self._run = BenchmarkRun(
            made=datetime.now(UTC).replace(microsecond=0),
            request=request,
            machine=machine(settings),
            images=tuple(image_facts(photo, settings) for photo in photos),
            models=tuple(ModelRun(spec.id, published=spec.published) for spec in specs),
            basis=self.catalog.basis,
        )
        self._progress = dict.fromkeys(range(len(specs)), 0)
        self._seats: list[Seat] = []

    def run(self) -> BenchmarkRun:
        try:
            return self._run_all()
        finally:
            for seat in self._seats:
                seat.segmenter.close()

    def _run_all(self) -> BenchmarkRun:
        self._tell(self._run.models[0].model, "importing", run=self._run)
        if self.engine not in CONVERTED and not self.settings.fake_engine:
            import_once(self.settings, self._cancelled)
        group: list[Seat] = []
        for place, model in enumerate(self._run.models):
            seat = self._seated(place, model, group)
            if not seat.fits:
                self._measure_together(group)
                group = []
                seat = self._seated(place, model, group)
            group.append(seat)
        self._measure_together(group)
        stopped = any(one.state == "stopped" for one in self._run.models)
        self._run = replace(self._run, state="stopped" if stopped else "done")
        return self._run

    def _seated(self, place: int, model: ModelRun, group: Sequence[Seat]) -> Seat:
        """The model loaded and warm, beside those of its group."""
        held = sum(seat.held_mb for seat in group)
        budget = ByteSize(max(0, int(self.settings.memory_budget - held * 1e6)))
        settings = self.settings.model_copy(update={"memory_budget": budget})
        seat = Seat(
            place, Draft(replace(model, state="running")), Segmenter(settings, self.catalog)
        )
        self._seats.append(seat)
        self._put(place, seat.draft.model)
        self._tell(model.model, "cold start", run=self._run)
        with self._excused(seat):
            try:
                self._start(seat, settings)
            except ModelError as error:
                # The memory's own refusal, before anything was loaded: its turn comes alone.
                seat.fits = not (group and type(error) is ModelError)
                if seat.fits:
                    raise
                seat.end("waiting")
        if seat.fits and seat.ended:
            self._leave(seat)
        return seat

    def _start(self, seat: Seat, settings: Settings) -> None:
        if self.engine != NORMAL:
            self._prepare(seat.draft.model.model, settings)
        for number in range(self.request.cold_starts):
            if number + 1 < self.request.cold_starts:
                with Segmenter(settings, self.catalog) as segmenter:
                    self._first_image(segmenter, seat.draft)
            else:
                self._first_image(seat.segmenter, seat.draft)
        for number in range(self.request.warmup):
            sample = self._next(seat, number % len(self.photos), "warm-up")
            seat.draft.warmup.append(sample)

    def _measure_together(self, group: Sequence[Seat]) -> None:
        """Every repeat of every image by each model in turn; then callers at once, each alone."""
        try:
            with LatencyStore.of(self.settings).alone(self._cancelled):
                self._take_turns(group)
        except Cancelled:
            for seat in group:
                if not seat.ended:
                    seat.end("stopped")
                    self._leave(seat)
        for seat in group:
            if not seat.ended:
                with self._excused(seat):
                    for callers in self.request.concurrency:
                        seat.draft.levels.append(self._level(seat, callers))
                    seat.end("done")
                self._leave(seat)
                self._publish(seat, group)

    def _take_turns(self, group: Sequence[Seat]) -> None:
        for _ in range(self.request.repeats):
            if all(seat.ended for seat in group):
                return
            work = others(WATCH_S)
            for place in range(len(self.photos)):
                for seat in group:
                    self._count_one(seat, place, work)
            self._show_growth(group)

    def _count_one(self, seat: Seat, place: int, work: float | None) -> None:
        if seat.ended:
            return
        with self._excused(seat):
            seat.draft.samples.append(self._next(seat, place, "measuring"))
            if work is not None:
                seat.work.append(work)
        if seat.ended:
            self._leave(seat)

    @contextmanager
    def _excused(self, seat: Seat) -> Iterator[None]:
        """What fails or is stopped keeps what it has, and the others go on."""
        try:
            yield
        except Cancelled:
            seat.end("stopped")
        except InstSegError as error:
            seat.end("failed", str(error))

    def _leave(self, seat: Seat) -> None:
        """The model's process ends, and its part of the run stands."""
        seat.close()
        self._progress[seat.place] = self._steps
        self._put(seat.place, seat.draft.ended(seat.state, seat.failure))
        self._tell(seat.draft.model.model, "done", run=self._run)

    def _show_growth(self, group: Sequence[Seat]) -> None:
        """Tell after the first round, and now and then, how far the run has come.

        It is kept on disk then.
        """
        if time.monotonic() < self._shown + _SHOW_S:
            return
        self._shown = time.monotonic()
        for seat in group:
            if not seat.ended:
                self._put(seat.place, seat.draft.ended("running"))
                self._tell(seat.draft.model.model, "measuring", run=self._run)

    def _publish(self, seat: Seat, group: Sequence[Seat]) -> None:
        """Its latency on each size of image, for all who ask for one; see `instseg_ui.latency`."""
        beside = tuple(one.draft.model.model for one in group)
        work = sum(seat.work) / len(seat.work) if seat.work else None
        taken = Taken(
            self._run.made, self._session, beside, None if work is None else round(work, 2)
        )
        sizes = [size_class(image.width, image.height) for image in self._run.images]
        for size, last in seat.last.items():
            runs = [one.latency for one in seat.draft.samples if sizes[one.image] == size]
            if len(runs) >= LEAST_RUNS:
                keep(seat.segmenter, last, runs, self.engine, taken)

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
        total, done = self._steps * len(self._run.models), sum(self._progress.values())
        self._on_progress(BenchmarkProgress(model, phase, done, total, latest_ms, run))

    def _prepare(self, model: str, settings: Settings) -> None:
        """Have the model converted and proven, which is done once and belongs to no cold start."""
        with Segmenter(settings, self.catalog) as segmenter:
            segmenter.load(
                model,
                engine=self.engine,
                on_stage=lambda stage: self._tell(model, f"preparing: {stage}"),
                cancelled=self._cancelled,
            )

    def _first_image(self, segmenter: Segmenter, draft: Draft) -> None:
        """One cold start, up to the first image's prediction."""
        model = draft.model.model
        self._tell(model, "cold start")
        self._check()
        began = time.perf_counter()
        prediction = self._segment(segmenter, model, self._decode(0))
        draft.first = prediction
        runtime = prediction.runtime
        draft.cold.append(ColdStart(runtime.load_ms, runtime.first_run_ms, _since(began)))
        self._step(model)

    def _next(self, seat: Seat, place: int, phase: str) -> Sample:
        draft = seat.draft
        latest = draft.samples[-1].latency if draft.samples else None
        self._tell(draft.model.model, phase, latest)
        sample, prediction = self._once(seat.segmenter, draft.model.model, place)
        seat.last[size_class(prediction.width, prediction.height)] = prediction
        self._step(draft.model.model)
        return sample

    def _step(self, model: str) -> None:
        place = next(i for i, one in enumerate(self._run.models) if one.model == model)
        self._progress[place] = min(self._progress[place] + 1, self._steps)

    def _once(self, segmenter: Segmenter, model: str, place: int) -> tuple[Sample, Prediction]:
        """One image, from its file's bytes to the encoded answer."""
        self._check()
        began = time.perf_counter()
        image = self._decode(place)
        prediction = self._segment(segmenter, model, image)
        found = time.perf_counter()
        encode(image, prediction, self.request.answer)
        timings = prediction.timings
        sample = Sample(
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
        return sample, prediction

    def _level(self, seat: Seat, callers: int) -> ConcurrencyLevel:
        """So many callers, each asking for the next image as soon as it has an answer."""
        draft = seat.draft
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
                return self._once(seat.segmenter, model, number % len(self.photos))[0]
            except BaseException:
                failed.set()
                raise

        walls = ()
        with _pool(callers) as pool:
            began = time.perf_counter()
            for sample in pool.map(once, range(count)):
                walls += (sample.wall,)
                self._step(model)
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
