"""The line over results that ship: that they are an example, and how to clear it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
import htpy as h

from instseg_ui.show.html import markup

EXAMPLES: dict[str, Any] = {"concurrency_id": "examples", "concurrency_limit": 4}
"""How events that show or clear an example are queued: only then does the page hear of a state."""


@dataclass(frozen=True)
class ExampleNotice:
    """The line; `cleared` is whether the visitor has put the example away."""

    row: gr.Row
    words: gr.HTML
    clear: gr.Button
    cleared: gr.State
    tab: gr.Tab

    @property
    def outputs(self) -> list[Any]:
        """What `shown` is for."""
        return [self.row, self.words]


def notice_layout(prefix: str) -> ExampleNotice:
    """The line, hidden at first, in the tab that is laid out now; ids begin with `prefix`."""
    with gr.Row(visible=False, elem_id=f"{prefix}-example", elem_classes="example-notice") as row:
        words = gr.HTML(min_width=200)
        clear = gr.Button(
            "Clear the example", size="sm", min_width=150, scale=0, elem_id=f"{prefix}-unexample"
        )
    return ExampleNotice(row, words, clear, gr.State(False), _tab())


def shown(sentence: str | None) -> list[Any]:
    """The line with that sentence; hidden without one."""
    if sentence is None:
        return [gr.update(visible=False), ""]
    return [gr.update(visible=True), markup(h.p[h.b["Example"], f": {sentence}"])]


def _tab() -> gr.Tab:
    """The tab that is laid out now."""
    block = gr.context.Context.block
    while block is not None and not isinstance(block, gr.Tab):
        block = block.parent
    assert isinstance(block, gr.Tab), "lay the line out inside a tab"
    return block
