"""Benchmark opens with a run that ships, until the visitor clears it or has a run to look at."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.benchmark import BenchmarkRun
from instseg_ui.errors import InputError
from instseg_ui.examples.benchmark import origin_of, read_benchmark
from instseg_ui.ui.benchmark.run import ShownRun
from instseg_ui.ui.shared.events import OWN
from instseg_ui.ui.shared.example import EXAMPLES, ExampleNotice, shown
from instseg_ui.ui.shared.services import Services

NAME = "example"
"""What the run is called where a kept one has its file's name."""


def connect_example(services: Services, run: gr.State, notice: ExampleNotice) -> None:
    """Show the run when the tab is opened, and let it go with one click."""
    assets = services.settings.assets

    def show_example(now: ShownRun | None, cleared: bool) -> list[Any]:
        example = None if cleared or now is not None else _run(assets)
        if example is None:
            return [gr.skip()] * 3
        found = ShownRun(example, NAME)
        return [found, *shown(sentence(found))]

    def describe(now: ShownRun | None) -> list[Any]:
        return shown(sentence(now))

    def clear_example() -> tuple[None, bool]:
        return None, True

    outputs = [run, *notice.outputs]
    notice.tab.select(show_example, [run, notice.cleared], outputs, **EXAMPLES, **OWN)
    run.change(describe, run, notice.outputs, **EXAMPLES, **OWN)
    notice.clear.click(clear_example, None, [run, notice.cleared], **EXAMPLES, **OWN)


def sentence(now: ShownRun | None) -> str | None:
    """Where the run comes from; None if it is none that ships."""
    if now is None or now.name != NAME:
        return None
    return f"measured on {origin_of(now.run).words}. Run the benchmark to measure this machine."


@cache
def _run(assets: Path) -> BenchmarkRun | None:
    """The run, read once a process; None where there is none."""
    try:
        return read_benchmark(assets)
    except InputError:
        return None
