"""Data sets as they come: COCO, YOLO segmentation labels or LabelMe, in a folder or a zip."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from instseg_ui.errors import InputError
from instseg_ui.evaluate.builder import Watch
from instseg_ui.evaluate.dataset import Dataset
from instseg_ui.evaluate.dataset_files import Files, OneFile, open_files
from instseg_ui.evaluate.importers import coco, labelme, yolo
from instseg_ui.evaluate.json_stream import outline

__all__ = ["FORMATS", "open_coco", "open_dataset"]

FORMATS = (coco.FORMAT, yolo.FORMAT, labelme.FORMAT)
_HEAD = 1 << 18
_COCO_KEYS = {"images", "annotations", "categories"}
_COCO_NEEDS = {"images", "annotations"}
_LABELME_KEYS = {"shapes", "imagePath", "imageData"}


def open_dataset(
    path: str | Path,
    *,
    watch: Watch | None = None,
    split: str | None = None,
    reach: bool = False,
) -> Dataset:
    """A data set in a folder or a zip, its format found by what is in it.

    Args:
        path: a folder or a zip of COCO (one JSON and the pictures), YOLO (`data.yaml`, labels and
            pictures) or LabelMe (a JSON a picture).
        watch: told how far it is, asked whether to go on.
        split: of YOLO's `data.yaml`, or a part of the annotation file's name where a COCO data
            set has several.
        reach: whether a data.yaml may name folders of this machine outside `path`. Only for
            who may read them anyway.

    Raises:
        InputError: no data set, several, or one that cannot be used; says what was expected.
        Cancelled: the watch said so.
    """
    files = open_files(Path(path), reach=reach)
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
    found = _json_files(files)
    config = yolo.find_config(files)
    if found.coco:
        dataset = coco.read(files, _one(found.coco, split), files, watch)
    elif found.labelme:
        dataset = labelme.read(files, found.labelme, watch)
    elif config:
        dataset = yolo.read(files, config, watch, split)
    elif found.like_coco:
        dataset = coco.read(files, _one(found.like_coco, split), files, watch)
    else:
        raise InputError(
            f"“{files.name}” holds no data set that is known here. Expected COCO (a JSON with "
            "images, annotations and categories), YOLO segmentation labels (data.yaml, images and "
            "labels) or LabelMe (a JSON a picture)."
        )
    _say_others(dataset, found, config)
    return dataset


@dataclass(frozen=True, slots=True)
class _Jsons:
    """The JSON files: COCO's, those with some of its keys only, and LabelMe's."""

    coco: list[str] = field(default_factory=list)
    like_coco: list[str] = field(default_factory=list)
    labelme: list[str] = field(default_factory=list)


def _json_files(files: Files) -> _Jsons:
    found = _Jsons()
    for name in files.names():
        if name.lower().endswith(".json"):
            keys, whole = outline(_head(files, name))
            if keys & _LABELME_KEYS and not keys & _COCO_KEYS:
                found.labelme.append(name)
            elif keys & _COCO_KEYS:
                # Tools put notes beside their labels that list the categories, or the images.
                complete = not whole or keys >= _COCO_NEEDS
                (found.coco if complete else found.like_coco).append(name)
    return found


def _say_others(dataset: Dataset, found: _Jsons, config: str | None) -> None:
    """Tell of annotations in other formats, which were not read."""
    # A bare list of classes lies beside labels of any format.
    described = [config] if config and config.lower().endswith(yolo.CONFIGS) else []
    others = {labelme.FORMAT: found.labelme, yolo.FORMAT: described}
    for name, files in others.items():
        if files and name != dataset.format:
            dataset.findings.note(
                "other annotations",
                f"The data set was read as {dataset.format}; annotations in another format lie "
                "beside it and are not used.",
                f"{name}: {files[0]}",
            )


def _head(files: Files, name: str) -> bytes:
    try:
        with files.open(name) as file:
            return file.read(_HEAD)
    except (InputError, OSError, EOFError, zlib.error, zipfile.BadZipFile):
        return b""


def _one(names: Sequence[str], split: str | None) -> str:
    """The annotation file that is meant."""
    chosen = [name for name in names if split is None or split in name]
    if split is not None:
        # As a word of its own: “train” is a part of “cats-training/valid” too.
        chosen = [name for name in chosen if split.casefold() in _words(name)] or chosen
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


def _words(name: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", name.casefold()))
