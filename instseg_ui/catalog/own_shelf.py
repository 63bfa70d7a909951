"""The folders of the user's own models, as they lie on the disk now.

The disk is the memory: a model is there from the moment its folder is moved into place, for every
process and after a restart, and gone when the folder is.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

# A folder that was changed so shortly before it was read may change again within one tick of the
# file system's clock.
_SETTLED_NS = 2_000_000_000


class OwnShelf:
    """The model folders in one place, read again when that place has changed.

    Safe to use from many threads.
    """

    def __init__(self, root: Path) -> None:
        """`root` need not be there yet."""
        self._root = root
        self._lock = threading.Lock()
        self._read_at: int | None = None
        self._folders: tuple[Path, ...] = ()

    def folders(self) -> tuple[Path, ...]:
        """The models' folders by name; none where the place cannot be read.

        The same object as long as nothing has changed.
        """
        try:
            changed = self._root.stat().st_mtime_ns
        except OSError:
            return ()
        with self._lock:
            if changed != self._read_at:
                self._folders = self._read()
                settled = time.time_ns() - changed > _SETTLED_NS
                self._read_at = changed if settled else None
            return self._folders

    def _read(self) -> tuple[Path, ...]:
        try:
            found = [one for one in self._root.iterdir() if not one.name.startswith(".")]
            return tuple(sorted(one for one in found if one.is_dir()))
        except OSError:
            return ()
