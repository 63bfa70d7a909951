"""High-performance mode in the catalog: what is known of a model, and finding it out anew."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from instseg_ui.errors import Cancelled, InstSegError
from instseg_ui.hpi import Record
from instseg_ui.hpi.environment import current
from instseg_ui.hpi.record import REFERENCE
from instseg_ui.numbers import milliseconds, seconds, times
from instseg_ui.settings import Settings
from instseg_ui.ui.segment.facts import folded, progress_html
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.fetch import Step
from instseg_ui.ui.shared.jobs import Done, Report, Stage, follow
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
        return "—"
    gain = record.speedup(best, environment)
    return best if gain is None or best == REFERENCE else f"{times(gain)} {best}"


def section_html(settings: Settings, record: Record | None) -> str:
    """The part of a model's card on high-performance mode."""
    environment = current(settings)
    best = _best(record, environment)
    if record is None or best is None:
        words = _NOT_PREPARED if record is None else _NOT_TIMED
        return _section(f"<p>{words}</p>")
    check = record.checks.get(best)
    proof = check.sentence if check else high_performance.NO_FASTER
    return _section(
        f"<p><b>{escape(best)}</b> · {escape(proof)}</p>"
        f'<dl class="facts-rows">{_rows(record, environment)}</dl>{folded(_reasons(record))}'
        f'<p class="cmp-note">Median times on {escape(record.image)}. '
        f"Verified {escape(record.created[:10])}.</p>"
    )


def verify(services: Services, model: str, session: str) -> Iterator[Step]:
    """Prepare `model` anew, and yield what to show until it is done, or why it is not.

    Stopped, it ends with nothing to show; what was known of the model before still holds.
    """
    spec = services.spec(model)
    job = services.verifications.begin(session)

    def work(report: Report) -> Record:
        return services.segmenter.verify(spec.id, on_stage=report, cancelled=job.stopped.is_set)

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                words = _outcome(services.settings, spec.id, step.value)
                yield Step(f"<p>{escape(words)}</p>", True, spec.id)
            else:
                yield Step(progress_html(_sentence(spec.id, step)))
    except Cancelled:
        if not job.replaced:
            yield Step("", True)
    except InstSegError as error:
        yield Step(f'<p class="failure">{escape(str(error))}</p>', True)
    finally:
        job.stopped.set()
        services.verifications.end(session, job)


def _sentence(model: str, stage: Stage) -> str:
    words = high_performance.preparing(stage.name) or "waiting for its turn"
    sentence = f"Verifying {model}: {words}"
    return f"{sentence} · {seconds(stage.elapsed)}" if stage.elapsed >= 1 else sentence


def _outcome(settings: Settings, model: str, record: Record) -> str:
    environment = current(settings)
    best = _best(record, environment)
    gain = record.speedup(best, environment) if best else None
    if best is None or gain is None or best == REFERENCE:
        return f"{model} is verified: Paddle runs it, {high_performance.NO_FASTER}."
    return f"{model} is verified: {best} runs it at {times(gain)} Paddle's speed."


def _best(record: Record | None, environment: str) -> str | None:
    """The engine that high-performance mode takes; None if it is not timed here."""
    order = record.order(environment) if record else ()
    return order[0] if order else None


def _rows(record: Record, environment: str) -> str:
    """Every engine that may stand in for Paddle with its time here, the fastest first."""
    html = ""
    for name in record.order(environment):
        gain = record.speedup(name, environment)
        faster = f", {times(gain)}" if gain is not None and name != REFERENCE else ""
        time = milliseconds(record.timings[environment][name].ms)
        html += f"<dt>{escape(name)}</dt><dd>{time}{faster}</dd>"
    return html


def _reasons(record: Record) -> list[str]:
    """Why other ways and engines are not among them."""
    failed = [check for check in record.checks.values() if not check.passed]
    return [*record.reasons, *(f"{check.engine} is {check.sentence}" for check in failed)]


def _section(html: str) -> str:
    return f'<section class="card-fast"><h4>High performance, here</h4>{html}</section>'
