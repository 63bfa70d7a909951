"""YOLO segmentation labels: a text file a picture, and `data.yaml` with the class names.

A line is one object: class number, then x and y of the outline's points as shares of the picture's
width and height. Format: "Instance Segmentation Datasets Overview" on docs.ultralytics.com.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from instseg_ui.errors import ImageError, InputError
from instseg_ui.evaluate.builder import Builder, Watch
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.dataset_files import Files, read_bytes
from instseg_ui.evaluate.file_names import FileNames
from instseg_ui.evaluate.findings import Severity
from instseg_ui.evaluate.ids import as_whole
from instseg_ui.evaluate.importers import yolo_splits
from instseg_ui.evaluate.truth_masks import from_rings, ring_fault

FORMAT = "yolo-seg"
CONFIGS = (".yaml", ".yml")
_LISTS = ("classes.txt", "obj.names")
_MAX_CONFIG = 2_000_000
_MAX_LABELS = 50_000_000
_MOST_CONFIGS = 50
_MOST_CLASSES = 100_000
_BOX_NUMBERS = 4

# libyaml's safe loader where it was built: the same result, ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def find_config(files: Files) -> str | None:
    """The file that names the classes: the one nearest to the top that has `names`.

    Without any it is a list of them: `classes.txt` of Label Studio, `obj.names` of CVAT.
    """
    names = sorted(files.names(), key=lambda one: (one.count("/"), one))
    found = [name for name in names if name.lower().endswith(CONFIGS)]
    for name in found[:_MOST_CONFIGS]:
        if isinstance(_config(files, name), dict) and "names" in _config(files, name):
            return name
    return next((name for name in names if name.rpartition("/")[2].lower() in _LISTS), None)


def read(
    files: Files, config: str, watch: Watch | None = None, split: str | None = None
) -> Dataset:
    """The data set that `config` describes.

    Args:
        files: labels and pictures.
        config: the name of its yaml.
        split: `val`, `test` or `train`; None is `val` or else `test`, see `yolo_splits`.

    Raises:
        InputError: no class names, or nothing that can be used.
        Cancelled: the watch said so.
    """
    builder = Builder(files.name, FORMAT, files, watch or Watch())
    described = _config(files, config)
    classes = _classes(described, config)
    for number, name in enumerate(classes):
        builder.add_category(number, name)
    chosen = yolo_splits.pictures(builder, described, config, split)
    texts = FileNames(
        (one for one in files.names() if one.lower().endswith(".txt")), files.spellings
    )
    labelled = 0
    for number, path in enumerate(chosen, 1):
        place = builder.add_image(number, path, None, file=path)
        labels = texts.at(label_file(path)).path
        if labels:
            labelled += 1
            if place is not None:
                _read_labels(builder, place, labels, len(classes))
    _say_unlabelled(builder, len(chosen) - labelled, labelled)
    return builder.build()


def _say_unlabelled(builder: Builder, without: int, labelled: int) -> None:
    if without and not labelled:
        builder.findings.add(
            Severity.WARNING,
            "no labels",
            "No image has a file of labels: each counts as one in which there is nothing. Expected "
            "“labels” beside “images”, with a text file of the image's name for each.",
            count=without,
        )
    elif without:
        builder.findings.add(
            Severity.NOTE,
            "image without labels",
            "There is no file of labels for it; it counts as one in which there is nothing.",
            count=without,
        )


def label_file(picture: str) -> str:
    """Where a picture's labels are: beside `images` in `labels`, or beside the picture."""
    folders = picture.split("/")
    for i in range(len(folders) - 2, -1, -1):
        if folders[i] == "images":
            folders[i] = "labels"
            break
    return "/".join(folders).rpartition(".")[0] + ".txt"


def _config(files: Files, name: str) -> Any:
    try:
        if not name.lower().endswith(CONFIGS):
            text = read_bytes(files, name, _MAX_CONFIG).decode("utf-8-sig")
            return {"names": [line.strip() for line in text.splitlines() if line.strip()]}
        return yaml.load(read_bytes(files, name, _MAX_CONFIG), Loader=_Loader)
    except (ImageError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _classes(described: Any, config: str) -> list[str]:
    names = described.get("names") if isinstance(described, dict) else None
    if isinstance(names, list) and names:
        return [str(name) for name in names]
    numbered = _numbered(names) if isinstance(names, dict) else {}
    if numbered and max(numbered) < _MOST_CLASSES:
        return [str(numbered.get(i, f"class {i}")) for i in range(max(numbered) + 1)]
    raise InputError(
        f"“{config}” lists no class names. Expected “names:” with a name a class, as a list or by "
        "their numbers from 0."
    )


def _numbered(names: Mapping[Any, Any]) -> dict[int, Any]:
    """Names by number, which may be written as text; empty if one is no number."""
    numbers = {as_whole(key): name for key, name in names.items()}
    numbered = {key: name for key, name in numbers.items() if key is not None and key >= 0}
    return numbered if len(numbered) == len(names) else {}


def _read_labels(builder: Builder, place: int, labels: str, classes: int) -> None:
    entry = builder.entries[place]
    for number, words in _lines(builder, labels):
        where = f"{labels}, line {number}"
        values = _numbers(words)
        if values is None or not values[0].is_integer():
            builder.findings.error(
                "broken label line",
                "Expected a class number and coordinates; it is left out.",
                where,
            )
        elif not 0 <= values[0] < classes:
            builder.findings.error(
                "unknown category",
                "The class number is not among the names; the object is left out.",
                where,
            )
        else:
            shares = values[1:]
            scaled = [v * (entry.height if i % 2 else entry.width) for i, v in enumerate(shares)]
            _add(builder, place, int(values[0]), scaled, where)


def _add(builder: Builder, place: int, category: int, ring: list[float], where: str) -> None:
    entry = builder.entries[place]
    if len(ring) == _BOX_NUMBERS:
        builder.findings.error(
            "box without outline",
            "A box is no mask; the object is left out. Draw its outline.",
            where,
        )
        return
    fault = ring_fault(ring, entry.height, entry.width)
    if fault:
        builder.findings.error(
            "broken outline",
            "The object's outline cannot be used; the object is left out. Draw it again.",
            f"{where}: {fault}",
        )
        return
    counts = from_rings([ring], entry.height, entry.width)
    builder.add_mask(len(builder.rows) + 1, place, category, counts)
    builder.watch.step("Reading objects", len(builder.rows))


def _lines(builder: Builder, labels: str) -> Iterator[tuple[int, list[str]]]:
    try:
        text = read_bytes(builder.files, labels, _MAX_LABELS).decode("utf-8-sig")
    except (ImageError, UnicodeDecodeError):
        builder.findings.error(
            "unreadable labels", "The file cannot be read; its objects are left out.", labels
        )
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line.split()


def _numbers(words: Sequence[str]) -> list[float] | None:
    try:
        values = [float(word.strip("\"',")) for word in words]
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None
