"""YOLO segmentation labels: `labels/<picture>.txt` and `data.yaml` with the class names.

A line is one object: class id, then x and y of its outline's points, divided by the picture's
width and height. The format has a single ring an object, so holes and separate parts are
joined by bridges (see `joining`). A picture in which nothing was found has an empty file.
Scores have no place in the format. A file of labels is called as its picture, folders included:
put the pictures into `images/` beside `labels/`, as they are.

Format: "Instance Segmentation Datasets Overview" on docs.ultralytics.com.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from instseg_ui.exports.items import Entry, Item, chosen, class_names, stem_paths
from instseg_ui.exports.polygons import Ring
from instseg_ui.exports.rings import ring_of, rings_of


def write(items: Sequence[Item], *, parts: str = "joined") -> list[Entry]:
    """A text file a picture and one `data.yaml`; an instance with an empty mask has no line.

    Args:
        items: the pictures.
        parts: "joined" keeps an object on one line; a reader that paints outlines, as
            Ultralytics does, sees the bridge between two parts as a line one pixel wide.
            "separate" gives each part a line, as if it were an object.
    """
    separate = chosen("parts", parts, ("joined", "separate")) == "separate"
    labels = [
        Entry(f"labels/{stem}.txt", _lines(item, separate))
        for item, stem in zip(items, stem_paths(items), strict=True)
    ]
    return [Entry("data.yaml", _data(class_names(items))), *labels]


def _data(names: Sequence[str]) -> bytes:
    content = {
        "path": ".",
        "train": "images",
        "val": "images",
        "names": dict(enumerate(names)),
    }
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True)).encode("utf-8")


def _lines(item: Item, separate: bool) -> bytes:
    size = (item.prediction.width, item.prediction.height)
    lines = [
        _line(instance.class_id, ring / size)
        for instance in item.prediction.instances
        if instance.area
        for ring in (rings_of(instance.mask) if separate else [ring_of(instance.mask)])
    ]
    return "".join(lines).encode("ascii")


def _line(class_id: int, ring: Ring) -> str:
    """A line of a ring (K, 2) of shares of the picture's width and height, 0..1."""
    values = " ".join(f"{value:.6f}" for value in ring.ravel().tolist())
    return f"{class_id} {values}\n"
