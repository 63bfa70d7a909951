"""The components of what an evaluation found, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import htpy as h

from instseg_ui.show.evaluation_charts import IOUS
from instseg_ui.show.html import markup
from instseg_ui.ui.evaluate import cases as case_views
from instseg_ui.ui.evaluate import figures as evaluate_figures
from instseg_ui.ui.evaluate.sheet_view import CHART, SheetView
from instseg_ui.ui.shared.choice import Choice
from instseg_ui.ui.viewer import Viewer

ALL = -1
"""The choice of all classes."""
_CASES = (Path(__file__).parent / "on_load_cases.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class CaseControls:
    """From a number to its pictures; `place` is the case in the viewer."""

    place: gr.State
    kind: gr.Dropdown
    category: gr.Dropdown
    score: gr.Number
    gallery: gr.HTML
    before: gr.Button
    after: gr.Button
    caption: gr.HTML
    show: gr.Radio
    viewer: Viewer


@dataclass(frozen=True)
class DecisionParts:
    """Which model to ship, within limits; empty or hidden before there are figures."""

    verdict: gr.HTML
    most_ms: gr.Slider
    most_mb: gr.Slider
    sheet: SheetView
    chart: gr.Plot
    notes: gr.HTML


@dataclass(frozen=True)
class EvaluationResults:
    """What was found, as it is looked at; `scored` changes when there is something new."""

    scored: gr.State
    tabs: gr.Tabs
    model: gr.Dropdown
    kind: gr.Radio
    decision: DecisionParts
    figures: gr.HTML
    iou: gr.Radio
    category: gr.Dropdown
    curve: gr.Plot
    f1: gr.Plot
    calibration: gr.Plot
    calibrated: gr.HTML
    costs: gr.Plot
    errors: gr.HTML
    classes: gr.HTML
    confused: gr.Plot
    pairs: gr.HTML
    cases: CaseControls
    context: gr.HTML
    html: gr.Button
    json: gr.Button
    taken: gr.Dropdown
    predictions: gr.Button
    file: gr.DownloadButton


def results_layout(findings: gr.HTML) -> EvaluationResults:
    """What was found, in tabs of its own, below the `findings` of the data set."""
    scored = gr.State(0)
    with gr.Row(elem_id="eval-head", equal_height=True):
        findings.render()
        model = Choice(
            [],
            label="Model in Classes and Pictures",
            show_label=False,
            container=False,
            visible=False,
            min_width=200,
            scale=0,
            elem_id="eval-model",
        )
        kind = gr.Radio(
            list(evaluate_figures.KINDS),
            value="Masks",
            show_label=False,
            container=False,
            scale=0,
            min_width=290,
            elem_id="eval-kind",
        )
    with gr.Tabs(elem_id="eval-results", overflow_behavior="wrap") as tabs:
        with gr.Tab("Figures", id="figures"), gr.Column(elem_id="eval-figures"):
            decision = _decision_layout()
            figures = gr.HTML(evaluate_figures.NO_RUN, elem_id="eval-tables")
        with gr.Tab("Curves", id="curves"):
            curves = _curves_layout()
        with gr.Tab("Errors", id="errors"):
            costs = gr.Plot(elem_id="eval-costs", show_label=False, elem_classes="eval-chart")
            errors = _counts("eval-errors")
        with gr.Tab("Classes", id="classes"):
            classes = _counts("eval-classes")
            confused = gr.Plot(elem_id="eval-confused", show_label=False, elem_classes="eval-chart")
            pairs = _counts("eval-pairs")
        with gr.Tab("Pictures", id="pictures"):
            cases = _cases_layout()
        with gr.Tab("Take away", id="take"):
            take = _take_layout()
    return EvaluationResults(
        scored=scored,
        tabs=tabs,
        model=model,
        kind=kind,
        decision=decision,
        figures=figures,
        costs=costs,
        errors=errors,
        classes=classes,
        confused=confused,
        pairs=pairs,
        cases=cases,
        **curves,
        **take,
    )


def _decision_layout() -> DecisionParts:
    with gr.Column(elem_id="eval-decision"):
        verdict = gr.HTML(elem_id="eval-verdict")
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=680):
                sheet = SheetView(elem_id="eval-sheet")
                notes = gr.HTML(elem_id="eval-notes")
            with gr.Column(scale=2, min_width=300, elem_id="eval-weigh"):
                most_ms = _limit("At most ms (right end: any)", "eval-most-ms")
                most_mb = _limit("At most MB on disk (right end: any)", "eval-most-mb")
                chart = gr.Plot(
                    visible=False, elem_id=CHART, show_label=False, elem_classes="eval-chart"
                )
    return DecisionParts(verdict, most_ms, most_mb, sheet, chart, notes)


def _limit(label: str, elem_id: str) -> gr.Slider:
    return gr.Slider(
        0.01,
        1,
        value=1,
        step=0.01,
        label=label,
        min_width=220,
        buttons=[],
        visible=False,
        elem_id=elem_id,
    )


def _counts(elem_id: str) -> gr.HTML:
    """A table whose counts lead to their pictures."""
    return gr.HTML(evaluate_figures.NO_RUN, elem_id=elem_id, js_on_load=_CASES)


def _head(text: str) -> gr.HTML:
    """The heading of a chart."""
    return gr.HTML(markup(h.h4[text]), elem_classes="eval-head")


def _curves_layout() -> dict[str, Any]:
    plain: dict[str, Any] = {"show_label": False, "elem_classes": "eval-chart"}
    with gr.Row(elem_classes="eval-numbers"):
        category = Choice(
            [("All classes", ALL)], value=ALL, label="Class", min_width=180, elem_id="eval-class"
        )
        iou = gr.Radio(list(IOUS), value="IoU 0.50", label="Right from", elem_id="eval-iou")
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=320):
            _head("Precision and recall, masks")
            curve = gr.Plot(elem_id="eval-curve", **plain)
        with gr.Column(scale=1, min_width=320):
            _head("F1 over the threshold, masks at IoU 0.5")
            f1 = gr.Plot(elem_id="eval-f1", **plain)
    _head("Are scores the share that is right?")
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=320):
            calibration = gr.Plot(elem_id="eval-calibration", **plain)
        with gr.Column(scale=1, min_width=320):
            calibrated = gr.HTML(elem_id="eval-calibrated")
    return {
        "category": category,
        "iou": iou,
        "curve": curve,
        "f1": f1,
        "calibration": calibration,
        "calibrated": calibrated,
    }


def _cases_layout() -> CaseControls:
    place = gr.State(0)
    with gr.Row(elem_classes="eval-numbers"):
        kind = Choice(
            case_views.KINDS,
            value="false positive",
            label="Pictures of",
            scale=2,
            min_width=220,
            elem_id="eval-case-kind",
        )
        category = Choice(
            [("All classes", ALL)],
            value=ALL,
            label="Class",
            min_width=150,
            elem_id="eval-case-class",
        )
        score = gr.Number(value=0.5, label="Lowest score", min_width=120, elem_id="eval-case-score")
    with gr.Row(equal_height=False, elem_id="eval-case"):
        with gr.Column(scale=1, min_width=300):
            gallery = gr.HTML(evaluate_figures.NO_RUN, elem_id="eval-gallery", js_on_load=_CASES)
        with gr.Column(scale=2, min_width=320):
            caption = gr.HTML(elem_id="eval-caption")
            with gr.Row(elem_classes="eval-steps"):
                before = gr.Button("Previous", size="sm", min_width=80, elem_id="eval-before")
                after = gr.Button("Next", size="sm", min_width=80, elem_id="eval-after")
                show = gr.Radio(
                    case_views.SHOWS,
                    value="case",
                    show_label=False,
                    container=False,
                    elem_id="eval-show",
                )
            viewer = Viewer(case_views.NO_PICTURE, accepts_files=False, elem_id="eval-viewer")
    return CaseControls(
        place=place,
        kind=kind,
        category=category,
        score=score,
        gallery=gallery,
        before=before,
        after=after,
        caption=caption,
        show=show,
        viewer=viewer,
    )


def _take_layout() -> dict[str, Any]:
    context = gr.HTML(elem_id="eval-context")
    with gr.Row(elem_classes="eval-files"):
        html = gr.Button("Save the report (HTML)", elem_id="eval-html")
        json = gr.Button("Save the figures (JSON)", elem_id="eval-json")
    with gr.Row(elem_classes="eval-numbers"):
        taken = Choice([], label="Predictions of", min_width=180, elem_id="eval-taken")
        predictions = gr.Button("Save the predictions (COCO results)", elem_id="eval-predictions")
        file = gr.DownloadButton(visible="hidden", elem_id="eval-file")
    return {
        "context": context,
        "html": html,
        "json": json,
        "taken": taken,
        "predictions": predictions,
        "file": file,
    }
