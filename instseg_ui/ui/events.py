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
        "segment._connect_fetching.fetch": "fetches a model",
        "compare._connect_fetching.fetch": "fetches models",
        "catalog._connect_acting.act": "fetches a model, unloads it or removes it from the disk",
        "catalog._connect_verifying.verify": "converts a model and replaces what was known of it",
    }
)
"""Events that change the machine for everybody, and how."""

LEAVES: Mapping[str, str] = MappingProxyType(
    {
        "segment._connect_looking.look": "a model, converted when first run in high performance",
        "compare._connect_running.run": "models, converted when first run in high performance",
        "benchmark._connect_running.run": "a benchmark run that every visitor can open",
        "evaluate._connect_running.run": "predictions, and models as above",
        "endpoints.endpoints.segment": "a model, as above",
        "endpoints.endpoints.compare": "models, as above",
        "endpoints.endpoints.export": "a model, as above",
    }
)
"""Events that are everybody's and leave something on the disk, and what."""

VISITORS = frozenset(
    {
        # Segment
        "segment._connect_looking.mark",
        "segment._connect_looking.stop",
        "segment._connect_looking.take",
        "segment._connect_sources.<lambda>",
        "segment._connect_sources.show_example",
        "segment._connect_sources.toggle_camera",
        "segment._connect_sources.taken",
        "segment._connect_export.save",
        "segment._connect_picking.pick",
        "segment._connect_fetching.<lambda>",
        "segment._connect_fetching.dismiss",
        "page._share_photo.<lambda>",
        "page._open_link.open_link",
        "page.build_page.leave",
        "switch.stand_alike.<lambda>",
        # Compare
        "compare.refresh_picks.<lambda>",
        "compare._connect_picking.describe",
        "compare._connect_picking.pick",
        "compare._connect_running.stop",
        "compare._connect_fetching.<lambda>",
        "compare._connect_fetching.cancel",
        "compare._connect_link.write",
        "compare._connect_link.<lambda>",
        "findings._connect_sight.settle",
        "findings._connect_sight.pin",
        "findings._connect_matching.match",
        "findings._connect_map.draw",
        "findings._connect_decision.decide",
        "findings._connect_decision.chart",
        "findings._connect_snippets.write",
        "findings._connect_files.save",
        # Benchmark
        "benchmark._connect_setup.<lambda>",
        "benchmark._connect_setup.pick",
        "benchmark._connect_running.<lambda>",
        "benchmark._connect_running.stop",
        "benchmark._connect_shelf.refresh",
        "benchmark._connect_shelf.open_run",
        "benchmark._connect_looking.figures",
        "benchmark._connect_looking.details",
        "benchmark._connect_looking.weigh",
        "benchmark._connect_looking.changes",
        "benchmark._connect_files.save",
        "benchmark._stop_when_left.leave",
        # Evaluate
        "evaluate._connect_setup.<lambda>",
        "evaluate._connect_setup.pick",
        "evaluate._connect_running.open_upload",
        "evaluate._connect_running.<lambda>",
        "evaluate._connect_running.stop",
        "evaluate._connect_figures.figures",
        "evaluate._connect_figures.classes",
        "evaluate._connect_figures.others",
        "evaluate._connect_charts.choices",
        "evaluate._connect_charts.curves",
        "evaluate._connect_charts.fixed",
        "evaluate._connect_files.save",
        "evaluate._clear_when_left.leave",
        "evaluate_mapping._connect_findings.describe",
        "evaluate_mapping._connect_findings.first",
        "evaluate_mapping._connect_table.table",
        "evaluate_mapping._connect_table.classes",
        "evaluate_mapping._connect_changes.put",
        "evaluate_mapping._connect_changes.reset",
        "evaluate_mapping._rescorer.rescore",
        "evaluate_cases.connect_cases.kinds",
        "evaluate_cases.connect_cases.first",
        "evaluate_cases._connect_steps.step",
        "evaluate_cases._connect_steps.pick",
        "evaluate_cases._connect_counts.follow",
        # Catalog
        "catalog._connect_reading.read",
        "catalog._connect_reading.find_records",
        "catalog._connect_reading.pick",
        "catalog._connect_reading.draw",
        "catalog._connect_asking.ask",
        "catalog._connect_asking.dismiss",
        # For scripts
        "endpoints.endpoints.list_models",
    }
)
"""Events that touch nothing but what the visitor sees and brought."""


def name_of(function: Callable[..., Any]) -> str:
    """What an event's function is called in these tables."""
    module = function.__module__.rpartition(".")[2]
    return f"{module}.{function.__qualname__.replace('.<locals>', '')}"
