"""Unpacking an archive that may be damaged or hostile."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath

from instseg_ui.catalog.model_folder import CONFIG
from instseg_ui.errors import FetchError
from instseg_ui.weights.meter import Meter


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold at most. The largest official model has 450 MB in three files."""

    members: int = 1000
    bytes: int = 2_000_000_000


def unpack(
    archive: Path,
    into: Path,
    *,
    limits: ArchiveLimits,
    make_room: Callable[[int], None],
    meter: Meter,
) -> None:
    """Unpack a tar, plain or compressed, into the folder `into`.

    Nothing is written before every member has been looked at: files and folders only, inside
    `into`, within `limits`. `make_room` is called with the sum of their bytes before the first
    is written, and raises if the disk lacks them.

    Raises `FetchError` with the bare reason, `Cancelled`, `OSError`.
    """
    try:
        with tarfile.open(archive) as tar:
            members = list(_checked(tar, limits, meter))
            total = sum(member.size for member in members)
            make_room(total)
            meter.begin(total)
            for member in members:
                tar.extract(member, into, filter="data")
                meter.add(member.size)
    except (tarfile.TarError, EOFError, zlib.error, LZMAError, OSError) as error:
        # gzip and bz2 report damaged data as an OSError of their own, without a number.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FetchError("the archive is damaged, or is not a tar archive") from error


def config_folder(root: Path) -> Path:
    """The one folder at or below `root` that holds an `inference.yml`.

    Raises `FetchError` with the bare reason when there is none, or more than one.
    """
    found = [file.parent for file in root.rglob(CONFIG)]
    if len(found) != 1:
        amount = "no" if not found else "more than one"
        raise FetchError(f"the archive holds {amount} {CONFIG}")
    return found[0]


def _checked(
    tar: tarfile.TarFile, limits: ArchiveLimits, meter: Meter
) -> Iterator[tarfile.TarInfo]:
    """The members, each checked before the archive is read past it."""
    count = size = 0
    for member in tar:
        meter.check()
        count, size = count + 1, size + member.size
        if count > limits.members:
            raise FetchError(f"the archive holds more than {limits.members} files")
        if size > limits.bytes:
            raise FetchError(f"the archive unpacks to more than {limits.bytes / 1e6:.0f} MB")
        if not _is_harmless(member):
            raise FetchError("the archive holds a link, a device or a path outside its folder")
        yield member


def _is_harmless(member: tarfile.TarInfo) -> bool:
    posix, windows = PurePosixPath(member.name), PureWindowsPath(member.name)
    inside = not posix.is_absolute() and not windows.anchor and ".." not in windows.parts
    return inside and (member.isreg() or member.isdir())
