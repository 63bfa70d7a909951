"""The panel's list of what the visitor has done here; each line leads back to it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import gradio as gr
import htpy as h
from markupsafe import Markup

from instseg_ui.show.html import markup
from instseg_ui.ui.shared import history
from instseg_ui.ui.shared.events import OWN, session_of
from instseg_ui.ui.shared.history import Done
from instseg_ui.ui.shared.services import Services

_ON_LOAD = (Path(__file__).parent / "on_load_earlier.js").read_text(encoding="utf-8")
_EMPTY = "Nothing yet. What you compare, measure, evaluate and judge is listed here."
_NAMES = {
    "compare": "Compare",
    "benchmark": "Benchmark",
    "evaluate": "Evaluate",
    "judge": "Judge",
    "teach": "Teach",
}
_UNITS = (("day", 86_400), ("h", 3600), ("min", 60))


def earlier_list(services: Services) -> None:
    """The list, folded; it is read when it is unfolded."""
    shown = gr.HTML(list_html([], opened=False), elem_id="earlier", js_on_load=_ON_LOAD)

    def read(request: gr.Request) -> str:
        return list_html(history.listed(services.visits, session_of(request)), opened=True)

    # The component's own event, which `on_load_earlier.js` triggers.
    shown.select(read, None, shown, concurrency_limit=None, trigger_mode="always_last", **OWN)


def list_html(entries: Sequence[Done], *, opened: bool, now: float | None = None) -> Markup:
    """A line for each, with its view, what it was, and how long ago."""
    moment = time.time() if now is None else now
    rows = [
        h.li[
            h.a(href=one.query)[h.b[_NAMES[one.kind]], " ", one.text],
            h.span[ago(moment - one.at)],
        ]
        for one in entries
    ]
    told = h.ul[rows] if rows else h.p[_EMPTY]
    return markup(h.details(open=opened)[h.summary["Done earlier"], told])


def ago(seconds: float) -> str:
    """`12 min ago`; in one unit, cut and not rounded."""
    for unit, length in _UNITS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"
