"""Folders of this user: whether one can be written, and one that stands in for it where not."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, which need not be there yet."""
    standing = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    return standing.is_dir() and os.access(standing, os.W_OK | os.X_OK)


def home() -> Path | None:
    """The user's home; None for one without, as containers have."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def temporary(name: str) -> Path:
    """A folder of this user alone in the machine's temporary folder, the same at every start.

    Where somebody else has made one of that name, a new one.
    """
    parent = Path(tempfile.gettempdir()).resolve()
    folder = parent / f"{name}-{os.getuid() if hasattr(os, 'getuid') else 'own'}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_symlink() and _is_mine(folder) and writable(folder):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))


def _is_mine(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
