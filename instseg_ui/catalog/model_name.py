"""What a model may be called: its name becomes a folder, a file, a word of an address."""

from __future__ import annotations

import unicodedata

from instseg_ui.errors import InputError

_MOST_BYTES = 120  # in UTF-8; a folder's name may have 255, endings of ours included
_JOINTS = "-_."
_FALLBACK = "model"


def checked_name(text: str) -> str:
    """A name that somebody chose, in its composed form (NFC).

    Raises:
        InputError: it is no safe name; says what one is.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not name or name != plain_name(name):
        shown = "".join(sign if sign.isprintable() else "�" for sign in name[:40])
        raise InputError(
            f"“{shown}” is no name for a model. Use letters, digits, “-”, “_” and “.”, a letter or "
            f"digit first, no spaces, and at most {_MOST_BYTES} bytes."
        )
    return name


def plain_name(text: str) -> str:
    """A safe name that comes close to any text: `my pets` becomes `my-pets`."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(sign if _is_plain(sign) else " " for sign in composed)
    joined = _cut("-".join(kept.split())).strip(_JOINTS)
    # A mark without its letter is not readable.
    while joined and not joined[0].isalnum():
        joined = joined[1:]
    return joined or _FALLBACK


def alike(name: str) -> str:
    """Equal for names that people, or a disk that ignores case, take for one."""
    return unicodedata.normalize("NFKC", name).casefold()


def _is_plain(sign: str) -> bool:
    # Vowel signs of many scripts are marks (M), and no letters to Python.
    return sign in _JOINTS or unicodedata.category(sign)[0] in "LMN"


def _cut(name: str) -> str:
    return name.encode("utf-8", "ignore")[:_MOST_BYTES].decode("utf-8", "ignore")
