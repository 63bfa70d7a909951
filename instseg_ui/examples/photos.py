"""The example photos in the order in which they are shown; the page opens with the first one."""

from __future__ import annotations

from pathlib import Path

OPENING = "cats-on-a-road.jpg"
"""The photo that the page opens with, and that stands in where none is named."""
_FIRST = (OPENING, "street-at-night.jpg", "cyclists.jpg", "kittens.jpg", "man-with-cats.jpg")


def photo_folder(assets: Path) -> Path:
    """Where the example photos lie."""
    return assets / "examples"


def example_photos(assets: Path) -> list[Path]:
    """The photos to choose from, the opening one first; of other assets all that are there."""
    there = {path.name: path for path in sorted(photo_folder(assets).glob("*.jpg"))}
    return [there[name] for name in _FIRST if name in there] or list(there.values())
