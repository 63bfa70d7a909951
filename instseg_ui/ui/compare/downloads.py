"""A comparison as it is looked at, as a report and as figures to keep."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from instseg_ui import images
from instseg_ui.errors import InputError
from instseg_ui.show.comparison import Study, to_html, to_json
from instseg_ui.show.decision import HERE
from instseg_ui.ui.compare import decision, matches
from instseg_ui.ui.compare.matches import Sight, threshold_of
from instseg_ui.ui.compare.run import ComparisonRun
from instseg_ui.ui.shared.services import Services
from instseg_ui.verdict import Accuracy
from instseg_ui.workers.hardware import hardware

_WRITERS = {"html": to_html, "json": to_json}


def study(
    services: Services,
    run: ComparisonRun | None,
    sight: Sight,
    class_aware: bool,
    most_ms: str,
    most_mb: str,
    accuracies: Mapping[str, Accuracy] | None = None,
) -> Study:
    """The comparison as it is looked at now; `accuracies` are what is known of its models.

    Raises:
        InputError: no model is done, or a limit is not a number above 0.
        ImageError: the photo is not there any more.
    """
    if run is None or not run.predictions:
        raise InputError("There is nothing to save yet. Compare models first.")
    origin = run.origin
    catalog, shown = services.segmenter.catalog, matches.filtered(run, sight)
    models = decision.compared(catalog, run, sight, accuracies)
    predictions = tuple(prediction for prediction, _ in shown)
    return Study(
        image=images.read(run.photo, services.settings),
        predictions=predictions,
        thresholds=tuple(threshold_of(run, sight, one.model) for one in predictions),
        specs=tuple(catalog.get(one.model) for one in predictions),
        failures={one.model: one.pane["message"] for one in run.outcomes if not one.prediction},
        comparison=matches.matched_as_shown(shown, class_aware=class_aware),
        verdict=decision.verdict(models, most_ms, most_mb, decision.not_run(run)),
        accuracies=accuracies or {},
        latencies=run.latencies,
        basis=catalog.basis,
        made=datetime.now(UTC) if origin is None else origin.made,
        colors=run.colors,
        hardware=hardware() if origin is None else origin.machine,
        place=HERE if origin is None else origin.place,
    )


def write(study: Study, kind: str, cache: str) -> Path:
    """The study as a file of that kind, in a folder of its own in Gradio's cache."""
    folder = Path(cache) / secrets.token_hex(20)
    folder.mkdir(parents=True)
    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in Path(study.image.name).stem)
    path = folder / f"{stem[:60] or 'image'}-comparison.{kind}"
    path.write_bytes(_WRITERS[kind](study))
    return path
