"""What goes into an export and what comes out of it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from instseg_ui.errors import InputError
from instseg_ui.exports.names import Names, picture_path, safe_path, safe_stem, stem_path
from instseg_ui.images import Image
from instseg_ui.results import Prediction

JSON = "application/json"
ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to export.

    Attributes:
        prediction: what was found, filtered to the threshold already (`Prediction.at`).
        image: its pixels; cut-outs need them, LabelMe embeds them.
        name: what the user called the picture, with its folders below the one that was given; may
            hold anything. What points at the picture keeps it, what is written is made safe.
        page_index: of a document's page, from 0.
    """

    prediction: Prediction
    image: Image | None = None
    name: str = "image"
    page_index: int | None = None


class Entry(NamedTuple):
    """One file of an export; `name` may have folders, with forward slashes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A finished download."""

    name: str
    media_type: str
    data: bytes

    def __repr__(self) -> str:
        return f"ExportFile({self.name!r}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table of formats.

    Attributes:
        name: how it is asked for.
        extension: of its file, without the dot; `zip` for those that are always an archive.
        media_type: of that file.
        description: one sentence for the person who chooses.
        write: pictures and keyword options to files; one file is handed over as it is.
    """

    name: str
    extension: str
    media_type: str
    description: str
    write: Callable[..., list[Entry]]

    @property
    def options(self) -> Mapping[str, Any]:
        """The options that `write` takes, with their defaults."""
        parameters = inspect.signature(self.write).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def stems(items: Sequence[Item]) -> list[str]:
    """A safe file name without ending for each picture, unique; a page's number goes along."""
    names = Names()
    return [names.unique(safe_stem(item.name) + _page(item)) for item in items]


def safe_paths(items: Sequence[Item]) -> list[str]:
    """The same in the pictures' own folders, so that equal names in two of them stay."""
    names = Names()
    return [names.unique(safe_path(item.name) + _page(item)) for item in items]


def stem_paths(items: Sequence[Item]) -> list[str]:
    """The pictures' paths without ending, for files that tools look for by the picture's name."""
    names = Names(by_case=True)
    return [names.unique(stem_path(item.name) + _page(item)) for item in items]


def picture_paths(items: Sequence[Item]) -> list[str]:
    """The pictures' own paths, as they are: what points at a file must be called as it is."""
    names = Names(by_case=True)
    return [names.unique(picture_path(item.name)) for item in items]


def class_names(items: Sequence[Item]) -> tuple[str, ...]:
    """The class names by class id, for formats with one list of classes in a file.

    Classes are those of the model. Where a prediction does not carry them, a class id that
    was found has its instance's label, and one between them the name `class <id>`.

    Raises:
        InputError: the pictures were looked at by models with different classes.
    """
    known = {item.prediction.labels for item in items if item.prediction.labels}
    if len(known) > 1:
        raise InputError(
            "This format has one list of classes, but these pictures were looked at by models"
            " with different classes. Export each model by itself."
        )
    names = dict(enumerate(known.pop() if known else ()))
    for item in items:
        for instance in item.prediction.instances:
            names.setdefault(instance.class_id, instance.label)
    return tuple(names.get(i, f"class {i}") for i in range(max(names, default=-1) + 1))


def chosen(option: str, value: object, allowed: Sequence[Any]) -> Any:
    """`value`, if it is one of `allowed`.

    Raises:
        InputError: it is not.
    """
    for candidate in allowed:
        if type(value) is type(candidate) and value == candidate:
            return candidate
    names = ", ".join(json.dumps(candidate) for candidate in allowed)
    raise InputError(f"The option {option} must be one of {names}, got {str(value)[:40]!r}.")


def to_json(value: object, indent: int | None = None) -> bytes:
    """UTF-8 JSON; names in other scripts stay readable, halves of surrogate pairs are escaped."""
    separators = None if indent else (",", ":")
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )
    return (text + "\n").encode("utf-8", "backslashreplace")


def _page(item: Item) -> str:
    return "" if item.page_index is None else f"_{item.page_index}"
