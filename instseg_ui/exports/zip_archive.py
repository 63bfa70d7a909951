"""Zip archives that are the same bytes for the same contents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

from instseg_ui.exports.items import Entry

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold
_UNIX, _READABLE = 3, 0o100644 << 16
_PACKED_ALREADY = (".png",)


def zipped(entries: Iterable[Entry]) -> bytes:
    """The entries as a zip, in their order, without the time of day or the machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, _DATE)
            info.create_system, info.external_attr = _UNIX, _READABLE
            stored = entry.name.endswith(_PACKED_ALREADY)
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, entry.data)
    return buffer.getvalue()
