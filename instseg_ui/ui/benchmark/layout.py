"""The Benchmark tab's components and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from instseg_ui.ui.benchmark import figures as benchmark_figures
from instseg_ui.ui.benchmark import run as benchmark_run
from instseg_ui.ui.shared.actions import setup_fold
from instseg_ui.ui.shared.choice import Choice
from instseg_ui.ui.shared.services import Services


@dataclass(frozen=True)
class BenchmarkSetup:
    """How it is to be measured; the models and the photos are those of the workbench."""

    repeats: gr.Number
    warmup: gr.Number
    callers: gr.Number
    cold: gr.Number
    threads: gr.Number
    answer: gr.Dropdown
    engine: gr.Dropdown
    price: gr.Textbox

    @property
    def fields(self) -> list[Any]:
        """In the order of `BenchmarkForm`, after its models and images."""
        return [
            self.repeats,
            self.warmup,
            self.callers,
            self.cold,
            self.threads,
            self.answer,
            self.engine,
        ]


@dataclass(frozen=True)
class BenchmarkResults:
    """What was measured, as it is looked at; `run` is the one that is shown."""

    run: gr.State
    shown: gr.Dropdown
    earlier: gr.Dropdown
    price: gr.Textbox
    figures: gr.HTML
    stages: gr.HTML
    context: gr.HTML
    basis: gr.HTML
    changes: gr.HTML
    against: gr.Radio
    distribution: gr.Plot
    breakdown: gr.Plot
    pareto: gr.Plot
    html: gr.Button
    csv: gr.Button
    json: gr.Button
    file: gr.DownloadButton


def setup_layout(services: Services) -> BenchmarkSetup:
    """The numbers of a run, folded to one line."""
    with setup_fold("bench"):
        with gr.Row(elem_classes="bench-numbers"):
            repeats = _number("Runs of each photo", 20, benchmark_run.MOST_REPEATS, "bench-repeats")
            warmup = _number("Warm-up runs", 3, benchmark_run.MOST_WARMUP, "bench-warmup", least=0)
            callers = _number(
                "Most callers at once", 1, benchmark_run.MOST_CALLERS, "bench-callers"
            )
            cold = _number("Cold starts", 1, benchmark_run.MOST_COLD, "bench-cold")
        with gr.Row(elem_classes="bench-numbers"):
            threads = _number("Threads", services.settings.threads, 64, "bench-threads")
            engine = gr.Dropdown(
                benchmark_run.ENGINES,
                value="",
                label="Engine",
                min_width=150,
                elem_id="bench-engine",
            )
            answer = gr.Dropdown(
                benchmark_run.ANSWERS,
                value="json",
                label="Encode makes",
                min_width=150,
                elem_id="bench-answer",
            )
            price = gr.Textbox(
                label="Price of this machine an hour",
                placeholder="for the cost of 1,000 images",
                max_length=20,
                min_width=180,
                elem_id="bench-price",
            )
    return BenchmarkSetup(
        repeats=repeats,
        warmup=warmup,
        callers=callers,
        cold=cold,
        threads=threads,
        engine=engine,
        answer=answer,
        price=price,
    )


def _number(label: str, value: int, most: int, elem_id: str, least: int = 1) -> gr.Number:
    # Bounds are checked when it runs: a field's own would raise a sentence without its name.
    return gr.Number(
        value=value,
        precision=0,
        label=f"{label} ({least} to {most})",
        min_width=130,
        elem_id=elem_id,
    )


def results_layout(price: gr.Textbox) -> BenchmarkResults:
    """What was measured, in tabs of its own; `price` is what the machine costs an hour."""
    run = gr.State(None)
    shown = Choice([], label="Run shown", visible=False, elem_id="bench-shown")
    with gr.Tabs(elem_id="bench-results", overflow_behavior="wrap"):
        with gr.Tab("Figures", id="bench-figures-tab"):
            figures = gr.HTML(benchmark_figures.NO_RUN, elem_id="bench-figures")
        with gr.Tab("Charts", id="bench-charts-tab"):
            charts = _charts_layout()
        with gr.Tab("Stages", id="bench-stages-tab"):
            stages = gr.HTML(benchmark_figures.NO_RUN, elem_id="bench-stages")
        with gr.Tab("Earlier run", id="bench-earlier-tab"):
            earlier = Choice([], label="Compare with", visible=False, elem_id="bench-earlier")
            changes = gr.HTML(benchmark_figures.NO_RUN, elem_id="bench-changes")
        with gr.Tab("Take away", id="bench-take-tab"):
            take = _take_layout()
    return BenchmarkResults(
        run=run,
        shown=shown,
        price=price,
        figures=figures,
        stages=stages,
        earlier=earlier,
        changes=changes,
        **charts,
        **take,
    )


def _charts_layout() -> dict[str, Any]:
    plain: dict[str, Any] = {"show_label": False, "elem_classes": "bench-chart"}
    basis = gr.HTML(benchmark_figures.NO_RUN, elem_id="bench-basis")
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=320):
            distribution = gr.Plot(elem_id="bench-distribution", **plain)
        with gr.Column(scale=1, min_width=320):
            breakdown = gr.Plot(elem_id="bench-breakdown", **plain)
    against = gr.Radio(
        [("published mask AP", "ap"), ("size on disk", "size")],
        value="ap",
        label="Latency against",
        elem_id="bench-against",
    )
    pareto = gr.Plot(elem_id="bench-pareto", **plain)
    return {
        "basis": basis,
        "distribution": distribution,
        "breakdown": breakdown,
        "against": against,
        "pareto": pareto,
    }


def _take_layout() -> dict[str, Any]:
    context = gr.HTML(elem_id="bench-context")
    with gr.Row(elem_classes="bench-files"):
        html = gr.Button("Save the report (HTML)", elem_id="bench-html")
        csv = gr.Button("Save the figures (CSV)", elem_id="bench-csv")
        json = gr.Button("Save every run (JSON)", elem_id="bench-json")
        file = gr.DownloadButton(visible="hidden", elem_id="bench-file")
    return {"context": context, "html": html, "csv": csv, "json": json, "file": file}
