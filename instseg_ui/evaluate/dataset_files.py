"""The files of a data set, in a folder or a zip, read by name.

A zip is never unpacked: a member is read when it is asked for, in memory, up to a limit. So a
name that leads out of the archive leads nowhere, a link is a member that is passed over, and
a bomb is a member that is too large.
"""

from __future__ import annotations

import os
import stat
import threading
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from instseg_ui.errors import ImageError, InputError

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm",
                 ".pgm", ".avif")  # fmt: skip

MAX_MEMBERS = 1_000_000
MAX_BYTES = 200_000_000_000
_ENCRYPTED = 0x1
_RUBBISH = "__MACOSX"


class Files(Protocol):
    """Named files; names have forward slashes and are relative."""

    name: str
    """What the user calls the whole."""

    def names(self) -> Iterable[str]:
        """Every file."""
        ...

    def size(self, name: str) -> int:
        """Bytes of one file. Raises `KeyError` if there is none of that name."""
        ...

    def open(self, name: str) -> BinaryIO:
        """One file, to be read from its beginning. Raises `KeyError`, `InputError`."""
        ...

    def close(self) -> None:
        """Let go of what is held open."""
        ...


class Folder:
    """The files at and below one folder; hidden ones are passed over."""

    def __init__(self, root: Path) -> None:
        """Raises `InputError` when there is no such folder."""
        if not root.is_dir():
            raise InputError(
                f"There is no folder “{root.name or root}”. Name the data set's folder."
            )
        self.root = root
        self.name = root.resolve().name
        self._names = tuple(sorted(_walk(root)))
        self._known = frozenset(self._names)

    def names(self) -> tuple[str, ...]:
        return self._names

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def open(self, name: str) -> BinaryIO:
        try:
            return self._path(name).open("rb")
        except OSError as error:
            raise InputError(f"“{name}” cannot be read ({error.strerror}).") from error

    def close(self) -> None:
        """Nothing is held open."""

    def _path(self, name: str) -> Path:
        if name not in self._known:
            raise KeyError(name)
        return self.root / name


class Zip:
    """The members of a zip file. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        """Look through the list of members; nothing is unpacked.

        Raises:
            InputError: not a zip, damaged, encrypted, or with too many or too large members.
        """
        self.name = path.stem
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise InputError(
                f"“{path.name}” is not a zip file that can be read. Pack the data set again."
            ) from error
        try:
            self._members = _members(self._zip, path.name)
        except InputError:
            self._zip.close()
            raise
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def size(self, name: str) -> int:
        return self._members[name].file_size

    def open(self, name: str) -> BinaryIO:
        info = self._members[name]
        try:
            with self._lock:
                return cast("BinaryIO", self._zip.open(info))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise InputError(f"“{name}” cannot be read from the zip: it is damaged.") from error

    def close(self) -> None:
        self._zip.close()


class OneFile:
    """A single file under its own name."""

    def __init__(self, path: Path) -> None:
        """Raises `InputError` when there is no such file."""
        if not path.is_file():
            raise InputError(f"There is no file “{path.name}”. Name the annotations' file.")
        self.name = path.stem
        self.path = path

    def names(self) -> tuple[str, ...]:
        return (self.path.name,)

    def size(self, name: str) -> int:
        if name != self.path.name:
            raise KeyError(name)
        return self.path.stat().st_size

    def open(self, name: str) -> BinaryIO:
        if name != self.path.name:
            raise KeyError(name)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise InputError(f"“{name}” cannot be read ({error.strerror}).") from error

    def close(self) -> None:
        """Nothing is held open."""


def open_files(path: Path) -> Files:
    """A folder or a zip. Raises `InputError` for anything else."""
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Zip(path)
    raise InputError(f"There is no folder or zip “{path.name or path}”.")


def read_bytes(files: Files, name: str, limit: int) -> bytes:
    """One file, whole.

    Raises:
        ImageError: it is missing, larger than `limit` bytes, or damaged.
    """
    try:
        if files.size(name) > limit:
            raise ImageError(
                f"“{name}” has {files.size(name) / 1e6:.0f} MB; "
                f"at most {limit / 1e6:.0f} MB are read."
            )
        with files.open(name) as file:
            data = file.read(limit + 1)
    except KeyError:
        raise ImageError(f"“{name}” is not among the files.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, InputError) as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"“{name}” is damaged and cannot be read.") from error
    if len(data) > limit:
        raise ImageError(f"“{name}” is larger than its archive says.")
    return data


class ImageNames:
    """Finds the file that an annotation calls by a name."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_path: dict[str, str] = {}
        self._by_last: dict[str, list[str]] = {}
        for name in names:
            if name.lower().endswith(IMAGE_ENDINGS):
                self._by_path[name] = name
                self._by_last.setdefault(name.rpartition("/")[2].casefold(), []).append(name)

    def __len__(self) -> int:
        return len(self._by_path)

    def paths(self) -> tuple[str, ...]:
        """Every image."""
        return tuple(self._by_path)

    def find(self, wanted: str, near: str = "") -> str | None:
        """The image at that path; else the only one whose path ends so, or that has its last part.

        Args:
            wanted: as the annotation has it; either system's slashes.
            near: the folder of the annotation, tried first.
        """
        clean = "/".join(
            part for part in wanted.replace("\\", "/").split("/") if part not in ("", ".")
        )
        for path in (f"{near}/{clean}" if near else clean, clean):
            if path in self._by_path:
                return path
        candidates = self._by_last.get(clean.rpartition("/")[2].casefold(), [])
        exact = [path for path in candidates if path.endswith(f"/{clean}")]
        for some in (exact, candidates):
            if len(some) == 1:
                return some[0]
        return None

    def with_stem(self, path: str) -> str | None:
        """The image at that path under any image's ending."""
        for ending in IMAGE_ENDINGS:
            for one in (path + ending, path + ending.upper()):
                if one in self._by_path:
                    return one
        return None


def _walk(root: Path) -> Iterable[str]:
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".")]
        base = Path(folder).relative_to(root).as_posix()
        for name in names:
            if not name.startswith("."):
                yield name if base == "." else f"{base}/{name}"


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise InputError(f"“{name}” holds {len(infos)} files; at most {MAX_MEMBERS} are read.")
    total = sum(info.file_size for info in infos)
    if total > MAX_BYTES:
        raise InputError(
            f"“{name}” unpacks to {total / 1e9:.0f} GB; at most {MAX_BYTES / 1e9:.0f} GB are read."
        )
    kept = [info for info in infos if _is_plain(info)]
    if any(info.flag_bits & _ENCRYPTED for info in kept):
        raise InputError(f"“{name}” is encrypted. Pack it again without a password.")
    return {info.filename: info for info in kept}


def _is_plain(info: zipfile.ZipInfo) -> bool:
    """A file, no folder, link or device, under a name that stays inside."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    parts = info.filename.replace("\\", "/").split("/")
    inside = not info.filename.startswith(("/", "\\")) and ".." not in parts and ":" not in parts[0]
    hidden = any(part.startswith(".") for part in parts) or parts[0] == _RUBBISH
    return inside and not hidden and not info.is_dir() and kind in (0, stat.S_IFREG)
