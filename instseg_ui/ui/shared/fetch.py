"""Fetching a model that is not on this machine: the offer, the progress, the outcome."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from instseg_ui.errors import InstSegError
from instseg_ui.numbers import megabytes
from instseg_ui.ui.segment.facts import progress_html
from instseg_ui.ui.shared.jobs import Done, Report, follow
from instseg_ui.ui.shared.services import Services


@dataclass(frozen=True, slots=True)
class Offer:
    """What fetching a model would take: the sentence as HTML, the button's words."""

    html: str
    button: str
    possible: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What to show while fetching; `model` is set once it is there."""

    html: str
    finished: bool = False
    model: str | None = None


def offer(services: Services, model: str | None) -> Offer | None:
    """What it takes to have `model` here; None if it can run now."""
    spec = services.spec(model)
    status = services.segmenter.store.status(spec)
    if status.usable:
        return None
    plan = services.segmenter.store.plan(spec)
    size = megabytes(plan.expected_bytes / 1e6)
    if plan.action == "fetch":
        text = (
            f"<b>{escape(spec.id)}</b> is not on this machine yet. Fetching it from "
            f"{escape(plan.offer.place)} takes {size}; {megabytes(plan.free_bytes / 1e6)} of disk "
            "are free."
        )
        return Offer(f"<p>{text}</p>", f"Fetch {size}", True)
    return Offer(f"<p>{escape(plan.reason)}</p>", "Fetch", False)


def fetch(services: Services, model: str, session: str, tab: str = "") -> Iterator[Step]:
    """Fetch `model` and yield what to show until it is there, or why it is not.

    `tab` begins it; the others do not stop it.
    """
    spec = services.spec(model)
    job = services.fetches.begin(session, tab)
    meter = _Bytes()

    def work(report: Report) -> None:
        report("fetching")
        services.segmenter.store.fetch(spec, progress=meter, cancelled=job.stopped.is_set)

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                yield Step(progress_html(f"{spec.id} is here.", 1.0), True, spec.id)
            else:
                yield Step(meter.html(spec.id))
    except InstSegError as error:
        yield Step(f'<p class="failure">{escape(str(error))}</p>', True)
    finally:
        job.stopped.set()
        services.fetches.end(session, job)


class _Bytes:
    """Counts what has come, for the store; read by the page's thread."""

    def __init__(self) -> None:
        self.total = 0
        self._come = 0
        self._lock = threading.Lock()

    def update(self, n: int) -> None:
        with self._lock:
            self._come += n

    def html(self, model: str) -> str:
        with self._lock:
            come, total = self._come, self.total
        if not total:
            return progress_html(f"Fetching {model}: asking for it")
        share = min(1.0, come / total)
        sentence = f"Fetching {model}: {megabytes(come / 1e6)} of {megabytes(total / 1e6)}"
        return progress_html(sentence, share)
