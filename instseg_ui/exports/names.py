"""File names that are safe wherever an archive is unpacked."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 80  # characters; under 255 bytes in UTF-8 with an ending, for every script
_MOST_BYTES = 250  # of a name; file systems take 255, an ending included
_UNSAFE = re.compile(r'[<>:"/\\|?*\s]+')
# Names of devices on Windows, whatever follows their first dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_name(text: str, fallback: str = "image") -> str:
    """`text` as one file name: no folders, nothing reserved, never empty or hidden."""
    kept = "".join(char for char in unicodedata.normalize("NFC", text) if _is_shown(char))
    name = _UNSAFE.sub("_", kept).strip("._ ")[:_LONGEST].rstrip("._ ")
    if not name:
        return fallback
    return f"_{name}" if _DEVICES.fullmatch(name) else name


def safe_stem(path: str, fallback: str = "image") -> str:
    """What a picture's exports are called: the last part of its path, without the ending."""
    return safe_name(_without_ending(_last_part(path)), fallback)


def picture_path(name: str, fallback: str = "image") -> str:
    """A picture's name as it stands, for what points at it: folders stay, with forward slashes.

    Of a path that leads out of its folder only the last part is left.
    """
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    if ".." in parts or re.match(r"[/\\]|[A-Za-z]:[/\\]", name):
        parts = [part for part in parts[-1:] if part != ".."]
    return "/".join(parts) or fallback


def stem_path(name: str, fallback: str = "image") -> str:
    """`picture_path` without the ending, for a file that tools look for beside the picture.

    It is the picture's name, letter by letter, unless a file cannot be called so.
    """
    *folders, last = picture_path(name, fallback).split("/")
    return "/".join(map(_writable, (*folders, _without_ending(last))))


def safe_path(name: str, fallback: str = "image") -> str:
    """`picture_path` without the ending, each part made safe: for files of our own."""
    *folders, last = picture_path(name, fallback).split("/")
    safe = safe_name(_without_ending(last), fallback)
    return "/".join((*(safe_name(folder, "folder") for folder in folders), safe))


class Names:
    """Names of one folder; those given twice, in whatever case, are numbered."""

    def __init__(self, *, by_case: bool = False) -> None:
        """`by_case`: names that differ in case are different, as the pictures they stand for."""
        self._key = str if by_case else str.casefold
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        """`name`, or `name-2`, `name-3`, ... before its ending, if it is taken."""
        folder, slash, last = name.rpartition("/")
        stem, dot, ending = last.rpartition(".")
        stem, ending = (stem, dot + ending) if stem else (last, "")
        chosen, number = name, 1
        while self._key(chosen) in self._taken:
            number += 1
            chosen = f"{folder}{slash}{stem}-{number}{ending}"
        self._taken.add(self._key(chosen))
        return chosen


def _writable(part: str) -> str:
    kept = "".join(char for char in part if unicodedata.category(char) not in {"Cc", "Cs"})
    if kept.strip(".") == "" or len(kept.encode("utf-8")) > _MOST_BYTES:
        return safe_name(kept)
    return kept


def _last_part(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _without_ending(name: str) -> str:
    """Without what follows the last dot, as far as that looks like a file's ending."""
    return re.sub(r"(?<=.)\.\w{1,5}$", "", name)


def _is_shown(char: str) -> bool:
    """Not a control character, a mark of writing direction, or half of a pair."""
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"} or char.isspace()
