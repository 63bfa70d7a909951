"""One picture's result, as PaddleX's scripts use it: a dictionary that prints and saves itself."""

from __future__ import annotations

import json
import mimetypes
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pil

from instseg_ui.errors import InputError
from instseg_ui.exports.overlay import overlay
from instseg_ui.exports.paddlex_json import dense_mask
from instseg_ui.images import Image
from instseg_ui.images.sources import Source, address_name
from instseg_ui.palette import class_colors
from instseg_ui.prediction_json import paddlex_box
from instseg_ui.results import Instance, Prediction

Mask = npt.NDArray[np.uint8]
SavePath = str | os.PathLike[str] | None

_JPEG_QUALITY = 95
_JSON, _IMAGE = "application/json", "image/"


class Masks(Sequence[Mask]):
    """Masks cut to their boxes, each decoded when it is asked for.

    As in PaddleX, mask i is (y1 - y0, x1 - x0) of box i with its corners rounded; uint8, 0 and 1.
    """

    def __init__(self, instances: Sequence[Instance]) -> None:
        self._instances = instances

    def __len__(self) -> int:
        return len(self._instances)

    @overload
    def __getitem__(self, index: int) -> Mask: ...
    @overload
    def __getitem__(self, index: slice) -> list[Mask]: ...
    def __getitem__(self, index: int | slice) -> Mask | list[Mask]:
        if isinstance(index, slice):
            return [dense_mask(instance) for instance in self._instances[index]]
        return dense_mask(self._instances[index])

    def __iter__(self) -> Iterator[Mask]:
        return map(dense_mask, self._instances)

    def __repr__(self) -> str:
        return f"Masks({len(self)})"


class Result(dict[str, Any]):
    """What was found in one picture.

    Items, as in PaddleX: `input_path`, `page_index`, `input_img` ((H, W, 3) uint8 BGR), `boxes`
    (`cls_id`, `label`, `score`, `coordinate` [x0, y0, x1, y1] in pixels) and `masks`.

    Attributes:
        prediction: the same in this product's own record, with timings and full-frame RLE masks.
        image: the picture.
    """

    def __init__(self, source: Source, prediction: Prediction, stem: str | None = None) -> None:
        rows = list(prediction.instances)
        self.image: Image = source.get()
        self.prediction = prediction
        self._suffix = Path(_file_name(source)).suffix
        self._stem = stem or file_stem(source)
        self._below = source.below if source.page_index is None else ""
        super().__init__(
            input_path=source.input_path,
            page_index=source.page_index,
            input_img=self.image.pixels,
            boxes=[paddlex_box(row) for row in rows],
            masks=Masks(rows),
        )

    @property
    def file_name(self) -> str:
        """What the picture is called in this run: unique there, a page by its number."""
        return self._stem + self._suffix

    @property
    def picture_path(self) -> str:
        """The picture's file below the folder that was given; for what is none, `file_name`."""
        return self._below or self.file_name

    @property
    def json(self) -> dict[str, dict[str, Any]]:
        """Plain JSON values in PaddleX's structure; a mask is the rows of its box, 0 and 1."""
        return {"res": self._plain() | {"masks": [mask.tolist() for mask in self["masks"]]}}

    @property
    def rle(self) -> dict[str, dict[str, Any]]:
        """The same with each mask as full-frame COCO run-length encoding, `size` and `counts`."""
        return {"res": self._plain() | {"masks": list(self.prediction.instances.masks)}}

    @property
    def img(self) -> dict[str, Pil.Image]:
        """The picture with masks, boxes and labels drawn over it, RGB."""
        found, colors = self.prediction.instances, class_colors(self.prediction.classes)
        drawn = overlay(self.image.pixels, found, threshold=0.0, boxes=True, colors=colors)
        return {"res": Pil.fromarray(cv2.cvtColor(drawn, cv2.COLOR_BGR2RGB))}

    def print(
        self,
        json_format: bool = False,
        indent: int = 4,
        ensure_ascii: bool = False,
        *,
        format_json: bool | None = None,
    ) -> None:
        """Write the result to standard output, without its pixels and masks.

        Args:
            json_format: as indented JSON; else as a Python dictionary on one line.
            indent: spaces a level of JSON.
            ensure_ascii: whether JSON escapes what is not ASCII.
            format_json: the name that PaddleX's tutorial gives `json_format`.
        """
        short = {"res": self._plain() | {"masks": "..."}}
        as_json = json_format if format_json is None else format_json
        text = json.dumps(short, indent=indent, ensure_ascii=ensure_ascii) if as_json else short
        sys.stdout.write(f"{text}\n")

    def save_to_json(
        self,
        save_path: SavePath = None,
        indent: int = 4,
        ensure_ascii: bool = False,
        *,
        dense: bool = False,
    ) -> Path:
        """Write the result as JSON, masks run-length encoded; returns the file's path.

        Args:
            save_path: a `.json` file, or a folder for `<name>_res.json`; None is here.
            indent: spaces a level.
            ensure_ascii: whether to escape what is not ASCII.
            dense: masks as PaddleX writes them, one number a pixel (megabytes a picture).

        Raises:
            InputError: the file cannot be written.
        """
        target = self._target(save_path, _JSON, ".json")
        content = (self.json if dense else self.rle)["res"]
        text = json.dumps(content, indent=indent, ensure_ascii=ensure_ascii)
        with writing(target):
            target.write_text(text, encoding="utf-8")
        return target

    def save_to_img(self, save_path: SavePath = None, **options: Any) -> Path:
        """Write `img`; returns the file's path.

        Args:
            save_path: an image file, or a folder for `<name>_res<suffix>`; None is here.
            options: for Pillow's `save`.

        Raises:
            InputError: the file cannot be written.
        """
        target = self._target(save_path, _IMAGE, self._image_suffix())
        if target.suffix.lower() in (".jpg", ".jpeg"):
            options = {"quality": _JPEG_QUALITY} | options
        with writing(target):
            self.img["res"].save(target, **options)
        return target

    def save_all(self, save_path: SavePath = None) -> None:
        """Write image and JSON into the folder `save_path`; only one where it names a file."""
        mime = _mime(Path(save_path or "."))
        if not mime.startswith(_IMAGE):
            self.save_to_json(save_path)
        if mime != _JSON:
            self.save_to_img(save_path)

    def _plain(self) -> dict[str, Any]:
        return {name: self[name] for name in ("input_path", "page_index", "boxes")}

    def _image_suffix(self) -> str:
        """The input's own where pictures can be written so without loss of colours."""
        known = _mime(Path(f"x{self._suffix}")).startswith(_IMAGE)
        return self._suffix if known and self._suffix.lower() != ".gif" else ".png"

    def _target(self, save_path: SavePath, mime: str, suffix: str) -> Path:
        path = Path(save_path or ".")
        return path if _mime(path).startswith(mime) else path / f"{self._stem}_res{suffix}"


def file_stem(source: Source) -> str:
    """What a picture's files are called, before `_res`; pixels in memory get time and chance."""
    if source.input_path is None:
        return f"{int(time.time())}_{random.randint(1000, 9999)}"
    stem = Path(_file_name(source)).stem
    return stem if source.page_index is None else f"{stem}_{source.page_index}"


def _file_name(source: Source) -> str:
    path = source.input_path or ""
    return address_name(path) if "://" in path else Path(path).name


def is_file_path(path: str | os.PathLike[str]) -> bool:
    """Whether results are saved as the file `path`; else it is a folder for them."""
    mime = _mime(Path(path))
    return mime == _JSON or mime.startswith(_IMAGE)


def _mime(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or ""


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Make the file's folder; a failure to write becomes a sentence."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"“{target}” could not be written ({reason}).") from error
