"""High-performance mode in the catalog: what is known of each model, and verifying it anew."""

from __future__ import annotations

from collections.abc import Iterator

import htpy as h
from markupsafe import Markup

from instseg_ui.errors import Cancelled, InstSegError
from instseg_ui.hpi import Record
from instseg_ui.hpi.environment import current
from instseg_ui.hpi.record import REFERENCE
from instseg_ui.numbers import NONE, milliseconds, seconds, times
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.engine_gain import NO_FASTER
from instseg_ui.show.html import facts, failure, folded, markup, notes, progress
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.fetch import ModelStep
from instseg_ui.ui.shared.jobs import Done, JobStage, Report, follow
from instseg_ui.ui.shared.services import Services

_NOT_PREPARED = (
    "Not prepared yet. Its first run with “High performance” on does that, or “Verify” now."
)
_NOT_TIMED = "Prepared, but not timed with the threads and versions in use. “Verify” does that."


def cell(settings: Settings, record: Record | None) -> str:
    """A model's cell of the table: `6.2× onnxruntime`, or a dash."""
    environment = current(settings)
    best = _best(record, environment)
    if record is None or best is None:
        return NONE
    gain = record.speedup(best, environment)
    return best if gain is None or best == REFERENCE else f"{times(gain)} {best}"


def engines_section(settings: Settings, record: Record | None) -> Markup:
    """The part of a model's card on high-performance mode."""
    environment = current(settings)
    best = _best(record, environment)
    if record is None or best is None:
        words = _NOT_PREPARED if record is None else _NOT_TIMED
        return _section(h.p[words])
    check = record.checks.get(best)
    proof = check.sentence if check else NO_FASTER
    return _section(
        h.p[h.b[best], f" · {proof}"],
        facts(_rows(record, environment)),
        folded(_reasons(record), "What was tried and is not used"),
        notes(f"Median times on {record.image}. Verified {record.created[:10]}."),
    )


def verify(services: Services, model: str, session: str) -> Iterator[ModelStep]:
    """Prepare `model` anew, and yield what to show until it is done, or why it is not.

    Stopped, it ends with nothing to show; what was known of the model before still holds.
    """
    spec = services.spec(model)
    job = services.jobs["verify"].begin(session)

    def work(report: Report) -> Record:
        return services.segmenter.verify(spec.id, on_stage=report, cancelled=job.stopped.is_set)

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                words = _outcome(services.settings, spec.id, step.value)
                yield ModelStep(markup(h.p[words]), True, (spec.id,))
            else:
                yield ModelStep(progress(_sentence(spec.id, step)))
    except Cancelled:
        if not job.replaced:
            yield ModelStep(Markup(), True)
    except InstSegError as error:
        yield ModelStep(failure(told(error)), True)
    finally:
        job.stopped.set()
        services.jobs["verify"].end(session, job)


class Records:
    """The records of the models that were prepared here. Safe to use from many threads.

    Finding one takes its weights' hash, half a second for a large model and once a process; so
    `known` gives only records that were found before, and `find_all` is called where somebody
    waits for the rest.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._hashed: set[str] = set()

    def known(self) -> dict[str, Record]:
        """Records by model, without hashing a file."""
        models = [name for name, print_ in self._fingerprints().items() if print_ in self._hashed]
        found = {name: self._read(name) for name in models}
        return {name: record for name, record in found.items() if record is not None}

    def find(self, model: str) -> Record | None:
        """The record of one model; None if it was never prepared, or cannot be used."""
        fingerprint = self._fingerprints([model]).get(model)
        if fingerprint is None or not self._any():
            return None
        record = self._read(model)
        self._hashed.add(fingerprint)
        return record

    def find_all(self) -> bool:
        """Make all records known; False if none is new."""
        new = [name for name, print_ in self._fingerprints().items() if print_ not in self._hashed]
        found = [self.find(name) for name in new]
        return any(record is not None for record in found)

    def _fingerprints(self, models: list[str] | None = None) -> dict[str, str]:
        """Of the models that can be used, by name."""
        catalog, found = self._segmenter.catalog, {}
        for spec in map(catalog.get, models or catalog.names):
            try:
                found[spec.id] = self._segmenter.store.folder(spec).fingerprint
            except InstSegError:
                continue
        return found

    def _any(self) -> bool:
        """Whether any model was ever prepared here."""
        root = self._segmenter.settings.converted_root
        return root.is_dir() and any(not path.name.startswith(".") for path in root.iterdir())

    def _read(self, model: str) -> Record | None:
        try:
            return self._segmenter.record(model)
        except (InstSegError, OSError):
            return None


def _sentence(model: str, stage: JobStage) -> str:
    words = high_performance.preparing(stage.name) or "waiting for its turn"
    sentence = f"Verifying {model}: {words}"
    return f"{sentence} · {seconds(stage.elapsed)}" if stage.elapsed >= 1 else sentence


def _outcome(settings: Settings, model: str, record: Record) -> str:
    environment = current(settings)
    best = _best(record, environment)
    gain = record.speedup(best, environment) if best else None
    if best is None or gain is None or best == REFERENCE:
        return f"{model} is verified: Paddle runs it, {NO_FASTER}."
    return f"{model} is verified: {best} runs it at {times(gain)} Paddle's speed."


def _best(record: Record | None, environment: str) -> str | None:
    """The engine that high-performance mode takes; None if it is not timed here."""
    order = record.order(environment) if record else ()
    return order[0] if order else None


def _rows(record: Record, environment: str) -> list[tuple[str, str]]:
    """Every engine that is proven equal to Paddle with its time here, the fastest first."""
    rows = []
    for name in record.order(environment):
        gain = record.speedup(name, environment)
        faster = f", {times(gain)}" if gain is not None and name != REFERENCE else ""
        rows.append((name, f"{milliseconds(record.timings[environment][name].ms)}{faster}"))
    return rows


def _reasons(record: Record) -> list[str]:
    """Why other ways and engines are not among them."""
    failed = [check for check in record.checks.values() if not check.passed]
    return [*record.reasons, *(f"{check.engine} is {check.sentence}" for check in failed)]


def _section(*nodes: h.Node) -> Markup:
    return markup(h.section(".card-engines")[h.h4["High performance, here"], nodes])
