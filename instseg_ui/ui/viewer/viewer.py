"""A picture with its instances as a Gradio component, and the value that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

from instseg_ui.prediction_json import InstanceJson
from instseg_ui.ui.viewer.component import ViewerComponent


class ImageValue(TypedDict):
    """A picture by its address; ``/gradio_api/file=...`` is taken relative to the app's root."""

    url: str
    width: int
    height: int
    name: str


class InstanceValue(InstanceJson):
    """One object as `prediction_json` has it.

    One with ``outline`` is drawn as a dashed line alone, such as a truth over what was found; it
    has its class's colour always. ``color`` is the others' where each has its own.
    """

    outline: NotRequired[bool]
    color: NotRequired[str]


class PredictionValue(TypedDict):
    """What a model found; ``instances`` are sorted by score, best first.

    ``engine`` is what was asked for, which the page sends back with an export; ``hint`` is said
    where there is no instance.
    """

    model: str
    engine: NotRequired[str]
    hint: NotRequired[str]
    floor: float
    image: Mapping[str, int]
    instances: Sequence[InstanceValue]


class MessageValue(TypedDict):
    """A sentence on the stage; of a photo that was "refused" nothing is shown but the reason."""

    kind: Literal["busy", "error", "empty", "refused"]
    text: str


class ViewerValue(TypedDict):
    """Everything the viewer is given; `viewer_value` builds one."""

    image: ImageValue | None
    prediction: PredictionValue | None
    colors: dict[str, str]
    threshold: float
    message: MessageValue | None


def viewer_value(
    *,
    image: ImageValue | None = None,
    prediction: PredictionValue | None = None,
    colors: Mapping[int, str] | Mapping[str, str] | None = None,
    threshold: float = 0.5,
    message: MessageValue | None = None,
) -> ViewerValue:
    """The value of a `Viewer`.

    Args:
        image: the picture, upright, in the pixels that boxes and masks refer to.
        prediction: what a model found; without it only the picture is shown.
        colors: ``#rrggbb`` by class id.
        threshold: where the threshold stands when this prediction is first shown.
        message: a sentence on the stage. A ``busy`` or ``error`` message without
            image and prediction leaves the present picture where it is.
    """
    return {
        "image": image,
        "prediction": prediction,
        "colors": {str(class_id): color for class_id, color in (colors or {}).items()},
        "threshold": float(threshold),
        "message": message,
    }


class Viewer(ViewerComponent):
    """A picture with its instances: masks, outlines, boxes, labels and a table.

    Threshold, opacity, filters and selection live in the browser. Where it invites to choose a
    photo it dispatches ``instseg:choose``, which the tray hears.

    The root element (``.isv``) dispatches ``instseg:state`` with ``threshold``,
    ``visible`` and ``selected`` (indices into the prediction, -1 for none).
    """

    template = "viewer.html"
    styles = ("viewer.css",)
    script = "on_load.js"
    contents = "image, prediction, colors, threshold and message of the viewer"

    def __init__(
        self,
        value: Mapping[str, Any] | None = None,
        *,
        accepts_files: bool = True,
        **kwargs: Any,
    ) -> None:
        """Build the component.

        Args:
            value: what to show first, as `viewer_value` builds it.
            accepts_files: whether it invites to choose a photo while it has none.
            kwargs: further arguments of a `ViewerComponent`.
        """
        self.accepts_files = accepts_files
        super().__init__(value, accepts_files=accepts_files, **kwargs)

    @classmethod
    def empty(cls) -> dict[str, Any]:
        """A viewer without a picture."""
        return dict(viewer_value())
