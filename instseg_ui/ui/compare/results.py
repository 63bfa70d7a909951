"""Below the grid: matched objects, agreement, which model to ship, and what to take away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from instseg_ui.errors import InstSegError
from instseg_ui.show import tradeoff
from instseg_ui.show.agreement import MEASURES, agreement
from instseg_ui.show.decision import HERE, decision, decision_figures
from instseg_ui.show.plotly_charts import TRADEOFF_PX, figure
from instseg_ui.show.snippets import snippets
from instseg_ui.show.verdict_chart import pareto_with_doubt
from instseg_ui.ui.compare import agreement as agreement_values
from instseg_ui.ui.compare import decision as decision_values
from instseg_ui.ui.compare import downloads, matches
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.run import ComparisonRun
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.choice import Choice
from instseg_ui.ui.shared.events import (
    ON_LOAD_AGAIN,
    OWN,
    address_of,
    save_script,
    session_of,
    told,
)
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer import CompareGrid, ObjectTable, referenced, settled
from instseg_ui.ui.workbench.panel import Workbench
from instseg_ui.verdict import Accuracy

_LATEST: dict[str, Any] = {"trigger_mode": "always_last", "concurrency_id": "findings"}


@dataclass(frozen=True)
class FindingsParts:
    """The components, group by group."""

    class_aware: gr.Checkbox
    objects: ObjectTable
    measure: gr.Radio
    matrix: gr.HTML
    label: gr.Dropdown
    map: gr.Image
    legend: gr.HTML
    most_ms: gr.Textbox
    most_mb: gr.Textbox
    basis: gr.Dropdown
    verdict: gr.HTML
    chart: gr.Plot
    figures: gr.HTML
    chosen: gr.Dropdown
    shell: gr.Code
    python: gr.Code
    curl: gr.Code
    html: gr.Button
    json: gr.Button
    file: gr.DownloadButton


def findings(
    services: Services,
    bench: Workbench,
    tab: gr.Tab,
    grid: CompareGrid,
    run: gr.State,
    sight: gr.State,
) -> gr.HTML:
    """Lay out and connect what is found from a run at its present thresholds.

    What is returned shows the latencies; its event `again` asks to measure them again.
    """
    parts = _layout(services)
    _connect_sight(grid, run, sight)
    _connect_matching(parts, run, sight)
    _connect_map(services, parts, run, sight)
    _connect_decision(services, tab, parts, run, sight)
    _connect_snippets(services, bench, parts, run, sight)
    _connect_files(services, parts, run, sight)
    return parts.figures


def _layout(services: Services) -> FindingsParts:
    made: dict[str, Any] = {}
    with gr.Tabs(elem_id="cmp-findings", overflow_behavior="wrap"):
        with gr.Tab("Objects", id="objects"):
            made |= _objects_layout()
        with gr.Tab("Agreement", id="agreement"):
            made |= _agreement_layout()
        with gr.Tab("Which to ship", id="decide"):
            made |= _decide_layout(services)
        with gr.Tab("Take away", id="take"):
            made |= _take_layout()
    return FindingsParts(**made)


def _objects_layout() -> dict[str, Any]:
    return {
        "class_aware": gr.Checkbox(
            label="Only objects of the same class are the same object",
            container=False,
            elem_id="cmp-class-aware",
        ),
        "objects": ObjectTable(elem_id="cmp-objects"),
    }


def _agreement_layout() -> dict[str, Any]:
    with gr.Row(equal_height=False, elem_classes="cmp-agreement"):
        with gr.Column(scale=1, min_width=320):
            measure = gr.Radio(list(MEASURES), value="F1", label="Agreement of each two models by")
            matrix = gr.HTML(agreement(None, "F1"), elem_id="cmp-matrix")
        with gr.Column(scale=1, min_width=320):
            label = Choice(
                [agreement_values.ALL_CLASSES],
                value=agreement_values.ALL_CLASSES,
                label="How many models cover each pixel, of",
                elem_id="cmp-label",
            )
            image = gr.Image(
                show_label=False,
                interactive=False,
                visible=False,
                buttons=["download", "fullscreen"],
                format="jpeg",
                elem_id="cmp-map",
            )
            legend = gr.HTML(agreement_values.NO_MAP, elem_id="cmp-legend")
    return {"measure": measure, "matrix": matrix, "label": label, "map": image, "legend": legend}


def _decide_layout(services: Services) -> dict[str, Any]:
    with gr.Row(equal_height=False, elem_classes="cmp-decide"):
        with gr.Column(scale=2, min_width=280):
            with gr.Row():
                most_ms = _limit("At most ms, warm, here", "cmp-ms")
                most_mb = _limit("At most MB on disk", "cmp-mb")
            verdict = gr.HTML(elem_id="cmp-verdict")
            basis = gr.Dropdown(
                [(words, key) for key, words in tradeoff.BASES.items()],
                value="gpu_normal_ms" if services.settings.device != "cpu" else "cpu_hp_ms",
                label="Published latency in the chart",
                elem_id="cmp-basis",
            )
        with gr.Column(scale=5, min_width=320):
            chart = gr.Plot(show_label=False, elem_id="cmp-chart")
    figures = gr.HTML(elem_id="cmp-figures", js_on_load=ON_LOAD_AGAIN)
    return {
        "most_ms": most_ms,
        "most_mb": most_mb,
        "verdict": verdict,
        "basis": basis,
        "chart": chart,
        "figures": figures,
    }


def _place(run: ComparisonRun | None) -> str:
    return HERE if run is None or run.origin is None else run.origin.place


def _limit(label: str, elem_id: str) -> gr.Textbox:
    return gr.Textbox(label=label, placeholder="any", max_length=20, min_width=120, elem_id=elem_id)


def _take_layout() -> dict[str, Any]:
    shown: dict[str, Any] = {"interactive": False, "lines": 2, "wrap_lines": True, "min_width": 320}
    chosen = Choice([], label="The code that runs", elem_id="cmp-chosen")
    with gr.Row(equal_height=False):
        shell = gr.Code(label="Command line", **shown)
        python = gr.Code(label="Python", **shown)
        curl = gr.Code(label="HTTP", **shown)
    with gr.Row(elem_classes="cmp-files"):
        html = gr.Button("Save the report (HTML)", elem_id="cmp-html")
        data = gr.Button("Save the figures (JSON)", elem_id="cmp-json")
        file = gr.DownloadButton(visible="hidden", elem_id="cmp-file")
    return {
        "chosen": chosen,
        "shell": shell,
        "python": python,
        "curl": curl,
        "html": html,
        "json": data,
        "file": file,
    }


def _connect_sight(grid: CompareGrid, run: gr.State, sight: gr.State) -> None:
    def settle(before: Sight, event: gr.EventData) -> Sight:
        return matches.settled(before, settled(event))

    def pin(before: Sight, run: ComparisonRun | None, event: gr.EventData) -> Sight:
        return matches.pinned(before, run, referenced(event))

    # Queued: only then does the page hear that a state has changed.
    once: dict[str, Any] = {"trigger_mode": "always_last", "concurrency_limit": None}
    grid.settle(settle, sight, sight, **once, **OWN)
    grid.reference(pin, [sight, run], sight, **once, **OWN)


def _connect_matching(parts: FindingsParts, run: gr.State, sight: gr.State) -> None:
    def match(
        run: ComparisonRun | None, sight: Sight, class_aware: bool, measure: str
    ) -> tuple[Any, str]:
        found = matches.matched(matches.filtered(run, sight), class_aware=class_aware)
        return matches.object_table(run, found), agreement(found, measure)

    gr.on(
        [run.change, sight.change, parts.class_aware.change, parts.measure.change],
        match,
        [run, sight, parts.class_aware, parts.measure],
        [parts.objects, parts.matrix],
        **_LATEST,
        **OWN,
    )


def _connect_map(services: Services, parts: FindingsParts, run: gr.State, sight: gr.State) -> None:
    def draw(run: ComparisonRun | None, sight: Sight, label: str) -> tuple[Any, str, Any]:
        drawn = agreement_values.disagreement(services.settings, run, sight, label)
        picture = gr.update(value=drawn.pixels, visible=drawn.pixels is not None)
        return picture, drawn.legend, gr.update(choices=drawn.labels, value=drawn.label)

    gr.on(
        [run.change, sight.change, parts.label.input],
        draw,
        [run, sight, parts.label],
        [parts.map, parts.legend, parts.label],
        **_LATEST,
        **OWN,
    )


def _connect_decision(
    services: Services, tab: gr.Tab, parts: FindingsParts, run: gr.State, sight: gr.State
) -> None:
    catalog = services.segmenter.catalog

    def decide(
        run: ComparisonRun | None, sight: Sight, most_ms: str, most_mb: str, request: gr.Request
    ) -> tuple[str, str, Any]:
        known = _accuracies(services, run, request)
        models = decision_values.compared(catalog, run, sight, known)
        others = decision_values.not_run(run)
        verdict = decision_values.verdict_or_reason(models, most_ms, most_mb, others)
        names = list(run.models) if run else []
        code_of = gr.update(choices=names, value=verdict.leader or next(iter(names), None))
        here = run is not None and run.origin is None
        figures = decision_figures(verdict, models, _place(run), linked=here)
        return decision(verdict, models), figures, code_of

    def chart(run: ComparisonRun | None, sight: Sight, basis: str, request: gr.Request) -> Any:
        known = _accuracies(services, run, request)
        verdict = decision_values.verdict(
            decision_values.compared(catalog, run, sight, known), None, None
        )
        if verdict.accuracy is not None and verdict.accuracy.kind != "published":
            return figure(pareto_with_doubt(verdict, labelled=False), TRADEOFF_PX)
        found = decision_values.measured(run)
        return figure(tradeoff.tradeoff(list(catalog), found, basis), TRADEOFF_PX)

    gr.on(
        [
            run.change,
            sight.change,
            parts.most_ms.change,
            parts.most_mb.change,
            # Meanwhile the visitor may have evaluated or judged.
            tab.select,
            gr.context.Context.root_block.load,
        ],
        decide,
        [run, sight, parts.most_ms, parts.most_mb],
        [parts.verdict, parts.figures, parts.chosen],
        **_LATEST,
        **OWN,
    )
    gr.on(
        [run.change, parts.basis.change, tab.select, gr.context.Context.root_block.load],
        chart,
        [run, sight, parts.basis],
        parts.chart,
        **_LATEST,
        **OWN,
    )


def _accuracies(
    services: Services, run: ComparisonRun | None, request: gr.Request
) -> dict[str, Accuracy]:
    """What is known of the run's models: from the visitor's evaluation, from answers, published."""
    specs = [services.segmenter.catalog.get(model) for model in (run.models if run else ())]
    return services.accuracies.of(session_of(request), specs)


def _connect_snippets(
    services: Services, bench: Workbench, parts: FindingsParts, run: gr.State, sight: gr.State
) -> None:
    def write(
        model: str | None,
        run: ComparisonRun | None,
        sight: Sight,
        thresholds: dict[str, float],
        request: gr.Request,
    ) -> list[str]:
        model = model or services.settings.default_model
        threshold = matches.threshold_of(run, sight, model, thresholds)
        code = snippets(
            model,
            threshold,
            address_of(request),
            high_performance.asked(services.settings, run.engine if run else None),
        )
        return [code.shell, code.python, code.curl]

    gr.on(
        [
            parts.chosen.change,
            sight.change,
            bench.thresholds.change,
            gr.context.Context.root_block.load,
        ],
        write,
        [parts.chosen, run, sight, bench.thresholds],
        [parts.shell, parts.python, parts.curl],
        **_LATEST,
        **OWN,
    )


def _connect_files(
    services: Services, parts: FindingsParts, run: gr.State, sight: gr.State
) -> None:
    inputs = [run, sight, parts.class_aware, parts.most_ms, parts.most_mb]
    for button, kind in ((parts.html, "html"), (parts.json, "json")):

        def save(
            run: ComparisonRun | None,
            sight: Sight,
            class_aware: bool,
            most_ms: str,
            most_mb: str,
            request: gr.Request,
            kind: str = kind,
        ) -> str:
            try:
                known = _accuracies(services, run, request)
                study = downloads.study(services, run, sight, class_aware, most_ms, most_mb, known)
                return str(downloads.write(study, kind, parts.file.GRADIO_CACHE))
            except InstSegError as error:
                raise gr.Error(told(error), print_exception=False) from None

        button.click(save, inputs, parts.file, concurrency_id="findings", **OWN).success(
            None, None, None, js=save_script("cmp-file"), **OWN
        )
