"""YOLO segmentation labels: a text file a picture, and `data.yaml` with the class names.

A line is one object: class number, then x and y of the outline's points as shares of the picture's
width and height. Format: "Instance Segmentation Datasets Overview" on docs.ultralytics.com.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from instseg_ui.errors import ImageError, InputError
from instseg_ui.evaluate.builder import Builder, Watch
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.dataset_files import Files, read_bytes
from instseg_ui.evaluate.truth_masks import from_rings, ring_fault

FORMAT = "yolo-seg"
CONFIGS = (".yaml", ".yml")
_SPLITS = ("val", "valid", "test", "train")
_MAX_CONFIG = 2_000_000
_MAX_LABELS = 50_000_000
_MOST_CONFIGS = 50
_BOX_NUMBERS = 4

# libyaml's safe loader where it was built: the same result, ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def find_config(files: Files) -> str | None:
    """The file that names the classes: the one nearest to the top that has `names`."""
    found = [name for name in files.names() if name.lower().endswith(CONFIGS)]
    for name in sorted(found, key=lambda one: (one.count("/"), one))[:_MOST_CONFIGS]:
        if isinstance(_config(files, name), dict) and "names" in _config(files, name):
            return name
    return None


def read(
    files: Files, config: str, watch: Watch | None = None, split: str | None = None
) -> Dataset:
    """The data set that `config` describes.

    Args:
        files: labels and pictures.
        config: the name of its yaml.
        split: `val`, `test` or `train`; None takes the first of these that has pictures.

    Raises:
        InputError: no class names, or nothing that can be used.
        Cancelled: the watch said so.
    """
    builder = Builder(files.name, FORMAT, files, watch or Watch())
    described = _config(files, config)
    classes = _classes(described, config)
    for number, name in enumerate(classes):
        builder.add_category(number, name)
    known = set(files.names())
    for number, path in enumerate(_pictures(builder, described, config, split), 1):
        place = builder.add_image(number, path, None, file=path)
        labels = label_file(path)
        if place is not None and labels in known:
            _read_labels(builder, place, labels, len(classes))
    return builder.build()


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
        return yaml.load(read_bytes(files, name, _MAX_CONFIG), Loader=_Loader)
    except (ImageError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _classes(described: Any, config: str) -> list[str]:
    names = described.get("names") if isinstance(described, dict) else None
    if isinstance(names, list) and names:
        return [str(name) for name in names]
    if isinstance(names, dict) and names and all(type(key) is int and key >= 0 for key in names):
        last = max(names)
        if last < 100_000:
            return [str(names.get(i, f"class {i}")) for i in range(last + 1)]
    raise InputError(f"“{config}” lists no class names. Expected “names:” with a name a class.")


def _pictures(builder: Builder, described: Any, config: str, split: str | None) -> Sequence[str]:
    """The pictures of the split, sorted."""
    everything = sorted(builder.names.paths())
    for name in (split,) if split else _SPLITS:
        chosen = _of_split(everything, described.get(name), described.get("path"), config)
        if chosen:
            if len(chosen) < len(everything):
                builder.findings.note(
                    "split", f"The {len(chosen)} images of one split are used.", name
                )
            return chosen
    if split:
        raise InputError(f"“{config}” has no images in the split “{split}”.")
    return everything


def _of_split(everything: Sequence[str], where: Any, root: Any, config: str) -> list[str]:
    places = where if isinstance(where, list) else [where]
    folders = [_parts(config.rpartition("/")[0]) + _parts(place) for place in places if place]
    # `path` is a folder of the machine that it was written on: its end may be ours.
    ends = [_parts(root)[i:] for i in range(len(_parts(root)) + 1)] if root else [()]
    found: list[str] = []
    for folder in folders:
        wanted = [(*end, *folder) for end in ends] + [folder]
        found += [
            path
            for path in everything
            if any(_parts(path)[: len(one)] == one for one in wanted if one)
        ]
    return list(dict.fromkeys(found))


def _parts(path: Any) -> tuple[str, ...]:
    return tuple(
        part for part in str(path).replace("\\", "/").split("/") if part not in ("", ".", "..")
    )


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
        values = [float(word) for word in words]
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None
