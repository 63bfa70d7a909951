"""Data sets as they come: COCO, YOLO segmentation labels or LabelMe, in a folder or a zip."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from instseg_ui.errors import InputError
from instseg_ui.evaluate.builder import Watch
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.dataset_files import Files, OneFile, open_files
from instseg_ui.evaluate.importers import coco, labelme, yolo
from instseg_ui.evaluate.json_stream import top_keys

__all__ = ["FORMATS", "open_coco", "open_dataset"]

FORMATS = (coco.FORMAT, yolo.FORMAT, labelme.FORMAT)
_HEAD = 1 << 18
_COCO_KEYS = {"images", "annotations", "categories"}
_LABELME_KEYS = re.compile(rb'"(shapes|imagePath|imageData)"\s*:')


def open_dataset(
    path: str | Path, *, watch: Watch | None = None, split: str | None = None
) -> Dataset:
    """A data set in a folder or a zip, its format found by what is in it.

    Args:
        path: a folder or a zip of COCO (one JSON and the pictures), YOLO (`data.yaml`, labels and
            pictures) or LabelMe (a JSON a picture).
        watch: told how far it is, asked whether to go on.
        split: of YOLO's `data.yaml`, or a part of the annotation file's name where a COCO data
            set has several.

    Raises:
        InputError: no data set, several, or one that cannot be used; says what was expected.
        Cancelled: the watch said so.
    """
    files = open_files(Path(path))
    try:
        return _read(files, watch or Watch(), split)
    except BaseException:
        files.close()
        raise


def open_coco(
    images: str | Path, annotations: str | Path, *, watch: Watch | None = None
) -> Dataset:
    """COCO's annotation file, and the folder or zip of the pictures.

    Raises: as `open_dataset`.
    """
    one = OneFile(Path(annotations))
    place = open_files(Path(images))
    try:
        return coco.read(one, one.path.name, place, watch)
    except BaseException:
        place.close()
        raise


def _read(files: Files, watch: Watch, split: str | None) -> Dataset:
    cocos, labelmes = _json_files(files)
    if cocos:
        return coco.read(files, _one(cocos, split), files, watch)
    if labelmes:
        return labelme.read(files, labelmes, watch)
    config = yolo.find_config(files)
    if config:
        return yolo.read(files, config, watch, split)
    raise InputError(
        f"“{files.name}” holds no data set that is known here. Expected COCO (a JSON with images, "
        "annotations and categories), YOLO segmentation labels (data.yaml, images and labels) or "
        "LabelMe (a JSON a picture)."
    )


def _json_files(files: Files) -> tuple[list[str], list[str]]:
    """The JSON files that look like COCO's, and those that look like LabelMe's."""
    cocos, labelmes = [], []
    for name in files.names():
        if name.lower().endswith(".json"):
            head = _head(files, name)
            if _COCO_KEYS & top_keys(head):
                cocos.append(name)
            elif _LABELME_KEYS.search(head):
                labelmes.append(name)
    return cocos, labelmes


def _head(files: Files, name: str) -> bytes:
    try:
        with files.open(name) as file:
            return file.read(_HEAD)
    except (InputError, OSError, EOFError, zlib.error, zipfile.BadZipFile):
        return b""


def _one(names: Sequence[str], split: str | None) -> str:
    """The annotation file that is meant."""
    chosen = [name for name in names if split is None or split in name]
    if len(chosen) > 1:
        chosen = [name for name in chosen if "instances" in name] or chosen
    if len(chosen) == 1:
        return chosen[0]
    listed = ", ".join(f"“{name}”" for name in (chosen or names)[:5])
    more = ", …" if len(chosen or names) > 5 else ""
    raise InputError(
        f"The data set has several annotation files: {listed}{more}. Say which one is meant: "
        "--split with a part of its name, or --annotations with the file."
    )
