"""Fetching several models in one go: what it takes together, and one bar for all bytes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from html import escape

from instseg_ui.catalog import ModelSpec
from instseg_ui.errors import InstSegError
from instseg_ui.numbers import megabytes
from instseg_ui.ui.segment.facts import progress_html
from instseg_ui.ui.shared.fetch import Offer, Step
from instseg_ui.ui.shared.jobs import Done, Report, follow
from instseg_ui.ui.shared.services import Services


def missing(services: Services, models: Sequence[str]) -> list[ModelSpec]:
    """Those of the models that cannot run now."""
    specs = [services.segmenter.catalog.get(name) for name in models]
    return [spec for spec in specs if not services.segmenter.store.status(spec).usable]


def offer(services: Services, models: Sequence[str]) -> Offer | None:
    """What it takes to have all of `models` here; None if they can run now."""
    absent = missing(services, models)
    if not absent:
        return None
    plans = {spec.id: services.segmenter.store.plan(spec) for spec in absent}
    wanted = [name for name, plan in plans.items() if plan.action == "fetch"]
    refused = [plan.reason for plan in plans.values() if plan.action == "refuse"]
    size = sum(plans[name].expected_bytes for name in wanted)
    sentences = []
    if wanted:
        first = plans[wanted[0]]
        sentences.append(
            f"<b>{len(wanted)} of {len(models)} picked</b> "
            f"{'is' if len(wanted) == 1 else 'are'} not on this machine: "
            f"{escape(', '.join(wanted))}. Fetching takes {megabytes(size / 1e6)} from "
            f"{escape(first.offer.place)}; {megabytes(first.free_bytes / 1e6)} of disk are free."
        )
    sentences += [escape(reason) for reason in refused[:3]]
    html = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    return Offer(html, f"Fetch {megabytes(size / 1e6)} and compare", bool(wanted))


def fetch(services: Services, models: Sequence[str], session: str, tab: str = "") -> Iterator[Step]:
    """Fetch what is missing of `models`, one after another, and yield what to show.

    `tab` begins it; the others do not stop it.

    One that cannot be fetched is said in the last step and the others are fetched all the same.
    """
    absent = missing(services, models)
    plans = {spec.id: services.segmenter.store.plan(spec) for spec in absent}
    job = services.fetches.begin(session, tab)
    meter = _Meter({name: plan.expected_bytes for name, plan in plans.items()})

    def work(report: Report) -> list[str]:
        failures = []
        for spec in absent:
            report(spec.id)
            meter.begin(spec.id)
            try:
                services.segmenter.store.fetch(spec, progress=meter, cancelled=job.stopped.is_set)
            except InstSegError as error:
                failures.append(str(error))
            if job.stopped.is_set():
                break
        return failures

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                yield _outcome(step.value)
            else:
                yield Step(meter.html())
    except InstSegError as error:
        yield Step(f'<p class="failure">{escape(str(error))}</p>', True)
    finally:
        job.stopped.set()
        services.fetches.end(session, job)


def _outcome(failures: Sequence[str]) -> Step:
    if not failures:
        return Step(progress_html("All picked models are here.", 1.0), True, "all")
    sentences = "".join(f'<p class="failure">{escape(sentence)}</p>' for sentence in failures)
    return Step(sentences, True)


class _Meter:
    """Counts the bytes of all models together; the store tells them model by model."""

    def __init__(self, expected: dict[str, int]) -> None:
        self._expected = dict(expected)
        self._come = dict.fromkeys(expected, 0)
        self._model = ""
        self._lock = threading.Lock()

    def begin(self, model: str) -> None:
        """What comes now belongs to this model."""
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
            self._come[self._model] += n

    def html(self) -> str:
        """The bar of all of them."""
        with self._lock:
            model, come = self._model, sum(self._come.values())
            total, place = sum(self._expected.values()), list(self._come).index(model) + 1
        if not total:
            return progress_html(f"Fetching {model}: asking for it")
        sentence = (
            f"Fetching {model}, {place} of {len(self._come)}: "
            f"{megabytes(come / 1e6)} of {megabytes(total / 1e6)}"
        )
        return progress_html(sentence, min(1.0, come / total))
