"""The row of a tab's main action: the button that runs it, the one that stops it, how far it is."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True)
class RunActions:
    """The main action and its progress."""

    go: gr.Button
    stop: gr.Button
    progress: gr.HTML


def actions_layout(label: str, hint: str, prefix: str) -> RunActions:
    """The row, with `hint` where the progress will stand; ids begin with `prefix`."""
    with gr.Row(elem_classes="actions", equal_height=True):
        go = gr.Button(label, variant="primary", elem_id=f"{prefix}-go")
        stop = gr.Button("Stop", visible=False, elem_id=f"{prefix}-stop")
        progress = gr.HTML(hint, elem_id=f"{prefix}-progress")
    return RunActions(go, stop, progress)
