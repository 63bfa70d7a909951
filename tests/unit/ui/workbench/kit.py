"""Uploads of a made-up visitor, for the tests of the workbench."""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instseg_ui.ui.workbench.tray import Tray, TrayPhoto
from tests.unit.factories import BLUE, GREEN, RED, patches, png

PATCHES = (((5, 5, 25, 25), RED), ((40, 10, 60, 40), GREEN), ((5, 40, 30, 55), BLUE))
EXAMPLES = tuple(TrayPhoto(f"example-{n}", f"/x/{n}.jpg", f"{n}", f"/t/{n}") for n in range(2))


def photo(count: int = 3) -> bytes:
    """A PNG of up to three patches, each of them an object to the built-in engine."""
    return png(patches(*PATCHES[:count]))


def upload(folder: Path, name: str, data: bytes) -> Path:
    """The bytes as a browser's upload, in a folder whose name nobody guesses."""
    place = folder / secrets.token_hex(32)
    place.mkdir(parents=True)
    (place / name).write_bytes(data)
    return place / name


def sent(*paths: Path) -> dict[str, Any]:
    """The page's words for these uploads."""
    return {"files": [{"path": str(path)} for path in paths], "names": [one.name for one in paths]}


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def filled(folder: Path, *counts: int) -> Tray:
    """A tray of photos that hold that many objects; one of -1 is no photo."""
    tray = Tray(EXAMPLES)
    for number, count in enumerate(counts):
        name = f"photo {number}.png"
        data = photo(count) if count >= 0 else b"Not a photo."
        tray.add(str(upload(folder, name, data)), name, f"/t/own-{number}")
    return tray
