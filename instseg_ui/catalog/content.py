"""A file's content by its hash, read again only where the file system says that it was written."""

from __future__ import annotations

import hashlib
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

# A file that was changed so shortly before it was hashed may change again within one tick of
# the file system's clock, and nothing would tell.
_SETTLED_NS = 2_000_000_000
_TRIES = 3


class Stamp(NamedTuple):
    """What the file system says of a file. Nobody can set the change time back, as `touch` and
    unpackers do with the modification time.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def stamp(stat: os.stat_result) -> Stamp:
    """The stamp of a file."""
    return Stamp(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def file_sha256(file: Path) -> str:
    """SHA-256 of a file, in hex (about 1 s for 500 MB, once a process).

    Raises:
        OSError: it cannot be read.
    """
    for _ in range(_TRIES):
        before = stamp(file.stat())
        settled = time.time_ns() - before.changed_ns > _SETTLED_NS
        found = _kept_sha256(file, before) if settled else _sha256(file)
        if stamp(file.stat()) == before:
            return found
    return _sha256(file)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=256)
def _kept_sha256(file: Path, _: Stamp) -> str:
    return _sha256(file)
