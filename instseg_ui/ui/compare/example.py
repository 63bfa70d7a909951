"""Compare opens with what two models found on the opening photo, until the visitor compares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui import images
from instseg_ui.errors import InputError, InstSegError
from instseg_ui.examples.comparison import ExampleComparison, read_comparison
from instseg_ui.images import Image
from instseg_ui.numbers import megabytes
from instseg_ui.palette import class_colors
from instseg_ui.results import Prediction
from instseg_ui.settings import Settings
from instseg_ui.ui.compare.run import ComparisonRun, Outcome, grid_of
from instseg_ui.ui.link import THRESHOLD
from instseg_ui.ui.shared.events import OWN
from instseg_ui.ui.shared.example import EXAMPLES, ExampleNotice, shown
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer import CompareGrid, grid_value, pane_value
from instseg_ui.ui.viewer.picture import colors_by_id, image_value, prediction_value


def connect_example(
    services: Services,
    photo: gr.components.Component,
    grid: CompareGrid,
    run: gr.State,
    notice: ExampleNotice,
) -> None:
    """Show the comparison when the tab is opened, and let it go with one click."""
    settings = services.settings

    def show_example(path: str | None, now: ComparisonRun | None, cleared: bool) -> list[Any]:
        idle = now is None and not cleared
        example = example_run(settings, path, Path(grid.GRADIO_CACHE)) if idle else None
        if example is None:
            return [gr.skip()] * 4
        return [grid_of(example), example, *shown(sentence(example))]

    def describe(now: ComparisonRun | None) -> list[Any]:
        return shown(sentence(now))

    def clear_example() -> tuple[Any, None, bool]:
        return grid_value(), None, True

    parts: list[Any] = [grid, run]
    outputs = [*parts, *notice.outputs]
    notice.tab.select(show_example, [photo, run, notice.cleared], outputs, **EXAMPLES, **OWN)
    run.change(describe, run, notice.outputs, **EXAMPLES, **OWN)
    notice.clear.click(clear_example, None, [*parts, notice.cleared], **EXAMPLES, **OWN)


def sentence(now: ComparisonRun | None) -> str | None:
    """Where the comparison comes from; None if it is none that ships."""
    if now is None or now.origin is None:
        return None
    return f"found on {now.origin.words}. Compare runs the models here."


def example_run(settings: Settings, path: str | None, cache: Path) -> ComparisonRun | None:
    """The shipped comparison if `path` is its photo; None for another, or where none ships."""
    example = _example(settings.assets)
    if path is None or example is None:
        return None
    try:
        image, its = images.read(path, settings), images.read(example.photo, settings)
    except InstSegError:
        return None
    return _run(example, its, cache) if image.digest == its.digest else None


def _run(example: ExampleComparison, image: Image, cache: Path) -> ComparisonRun:
    colors = class_colors(*(one.classes for one in example.predictions))
    outcomes = tuple(_outcome(one, colors) for one in example.predictions)
    photo, shown_image = str(example.photo), image_value(image, cache)
    return ComparisonRun(
        photo, shown_image, image.digest, outcomes, THRESHOLD, origin=example.origin
    )


def _outcome(prediction: Prediction, colors: Mapping[str, str]) -> Outcome:
    """A pane without a time: it would be read as this machine's."""
    pane = pane_value(
        prediction.model,
        "done",
        prediction=prediction_value(prediction),
        colors=colors_by_id(prediction, colors),
        caption=[megabytes(prediction.size_mb), "example"],
    )
    return Outcome(pane, prediction)


@cache
def _example(assets: Path) -> ExampleComparison | None:
    """Read once a process; None where there is none."""
    try:
        return read_comparison(assets)
    except InputError:
        return None
