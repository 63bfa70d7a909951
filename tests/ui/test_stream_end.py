"""What an event yields is shown once; its end takes nothing back that others showed meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from instseg_ui.settings import Settings
from instseg_ui.ui.guarded import GuardedBlocks
from instseg_ui.ui.shared.events import OWN

LONG, SHORT, EMPTY, EMPTY_OF_TWO = 0, 1, 2, 3


class Page:
    """A page with an event that goes on and one that does not, on the same output."""

    def __init__(self, settings: Settings, **event: Any) -> None:
        self.go_on = threading.Event()
        with GuardedBlocks(settings, analytics_enabled=False) as self.blocks:
            button, text, other = gr.Button(), gr.Textbox(), gr.Textbox()
            button.click(self._long, None, text, concurrency_limit=None, **event)
            button.click(lambda: "short", None, text, concurrency_limit=None, **event)
            button.click(self._empty, None, text, concurrency_limit=None, **event)
            button.click(self._empty, None, [text, other], concurrency_limit=None, **event)
        self.blocks.queue()
        self.blocks.seal()
        _, self.address, _ = self.blocks.launch(prevent_thread_lock=True, quiet=True)

    def _long(self) -> Iterator[str]:
        yield "long"
        self.go_on.wait(30)

    @staticmethod
    def _empty() -> Iterator[str]:
        yield from ()

    def messages(self, begun: int = LONG) -> Iterator[dict[str, Any]]:
        """What the server tells a browser that begins that event."""
        with httpx.Client(base_url=f"{self.address}gradio_api", timeout=30) as client:
            self._join(client, begun)
            params = {"session_hash": "visitor"}
            with client.stream("GET", "/queue/data", params=params) as stream:
                for line in stream.iter_lines():
                    if line.startswith("data:"):
                        message = json.loads(line.removeprefix("data:"))
                        yield message
                        if message["msg"] == "process_generating":
                            self._join(client, SHORT)

    @staticmethod
    def _join(client: httpx.Client, event: int) -> None:
        call = {"data": [], "fn_index": event, "session_hash": "visitor", "trigger_id": 1}
        client.post("/queue/join", json=call).raise_for_status()


def shown(page: Page) -> list[Any]:
    """The output's values in the order in which a browser is told them."""
    values = []
    for message in page.messages():
        if message["msg"] in ("process_generating", "process_completed"):
            values.append(message["output"]["data"][0])
            if values[-1] == "short":
                page.go_on.set()
    return values


@pytest.mark.parametrize(
    ("event", "last"),
    [(OWN, {"__type__": "update"}), ({"api_visibility": "public"}, "long")],
    ids=["page", "interface"],
)
def test_what_ends_later_is_not_shown_again(
    settings: Settings, event: dict[str, Any], last: Any
) -> None:
    """Callers of the interface do get their last value with the end: it is their answer."""
    page = Page(settings, **event)
    try:
        assert shown(page) == ["long", "short", last]
    finally:
        page.blocks.close()


@pytest.mark.parametrize(
    ("event", "value"),
    [(OWN, {"__type__": "update"}), ({"api_visibility": "public"}, None)],
    ids=["page", "interface"],
)
def test_what_shows_nothing_takes_nothing_away(
    settings: Settings, event: dict[str, Any], value: Any
) -> None:
    page = Page(settings, **event)
    try:
        for begun, count in ((EMPTY, 1), (EMPTY_OF_TWO, 2)):
            *_, last = (one for one in page.messages(begun) if one["msg"] == "process_completed")
            assert last["success"]
            assert last["output"]["data"] == [value] * count
    finally:
        page.blocks.close()
