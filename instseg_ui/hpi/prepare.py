"""From a model folder to a record: convert, hold against Paddle, time on this machine."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from instseg_ui import engines
from instseg_ui.catalog.model_folder import FolderFacts
from instseg_ui.engines import EngineRequest, conversion
from instseg_ui.errors import Cancelled, LoadError, ModelError, WorkerError
from instseg_ui.hpi.calibration import Picture, pictures
from instseg_ui.hpi.converter import Converter
from instseg_ui.hpi.environment import basis, current, installed
from instseg_ui.hpi.latency import known, measure
from instseg_ui.hpi.parity import Parity
from instseg_ui.hpi.proof import Open, Reference, check
from instseg_ui.hpi.record import REFERENCE, Record, Timing
from instseg_ui.hpi.store import MODEL, ConvertedStore
from instseg_ui.settings import Settings
from instseg_ui.workers.worker import IsCancelled, OnStage, Worker

log = logging.getLogger(__name__)

OpenWorker = Callable[[EngineRequest, IsCancelled], AbstractContextManager[Worker]]

# Engines that need no conversion, and are yet not trusted unseen.
_OTHER_PADDLE = ("paddle-onednn",)


class Preparer:
    """Makes records and finds them again. Safe to use from many threads."""

    def __init__(
        self,
        settings: Settings,
        store: ConvertedStore,
        open_worker: OpenWorker,
        converter: Converter | None = None,
    ) -> None:
        """`open_worker` gives a loaded worker for a request and ends it afterwards."""
        self._settings = settings
        self._store = store
        self._open = open_worker
        self._converter = converter or Converter(settings)
        # Asked at every image: found out anew when something was installed.
        self._known_bases: tuple[tuple[int, ...], dict[str, str]] = ((), {})

    def record(self, facts: FolderFacts) -> Record | None:
        """What is known of the model in this environment; None if it must be prepared first.

        It must be, too, where an engine came later or stands here in another version than it was
        held against Paddle with.
        """
        record = self._store.record(facts)
        if record is None or current(self._settings) not in record.timings:
            return None
        return None if self._unchecked(record) else record

    def _unchecked(self, record: Record) -> tuple[str, ...]:
        """The engines that run here and were never checked as they are now."""
        present = self._bases().items()
        return tuple(name for name, basis in present if record.checked.get(name) != basis)

    def _bases(self) -> dict[str, str]:
        """By engine that runs here, what a check of it now would hold for."""
        now = installed()
        if self._known_bases[0] != now:
            device = self._settings.first_device
            names = (*engines.CONVERTED, *_OTHER_PADDLE)
            usable = [name for name in names if not engines.unusable(name, device)]
            self._known_bases = now, {name: basis(name, device) for name in usable}
        return self._known_bases[1]

    def prepare(
        self,
        facts: FolderFacts,
        on_stage: OnStage,
        cancelled: IsCancelled,
        *,
        again: bool = False,
        own_pictures: Sequence[Picture] = (),
    ) -> Record:
        """The model's record, made now if there is none that holds here.

        Args:
            facts: the model's folder.
            on_stage: told what begins, in words.
            cancelled: asked often; True ends the work and leaves nothing behind.
            again: convert, check and time anew whatever is known.
            own_pictures: more images to check on.

        Raises:
            LoadError, WorkerError: Paddle itself cannot run the model.
            Cancelled: `cancelled` said so.
        """
        with self._store.alone(facts, _checking(cancelled)) as work:
            # Whoever held the lock may have prepared it meanwhile.
            found = None if again else self.record(facts)
            if found is not None:
                return found
            job = _Job(self._settings, self._open, facts, on_stage, cancelled)
            entry = work / "entry"
            kept = None if again else self._store.record(facts)
            record = kept and self._renewed(job, kept)
            if record is None:
                record = self._make(job, entry, own_pictures)
                self._store.publish(work, facts, entry)
            else:
                record.write(self._store.folder(facts))
            return record

    def _model(self, facts: FolderFacts) -> Path:
        return self._store.model(facts)

    def _renewed(self, job: _Job, kept: Record) -> Record | None:
        """A record from another environment, with what is new here checked and all timed.

        None where the model must be converted anew: no engine passes with what there is.
        """
        unchecked = self._unchecked(kept)
        new = [name for name in unchecked if name in engines.CONVERTED]
        if new and not kept.recipe:
            return None
        reference, model = None, self._model(job.facts)
        if unchecked:
            reference = job.reference(pictures(self._settings.assets))
            checks = kept.checks | job.check_all(unchecked, reference, model)
            passed = [checks[name].passed for name in engines.CONVERTED if name in checks]
            if new and not any(passed):
                return None
            checked = kept.checked | {name: self._bases()[name] for name in unchecked}
            kept = replace(kept, checks=checks, checked=checked, created=_now())
        return replace(kept, timings=kept.timings | job.time_all(kept, model, reference))

    def _make(self, job: _Job, entry: Path, own_pictures: Sequence[Picture]) -> Record:
        images = [*pictures(self._settings.assets), *own_pictures]
        reference = job.reference(images)
        start = time.perf_counter()
        recipe, reasons, checks = self._convert(job, reference, entry / MODEL)
        seconds = time.perf_counter() - start
        checks |= job.check_all(job.usable(_OTHER_PADDLE), reference, None)
        record = Record(
            recipe=recipe,
            reasons=tuple(reasons),
            checks=checks,
            timings={},
            image=_in_words(images[0]),
            seconds=seconds,
            created=_now(),
            checked=dict(self._bases()),
            versions=conversion.versions(),
            normal=engines.candidates(job.facts.model_name, self._settings.first_device)[0],
        )
        record = replace(record, timings=job.time_all(record, entry / MODEL, reference))
        entry.mkdir(exist_ok=True)
        record.write(entry)
        return record

    def _convert(
        self, job: _Job, reference: Reference, out: Path
    ) -> tuple[str, list[str], dict[str, Parity]]:
        """The first recipe that an engine passes the check with; what was tried before it."""
        recipes, reasons = list(conversion.RECIPES), list[str]()
        checks: dict[str, Parity] = {}
        while recipes:
            done = self._converter.convert(
                job.facts.path,
                out,
                recipes,
                on_trying=lambda name: job.on_stage(f"converting ({name})"),
                cancelled=job.cancelled,
            )
            reasons += done.reasons
            if not done.recipe:
                break
            checks = job.check_all(job.usable(tuple(engines.CONVERTED)), reference, out)
            if any(item.passed for item in checks.values()):
                return done.recipe, reasons, checks
            reasons += [f"{done.recipe} is {item.sentence}" for item in checks.values()]
            recipes = recipes[recipes.index(done.recipe) + 1 :]
        return "", reasons, checks


class _Job:
    """One preparation: the model, who watches, and how workers are had."""

    def __init__(
        self,
        settings: Settings,
        open_worker: OpenWorker,
        facts: FolderFacts,
        on_stage: OnStage,
        cancelled: IsCancelled,
    ) -> None:
        self.settings, self.facts = settings, facts
        self.on_stage, self.cancelled = on_stage, cancelled
        self._open = open_worker

    def usable(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those that can run on the configured device."""
        return tuple(
            name for name in names if not engines.unusable(name, self.settings.first_device)
        )

    def reference(self, images: Sequence[Picture]) -> Reference:
        """Paddle's own answers to the images."""
        return Reference(images, self._opener(REFERENCE, None), self.on_stage, self.cancelled)

    def check_all(
        self, names: Sequence[str], reference: Reference, model: Path | None
    ) -> dict[str, Parity]:
        """The verdict on each engine; one that does not run has not passed."""
        return {name: self._check(name, reference, model) for name in names}

    def time_all(
        self, record: Record, model: Path, reference: Reference | None = None
    ) -> dict[str, dict[str, Timing]]:
        """Timings of Paddle and of every engine that is equal to it, under this environment."""
        names = [REFERENCE, *(name for name, item in record.checks.items() if item.passed)]
        timed: dict[str, Timing] = {}
        if reference is not None and (told := known(reference.first)):
            timed[REFERENCE] = told
            names.remove(REFERENCE)
        for name in names:
            self.on_stage(f"timing {name}")
            try:
                with self._opener(name, model)() as worker:
                    photo = pictures(self.settings.assets)[0]
                    timed[name] = measure(worker, photo.pixels, self.settings, self.cancelled)
            except (LoadError, WorkerError, ModelError) as error:
                log.warning("%s could not be timed: %s", name, error)
        return {current(self.settings): timed}

    def _check(self, name: str, reference: Reference, model: Path | None) -> Parity:
        self.on_stage(f"checking {name} against Paddle")
        try:
            return check(name, reference, self._opener(name, model))
        except (LoadError, WorkerError, ModelError) as error:
            return Parity(name, why=str(error))

    def _opener(self, engine: str, model: Path | None) -> Open:
        request = EngineRequest(
            engine=engine,
            folder=self.facts.path,
            model_name=self.facts.model_name,
            labels=self.facts.labels,
            fingerprint=self.facts.fingerprint,
            device=self.settings.first_device,
            threads=self.settings.worker_threads,
            converted=model,
        )
        return lambda: self._open(request, self.cancelled)


def _checking(cancelled: IsCancelled) -> Callable[[], None]:
    def check() -> None:
        if cancelled():
            raise Cancelled("Stopped while another process prepared the model.")

    return check


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _in_words(picture: Picture) -> str:
    height, width = picture.pixels.shape[:2]
    return f"{picture.name}, {width} x {height}"
