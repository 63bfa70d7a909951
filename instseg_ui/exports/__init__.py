"""Predictions as files that other tools read: `export(items, "coco") -> ExportFile`.

| format         | one picture | several   | masks                                     |
|----------------|-------------|-----------|-------------------------------------------|
| `paddlex-json` | JSON        | zip       | exact run lengths; `dense=True` as PaddleX |
| `coco-results` | JSON        | one JSON  | exact run lengths                          |
| `coco`         | JSON        | one JSON  | exact run lengths, or polygons             |
| `labelme`      | JSON        | zip       | exact, or polygons                         |
| `yolo-seg`     | zip         | zip       | polygons, one ring an object               |
| `label-map`    | zip         | zip       | exact where no other mask lies on top      |
| `cut-outs`     | zip         | zip       | exact, as transparency                     |

Polygons give the mask back with an IoU of at least 0.98. The same input gives the same bytes.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from instseg_ui.errors import InputError
from instseg_ui.exports import coco, cut_outs, label_map, labelme, paddlex_json, yolo
from instseg_ui.exports.items import JSON, ZIP, ExportFile, Format, Item, stems
from instseg_ui.exports.zip_archive import zipped

__all__ = ["FORMATS", "ExportFile", "Format", "Item", "export"]

_FORMATS = (
    Format(
        "paddlex-json",
        "json",
        JSON,
        "PaddleX's own result: boxes and masks, as save_to_json writes it.",
        paddlex_json.write,
    ),
    Format(
        "coco-results",
        "json",
        JSON,
        "COCO results with scores, ready for pycocotools' COCOeval.",
        coco.write_results,
    ),
    Format(
        "coco",
        "json",
        JSON,
        "A COCO dataset: pictures, annotations and all classes of the model.",
        coco.write_dataset,
    ),
    Format(
        "labelme",
        "json",
        JSON,
        "LabelMe files, one a picture, to correct by hand.",
        labelme.write,
    ),
    Format(
        "yolo-seg",
        "zip",
        ZIP,
        "YOLO segmentation labels with data.yaml, to train on.",
        yolo.write,
    ),
    Format(
        "label-map",
        "zip",
        ZIP,
        "A PNG in which each pixel holds its instance's number, and the list of numbers.",
        label_map.write,
    ),
    Format(
        "cut-outs",
        "zip",
        ZIP,
        "Every object as a PNG of its own with a transparent background.",
        cut_outs.write,
    ),
)

FORMATS: Mapping[str, Format] = MappingProxyType({row.name: row for row in _FORMATS})
"""Every format by name, in the order they are offered."""


def export(items: Sequence[Item], format: str, **options: Any) -> ExportFile:
    """The pictures' instances in one of `FORMATS`, as one file to hand over.

    Args:
        items: at least one picture; a picture in which nothing was found is valid.
        format: a name in `FORMATS`.
        options: of the format, see its `write`.

    Raises:
        InputError: no pictures, no such format or option, or what the format says.
    """
    row = _format(format)
    _expect_options(row, options)
    if not items:
        raise InputError("There is nothing to export. Choose at least one picture.")
    entries = row.write(items, **options)
    if row.extension != "zip" and len(entries) == 1:
        return ExportFile(entries[0].name.rpartition("/")[2], row.media_type, entries[0].data)
    return ExportFile(_archive_name(items, row), ZIP, zipped(entries))


def _archive_name(items: Sequence[Item], row: Format) -> str:
    base = stems(items)[0] if len(items) == 1 else f"{len(items)}-images"
    return f"{base}_{row.name}.zip"


def _format(name: object) -> Format:
    row = FORMATS.get(name) if isinstance(name, str) else None
    if row is None:
        raise InputError(f"There is no export format “{str(name)[:80]}”. {_hint(name, FORMATS)}")
    return row


def _expect_options(row: Format, options: Mapping[str, Any]) -> None:
    known = row.options
    for option in options:
        if option not in known:
            known_as = _hint(option, known) if known else "It has no options."
            raise InputError(f"The format {row.name} has no option “{option[:80]}”. {known_as}")


def _hint(name: object, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(str(name).lower(), known, n=3, cutoff=0.4)
    if close:
        return f"Did you mean {' or '.join(f'“{match}”' for match in close)}?"
    return f"There are: {', '.join(known)}."
