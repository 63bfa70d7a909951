"""Ids as programs write them: a number as 1, as 1.0 (tables of pandas) or as "1" (VIA)."""

from __future__ import annotations

import re
from collections.abc import Container

from instseg_ui.evaluate.dataset import Id

_WHOLE = re.compile(r"(-?(?:0|[1-9]\d{0,18}))(?:\.0+)?")
_YES, _NO = ("1", "1.0", "true", "yes"), ("", "0", "0.0", "false", "no", "none", "null")


def as_id(value: object) -> Id | None:
    """An id as it is kept: whole numbers without a fraction, texts as they are; None if it is none.

    `true` is no id.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) or (isinstance(value, str) and value) else None


def as_whole(value: object) -> int | None:
    """A whole number, also where it is written as 640.0 or "640"."""
    number = as_id(value)
    return _number(number) if isinstance(number, str) else number


def as_flag(value: object) -> bool | None:
    """0 or 1 in any type that means it; None for what means neither."""
    if value is None or isinstance(value, bool | int | float):
        return bool(value)
    text = value.strip().lower() if isinstance(value, str) else "?"
    return True if text in _YES else False if text in _NO else None


def meant_by(written: Id, known: Container[Id]) -> Id | None:
    """The id of `known` that is meant: the same, or else the same number in the other type."""
    number = _number(written) if isinstance(written, str) else written
    others = (written,) if number is None else (written, number, str(number))
    return next((one for one in others if one in known), None)


def _number(text: str) -> int | None:
    whole = _WHOLE.fullmatch(text)
    return int(whole[1]) if whole else None
