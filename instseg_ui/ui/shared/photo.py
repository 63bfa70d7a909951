"""The place where a photo comes in: dropped, pasted, chosen or taken."""

from __future__ import annotations

import gradio as gr
from gradio.data_classes import ImageData


class PhotoInput(gr.Image):
    """A `gr.Image` that hands over the uploaded file as it is.

    Gradio's own preprocessing opens the file and raises without a sentence when it is not
    an image; here `instseg_ui.images` decodes it and says what is wrong.
    """

    is_template = True

    def preprocess(self, payload: ImageData | None) -> str | None:
        """The path of the uploaded file in Gradio's own cache, or None."""
        if payload is None:
            return None
        if payload.url and payload.url.startswith("data:"):
            return str(super().preprocess(payload))
        return payload.path

    def get_block_name(self) -> str:
        """The page draws it with Gradio's own image component."""
        return "image"
