"""What the page says about what it keeps of a visitor, and the button that forgets it."""

from __future__ import annotations

import gradio as gr

from instseg_ui.numbers import plural
from instseg_ui.show.html import summary
from instseg_ui.ui.shared.events import OWN, session_of
from instseg_ui.ui.shared.services import Services

_RELOAD = "() => window.location.reload()"


def keep_notice(services: Services) -> None:
    """The sentence and the button."""
    with gr.Row(elem_id="keeping", equal_height=True):
        gr.HTML(summary(sentence(services.settings.keep_visits)))
        button = gr.Button("Forget", size="sm", min_width=60, elem_id="forget")

    def forget(request: gr.Request) -> None:
        services.visits.forget(session_of(request))

    button.click(forget, None, None, queue=False, **OWN).then(
        None, None, None, js=_RELOAD, queue=False, **OWN
    )


def sentence(hours: float) -> str:
    """For how long the visitor's photos and results are kept, and for whom."""
    if hours < 1:
        minutes = round(hours * 60)
        kept = f"kept {plural(minutes, 'minute')}" if minutes else "forgotten"
    else:
        kept = f"kept {plural(round(hours), 'hour')}"
    return f"Yours alone; {kept} after you leave."
