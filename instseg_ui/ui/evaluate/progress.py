"""How far an evaluation is and how it ended, in words, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from instseg_ui.evaluate import Evaluation, EvaluationProgress
from instseg_ui.numbers import plural, seconds
from instseg_ui.ui.segment.facts import progress_html

HINT = (
    '<p class="summary">Add a data set, pick models, then evaluate. A run that was stopped goes on '
    "where it was.</p>"
)
WAITING = progress_html("Waiting for its turn")
_STAGES = {
    "loading": "loading",
    "warming up": "warming up",
    "running": "running",
    "checking": "checking that the images are the same as before",
    "scoring": "counting",
}


def progress_of(progress: EvaluationProgress, models: Sequence[str]) -> str:
    """Model, stage, images, time left; the bar is that of all models together."""
    parts = [f"{progress.model}: {_STAGES.get(progress.stage, progress.stage)}"]
    share = None
    if progress.total:
        parts.append(f"{progress.done:,} of {plural(progress.total, 'image')}")
        share = progress.done / progress.total
    left = progress.seconds_left or 0.0
    if left >= 1 and progress.stage == "running":
        parts.append(f"about {_left(left)} left")
    if len(models) > 1 and progress.model in models and progress.stage != "scoring":
        place = models.index(progress.model)
        parts.append(f"model {place + 1} of {len(models)}")
        share = None if share is None else (place + share) / len(models)
    return progress_html(" · ".join(parts), share)


def _left(value: float) -> str:
    return seconds(value) if value < 120 else f"{value / 60:.0f} min"


def ended(found: Evaluation, *, stopped: bool) -> str:
    """How many models and images were evaluated, and what became of the others."""
    count, total = int(found.images.sum()), len(found.dataset.images)
    parts = [f"{plural(len(found.results), 'model')} on {count:,} of {plural(total, 'image')}"]
    if found.failures:
        parts.append(f"{len(found.failures)} failed: the reason is below")
    if stopped:
        parts.append("stopped; what was predicted is kept: evaluate again to go on")
    return sentence_of(" · ".join(parts))


def sentence_of(sentence: str) -> str:
    """A sentence that is read out where it changes."""
    return f'<p class="summary" role="status">{escape(sentence)}</p>'
