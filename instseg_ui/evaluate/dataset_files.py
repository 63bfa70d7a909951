"""The files of a data set, in a folder or a zip, read by name.

A zip is never unpacked: a member is read when it is asked for, in memory, up to a limit. So a
name that leads out of the archive leads nowhere, a link is a member that is passed over, and
a bomb is a member that is too large.
"""

from __future__ import annotations

import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from instseg_ui.errors import ImageError, InputError, system_said
from instseg_ui.evaluate.findings import Findings
from instseg_ui.images.folders import Walk

MAX_MEMBERS = 1_000_000
MAX_BYTES = 200_000_000_000
_ENCRYPTED = 0x1
_UTF_8 = 0x800
_EXTRA = struct.Struct("<HH")
_UNICODE_PATH = 0x7075
# Of what packs names without saying how: macOS and Linux, then Windows by region.
_CODE_PAGES = ("utf-8", "cp437", "cp850", "cp1252", "cp1250", "cp932", "gbk", "cp949", "big5",
               "cp866", "cp1251")  # fmt: skip
_RUBBISH = "__MACOSX"


class Files(Protocol):
    """Named files; names have forward slashes and are relative."""

    name: str
    """What the user calls the whole."""
    findings: Findings
    """What was passed over, or is called otherwise than it looks."""
    spellings: Mapping[str, Sequence[str]]
    """Other readings of names, where nobody says which code page they are in."""

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
    """The files at and below one folder, links followed; hidden ones are passed over."""

    def __init__(self, root: Path, *, reach: bool = False) -> None:
        """List the files.

        Args:
            root: the folder.
            reach: whether files outside it may be read too, where `include` asks for them.

        Raises:
            InputError: there is no such folder.
        """
        if not root.is_dir():
            raise InputError(
                f"There is no folder “{root.name or root}”. Name the data set's folder."
            )
        self.root = root
        self.name = root.resolve().name
        self.reach = reach
        self.findings = Findings()
        self.spellings: Mapping[str, Sequence[str]] = {}
        self._known = dict.fromkeys(sorted(_below(root, self.findings)))
        self._included: set[Path] = set()

    def names(self) -> tuple[str, ...]:
        return tuple(self._known)

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def open(self, name: str) -> BinaryIO:
        try:
            return self._path(name).open("rb")
        except OSError as error:
            sentence = f"“{name}” cannot be read."
            raise InputError(sentence, remedy=system_said(error)) from error

    def close(self) -> None:
        """Nothing is held open."""

    def inside(self, place: Path) -> str | None:
        """What a path of this machine is called here; None for one outside, "" for the root."""
        for root, one in ((self.root.absolute(), place), (self.root.resolve(), _real(place))):
            if one.is_relative_to(root):
                below = one.relative_to(root)
                return "" if below == Path() else below.as_posix()
        return None

    def include(self, place: Path) -> None:
        """Add the files at a path outside, under that path, if that is allowed."""
        if not self.reach or not place.is_absolute() or place in self._included:
            return
        self._included.add(place)
        if place.is_dir():
            self._known |= dict.fromkeys(
                sorted(one.as_posix() for one in Walk(place, hidden=False).files())
            )
        elif place.is_file():
            self._known[place.as_posix()] = None

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
        self.findings = Findings()
        self.spellings: Mapping[str, Sequence[str]]
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise InputError(
                f"“{path.name}” is not a zip file that can be read. Pack the data set again."
            ) from error
        try:
            self._members, self.spellings = _members(self._zip, path.name, self.findings)
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
        self.findings = Findings()
        self.spellings: Mapping[str, Sequence[str]] = {}

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
            sentence = f"“{name}” cannot be read."
            raise InputError(sentence, remedy=system_said(error)) from error

    def close(self) -> None:
        """Nothing is held open."""


def open_files(path: Path, *, reach: bool = False) -> Files:
    """A folder or a zip; see `Folder` for `reach`. Raises `InputError` for anything else."""
    if path.is_dir():
        return Folder(path, reach=reach)
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


def _real(place: Path) -> Path:
    try:
        return place.resolve()
    except (OSError, RuntimeError):
        return place


def _below(root: Path, findings: Findings) -> Iterable[str]:
    walk = Walk(root, hidden=False)
    yield from (file.relative_to(root).as_posix() for file in walk.files())
    for link in walk.linked:
        findings.note("linked folder", "The link is followed.", link.relative_to(root))
    for link in walk.passed_over:
        findings.note(
            "link passed over",
            "It leads to a folder that is read already; each picture counts once.",
            link.relative_to(root),
        )


def _members(
    archive: zipfile.ZipFile, name: str, findings: Findings
) -> tuple[dict[str, zipfile.ZipInfo], dict[str, tuple[str, ...]]]:
    """The members that are read, by name, and other spellings of these names."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise InputError(f"“{name}” holds {len(infos)} files; at most {MAX_MEMBERS} are read.")
    total = sum(info.file_size for info in infos)
    if total > MAX_BYTES:
        raise InputError(
            f"“{name}” unpacks to {total / 1e9:.0f} GB; at most {MAX_BYTES / 1e9:.0f} GB are read."
        )
    members: dict[str, zipfile.ZipInfo] = {}
    spellings = {}
    for info in infos:
        member, others = _spelled(info)
        if not _is_plain(info, member, findings):
            continue
        if info.flag_bits & _ENCRYPTED:
            raise InputError(f"“{name}” is encrypted. Pack it again without a password.")
        if member in members:
            findings.warn(
                "file packed twice", "The archive has two of that name; the last is read.", member
            )
        if others:
            spellings[member] = others
        members[member] = info
    return members, spellings


def _spelled(info: zipfile.ZipInfo) -> tuple[str, tuple[str, ...]]:
    """A member's name with forward slashes, and what else its bytes can mean."""
    name = info.filename.replace("\\", "/")
    if info.flag_bits & _UTF_8 or name.isascii():
        return name, ()
    try:
        # Without the mark, Python reads the code page of the first PCs; many write UTF-8.
        data = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return name, ()
    told = _told_name(info.extra, data)
    if told:
        return told.replace("\\", "/"), ()
    readings: list[str] = []
    for page in _CODE_PAGES:
        with suppress(UnicodeDecodeError):
            readings.append(data.decode(page).replace("\\", "/"))
    others = dict.fromkeys(readings)
    first = readings[0] if _is_utf_8(data) else name
    others.pop(first, None)
    return first, tuple(others)


def _told_name(extra: bytes, name: bytes) -> str:
    """The name in UTF-8 that Info-ZIP's tools put beside another (APPNOTE.TXT, 4.6.9)."""
    while len(extra) >= _EXTRA.size:
        kind, size = _EXTRA.unpack_from(extra)
        content, extra = extra[_EXTRA.size : _EXTRA.size + size], extra[_EXTRA.size + size :]
        if kind == _UNICODE_PATH and content[1:5] == struct.pack("<I", zlib.crc32(name)):
            return content[5:].decode("utf-8", "replace")
    return ""


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_plain(info: zipfile.ZipInfo, name: str, findings: Findings) -> bool:
    """A file, no folder, link or device, under a name that stays inside."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    parts = name.split("/")
    if info.is_dir() or name.endswith("/"):
        return False
    if any(part.startswith(".") and part != ".." for part in parts) or parts[0] == _RUBBISH:
        return False
    if name.startswith("/") or ".." in parts or ":" in parts[0]:
        findings.warn(
            "name that leads out of the zip", "The file is passed over. Pack it again.", name
        )
        return False
    if kind not in (0, stat.S_IFREG):
        findings.warn(
            "link in the zip",
            "Links and devices are passed over. Pack the files themselves (zip without -y).",
            name,
        )
        return False
    return True
