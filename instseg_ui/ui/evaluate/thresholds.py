"""A model's threshold of the best F1 put in use: in Segment, in Compare and in the code."""

from __future__ import annotations

from typing import Any

import gradio as gr

from instseg_ui.errors import InputError
from instseg_ui.evaluate import Evaluation
from instseg_ui.settings import Settings
from instseg_ui.show.evaluation_tables import threshold_in_use
from instseg_ui.ui.evaluate.desk import Desks
from instseg_ui.ui.evaluate.pictures import pressed
from instseg_ui.ui.evaluate.results import EvaluationResults
from instseg_ui.ui.shared.events import OWN, said, session_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.panel import Workbench


def connect_thresholds(
    services: Services, bench: Workbench, desks: Desks, results: EvaluationResults
) -> None:
    """Connect the buttons beside the thresholds."""

    def use(now: dict[str, float], request: gr.Request, event: gr.EventData) -> list[Any]:
        model = pressed(event).get("model")
        with said():
            found = desks.of(session_of(request)).evaluation
            least = threshold_of(found, model, services.settings)
        gr.Info(f"{model} from {least:.2f}: in Segment, in Compare and in the code.", duration=6)
        return [{**now, model: least}, model]

    # Queued: only then does the page hear that a state has changed.
    results.decision.sheet.use(
        use,
        bench.thresholds,
        [bench.thresholds, bench.model],
        concurrency_limit=None,
        trigger_mode="multiple",
        **OWN,
    )


def threshold_of(found: Evaluation | None, model: str | None, settings: Settings) -> float:
    """The threshold of the model's best F1 in that evaluation, not below the floor of all runs.

    Raises:
        InputError: the evaluation has no such model.
    """
    result = next((one for one in found.results if one.model == model), None) if found else None
    if result is None:
        raise InputError("That model was not evaluated. Evaluate it first.")
    return max(settings.floor, threshold_in_use(result))
