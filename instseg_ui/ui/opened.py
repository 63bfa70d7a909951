"""A window that is opened shows what its address asks for, and its address then follows it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import escape

from instseg_ui.ui import link
from instseg_ui.ui.link import PageLink
from instseg_ui.ui.shared import fetch as model_fetch
from instseg_ui.ui.shared.events import OWN, session_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench import models
from instseg_ui.ui.workbench.model_list import model_list_value
from instseg_ui.ui.workbench.panel import Workbench, first_photos
from instseg_ui.ui.workbench.tray import Tray

_ADDRESS = (Path(__file__).parent / "address.js").read_text(encoding="utf-8")


def connect_opening(
    services: Services, tabs: gr.Tabs, bench: Workbench, compare: gr.Number
) -> None:
    """Set every window up as its address says; a change of `compare` runs the comparison."""

    def open_link(request: gr.Request) -> dict[Any, Any]:
        asked = link.read(dict(request.query_params), services.segmenter.catalog)
        model, unfetched = _model(services, asked)
        found, elsewhere = _choose_photo(bench.trays.of(session_of(request)), asked)
        for note in (*asked.notes, *unfetched, *elsewhere):
            # Gradio shows it as HTML, and whoever made the link wrote a part of it.
            gr.Info(str(escape(note)), duration=8)
        ticked = list(asked.models)
        if not ticked and not asked.untick:
            ticked = models.ready(services)
        photos = first_photos(bench, request, model, ticked)
        mode = asked.high_performance
        again = found and asked.tab == "compare" and _ready(services, asked)
        return photos | {
            tabs: gr.Tabs(selected=asked.tab) if asked.tab else gr.skip(),
            bench.model: model,
            bench.ticked: ticked,
            bench.list: model_list_value(models.rows(services), model, ticked),
            bench.threshold: asked.threshold,
            bench.high_performance: gr.skip() if mode is None else mode,
            compare: time.monotonic() if again else gr.skip(),
        }

    outputs = [tabs, bench.model, bench.ticked, bench.list, bench.threshold]
    outputs += [bench.high_performance, bench.tray, bench.batch, bench.photo, compare]
    gr.context.Context.root_block.load(open_link, None, outputs, **OWN).then(
        None, None, None, js=_ADDRESS, queue=False, **OWN
    )


def _model(services: Services, asked: PageLink) -> tuple[str, list[str]]:
    """The model to be looked at, and a sentence where another one was asked for."""
    default = services.settings.default_model
    if asked.model is None or model_fetch.offer(services, asked.model) is None:
        return asked.model or default, []
    return default, [
        f"The link shows {asked.model}, which is not on this machine yet. Pick it in the list to "
        "fetch it."
    ]


def _choose_photo(tray: Tray, asked: PageLink) -> tuple[bool, list[str]]:
    """Whether the link's photo is at hand, then it is chosen; and a sentence where it is not."""
    if asked.photo is None:
        return False, []
    photo = tray.named(asked.photo)
    if photo is None:
        return False, [
            f"The link shows “{asked.photo}”, which is not among your photos here. Add it to see "
            "the same."
        ]
    tray.choose(photo.key)
    return True, []


def _ready(services: Services, asked: PageLink) -> bool:
    """Whether there are models to compare, and all of them are on this machine."""
    return len(asked.models) > 1 and model_fetch.offer_all(services, asked.models) is None
