"""The shown instances as a file that other tools read."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from instseg_ui import images
from instseg_ui.errors import InputError
from instseg_ui.exports import Item, export
from instseg_ui.results import Prediction, check_threshold
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer.picture import display_url

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "paddlex-json": "PaddleX JSON",
        "coco": "COCO dataset",
        "coco-results": "COCO results",
        "labelme": "LabelMe",
        "yolo-seg": "YOLO labels",
        "label-map": "Label map, PNG",
        "cut-outs": "Cut-outs, PNG",
    }
)
"""What the formats are called on the page."""

_RELOAD = "Reload the page and try again."


@dataclass(frozen=True, slots=True)
class ShownResult:
    """How the visitor looks at a result.

    Attributes:
        model: whose instances are shown; another one may be picked and still be running.
        picture: the address of the shown picture.
        threshold: the least score.
        min_area: the least mask, pixels.
        hidden: class names that are switched off.
        engine: what was asked to run it, one of `engines.MODES`; empty is the setting's.
    """

    model: str
    picture: str = ""
    threshold: float = 0.5
    min_area: float = 0
    hidden: frozenset[str] = frozenset()
    engine: str = ""


def shown_in(sent: object) -> ShownResult:
    """What the page sent about its viewer.

    Raises:
        InputError: no result is shown, or a value is not what it should be.
    """
    if not isinstance(sent, Mapping) or not sent.get("model"):
        raise InputError("There is no result to export yet. Segment a photo first.")
    model, picture, hidden = sent["model"], sent.get("picture") or "", sent.get("hidden") or []
    engine = sent.get("engine") or ""
    if not all(isinstance(name, str) for name in (model, picture, engine)):
        raise InputError(f"The model, the engine and the picture must be names. {_RELOAD}")
    if not isinstance(hidden, list) or not all(isinstance(label, str) for label in hidden):
        raise InputError(f"The hidden classes must be a list of names. {_RELOAD}")
    threshold = check_threshold(sent.get("threshold"))
    min_area = _area(sent.get("min_area", 0))
    return ShownResult(model, picture, threshold, min_area, frozenset(hidden), engine)


def filtered(prediction: Prediction, shown: ShownResult) -> Prediction:
    """The same prediction with the instances that the viewer shows."""
    found = prediction.at(max(shown.threshold, prediction.floor))
    large = found.instances[found.instances.areas >= shown.min_area]
    return replace(found, instances=large.without(shown.hidden))


def export_file(
    services: Services, photo: str | None, format: str, shown: ShownResult, cache: Path
) -> Path:
    """The shown instances in one of the export formats, in a folder of its own in `cache`.

    The prediction is the page's, as long as it is remembered; after that the model runs again.

    Raises:
        InputError: no photo, no such format or engine, or the photo is another one than is shown.
        InstSegError: the photo or the model is not there any more.
    """
    if photo is None:
        raise InputError("There is no photo to export. Choose one first.")
    spec, image = services.spec(shown.model), images.read(photo, services.settings)
    if shown.picture and shown.picture != display_url(image, cache):
        raise InputError("The photo has changed. Wait until its result is shown, then export.")
    found = services.segmenter.segment(image, spec.id, engine=shown.engine or None)
    prediction = filtered(found, shown)
    file = export([Item(prediction, image, image.name)], format)
    path = cache / secrets.token_hex(20) / file.name
    path.parent.mkdir(parents=True)
    path.write_bytes(file.data)
    return path


def _area(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InputError(f"The least size must be a number of pixels, got {str(value)[:40]!r}.")
    return value
