"""A picture with more pixels than are accepted, made smaller so that it is."""

from __future__ import annotations

import io

from PIL import Image as Pil

from instseg_ui.errors import ImageError
from instseg_ui.images.image import FORMATS, explained, fitting, upright
from instseg_ui.settings import Settings

# More than this, after a JPEG was read at a half, a quarter or an eighth, is not decoded at all.
_MOST_TIMES = 4
_QUALITY = 95


def scaled_down(data: bytes, settings: Settings) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """A picture's file as a JPEG that is accepted, upright; its size before and now (w, h).

    A JPEG is read at a fraction of its size where that is enough, so that little memory is taken.

    Raises:
        ImageError: it cannot be decoded, or is too large to be scaled here.
    """
    with explained(settings), Pil.open(io.BytesIO(data), formats=FORMATS) as opened:
        before = opened.size
        now = fitting(*before, settings)
        opened.draft("RGB", now)
        if opened.size[0] * opened.size[1] > _MOST_TIMES * settings.max_pixels:
            raise ImageError(
                f"The image of {before[0]:,} × {before[1]:,} pixels is too large to be scaled "
                "here. Scale it down on your side and try again."
            )
        rgb = upright(opened).convert("RGB")
        turned = (rgb.size[0] < rgb.size[1]) != (opened.size[0] < opened.size[1])
        small = rgb.resize(now[::-1] if turned else now, Pil.Resampling.LANCZOS, reducing_gap=2.0)
        file = io.BytesIO()
        small.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue(), before[::-1] if turned else before, small.size
