"""Which models a tab works on: shortcuts by family above one tick box a model."""

from __future__ import annotations

import gradio as gr

from instseg_ui.ui.shared import picks as model_picks
from instseg_ui.ui.shared.services import Services


def picks_layout(
    services: Services, label: str, elem_id: str
) -> tuple[dict[str, gr.Button], gr.CheckboxGroup]:
    """The shortcuts by name, and the boxes with the default model ticked."""
    with gr.Row(elem_classes="cmp-shortcuts"):
        shortcuts = {
            name: gr.Button(name, size="sm", min_width=60)
            for name in model_picks.shortcuts(services)
        }
    picks = gr.CheckboxGroup(
        choices=model_picks.choices(services),
        value=[services.settings.default_model],
        label=label,
        elem_id=elem_id,
    )
    return shortcuts, picks
