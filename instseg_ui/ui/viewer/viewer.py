"""The viewer as a Gradio component, and the route its JavaScript is served from.

The markup, the style and the code live in files beside this one; the page loads
the code as ES modules from ``STATIC_ROUTE``.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import gradio as gr
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from instseg_ui.errors import InputError
from instseg_ui.prediction_json import InstanceJson
from instseg_ui.ui.uploads import received

HERE = Path(__file__).parent
STATIC_DIR = HERE / "static"
STATIC_ROUTE = "/instseg/viewer"
ONE_YEAR = 365 * 24 * 3600


class ImageValue(TypedDict):
    """A picture by its address; ``/gradio_api/file=...`` is taken relative to the app's root."""

    url: str
    width: int
    height: int
    name: str


class InstanceValue(InstanceJson):
    """One object as `prediction_json` has it.

    One with ``outline`` is drawn as a dashed line alone, such as a truth over what was found.
    """

    outline: NotRequired[bool]


class PredictionValue(TypedDict):
    """What a model found; ``instances`` are sorted by score, best first.

    ``engine`` is what was asked for, which the page sends back with an export.
    """

    model: str
    engine: NotRequired[str]
    floor: float
    image: Mapping[str, int]
    instances: Sequence[InstanceValue]


class MessageValue(TypedDict):
    """A sentence on the stage."""

    kind: Literal["busy", "error", "empty"]
    text: str


class ViewerValue(TypedDict):
    """Everything the viewer is given; `viewer_value` builds one."""

    image: ImageValue | None
    prediction: PredictionValue | None
    colors: dict[str, str]
    threshold: float
    floor: float | None
    message: MessageValue | None


def viewer_value(
    *,
    image: ImageValue | None = None,
    prediction: PredictionValue | None = None,
    colors: Mapping[int, str] | Mapping[str, str] | None = None,
    threshold: float = 0.5,
    message: MessageValue | None = None,
    floor: float | None = None,
) -> ViewerValue:
    """The value of a `Viewer`.

    Args:
        image: the picture, upright, in the pixels that boxes and masks refer to.
        prediction: what a model found; without it only the picture is shown.
        colors: ``#rrggbb`` by class id.
        threshold: where the threshold stands when this prediction is first shown.
        message: a sentence on the stage. A ``busy`` or ``error`` message without
            image and prediction leaves the present picture where it is.
        floor: where the threshold ends below, until a prediction brings its own.
    """
    return {
        "image": image,
        "prediction": prediction,
        "colors": {str(class_id): color for class_id, color in (colors or {}).items()},
        "threshold": float(threshold),
        "floor": floor,
        "message": message,
    }


def _content_hash(folder: Path) -> str:
    """Twelve hex digits that change with the name or content of any file in the folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.js")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def modules_address() -> str:
    """The path of the modules, with their version; a prop of every component here."""
    return f"{STATIC_ROUTE}/v-{_content_hash(STATIC_DIR)}"


class _VersionedFiles(StaticFiles):
    """Serves a folder under any first path segment ``v-...``.

    Modules import each other by relative address, so a version in the path, unlike
    one in the query, reaches all of them. A page of an older version still gets
    its modules after the server was replaced; only the present version is cached.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory)
        self.version = f"v-{_content_hash(directory)}"

    def get_path(self, scope: Scope) -> str:
        version, _, rest = super().get_path(scope).replace("\\", "/").partition("/")
        return rest if version.startswith("v-") else f"{version}/{rest}".rstrip("/")

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        current = f"/{self.version}/" in scope["path"]
        policy = f"public, max-age={ONE_YEAR}, immutable" if current else "no-cache"
        response.headers["Cache-Control"] = policy
        return response


def mount_static(app: Starlette, prefix: str = "") -> None:
    """Serve the viewer's modules from ``app``.

    Call it before Gradio is mounted at ``/``: the first route that matches answers.

    Args:
        app: the application (FastAPI or Starlette) that Gradio is mounted on.
        prefix: the path Gradio is mounted at, when that is not ``/``.
    """
    # On some systems the registry calls .js text/plain, and a browser then refuses the module.
    mimetypes.add_type("text/javascript", ".js")
    app.mount(f"{prefix.rstrip('/')}{STATIC_ROUTE}", _VersionedFiles(STATIC_DIR), name="viewer")


def uploaded_photo(event: gr.EventData) -> Path:
    """The file that an ``upload`` event of a `Viewer` speaks of.

    The browser sends the path, which is believed only where Gradio writes uploads to.

    Raises:
        gr.Error: the event names no uploaded file.
    """
    data = event._data if isinstance(event._data, Mapping) else {}
    try:
        return received(data.get("path"))
    except InputError:
        raise gr.Error("The photo did not arrive. Drop it again.", print_exception=False) from None


class Viewer(gr.HTML):
    """A picture with its instances: masks, outlines, boxes, labels and a table.

    Threshold, opacity, filters and selection live in the browser. The event
    ``upload`` fires when a photo was dropped, pasted or chosen; its data is read
    with `uploaded_photo`.

    The root element (``.isv``) dispatches ``instseg:state`` with ``threshold``,
    ``visible`` and ``selected`` (indices into the prediction, -1 for none).
    """

    def __init__(
        self,
        value: ViewerValue | Mapping[str, Any] | None = None,
        *,
        elem_id: str | None = None,
        elem_classes: list[str] | str | None = None,
        accepts_files: bool = True,
        visible: bool | Literal["hidden"] = True,
        render: bool = True,
        **kwargs: Any,
    ) -> None:
        """Build the component.

        Args:
            value: what to show first, as `viewer_value` builds it.
            elem_id: id of the element in the page.
            elem_classes: classes of the element in the page.
            accepts_files: whether photos may be dropped, pasted and chosen here.
            visible: as for every Gradio component.
            render: as for every Gradio component.
            kwargs: further arguments of ``gr.HTML``.
        """
        self.accepts_files = accepts_files
        super().__init__(
            value=value if value is not None else viewer_value(),
            elem_id=elem_id,
            elem_classes=elem_classes,
            html_template=(HERE / "viewer.html").read_text(encoding="utf-8"),
            css_template=(HERE / "viewer.css").read_text(encoding="utf-8"),
            js_on_load=(HERE / "on_load.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            visible=visible,
            render=render,
            modules=modules_address(),
            accepts_files=accepts_files,
            **kwargs,
        )

    def preprocess(self, payload: Any) -> dict[str, Any] | None:
        """The value as an input: the object, or None for anything else a browser may send."""
        return payload if isinstance(payload, dict) else None

    def postprocess(self, value: Any) -> dict[str, Any] | None:
        """The value as an output; None clears the viewer."""
        if value is None:
            return dict(viewer_value())
        if not isinstance(value, Mapping):
            raise TypeError(f"expected a viewer_value() or None, got {type(value).__name__}")
        return dict(value)

    def api_info(self) -> dict[str, Any]:
        """Schema of the value."""
        return {
            "type": "object",
            "description": "image, prediction, colors, threshold and message of the viewer",
            "additionalProperties": True,
        }

    def example_payload(self) -> dict[str, Any]:
        """A value as the API takes it."""
        return dict(viewer_value())

    def example_value(self) -> dict[str, Any]:
        """A value as a function returns it."""
        return dict(viewer_value())
