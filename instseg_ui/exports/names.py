"""File names that are safe wherever an archive is unpacked."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 80  # characters; under 255 bytes in UTF-8 with an ending, for every script
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


def safe_file(path: str, fallback: str = "image") -> str:
    """The last part of a picture's path, with its ending, as one file name."""
    return safe_name(_last_part(path), fallback)


class Names:
    """Names of one folder; those given twice, in whatever case, are numbered."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        """`name`, or `name-2`, `name-3`, ... before its ending, if it is taken."""
        stem, dot, ending = name.rpartition(".")
        stem, ending = (stem, dot + ending) if stem else (name, "")
        chosen, number = name, 1
        while chosen.casefold() in self._taken:
            number += 1
            chosen = f"{stem}-{number}{ending}"
        self._taken.add(chosen.casefold())
        return chosen


def _last_part(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _without_ending(name: str) -> str:
    """Without what follows the last dot, as far as that looks like a file's ending."""
    return re.sub(r"(?<=.)\.\w{1,5}$", "", name)


def _is_shown(char: str) -> bool:
    """Not a control character, a mark of writing direction, or half of a pair."""
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"} or char.isspace()
