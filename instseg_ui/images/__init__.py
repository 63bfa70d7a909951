"""Pictures that come in: decoded, upright, within the limits; from files, pages and addresses."""

from __future__ import annotations

from instseg_ui.errors import ImageError
from instseg_ui.images.image import (
    FORMATS,
    Image,
    decode,
    digest,
    explained,
    from_array,
    from_pil,
    orientation,
    read,
)

__all__ = [
    "FORMATS",
    "Image",
    "ImageError",
    "decode",
    "digest",
    "explained",
    "from_array",
    "from_pil",
    "orientation",
    "read",
]
