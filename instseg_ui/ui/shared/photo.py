"""The places where files come in: a photo, dropped, pasted, chosen or taken; several files."""

from __future__ import annotations

import gradio as gr
from gradio.data_classes import FileData, ImageData
from gradio_client.utils import is_valid_file

from instseg_ui.errors import InputError
from instseg_ui.ui.uploads import received


class PhotoInput(gr.Image):
    """A `gr.Image` that hands over the uploaded file as it is.

    Gradio's own preprocessing opens the file and raises without a sentence when it is not
    an image; here `instseg_ui.images` decodes it and says what is wrong.
    """

    is_template = True

    def preprocess(self, payload: ImageData | None) -> str | None:
        """The path of the uploaded file in Gradio's own cache, or None."""
        return None if payload is None else _uploaded(payload.path)

    def get_block_name(self) -> str:
        """The page draws it with Gradio's own image component."""
        return "image"


class FilesInput(gr.File):
    """A `gr.File` that hands over uploads alone, and leaves no empty file beside each."""

    is_template = True

    def _process_single_file(self, f: FileData) -> str:
        return _of_type(f, self.file_types)

    def get_block_name(self) -> str:
        """The page draws it with Gradio's own file component."""
        return "file"


def _uploaded(named: str | None) -> str:
    try:
        return str(received(named))
    except InputError as error:
        raise gr.Error(str(error), print_exception=False) from None


def _of_type(file: FileData, types: list[str] | None) -> str:
    path = _uploaded(file.path)
    if types and not is_valid_file(path, types):
        raise gr.Error(
            f"Expected a file of one of these kinds: {', '.join(types)}.", print_exception=False
        )
    return path
