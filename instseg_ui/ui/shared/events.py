"""What the handlers of all tabs share: how events are declared, whose they are, how they fail."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from instseg_ui.errors import InstSegError
from instseg_ui.ui.visitor import session_of, window_of

__all__ = [
    "OWN",
    "address_of",
    "on_return",
    "said",
    "save_script",
    "session_of",
    "told",
    "window_of",
]

log = logging.getLogger(__name__)

OWN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""Of an event that the page alone uses."""

ON_LOAD_AGAIN = (Path(__file__).parent / "on_load_again.js").read_text(encoding="utf-8")
"""Of a component that shows a latency: its event `again` asks to measure that again."""
_SAVE = (Path(__file__).parent / "save_file.js").read_text(encoding="utf-8")


def on_return(
    anything: Callable[[str], bool],
    look_on: Callable[..., Any],
    inputs: Any,
    outputs: Sequence[Component | gr.State],
    asked: Callable[[gr.Request], bool] = lambda _request: False,
) -> None:
    """Have a window that is opened call `look_on` if its visitor has `anything` to be shown.

    Or if its address has `asked` for something.
    Only then: for Gradio a state among an event's outputs has changed by its first event, which
    would draw every view of a page that nobody has used yet.
    """
    back = gr.Number(visible="hidden")

    def ask(request: gr.Request) -> Any:
        something = anything(session_of(request)) or asked(request)
        return time.monotonic() if something else gr.skip()

    page = gr.context.Context.root_block
    page.load(ask, None, back, concurrency_limit=None, **OWN)
    back.change(look_on, inputs, list(outputs), concurrency_limit=None, **OWN)


def address_of(request: gr.Request) -> str:
    """Where the visitor reaches this server, for the code that calls it."""
    headers = request.headers or {}
    host = str(headers.get("x-forwarded-host") or headers.get("host") or "127.0.0.1:7860")
    scheme = str(headers.get("x-forwarded-proto") or "http").split(",")[0].strip()
    return f"{'https' if scheme == 'https' else 'http'}://{host.split(',')[0].strip()}"


def told(error: InstSegError) -> str:
    """The visitor's sentence; what is for whoever runs the server goes to the log."""
    if error.remedy:
        log.warning("%s", error.with_remedy)
    return str(error)


@contextmanager
def said() -> Iterator[None]:
    """What cannot be done is said on the page in its one sentence."""
    try:
        yield
    except InstSegError as error:
        raise gr.Error(told(error), print_exception=False) from None


def save_script(button: str) -> str:
    """JavaScript that hands over the file of the hidden download button with that id."""
    return _SAVE.replace("#hidden-button", f"#{button}")
