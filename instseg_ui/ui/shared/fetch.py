"""Fetching models that are not on this machine: the offer, the progress, the outcome."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import htpy as h
from markupsafe import Markup

from instseg_ui.catalog import ModelSpec
from instseg_ui.errors import InstSegError
from instseg_ui.numbers import megabytes
from instseg_ui.show.html import failure, markup, progress
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Report, follow
from instseg_ui.ui.shared.services import Services
from instseg_ui.weights import FetchPlan

_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class FetchOffer:
    """What fetching would take: in sentences, and the words of the button."""

    html: Markup
    button: str
    possible: bool


@dataclass(frozen=True, slots=True)
class ModelStep:
    """What to show while models are made ready; `models` are those that are, at the end."""

    html: Markup
    finished: bool = False
    models: tuple[str, ...] = ()


def offer(services: Services, model: str | None) -> FetchOffer | None:
    """What it takes to have `model` here; None if it can run now."""
    spec = services.spec(model)
    if not _missing(services, [spec]):
        return None
    plan = services.segmenter.store.plan(spec)
    if plan.action != "fetch":
        return FetchOffer(markup(h.p[plan.reason]), "Fetch", False)
    size = megabytes(plan.expected_bytes / 1e6)
    sentence = h.p[
        h.b[spec.id],
        f" is not on this machine yet. Fetching it from {plan.offer.place} takes {size}; ",
        f"{_free(plan)}.",
    ]
    return FetchOffer(markup(sentence), f"Fetch {size}", True)


def offer_all(services: Services, models: Sequence[str]) -> FetchOffer | None:
    """What it takes to have all of `models` here; None if they can run now."""
    absent = _missing(services, _specs(services, models))
    if not absent:
        return None
    plans = {spec.id: services.segmenter.store.plan(spec) for spec in absent}
    wanted = {name: plan for name, plan in plans.items() if plan.action == "fetch"}
    refused = [plan.reason for plan in plans.values() if plan.action == "refuse"]
    size = megabytes(sum(plan.expected_bytes for plan in wanted.values()) / 1e6)
    sentences = (
        _together(wanted, len(models), size) if wanted else None,
        (h.p[reason] for reason in refused[:_MOST_REASONS]),
    )
    return FetchOffer(markup(*sentences), f"Fetch {size} and compare", bool(wanted))


def fetch(services: Services, model: str, session: str, tab: str = "") -> Iterator[ModelStep]:
    """Fetch `model` and yield what to show until it is here, or why it is not.

    `tab` begins it; the others do not stop it.
    """
    spec = services.spec(model)
    done = ModelStep(progress(f"{spec.id} is here.", 1.0), True, (spec.id,))
    yield from _fetch(services, [spec], session, done, tab)


def fetch_all(
    services: Services, models: Sequence[str], session: str, tab: str = ""
) -> Iterator[ModelStep]:
    """Fetch what is missing of `models`, one after another, and yield what to show.

    `tab` begins it; the others do not stop it.

    Why one could not be fetched is said in the last step; the others are fetched all the same.
    """
    absent = _missing(services, _specs(services, models))
    done = ModelStep(progress("All ticked models are here.", 1.0), True, tuple(models))
    yield from _fetch(services, absent, session, done, tab)


def _specs(services: Services, models: Sequence[str]) -> list[ModelSpec]:
    return [services.segmenter.catalog.get(name) for name in models]


def _missing(services: Services, specs: Sequence[ModelSpec]) -> list[ModelSpec]:
    return [spec for spec in specs if not services.segmenter.store.status(spec).usable]


def _together(wanted: Mapping[str, FetchPlan], picked: int, size: str) -> h.Element:
    first = next(iter(wanted.values()))
    verb = "is" if len(wanted) == 1 else "are"
    return h.p[
        h.b[f"{len(wanted)} of {picked} ticked"],
        f" {verb} not on this machine: {', '.join(wanted)}. Fetching takes {size} from ",
        f"{first.offer.place}; {_free(first)}.",
    ]


def _free(plan: FetchPlan) -> str:
    return f"{megabytes(plan.free_bytes / 1e6)} of disk are free"


def _fetch(
    services: Services, specs: Sequence[ModelSpec], session: str, done: ModelStep, tab: str
) -> Iterator[ModelStep]:
    """Fetch these one after another; `done` is the last step if all are here then."""
    store, jobs = services.segmenter.store, services.jobs["fetch"]
    job = jobs.begin(session, tab)
    meter = _FetchMeter({spec.id: store.plan(spec).expected_bytes for spec in specs})

    def work(report: Report) -> list[str]:
        failures = []
        for spec in specs:
            meter.begin(spec.id)
            report(spec.id)
            try:
                store.fetch(spec, progress=meter, cancelled=job.stopped.is_set)
            except InstSegError as error:
                failures.append(told(error))
            if job.stopped.is_set():
                break
        return failures

    try:
        for step in follow(work, job):
            if not isinstance(step, Done):
                yield ModelStep(meter.html())
            elif step.value:
                yield ModelStep(markup(map(failure, step.value)), True)
            else:
                yield done
    except InstSegError as error:
        yield ModelStep(failure(told(error)), True)
    finally:
        job.stopped.set()
        jobs.end(session, job)


class _FetchMeter:
    """Counts the bytes of all models together; the store reports them model by model."""

    def __init__(self, expected: dict[str, int]) -> None:
        self._expected = dict(expected)
        self._received = dict.fromkeys(expected, 0)
        self._model = next(iter(expected), "")
        self._lock = threading.Lock()

    def begin(self, model: str) -> None:
        """From now on bytes belong to this model."""
        with self._lock:
            self._model = model

    @property
    def total(self) -> int:
        """Bytes that this model's archive has; as the store sets it."""
        return self._expected[self._model]

    @total.setter
    def total(self, value: int) -> None:
        with self._lock:
            self._expected[self._model] = value

    def update(self, n: int) -> None:
        """That many bytes more have come."""
        with self._lock:
            self._received[self._model] += n

    def html(self) -> Markup:
        """One bar for all of them."""
        with self._lock:
            model, received = self._model, sum(self._received.values())
            total, names = sum(self._expected.values()), list(self._expected)
        if not received or not total:
            return progress(f"Fetching {model}: asking for it")
        place = f", {names.index(model) + 1} of {len(names)}" if len(names) > 1 else ""
        sentence = (
            f"Fetching {model}{place}: {megabytes(received / 1e6)} of {megabytes(total / 1e6)}"
        )
        return progress(sentence, min(1.0, received / total))
