"""A picture's file as a small JPEG, for lists of pictures."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image as Pil

from instseg_ui.errors import ImageError
from instseg_ui.images.image import FORMATS, check_weight, explained, to_rgb, upright
from instseg_ui.settings import Settings

SIDE = 192
"""The longest side of a thumbnail, pixels: two for each on a screen of double density."""

_MOST_TIMES = 4
_QUALITY = 80


def thumbnail(path: Path, settings: Settings) -> bytes:
    """The picture, upright, with its longest side `SIDE`, as a JPEG file.

    A JPEG is read at a fraction of its size. A picture with more pixels than are accepted gets one
    too, as long as it could be scaled down here.

    Raises:
        ImageError: it is missing, too heavy, damaged or no picture.
    """
    try:
        check_weight(path.stat().st_size, settings)
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"The file “{path.name}” could not be read. Upload it again.") from error
    with explained(settings), Pil.open(io.BytesIO(data), formats=FORMATS) as opened:
        opened.draft("RGB", (SIDE, SIDE))
        if opened.size[0] * opened.size[1] > _MOST_TIMES * settings.max_pixels:
            raise ImageError("The picture is too large. Scale it down and try again.")
        rgb, _ = to_rgb(upright(opened))
        rgb.thumbnail((SIDE, SIDE), Pil.Resampling.BILINEAR, reducing_gap=2.0)
        file = io.BytesIO()
        rgb.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
