"""Where models agree on a photo: values for the page's map of disagreement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from instseg_ui import images
from instseg_ui.errors import InstSegError
from instseg_ui.settings import Settings
from instseg_ui.show.disagreement_map import disagreement_map
from instseg_ui.show.html import nothing
from instseg_ui.ui.compare import matches
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.run import ComparisonRun
from instseg_ui.ui.shared.events import told

ALL_CLASSES = "All classes"
NO_MAP = nothing("Two models must be done before a map shows where they differ.")


@dataclass(frozen=True, slots=True)
class DisagreementMap:
    """Pixels (RGB) or None, the legend, and the classes to choose from with the chosen one."""

    pixels: npt.NDArray[np.uint8] | None
    legend: Markup
    labels: list[str]
    label: str


def disagreement(
    settings: Settings, run: ComparisonRun | None, sight: Sight, label: str | None
) -> DisagreementMap:
    """Where how many models cover the image, of one class or of all."""
    shown = [prediction for prediction, _ in matches.filtered(run, sight)]
    names = {name for prediction in shown for name in prediction.instances.labels}
    labels = [ALL_CLASSES, *sorted(names)]
    kept = label if label in names else ALL_CLASSES
    if run is None or len(shown) < 2:
        return DisagreementMap(None, NO_MAP, labels, kept)
    try:
        image = images.read(run.photo, settings)
    except InstSegError as error:
        return DisagreementMap(None, nothing(told(error)), labels, kept)
    one_class = None if kept == ALL_CLASSES else kept
    pixels, legend = disagreement_map(image.pixels, shown, one_class)
    return DisagreementMap(pixels, legend, labels, kept)
