"""The tray as a Gradio component: thumbnails, and the ways in which photos come."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from instseg_ui.ui.viewer.component import ViewerComponent
from instseg_ui.ui.workbench.tray import Tray


class ThumbnailValue(TypedDict):
    """A photo of the tray; see `TrayPhoto`."""

    key: str
    name: str
    url: str
    found: dict[str, int]
    disagreement: float | None


class TrayValue(TypedDict):
    """Everything the tray is given; `models` in the order in which their counts are shown."""

    photos: list[ThumbnailValue]
    chosen: str
    own: bool
    models: list[str]


def tray_value(tray: Tray, models: list[str] | None = None) -> TrayValue:
    """The value of a `TrayView`."""
    chosen = tray.chosen
    return {
        "photos": [
            {
                "key": one.key,
                "name": one.name,
                "url": one.thumbnail,
                "found": dict(one.found),
                "disagreement": one.disagreement,
            }
            for one in tray.photos
        ],
        "chosen": chosen.key if chosen else "",
        "own": tray.own,
        "models": list(models or ()),
    }


class TrayView(ViewerComponent):
    """The visitor's photos.

    Events: ``upload`` with ``files`` (each a ``path``) and their ``names``, ``select`` and
    ``delete`` with the ``key`` of a photo, ``clear``. Photos that are dropped or pasted anywhere on
    the page come in here.
    """

    folder = Path(__file__).parent
    template = "tray.html"
    styles = ("tray.css",)
    script = "on_load_tray.js"
    contents = "photos, chosen, own and models of the tray"

    @classmethod
    def empty(cls) -> dict[str, Any]:
        """A tray without photos."""
        return {"photos": [], "chosen": "", "own": False, "models": []}
