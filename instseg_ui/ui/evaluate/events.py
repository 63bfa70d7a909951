"""What the handlers of the Evaluate tab share."""

from __future__ import annotations

from typing import Any

import gradio as gr

from instseg_ui.evaluate import Evaluation, ModelResult
from instseg_ui.show.html import alert
from instseg_ui.ui.evaluate.run import HINT, EvaluationView
from instseg_ui.ui.shared.actions import RunActions

LATEST: dict[str, Any] = {
    "trigger_mode": "always_last",
    "concurrency_id": "evaluate-figures",
    "concurrency_limit": 4,
}
RUNNING: dict[str, Any] = {
    "trigger_mode": "multiple",
    "concurrency_id": "evaluate",
    "concurrency_limit": 2,
}
# Apart from runs: whoever evaluates for hours keeps nobody from opening a data set.
SHORT: dict[str, Any] = RUNNING | {"concurrency_id": "evaluate-short"}


def result_of(evaluation: Evaluation | None, model: str | None) -> ModelResult | None:
    """The model's result, or the first one."""
    if evaluation is None:
        return None
    found = (one for one in evaluation.results if one.model == model)
    return next(found, next(iter(evaluation.results), None))


def category_of(evaluation: Evaluation | None, choice: object) -> int | None:
    """The place of the chosen category; None for all of them."""
    count = len(evaluation.dataset.categories) if evaluation else 0
    return choice if isinstance(choice, int) and 0 <= choice < count else None


def progress_of(view: EvaluationView, actions: RunActions) -> dict[Any, Any]:
    """How far it is, or why it failed, and whether it can be stopped."""
    failed = alert(view.failure) if view.failure else HINT
    return {
        actions.progress: view.progress or failed,
        actions.stop: gr.update(visible=view.busy),
    }
