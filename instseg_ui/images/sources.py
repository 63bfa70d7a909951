"""What a user may call an input, as pictures: paths, folders, patterns, addresses, arrays, lists.

The rules are PaddleX's, so that a script or command written for it finds the same pictures in
the same order. Beyond it: glob patterns, `-` for standard input, Pillow images, and a bad file
that does not end the rest.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import numpy.typing as npt
from PIL import Image as Pil

from instseg_ui.errors import ImageError, InputError
from instseg_ui.images import Image, decode, from_array, from_pil, read
from instseg_ui.images.endings import PDF_SUFFIXES, SUFFIXES, TIFF_SUFFIXES
from instseg_ui.images.folders import Walk
from instseg_ui.images.pages import Page, has_pages, read_pages
from instseg_ui.settings import Settings

STDIN = "-"
_EXPECTED = (
    "a path, an address, a folder, an array (H, W, 3) in BGR, a Pillow image, or a list of these"
)
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Address:
    """An http or https address."""

    url: str


@dataclass(frozen=True, slots=True)
class Stdin:
    """The bytes that come in on standard input."""


Content = Path | Address | Stdin | npt.NDArray[np.generic] | Pil.Image | InputError


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where pictures are to be had, not read yet.

    Attributes:
        name: what to call it in a message.
        input_path: as PaddleX's results carry it: path or address; None for pixels in memory.
        content: what to read, or why there is nothing.
        below: the file's path below the folder that was given, with forward slashes; empty for
            what is no file. No two files of one input have the same.
    """

    name: str
    input_path: str | None
    content: Content
    below: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One picture, or the reason why it cannot be used.

    `page_index` counts the pages of a PDF or TIFF from 0 and is None for other files; `below` is
    that of its `Place`.
    """

    name: str
    input_path: str | None
    page_index: int | None
    image: Image | None = None
    error: InputError | None = None
    below: str = ""

    def get(self) -> Image:
        """The picture; raises `error` if it cannot be used."""
        if self.image is None:
            raise self.error or InputError(f"There is no picture in “{self.name}”.")
        return self.image


def read_sources(given: object, settings: Settings) -> Iterator[Source]:
    """Every picture of an input, one in memory at a time.

    Args:
        given: path, folder, glob pattern, http(s) address, `-`, array (H, W, 3) BGR, Pillow
            image, or a list of these, nested or not.
        settings: limits of a picture.

    Yields:
        In the order given; a folder's files sorted, those of its subfolders too. What cannot be
        read comes as a `Source` with its error.

    Raises:
        InputError: something that is none of these.
    """
    for place in find_places(given):
        yield from read_place(place, settings)


def find_places(given: object) -> list[Place]:
    """Where the pictures of an input are; reads nothing but folders. See `read_sources`."""
    return _told_apart(list(_places(given, depth=0)))


def read_place(place: Place, settings: Settings) -> Iterator[Source]:
    """The pictures of one place; several for a PDF or TIFF."""
    try:
        for index, page in _pictures(place, settings):
            image, error = (None, page) if isinstance(page, InputError) else (page, None)
            name = place.name if index is None else f"{place.name}, page {index + 1}"
            yield Source(name, place.input_path, index, image, error, place.below)
    except InputError as error:
        yield Source(place.name, place.input_path, None, error=error, below=place.below)


def _places(given: object, depth: int) -> Iterator[Place]:
    if isinstance(given, list | tuple):
        if depth > _DEEPEST:
            raise InputError(f"Expected lists nested {_DEEPEST} deep at most.")
        for entry in given:
            yield from _places(entry, depth + 1)
    elif isinstance(given, np.ndarray):
        yield Place("array", None, given)
    elif isinstance(given, Pil.Image):
        yield Place("picture", None, given)
    elif isinstance(given, os.PathLike):
        yield from _on_disk(os.fspath(given))
    elif isinstance(given, str):
        yield from _named(given)
    else:
        raise InputError(f"Expected {_EXPECTED}; got {type(given).__name__}.")


def _named(text: str) -> Iterator[Place]:
    scheme, separator, _ = text.partition("://")
    if text == STDIN:
        yield Place("stdin", "stdin", Stdin())
    elif not separator:
        yield from _on_disk(text)
    elif scheme.lower() in ("http", "https"):
        yield Place(address_name(text), text, Address(text))
    else:
        error = InputError(f"Expected an http or https address, got “{scheme[:20]}://”.")
        yield Place(text, text, error)


def address_name(url: str) -> str:
    """The file name at the end of an address, or its host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "address"
    return Path(unquote(parts.path)).name or parts.hostname or "address"


def _on_disk(text: str) -> Iterator[Place]:
    path = Path(text)
    if _is(path.is_dir):
        yield from _in_folder(path)
    elif _is(path.exists) or not glob.has_magic(text):
        error = InputError(f"There is no file or folder “{text}”.")
        yield Place(path.name, text, path if _is(path.exists) else error, path.name)
    else:
        yield from _matching(text)


def _in_folder(folder: Path) -> Iterator[Place]:
    files = sorted(file for file in map(str, Walk(folder).files()) if _is_wanted(file))
    if not files:
        known = ", ".join(suffix[1:] for suffix in SUFFIXES)
        error = InputError(f"The folder “{folder}” holds no pictures ({known}).")
        yield Place(folder.name, str(folder), error)
    for file in files:
        path = Path(file)
        yield Place(path.name, file, path, path.relative_to(folder).as_posix())


def _is_wanted(file: str) -> bool:
    return file.lower().endswith(SUFFIXES)


def _matching(pattern: str) -> Iterator[Place]:
    found = _found(pattern)
    if not found:
        yield Place(pattern, pattern, InputError(f"No file matches “{pattern}”."))
    base = _plain_part(pattern)
    for name in found:
        path = Path(name)
        if _is(path.is_file):
            below = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
            yield Place(path.name, name, path, below.as_posix())
        elif "**" not in pattern:
            yield from _in_folder(path)


def _found(pattern: str) -> list[str]:
    """What a pattern means, sorted; with `**` the files alone."""
    if "**" not in Path(pattern).parts:
        # pathlib has no pattern that may begin anywhere on the disk.
        return sorted(glob.iglob(pattern))  # noqa: PTH207
    # Python's own `**` goes round and round where a link leads back.
    base = _plain_part(pattern)
    wanted = Path(pattern).relative_to(base).parts
    files = Walk(base).files()
    return sorted(str(file) for file in files if _fits(file.relative_to(base).parts, wanted))


def _fits(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a path is as a pattern says; what is hidden must be named so."""
    if not wanted or not parts:
        return not parts and all(one == "**" for one in wanted)
    if wanted[0] == "**":
        shown = not parts[0].startswith(".")
        return _fits(parts, wanted[1:]) or (shown and _fits(parts[1:], wanted))
    shown = wanted[0].startswith(".") or not parts[0].startswith(".")
    return shown and fnmatchcase(parts[0], wanted[0]) and _fits(parts[1:], wanted[1:])


def _plain_part(pattern: str) -> Path:
    """The folder of a pattern before its first sign."""
    parts = Path(pattern).parts
    magic = next((i for i, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return Path(*parts[:magic])


def _told_apart(places: list[Place]) -> list[Place]:
    """Files of equal names from several inputs are called by their paths below a common folder."""
    files: dict[str, set[str]] = {}
    for place in places:
        if isinstance(place.content, Path):
            files.setdefault(place.below, set()).add(str(place.content.absolute()))
    equal = {path for paths in files.values() if len(paths) > 1 for path in paths}
    if not equal:
        return places
    base = os.path.commonpath([str(Path(path).parent) for path in equal])
    return [
        replace(place, below=place.content.absolute().relative_to(base).as_posix())
        if isinstance(place.content, Path) and str(place.content.absolute()) in equal
        else place
        for place in places
    ]


def _is(check: Callable[[], bool]) -> bool:
    """What a method of a path says; False for a name that no file can have."""
    try:
        return check()
    except (OSError, ValueError):
        return False


def _pictures(place: Place, settings: Settings) -> Iterator[tuple[int | None, Page]]:
    match place.content:
        case InputError():
            yield None, place.content
        case np.ndarray():
            yield None, from_array(place.content, settings, place.name)
        case Pil.Image():
            yield None, from_pil(place.content, settings, place.name)
        case Address(url):
            yield from _of_bytes(_fetch(url, settings), place.name, settings)
        case Stdin():
            yield from _of_bytes(_read_stdin(settings), place.name, settings)
        case Path() if place.content.suffix.lower() in (*TIFF_SUFFIXES, *PDF_SUFFIXES):
            yield from enumerate(read_pages(place.content, settings, place.name))
        case Path():
            yield None, read(place.content, settings)


def _of_bytes(data: bytes, name: str, settings: Settings) -> Iterator[tuple[int | None, Page]]:
    if has_pages(data):
        yield from enumerate(read_pages(data, settings, name))
    else:
        yield None, decode(data, settings, name)


def _read_stdin(settings: Settings) -> bytes:
    data = sys.stdin.buffer.read(settings.max_upload + 1)
    if len(data) > settings.max_upload:
        limit = settings.max_upload / 1e6
        raise ImageError(f"Standard input holds more than the {limit:g} MB that are accepted.")
    return data


def _fetch(url: str, settings: Settings) -> bytes:
    # Here: a command without addresses starts without an HTTP client.
    from instseg_ui.images.remote import fetch_image_bytes

    return fetch_image_bytes(url, settings)
