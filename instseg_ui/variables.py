"""The one place where settings are read: environment variables, and what a door puts before them.

Every door says the same sentence about a value that cannot be used.
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ByteSize, ValidationError
from pydantic.fields import FieldInfo

from instseg_ui.errors import InputError
from instseg_ui.settings import Expected, Settings

log = logging.getLogger(__name__)

PREFIX = "INSTSEG_"
# Gradio's own names for these go before ours where both are set.
_GRADIO = {"host": "GRADIO_SERVER_NAME", "port": "GRADIO_SERVER_PORT"}
_KINDS: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    ByteSize: "a size such as 50MB or 4GiB",
    Path: "a path",
    str: "a text",
}
_LONGEST_SHOWN = 60


def read_settings(
    changes: Mapping[str, Any] | None = None, *, names: Mapping[str, str] | None = None
) -> Settings:
    """The settings of the environment, some of them replaced.

    An `INSTSEG_` variable that is no setting is told in the log.

    Args:
        changes: values by field, which go before the environment's.
        names: what whoever set them calls those fields, such as `{"threads": "--threads"}`.

    Raises:
        InputError: some cannot be used; a line for each.
    """
    changes, names = changes or {}, names or {}
    for line in _unknown():
        log.warning(line)
    gradio = {field: os.environ[name] for field, name in _GRADIO.items() if os.environ.get(name)}
    try:
        return Settings(**(gradio | dict(changes)))
    except ValidationError as error:
        fields = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors())
        given = {field: _Given.of(field, changes, names) for field in fields}
    # Outside of the handler: pydantic's own text is not part of ours.
    raise InputError("\n".join(one.refusal(field) for field, one in given.items()))


def variable(field: str) -> str:
    """The environment variable of a field of `Settings`."""
    return f"{PREFIX}{field.upper()}"


def expectation(field: FieldInfo) -> str:
    """What a field takes, in words: `a whole number from 1 to 65535`."""
    words = next((one.text for one in field.metadata if isinstance(one, Expected)), None)
    if words:
        return words
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(get_args(field.annotation))}"
    return _KINDS[field.annotation] + _bounds(field)


def _bounds(field: FieldInfo) -> str:
    above = next((one.gt for one in field.metadata if isinstance(one, Gt)), None)
    least = next((one.ge for one in field.metadata if isinstance(one, Ge)), None)
    below = next((one.lt for one in field.metadata if isinstance(one, Lt)), None)
    most = next((one.le for one in field.metadata if isinstance(one, Le)), None)
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None and below is not None:
        return f" from {least} to below {below}"
    if above is not None:
        return f" above {above}"
    return "" if least is None else f" of at least {least}"


@dataclass(frozen=True, slots=True)
class _Given:
    """A value as it was given: by what name, and what to do about it."""

    name: str
    value: object
    advice: str

    @classmethod
    def of(cls, field: str, changes: Mapping[str, Any], names: Mapping[str, str]) -> _Given:
        """Where the value of a field comes from, the first place that has one."""
        if field in changes:
            return cls(names.get(field, field), changes[field], "Change it.")
        wanted = [_GRADIO.get(field, ""), variable(field)]
        # As pydantic reads them: of names that differ in case only, the last one holds.
        found = {name.upper(): (name, value) for name, value in os.environ.items() if value}
        name, value = next(found[one] for one in wanted if one in found)
        return cls(name, value, "Change it or unset it.")

    def refusal(self, field: str) -> str:
        expected = expectation(Settings.model_fields[field])
        return f"{self.name}: expected {expected}, got “{_shown(self.value)}”. {self.advice}"


def _shown(value: object) -> str:
    """A value on one line, in printable characters and not too long."""
    text = str(value)
    cut = text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cut)


def _unknown() -> Iterator[str]:
    """A sentence for each `INSTSEG_` variable that is no setting."""
    known = {variable(field).removeprefix(PREFIX) for field in Settings.model_fields}
    for name in sorted(os.environ):
        word = name.upper().removeprefix(PREFIX)
        if not name.upper().startswith(PREFIX) or word in known:
            continue
        close = difflib.get_close_matches(word, known, n=1)
        hint = f" Did you mean {PREFIX}{close[0]}?" if close else ""
        yield f"{_shown(name)} is not a setting; it is ignored.{hint}"
