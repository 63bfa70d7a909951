"""Reading a JSON document piece by piece: one element of its large lists at a time.

A COCO file of half a gigabyte becomes several gigabytes of Python objects when it is read whole.
Here one element is alive at a time, and what is held of the text is one chunk.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

from instseg_ui.errors import InputError

_CHUNK = 1 << 20
MAX_ELEMENT = 64_000_000
"""Characters that a single element may take."""
_GOES_ON = ("", ".", "e", "E")
_SPACE: Any = re.compile(r"[ \t\r\n]*").match


class Element(NamedTuple):
    """`value` is an element of the list under `key`, or, with `whole`, what stands under it."""

    key: str
    value: Any
    whole: bool = False


class _NotJson(ValueError):
    """The text is not the JSON that was expected."""


def elements(file: BinaryIO, name: str) -> Iterator[Element]:
    """The elements of the top level's lists, and its other values, in the document's order.

    A list that is empty comes as one whole value, `[]`.

    Raises:
        InputError: not JSON, not an object at its top level, or cut off.
    """
    try:
        yield from _object(_Text(file), set())
    except (_NotJson, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"“{name}” is not a JSON object that can be read: {_why(error)}."
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(f"“{name}” is damaged and cannot be read.") from error


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error)


class Outline(NamedTuple):
    """The keys of a document's top level, as far as its beginning goes; `whole` if to its end."""

    keys: frozenset[str]
    whole: bool


def outline(head: bytes) -> Outline:
    """What the beginning of a document tells of it; no JSON object has no keys."""
    keys: set[str] = set()
    with suppress(_NotJson, UnicodeDecodeError, RecursionError):
        for _ in _object(_Text(io.BytesIO(head)), keys):
            pass
        return Outline(frozenset(keys), whole=True)
    return Outline(frozenset(keys), whole=False)


def _object(text: _Text, keys: set[str]) -> Iterator[Element]:
    text.expect("{")
    if text.peek() == "}":
        return
    while True:
        key = text.value()
        if not isinstance(key, str):
            raise _NotJson("a key is not a text")
        keys.add(key)
        text.expect(":")
        yield from _values(text, key)
        if text.take(",}") == "}":
            return


def _values(text: _Text, key: str) -> Iterator[Element]:
    if text.peek() != "[":
        yield Element(key, text.value(), whole=True)
        return
    text.expect("[")
    if text.peek() == "]":
        text.expect("]")
        yield Element(key, [], whole=True)
        return
    while True:
        yield Element(key, text.value())
        if text.take(",]") == "]":
            return


class _Text:
    """A window on the document's characters."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._scan = json.JSONDecoder(parse_constant=_constant).raw_decode
        self._window = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is no space."""
        while True:
            self._at = _SPACE(self._window, self._at).end()
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more():
                raise _NotJson("it ends too early")

    def take(self, allowed: str) -> str:
        """The next character, which must be one of `allowed`."""
        char = self.peek()
        if char not in allowed:
            raise _NotJson(f"expected “{'” or “'.join(allowed)}”, got “{char}”")
        self._at += 1
        return char

    def expect(self, char: str) -> None:
        """Take exactly this character."""
        self.take(char)

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self._scan(self._window, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise _NotJson(f"{error.msg.lower()} at its end") from error
                if len(self._window) - self._at > MAX_ELEMENT:
                    raise _NotJson(f"a value is longer than {MAX_ELEMENT // 10**6} MB") from error
                continue
            # A number may go on in the next chunk.
            whole = (
                not isinstance(value, int | float) or self._window[end : end + 1] not in _GOES_ON
            )
            if whole or not self._more():
                self._at = end
                return value

    def _more(self) -> bool:
        """Read on, twice as much as is left over; False at the end."""
        if self._ended:
            return False
        rest = self._window[self._at :]
        data = self._file.read(max(_CHUNK, len(rest)))
        self._ended = not data
        self._window = rest + self._decoder.decode(data, final=self._ended)
        self._at = 0
        return bool(data)


def _constant(name: str) -> float:
    """NaN and infinities are read; whoever needs a number says that these are none."""
    return float(name.replace("Infinity", "inf"))
