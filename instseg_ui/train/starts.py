"""What a training can start from. Knows names and files, and needs no Paddle."""

from __future__ import annotations

from pathlib import Path

SIZES = {"everyday-M": "everyday-M", "everyday-S": "everyday-S", "demo-cats": "cats"}
"""The embedded models by their names in the catalog, and what each was trained as."""
SPEC_FILE = "network.json"
"""In the folder of a model that was taught: how its network is built."""


def can_start(name: str, folder: Path) -> bool:
    """Whether a model of that name and folder is an embedded one, or was taught from one."""
    return name in SIZES or (folder / SPEC_FILE).is_file()
