"""A grid of viewers on one image, one pane a model, as a Gradio component.

The browser links the panes: zoom, threshold, class filter, opacity and the object under
the pointer move together without a request. Two events reach Python: ``settle``, read with
`settled`, and ``reference``, read with `referenced`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

import gradio as gr

from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.ui.viewer.component import ViewerComponent
from instseg_ui.ui.viewer.viewer import ImageValue, MessageValue, PredictionValue

MAX_NAMES = 1000

PaneState = Literal["waiting", "running", "done", "failed", "not fetched"]


class PaneValue(TypedDict):
    """One model's pane; `pane_value` builds one. `threshold` is its own, None the grid's."""

    model: str
    state: PaneState
    message: str
    prediction: PredictionValue | None
    colors: dict[str, str]
    caption: list[str]
    threshold: NotRequired[float | None]


class GridValue(TypedDict):
    """Everything the grid is given; `grid_value` builds one."""

    image: ImageValue | None
    panes: list[PaneValue]
    reference: int
    threshold: float
    message: MessageValue | None


class Settled(NamedTuple):
    """Where the filters came to rest: a threshold for each pane, and the hidden classes."""

    thresholds: tuple[float, ...]
    hidden: frozenset[str]


def pane_value(
    model: str,
    state: PaneState = "waiting",
    *,
    message: str = "",
    prediction: PredictionValue | None = None,
    colors: Mapping[int, str] | Mapping[str, str] | None = None,
    caption: Sequence[str] = (),
) -> PaneValue:
    """One pane of a `CompareGrid`.

    Args:
        model: shown in the pane's header; the pane keeps its threshold under this name.
        state: how far the model is.
        message: shown in the pane, such as the reason it failed or the time it runs.
        prediction: what the model found.
        colors: ``#rrggbb`` by class id.
        caption: short facts for the header, such as "118 ms".
    """
    return {
        "model": model,
        "state": state,
        "message": message,
        "prediction": prediction,
        "colors": {str(class_id): color for class_id, color in (colors or {}).items()},
        "caption": list(caption),
    }


def grid_value(
    *,
    image: ImageValue | None = None,
    panes: Sequence[PaneValue] = (),
    reference: int = 0,
    threshold: float = 0.5,
    message: MessageValue | None = None,
) -> GridValue:
    """The value of a `CompareGrid`.

    Args:
        image: the picture, upright, in the pixels that boxes and masks refer to.
        panes: one a model, at most `MOST_MODELS`. A pane whose prediction is the same as
            before is left as it is.
        reference: which pane the others are measured against.
        threshold: where all thresholds are put when this differs from the value before.
        message: a sentence over the grid. A ``busy`` or ``error`` message without image
            and panes leaves the present ones where they are.

    Raises:
        ValueError: more panes than the page can show.
    """
    if len(panes) > MOST_MODELS:
        raise ValueError(f"expected at most {MOST_MODELS} panes, got {len(panes)}")
    return {
        "image": image,
        "panes": list(panes),
        "reference": int(reference),
        "threshold": float(threshold),
        "message": message,
    }


def settled(event: gr.EventData) -> Settled:
    """The thresholds and hidden classes that a ``settle`` event of a `CompareGrid` tells.

    Raises:
        gr.Error: the event is not one a grid sends.
    """
    data = _data(event)
    thresholds, hidden = data.get("thresholds"), data.get("hidden")
    if (
        isinstance(thresholds, list)
        and len(thresholds) <= MOST_MODELS
        and all(_is_share(one) for one in thresholds)
        and isinstance(hidden, list)
        and len(hidden) <= MAX_NAMES
        and all(isinstance(one, str) for one in hidden)
    ):
        return Settled(tuple(float(one) for one in thresholds), frozenset(hidden))
    raise gr.Error("The thresholds did not arrive. Move one again.")


def referenced(event: gr.EventData) -> int:
    """The index of the pane that a ``reference`` event of a `CompareGrid` names.

    Raises:
        gr.Error: the event names no pane.
    """
    index = _data(event).get("index")
    if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < MOST_MODELS:
        return index
    raise gr.Error("The reference did not arrive. Choose it again.")


def _data(event: gr.EventData) -> Mapping[str, Any]:
    return event._data if isinstance(event._data, Mapping) else {}


def _is_share(thing: object) -> bool:
    """Whether it is a number from 0 to 1."""
    if isinstance(thing, bool) or not isinstance(thing, int | float):
        return False
    return math.isfinite(thing) and 0 <= thing <= 1


class CompareGrid(ViewerComponent):
    """Linked viewers on one image, one pane a model, with a wipe between any two.

    Threshold, opacity, filters, zoom and selection live in the browser. ``settle`` fires
    when thresholds or the class filter have come to rest, ``reference`` when a pane was
    pinned as the reference. An `ObjectTable` on the same page shares its objects with the
    grid: see there.
    """

    template = "grid.html"
    styles = ("viewer.css", "grid.css")
    script = "on_load_grid.js"
    contents = "image, panes, reference, threshold and message of the grid"

    @classmethod
    def empty(cls) -> dict[str, Any]:
        """A grid without panes."""
        return dict(grid_value())
