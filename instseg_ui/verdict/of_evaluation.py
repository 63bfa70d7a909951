"""The models of an evaluation as candidates: mask AP with its doubt, and what they cost here."""

from __future__ import annotations

from instseg_ui.evaluate.results import Evaluation, ModelResult
from instseg_ui.verdict.accuracy import Accuracy
from instseg_ui.verdict.candidate import Candidate


def candidates_of(evaluation: Evaluation) -> list[Candidate]:
    """One a model, those that failed too, in the order they were asked for.

    The first call draws the pictures anew for all models, see `Evaluation.resampled`.
    """
    found = [_candidate(evaluation, one) for one in evaluation.results]
    found += [Candidate(name, failure=why) for name, why in evaluation.failures.items()]
    return found


def _candidate(evaluation: Evaluation, result: ModelResult) -> Candidate:
    latency = evaluation.latencies.get(result.model)
    return Candidate(
        result.model,
        accuracy_of(evaluation, result),
        latency,
        latency.size_mb if latency else None,
        latency.memory_mb if latency else None,
        len(result.detections()) if "mask" in evaluation.kinds else None,
    )


def accuracy_of(evaluation: Evaluation, result: ModelResult) -> Accuracy | None:
    """Mask AP on the pictures of the evaluation; None where no object counts."""
    samples = evaluation.resampled.get(result.model)
    value = None if samples is None else result.summary().ap
    if samples is None or value is None:
        return None
    return Accuracy.measured(value, samples, evaluation.dataset.name, int(evaluation.images.sum()))
