"""The size of a picture as it will be decoded, from its header alone."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import BinaryIO

from PIL import Image as Pil
from PIL import UnidentifiedImageError

from instseg_ui.errors import InputError
from instseg_ui.evaluate.dataset import MAX_LABELME, embedded_picture
from instseg_ui.evaluate.dataset_files import Files, read_bytes
from instseg_ui.images import FORMATS, orientation

_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap the sides


def upright_size(files: Files, name: str) -> tuple[int, int] | None:
    """Width and height in pixels, EXIF orientation applied; None if it is not a picture.

    Of a LabelMe file it is the size of the picture that is embedded in it.
    """
    try:
        with _opened(files, name) as file, Pil.open(file, formats=FORMATS) as picture:
            width, height = picture.size
            turned = orientation(picture) in _TURNED
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        KeyError,
        zlib.error,
        zipfile.BadZipFile,
        UnidentifiedImageError,
        Pil.DecompressionBombError,
        InputError,
    ):
        return None
    return (height, width) if turned else (width, height)


def _opened(files: Files, name: str) -> BinaryIO:
    if not name.lower().endswith(".json"):
        return files.open(name)
    return io.BytesIO(embedded_picture(read_bytes(files, name, MAX_LABELME)))
