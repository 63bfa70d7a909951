"""The row of a tab's main action: the button that runs it, the one that stops it, how far it is."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from instseg_ui.ui.shared.events import OWN

# What stands beside is folded away without the server; its button says whether it is open.
_UNFOLD = """() => {
  const open = document.getElementById("%s").classList.toggle("open");
  document.activeElement?.setAttribute("aria-expanded", String(open));
}"""


# The results move up when the work is done; its settings are one click away. After an error they
# are what is to be mended.
_FOLD = """() => {
  if (document.querySelector("#%s [role=alert]")) return;
  document.getElementById("%s").classList.remove("open");
  document.getElementById("%s")?.setAttribute("aria-expanded", "false");
}"""


@dataclass(frozen=True)
class RunActions:
    """The main action and its progress."""

    go: gr.Button
    stop: gr.Button
    progress: gr.HTML


def actions_layout(label: str, hint: str, prefix: str, setup: str) -> RunActions:
    """The row, with `hint` where the progress will stand; ids begin with `prefix`.

    `setup` names the button that unfolds what a `setup_fold` of the same prefix holds.
    """
    with gr.Row(elem_classes="actions", equal_height=True):
        go = gr.Button(label, variant="primary", elem_id=f"{prefix}-go")
        stop = gr.Button("Stop", visible=False, elem_id=f"{prefix}-stop")
        progress = gr.HTML(hint, elem_id=f"{prefix}-progress")
        change = gr.Button(setup, size="sm", elem_id=f"{prefix}-change", elem_classes="unfold")
        change.click(None, None, None, js=_UNFOLD % f"{prefix}-setup", queue=False, **OWN)
    return RunActions(go, stop, progress)


def fold_script(prefix: str) -> str:
    """JavaScript that folds the tab's settings away, unless there is an error."""
    return _FOLD % (f"{prefix}-progress", f"{prefix}-setup", f"{prefix}-change")


def setup_fold(prefix: str) -> gr.Column:
    """Where a tab's settings stand, folded away until their button is pressed."""
    return gr.Column(elem_id=f"{prefix}-setup", elem_classes="setup-fold")
