"""What the page's events do to the machine that others use too; each event is named here.

An event is known by its function, `module.function`, with the functions that it stands in before
it. None is here yet for who may call it: whoever reaches the page may call all of them, listed in
the page's API or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "workbench.look._connect_fetching.fetch": "fetches a model",
        "workbench.own_card._connect_adding.add_model": "adds a model of the user's own",
        "teach.tab._connect_running.teach": "teaches a model for minutes, and adds it",
        "teach.tab._connect_running.go_on": "the same, of a training that was cut off",
        "teach.tab._connect_taking.use": "adds a model that was taught",
        "workbench.own_card._connect_removing.remove": "removes a model of the user's own",
        "compare.tab._connect_fetching.fetch": "fetches models",
        "catalog.tab._connect_acting.act": "fetches, unloads or removes a model",
        "catalog.tab._connect_verifying.verify": "converts a model, replaces its proof",
    }
)
"""Events that change the machine for everybody, and how."""

LEAVES: Mapping[str, str] = MappingProxyType(
    {
        "segment.tab._connect_running.run": "a model converted on its first run",
        "segment.tab._connect_again.again": "a latency, and a model as above",
        "compare.tab._connect_running.again": "latencies, and models as above",
        "evaluate.tab._connect_running.again": "latencies, and models as above",
        "workbench.panel._connect_batch.run": "models, as above",
        "segment.take_away._connect_all.save_all": "models, as above",
        "judge.tab._connect_beginning.begin": "models, as above",
        "compare.tab._connect_running.run": "models converted on their first run",
        "benchmark.tab._connect_running.run": "a benchmark run that every visitor can open",
        "evaluate.tab._connect_running.run": "predictions, and models as above",
        "endpoints.endpoints.segment": "a model, as above",
        "endpoints.endpoints.compare": "models, as above",
        "endpoints.endpoints.export": "a model, as above",
    }
)
"""Events that are everybody's and leave something on the disk, and what."""

VISITORS = frozenset(
    {
        # Segment
        "segment.tab._connect_running.discard",
        "segment.tab._connect_running.stop",
        "segment.tab._connect_scaling.scale_down",
        "segment.take_away._connect_photo.save",
        "segment.take_away._connect_all.stop",
        "segment.take_away._connect_code.write",
        # Photos and models
        "workbench.panel._connect_tray.add",
        "workbench.panel._connect_tray.choose",
        "workbench.panel._connect_tray.take_out",
        "workbench.panel._connect_tray.clear",
        "workbench.panel._connect_tray.refresh",
        "workbench.panel._connect_list.tick",
        "workbench.panel._connect_list.refresh",
        "workbench.panel._connect_batch.look_on",
        "workbench.panel._connect_batch.stop",
        "workbench.look._connect_picking.pick",
        "workbench.look._connect_fetching.dismiss",
        "workbench.own_card._connect_adding.begin",
        "workbench.own_card._connect_adding.close",
        "workbench.own_card._connect_removing.ask",
        "workbench.own_card._connect_removing.<lambda>",
        "opened.connect_opening.open_link",
        "earlier.earlier_list.read",
        "keep_notice.keep_notice.forget",
        "shared.events.on_return.ask",
        "page._connect_visits.arrive",
        "page._connect_visits.leave",
        # Compare
        "compare.tab._connect_picking.describe",
        "compare.tab._connect_running.stop",
        "compare.tab._connect_fetching.cancel",
        "compare.tab._connect_link.write",
        "compare.tab._connect_link.<lambda>",
        "compare.results._connect_sight.settle",
        "compare.example.connect_example.show_example",
        "compare.example.connect_example.describe",
        "compare.example.connect_example.clear_example",
        "compare.results._connect_sight.pin",
        "compare.results._connect_matching.match",
        "compare.results._connect_map.draw",
        "compare.results._connect_decision.decide",
        "compare.results._connect_decision.chart",
        "compare.results._connect_snippets.write",
        "compare.results._connect_files.save",
        # Benchmark
        "benchmark.example.connect_example.show_example",
        "benchmark.example.connect_example.describe",
        "benchmark.example.connect_example.clear_example",
        "benchmark.tab._connect_running.<lambda>",
        "benchmark.tab._connect_running.look_on",
        "benchmark.tab._connect_running.stop",
        "benchmark.tab._connect_shelf.refresh",
        "benchmark.tab._connect_shelf.open_run",
        "benchmark.tab._connect_looking.figures",
        "benchmark.tab._connect_looking.details",
        "benchmark.tab._connect_looking.weigh",
        "benchmark.tab._connect_looking.changes",
        "benchmark.tab._connect_files.save",
        # Evaluate
        "evaluate.example.connect_example.show_example",
        "evaluate.example.connect_example.describe",
        "evaluate.example.connect_example.clear_example",
        "evaluate.tab._connect_running.open_upload",
        "evaluate.tab._connect_running.<lambda>",
        "evaluate.tab._connect_running.stop",
        "evaluate.tab._connect_return.look_on",
        "evaluate.tab._connect_figures.figures",
        "evaluate.tab._connect_figures.classes",
        "evaluate.tab._connect_figures.others",
        "evaluate.tab._connect_charts.choices",
        "evaluate.tab._connect_charts.curves",
        "evaluate.tab._connect_charts.fixed",
        "evaluate.tab._connect_files.save",
        "evaluate.mapping._connect_findings.describe",
        "evaluate.mapping._connect_findings.first",
        "evaluate.mapping._connect_table.table",
        "evaluate.mapping._connect_table.classes",
        "evaluate.mapping._connect_changes.put",
        "evaluate.mapping._connect_changes.reset",
        "evaluate.mapping._rescorer.rescore",
        "evaluate.pictures.connect_cases.kinds",
        "evaluate.pictures.connect_cases.first",
        "evaluate.pictures._connect_steps.step",
        "evaluate.pictures._connect_steps.pick",
        "evaluate.pictures._connect_counts.follow",
        "evaluate.thresholds.connect_thresholds.use",
        "evaluate.decision.connect_decision.fit",
        "evaluate.decision.connect_decision.weigh",
        "evaluate.decision.connect_decision.begin",
        # Judge
        "judge.tab._connect_beginning.look_on",
        "judge.tab._connect_beginning.stop",
        "judge.tab._connect_answers.answer",
        "judge.tab._connect_answers.undo",
        "judge.tab._connect_files.save",
        # Teach
        "teach.tab._connect_running.look_on",
        "teach.tab._connect_running.stop",
        "teach.tab._connect_describing.describe",
        "teach.tab._connect_describing.choices",
        "teach.tab._connect_taking.save",
        "teach.judged.connect_judged.take_answers",
        # Catalog
        "catalog.tab._connect_reading.read",
        "catalog.tab._connect_reading.find_records",
        "catalog.tab._connect_reading.pick",
        "catalog.tab._connect_reading.<lambda>",
        "catalog.tab._connect_reading.tick",
        "catalog.tab._connect_reading.draw",
        "catalog.tab._connect_asking.ask",
        "catalog.tab._connect_asking.dismiss",
        # For scripts
        "endpoints.endpoints.list_models",
    }
)
"""Events that touch nothing but what the visitor sees and brought."""


def name_of(function: Callable[..., Any]) -> str:
    """What an event's function is called in these tables."""
    module = function.__module__.removeprefix("instseg_ui.ui.")
    return f"{module}.{function.__qualname__.replace('.<locals>', '')}"
