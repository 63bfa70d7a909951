"""A choice among what changes while the page is looked at: runs, models, classes."""

from __future__ import annotations

from typing import Any

import gradio as gr


class Choice(gr.Dropdown):
    """A `gr.Dropdown` whose choices change: what is no choice any more is no choice, and no error.

    Gradio raises one instead, which the page shows: an event that began with a model of the data
    set before meets the choices of the new one.
    """

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        """What is chosen of the choices there are; else what the server chose last, or None."""
        values = [value for _, value in self.choices or ()]
        if payload is None:
            return None
        if self.multiselect:
            sent = payload if isinstance(payload, list) else [payload]
            return [one for one in sent if one in values]
        if payload in values:
            return payload
        return self.value if self.value in values else None

    def get_block_name(self) -> str:
        """The page draws it with Gradio's own dropdown."""
        return "dropdown"
