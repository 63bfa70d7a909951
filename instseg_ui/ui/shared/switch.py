"""The switch of high-performance mode: one a tab, and all of them stand alike."""

from __future__ import annotations

import gradio as gr

from instseg_ui.settings import Settings
from instseg_ui.ui.shared import high_performance


def switch(settings: Settings, elem_id: str, *, info: bool = False) -> gr.Checkbox:
    """The switch as the setting has it; `info` says beside it what it does."""
    return gr.Checkbox(
        value=high_performance.starts_on(settings),
        label=high_performance.LABEL,
        info=high_performance.INFO if info else None,
        container=False,
        min_width=60,
        elem_id=elem_id,
        elem_classes="fast",
    )


def stand_alike(one: gr.Checkbox, other: gr.Checkbox) -> None:
    """What a visitor sets in one shows in the other."""
    for source, target in ((one, other), (other, one)):
        source.input(
            lambda on: on,
            source,
            target,
            queue=False,
            api_visibility="private",
            show_progress="hidden",
        )
