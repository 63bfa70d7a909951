"""The Evaluate tab's components above its results, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from instseg_ui.images.endings import UPLOAD_TYPES
from instseg_ui.ui.evaluate import figures
from instseg_ui.ui.shared.choice import Choice
from instseg_ui.ui.shared.photo import FilesInput


@dataclass(frozen=True)
class EvaluationSetup:
    """What is evaluated on what; `opened` changes when another data set is there."""

    opened: gr.State
    uploads: FilesInput
    ticked: gr.State
    limit: gr.Number
    boundary: gr.Checkbox
    restart: gr.Checkbox

    @property
    def fields(self) -> list[Any]:
        """In the order of `EvaluationForm`, after its models."""
        return [self.limit, self.boundary, self.restart]


@dataclass(frozen=True)
class MappingControls:
    """What is wrong with the data set, and which class stands for which category.

    `changed` changes when a mapping was changed by hand.
    """

    changed: gr.State
    findings: gr.HTML
    panel: gr.Accordion
    model: gr.Dropdown
    category: gr.Dropdown
    labels: gr.Dropdown
    put: gr.Button
    reset: gr.Button
    table: gr.HTML


def setup_layout(ticked: gr.State) -> EvaluationSetup:
    """The data set, and how it is evaluated; `ticked` are the models of the workbench."""
    opened = gr.State(0)
    with gr.Row(equal_height=False):
        uploads = FilesInput(
            label="Data set: a zip, or a JSON for the photos of the tray",
            file_count="multiple",
            file_types=[".zip", ".json", *UPLOAD_TYPES],
            height=150,
            elem_id="eval-uploads",
            elem_classes="file-place",
        )
        with gr.Column(min_width=320):
            more = _more_layout()
    return EvaluationSetup(opened=opened, uploads=uploads, ticked=ticked, **more)


def _more_layout() -> dict[str, Any]:
    # Bounds are checked when it runs: a field's own would raise a sentence of its own.
    limit = gr.Number(
        value=None,
        precision=0,
        label="Only the first images (empty: all)",
        min_width=180,
        elem_id="eval-limit",
    )
    boundary = gr.Checkbox(
        True, label="Boundary IoU too (takes the most time of the counting)", container=False
    )
    restart = gr.Checkbox(
        False,
        label="Run all images again, whatever was predicted before",
        container=False,
        elem_id="eval-restart",
    )
    return {"limit": limit, "boundary": boundary, "restart": restart}


def mapping_layout() -> MappingControls:
    """Findings, which are put elsewhere, and the mapping to look at and to change."""
    changed = gr.State(0)
    findings = gr.HTML(figures.NO_DATA, elem_id="eval-findings", render=False)
    with gr.Accordion(
        "Which class stands for which category", open=False, visible=False, elem_id="eval-mapping"
    ) as panel:
        with gr.Row(elem_classes="eval-numbers"):
            model = Choice([], label="Model", min_width=150, elem_id="eval-map-model")
            category = Choice([], label="Category", min_width=150, elem_id="eval-map-category")
            labels = Choice(
                [],
                label="Model's classes that stand for it",
                multiselect=True,
                scale=2,
                min_width=200,
                elem_id="eval-map-labels",
            )
            put = gr.Button("Set", size="sm", min_width=70, elem_id="eval-map-set")
            reset = gr.Button("Back to names", size="sm", min_width=110, elem_id="eval-map-reset")
        table = gr.HTML(figures.NO_MAPPING, elem_id="eval-map-table")
    return MappingControls(changed, findings, panel, model, category, labels, put, reset, table)
