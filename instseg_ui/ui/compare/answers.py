"""What is found from a run as the visitor looks at it: values for the parts below the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
import numpy as np
import numpy.typing as npt

from instseg_ui import images
from instseg_ui.catalog import Catalog
from instseg_ui.comparison.decision import Verdict
from instseg_ui.comparison.objects import Comparison
from instseg_ui.errors import InputError, InstSegError
from instseg_ui.settings import Settings
from instseg_ui.ui.compare import decision as decision_view
from instseg_ui.ui.compare import matches
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.run import Run
from instseg_ui.ui.viewer import Settled, object_table_value

NO_MAP = decision_view.nothing("Two models must be done before a map shows where they differ.")


@dataclass(frozen=True, slots=True)
class Map:
    """The map of disagreement: pixels (RGB) or None, its legend, and the classes to choose from."""

    pixels: npt.NDArray[np.uint8] | None
    legend: str
    labels: list[str]
    label: str


def settled(before: Sight, event: Settled) -> Sight:
    """The sight after thresholds and hidden classes have come to rest."""
    return replace(before, thresholds=event.thresholds, hidden=event.hidden)


def pinned(before: Sight, run: Run | None, reference: int) -> Sight:
    """The sight after another pane of the run became the reference."""
    return replace(before, reference=reference, panes=len(run.outcomes) if run else 0)


def objects(run: Run | None, found: Comparison | None) -> Any:
    """The table of matched objects, its columns in the order of the panes."""
    return object_table_value(found, order=run.models if run else None)


def disagreement(settings: Settings, run: Run | None, sight: Sight, label: str | None) -> Map:
    """Where how many models cover the image, of one class or of all."""
    shown = [prediction for prediction, _ in matches.filtered(run, sight)]
    names = {name for prediction in shown for name in prediction.instances.labels}
    labels = [decision_view.ALL_CLASSES, *sorted(names)]
    kept = label if label in names else decision_view.ALL_CLASSES
    if run is None or len(shown) < 2:
        return Map(None, NO_MAP, labels, kept)
    try:
        image = images.read(run.photo, settings)
        pixels, legend = decision_view.map_pixels(
            image.pixels, shown, None if kept == decision_view.ALL_CLASSES else kept
        )
    except InstSegError as error:
        return Map(None, decision_view.nothing(str(error)), labels, kept)
    return Map(pixels, legend, labels, kept)


def measured(run: Run | None) -> dict[str, tuple[float, float]]:
    """Warm latency, ms, and size on disk, MB, of each model that is done."""
    predictions = run.predictions if run else ()
    return {one.model: (one.timings.latency, one.size_mb) for one in predictions}


def decision(
    catalog: Catalog, run: Run | None, sight: Sight, most_ms: str, most_mb: str
) -> tuple[str, str, Any]:
    """The choice and its reason as HTML, the table of figures, and whose code can be had."""
    shown = matches.in_pane_order(run, sight)
    try:
        verdict = decision_view.verdict(catalog, shown, most_ms, most_mb)
    except InputError as error:
        verdict = Verdict(None, (), {}, str(error))
    names: Sequence[str] = run.models if run else ()
    code_of = gr.update(choices=list(names), value=verdict.best or (names[0] if names else None))
    figures = decision_view.figures_html(catalog, shown, verdict)
    return decision_view.verdict_html(verdict, shown), figures, code_of
