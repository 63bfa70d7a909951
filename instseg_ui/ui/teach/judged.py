"""From Judge to the panel: the answers become Evaluate's data set, and the panel opens on it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.ui.evaluate import run as evaluate_run
from instseg_ui.ui.evaluate.run import EvaluationView
from instseg_ui.ui.evaluate.tab import EvaluateParts
from instseg_ui.ui.judge.desk import JudgeDesks, as_data_set
from instseg_ui.ui.shared.events import OWN, said, session_of
from instseg_ui.ui.teach.layout import TeachPanel

_TO_PANEL = "() => document.getElementById('teach')?.scrollIntoView({ block: 'start' })"


def connect_judged(
    judged: JudgeDesks,
    button: gr.Button,
    evaluation: EvaluateParts,
    panel: TeachPanel,
    tabs: gr.Tabs,
) -> None:
    """Connect Judge's button."""

    def take_answers(request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        folder = Path(panel.file.GRADIO_CACHE) / "judged" / secrets.token_hex(20)
        with said():
            file, photos = as_data_set(judged.of(session), folder)
        yield {tabs: gr.Tabs(selected="evaluate"), panel.fold: gr.update(open=True)}
        views = _opened(evaluation, file, photos, session)
        for view in evaluation.jobs.share(session, views, evaluate_run.merged):
            yield evaluation.shown(view, session)

    button.click(
        take_answers,
        None,
        [*evaluation.outputs, panel.fold, tabs],
        concurrency_id="evaluate-short",
        concurrency_limit=2,
        **OWN,
    ).then(None, None, None, js=_TO_PANEL, queue=False, **OWN)


def _opened(
    evaluation: EvaluateParts, file: Path, photos: Sequence[Path], session: str
) -> Iterator[EvaluationView]:
    """Open the answers; the data set has files of its own then, and these go."""
    try:
        yield from evaluate_run.open_upload(
            evaluation.desks, evaluation.jobs, [str(file)], session, [str(one) for one in photos]
        )
    finally:
        shutil.rmtree(file.parent, ignore_errors=True)
