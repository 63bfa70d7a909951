"""The panel that teaches a model: what is asked for, how far it is, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import htpy as h
from markupsafe import Markup

from instseg_ui.show.html import markup, nothing, summary
from instseg_ui.show.training_view import STYLE
from instseg_ui.ui.shared.choice import Choice
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.teach import run as teach_run
from instseg_ui.ui.teach.run import MOST_MINUTES

_SHEETS = (Path(__file__).parent / "teach.css", STYLE)
_STYLE = Markup("".join(sheet.read_text(encoding="utf-8") for sheet in _SHEETS))
TITLE = "Teach a model on these pictures"
HINT = summary(
    "It learns on this machine alone. A quarter of the pictures is held out to measure by."
)
NO_DATA = nothing("There is no data set yet: add one above under “Data set and settings”.")


@dataclass(frozen=True)
class TeachPanel:
    """The panel's components; `data` says what is taught on."""

    fold: gr.Accordion
    data: gr.HTML
    start: gr.Dropdown
    name: gr.Textbox
    minutes: gr.Slider
    licence: gr.Textbox
    keep: gr.Checkbox
    go: gr.Button
    stop: gr.Button
    on: gr.Button
    progress: gr.HTML
    charts: gr.HTML
    pictures: gr.HTML
    outcome: gr.HTML
    use: gr.Button
    zip: gr.Button
    file: gr.DownloadButton

    @property
    def fields(self) -> list[Any]:
        """In the order of `TeachForm`."""
        return [self.start, self.name, self.minutes, self.licence, self.keep]


def teach_layout(services: Services) -> TeachPanel:
    """Lay it out, folded."""
    with gr.Accordion(TITLE, open=False, elem_id="teach") as fold:
        gr.HTML(markup(h.style[_STYLE]), elem_id="teach-style")
        data = gr.HTML(NO_DATA, elem_id="teach-data")
        fields = _fields_layout(services)
        with gr.Row(elem_classes="actions", equal_height=True):
            go = gr.Button("Teach", variant="primary", elem_id="teach-go")
            stop = gr.Button("Stop, keep the best so far", visible=False, elem_id="teach-stop")
            on = gr.Button("Go on", visible=False, elem_id="teach-on")
            progress = gr.HTML(HINT, elem_id="teach-progress")
        outcome = gr.HTML("", elem_id="teach-outcome")
        with gr.Row(elem_id="teach-take"):
            use = gr.Button("Use it", visible=False, elem_id="teach-use")
            packed = gr.Button("Download the model (zip)", visible=False, elem_id="teach-zip")
        charts = gr.HTML("", elem_id="teach-charts")
        pictures = gr.HTML("", elem_id="teach-pictures")
        file = gr.DownloadButton(visible="hidden", elem_id="teach-file")
    return TeachPanel(
        fold=fold,
        data=data,
        go=go,
        stop=stop,
        on=on,
        progress=progress,
        charts=charts,
        pictures=pictures,
        outcome=outcome,
        use=use,
        zip=packed,
        file=file,
        **fields,
    )


def _fields_layout(services: Services) -> dict[str, Any]:
    names = teach_run.startable(services)
    with gr.Row(elem_id="teach-fields", equal_height=False):
        start = Choice(
            names,
            value=next(iter(names), None),
            label="Start from",
            min_width=150,
            elem_id="teach-start",
        )
        name = gr.Textbox(
            label="Name of the new model",
            placeholder=teach_run.DEFAULT_NAME,
            max_lines=1,
            min_width=170,
            elem_id="teach-name",
        )
        minutes = gr.Slider(
            1,
            MOST_MINUTES,
            value=MOST_MINUTES,
            step=1,
            label="Minutes",
            buttons=[],
            min_width=190,
            elem_id="teach-minutes",
        )
        licence = gr.Textbox(
            label="Its licence, for its card",
            placeholder="not stated",
            max_lines=1,
            min_width=170,
            elem_id="teach-licence",
        )
    keep = gr.Checkbox(
        True,
        label="Keep the classes that it knows already",
        container=False,
        elem_id="teach-keep",
    )
    return {"start": start, "name": name, "minutes": minutes, "licence": licence, "keep": keep}
