"""What `instseg predict --save_path` writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from instseg_ui.errors import InputError
from instseg_ui.exports import FORMATS, ExportFile, Item, export
from instseg_ui.exports.names import Names
from instseg_ui.pipeline import Result
from instseg_ui.pipeline.result import is_file_path, writing

PADDLEX = "paddlex"
_HERE = PurePosixPath()
_PADDLEX_JSON = "paddlex-json"
# One file for all pictures; the others write one a picture and need its pixels no longer.
_JOINED = ("coco", "coco-results", "yolo-seg")


@dataclass(slots=True)
class Saver:
    """Files in one folder, of one or more formats."""

    folder: Path | None
    formats: tuple[str, ...]
    _items: list[Item] = field(default_factory=list)
    _names: Names = field(default_factory=lambda: Names(by_case=True))

    @classmethod
    def create(cls, save_path: str | None, formats: Sequence[str], *, several: bool) -> Saver:
        """Check what was asked for before any picture is run.

        Raises:
            InputError: an unknown format, a format without a folder, one file for several pictures.
        """
        known = (PADDLEX, *FORMATS)
        for name in formats:
            if name not in known:
                raise InputError(
                    f"There is no format “{name[:40]}”. There are: {', '.join(known)}."
                )
        if formats and save_path is None:
            raise InputError("--format says what to save; say where with --save_path FOLDER.")
        if save_path is None:
            return cls(None, ())
        if is_file_path(save_path) and (several or set(formats) - {PADDLEX}):
            raise InputError(
                f"--save_path “{save_path}” is one file; name a folder for several pictures"
                " and for --format."
            )
        return cls(Path(save_path), tuple(dict.fromkeys(formats)) or (PADDLEX,))

    def save(self, result: Result) -> None:
        """Write one picture's files. Raises `InputError` where they cannot be written."""
        if self.folder is None:
            return
        if set(self.formats) & set(_JOINED):
            self._items.append(_item(result, pixels=False))
        for name in self.formats:
            if name == PADDLEX:
                result.save_all(self.folder)
            elif name == _PADDLEX_JSON:
                result.save_to_json(self.folder)
            elif name not in _JOINED:
                file = export([_item(result, pixels=True)], name)
                self._write(file, PurePosixPath(result.picture_path).parent)

    def finish(self) -> Iterator[Path]:
        """Write the files that cover all pictures; their paths."""
        for name in self.formats:
            if name in _JOINED and self._items:
                yield self._write(export(self._items, name))

    def _write(self, file: ExportFile, below: PurePosixPath = _HERE) -> Path:
        assert self.folder is not None
        target = self.folder / self._names.unique((below / file.name).as_posix())
        with writing(target):
            target.write_bytes(file.data)
        return target


def _item(result: Result, *, pixels: bool) -> Item:
    """The result for an export, which points at the picture by its path below its folder."""
    return Item(result.prediction, result.image if pixels else None, result.picture_path)
