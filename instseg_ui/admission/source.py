"""Where a model is brought from: a folder or a zip that holds what PaddleX exports.

PaddleX's trainer writes `output/best_model/inference`; each of these folders may be named, and a
zip may hold any of them.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from instseg_ui import own_folder
from instseg_ui.catalog.model_folder import (
    CONFIG,
    GRAPHS,
    MAX_CONFIG_BYTES,
    WEIGHTS,
    parse_config,
)
from instseg_ui.catalog.model_name import plain_name
from instseg_ui.errors import InputError, system_said
from instseg_ui.evaluate.dataset_files import Zip
from instseg_ui.weights.archive import ArchiveLimits

_BELOW = ("", "inference", "best_model/inference", "output/best_model/inference")
# What PaddleX and people call such folders, whatever the model is of.
_NO_NAMES = {"inference", "best_model", "best_accuracy", "best", "output", "model", "models"}
_NO_NAMES |= {"export", "exported", "tmp", "temp", "downloads", "desktop", "archive"}
# What may lie beside a model and is worth keeping: a card, a licence, notes.
_NOTES = (".md", ".txt", ".json")
_MOST_NOTES = 20
_MOST_NOTE_BYTES = 1_000_000
_PIECE = 1 << 20
# `inference`, `best_model`, `output`, and what that lies in.
_MOST_WORDS = 4
# A zip of weights hardly shrinks. A small one may, whatever it holds.
_MOST_RATIO = 100
_RATIO_FROM = 100_000_000
_EXPECTED = (
    "Name the folder that PaddleX exports (best_model/inference) or a zip of it: "
    f"{CONFIG}, inference.json or inference.pdmodel, and {WEIGHTS}."
)

OnBytes = Callable[[int], None]
"""Told of every piece that was copied; may raise to end it."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model, wherever they lie.

    Attributes:
        called: what the user calls it, for sentences.
        words: names that it might have, the most telling first.
        sizes: bytes of each file that is copied, by its plain name.
        open: opens one of them.
    """

    called: str
    words: tuple[str, ...]
    sizes: dict[str, int]
    open: Callable[[str], BinaryIO]

    @property
    def total(self) -> int:
        """Bytes of all files."""
        return sum(self.sizes.values())

    def suggestion(self) -> str:
        """A name for the model, from where it lies, or else from the one that it was made from.

        Raises:
            ModelFolderError: its configuration cannot be read.
        """
        for word in self.words:
            name = plain_name(word)
            if name.casefold() not in _NO_NAMES:
                return name
        with self.open(CONFIG) as file:
            config = parse_config(file.read(MAX_CONFIG_BYTES), Path(self.called))
        return f"{plain_name(config.model_name)}-own"

    def copy(self, into: Path, on_bytes: OnBytes) -> None:
        """Copy every file into the folder `into`, each up to the size that it says it has.

        Raises:
            InputError: a file is damaged, or larger than it says.
            OSError: of writing.
        """
        for name, size in self.sizes.items():
            with self.open(name) as stream, (into / name).open("xb") as file:
                left = size
                while piece := _read(stream, name):
                    left -= len(piece)
                    if left < 0:
                        raise InputError(f"“{name}” in “{self.called}” grew while it was read.")
                    file.write(piece)
                    on_bytes(len(piece))
                # A name must not outlive a power cut that its content did not.
                file.flush()
                os.fsync(file.fileno())


@contextmanager
def model_files(path: Path, limits: ArchiveLimits) -> Iterator[ModelFiles]:
    """The model's files in a folder or a zip, open as long as the block lasts.

    Raises:
        InputError: there is none, more than one, or more than `limits` allow.
    """
    path = path.expanduser()
    if path.is_dir():
        yield _bounded(_in_folder(path), limits)
    elif path.is_file():
        archive = Zip(path)
        try:
            yield _bounded(_in_zip(archive, path, limits), limits)
        finally:
            archive.close()
    else:
        raise InputError(f"There is no folder or zip “{path.name or path}”. {_EXPECTED}")


def _in_folder(path: Path) -> ModelFiles:
    root = next((path / one for one in _BELOW if (path / one / CONFIG).is_file()), None)
    if root is None:
        raise InputError(f"“{_last(path)}” holds no {CONFIG}. {_EXPECTED}")
    try:
        sizes = {one.name: one.stat().st_size for one in sorted(root.iterdir()) if _is_file(one)}
    except OSError as error:
        sentence = f"The folder “{_last(path)}” cannot be read."
        raise InputError(sentence, remedy=system_said(error)) from error
    return ModelFiles(
        _last(path),
        tuple(_words_above(root.resolve())),
        _chosen(sizes),
        lambda name: _opened(root / name),
    )


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        sentence = f"“{file.name}” cannot be read."
        raise InputError(sentence, remedy=system_said(error)) from error


def _words_above(place: Path) -> Iterator[str]:
    """The folder's name and those of the folders that it lies in, as far as they belong to it."""
    for one in (place, *place.parents)[:_MOST_WORDS]:
        if not one.name or one == own_folder.home():
            return
        yield one.name


def _in_zip(archive: Zip, path: Path, limits: ArchiveLimits) -> ModelFiles:
    names = tuple(archive.names())
    _check_zip(archive, names, path, limits)
    folder = _model_folder(names, path.name)
    inside = {name: PurePosixPath(name) for name in names}
    own = {p.name: name for name, p in inside.items() if p.parent == folder}
    sizes = _chosen({name: archive.size(full) for name, full in own.items()})
    above = [part for part in reversed(folder.parts) if part]
    return ModelFiles(path.name, (*above, path.stem), sizes, lambda name: archive.open(own[name]))


def _check_zip(archive: Zip, names: tuple[str, ...], path: Path, limits: ArchiveLimits) -> None:
    """Nothing of a zip is read before this has passed."""
    bad = [one for one in archive.findings if "zip" in one.kind]
    if bad:
        raise InputError(
            f"“{path.name}” holds a link, a device or a name that leads out of it. "
            "Pack the folder that PaddleX exports again, without them."
        )
    if len(names) > limits.members:
        raise InputError(
            f"“{path.name}” holds {len(names)} files; at most {limits.members} are looked at. "
            "Pack the folder best_model/inference alone."
        )
    total = sum(archive.size(name) for name in names)
    if total > _RATIO_FROM and total > _MOST_RATIO * path.stat().st_size:
        raise InputError(
            f"“{path.name}” would unpack to {total / 1e6:.0f} MB, more than {_MOST_RATIO} times "
            "its own size. Pack the folder that PaddleX exports again."
        )


def _model_folder(names: tuple[str, ...], called: str) -> PurePosixPath:
    """The one folder of the zip that holds a model; the best one where a whole run was packed."""
    found = [PurePosixPath(name).parent for name in names if PurePosixPath(name).name == CONFIG]
    best = [one for one in found if one.parts[-2:] == ("best_model", "inference")]
    if len(found) > 1 and len(best) == 1:
        return best[0]
    if not found:
        raise InputError(f"“{called}” holds no {CONFIG}. {_EXPECTED}")
    if len(found) > 1:
        raise InputError(
            f"“{called}” holds {len(found)} models. Pack one of them alone, such as the folder "
            "best_model/inference."
        )
    return found[0]


def _chosen(sizes: dict[str, int]) -> dict[str, int]:
    """The files that are copied: the model's, then notes; of two graphs the one that is run."""
    graph = [name for name in GRAPHS if name in sizes][:1]
    wanted = [name for name in (CONFIG, *graph, WEIGHTS) if name in sizes]
    notes = [
        name
        for name, size in sizes.items()
        if name not in (*wanted, *GRAPHS)
        and size <= _MOST_NOTE_BYTES
        and (name.lower().endswith(_NOTES) or name.upper().startswith("LICEN"))
        and not name.startswith(".")
    ]
    return {name: sizes[name] for name in (*wanted, *notes[:_MOST_NOTES])}


def _bounded(files: ModelFiles, limits: ArchiveLimits) -> ModelFiles:
    if files.total > limits.bytes:
        raise InputError(
            f"The model in “{files.called}” has {files.total / 1e6:.0f} MB; "
            f"at most {limits.bytes / 1e6:.0f} MB are taken."
        )
    return files


def _read(stream: BinaryIO, name: str) -> bytes:
    try:
        return stream.read(_PIECE)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"“{name}” is damaged and cannot be read. Pack it again.") from error
    except OSError as error:
        sentence = f"“{name}” cannot be read."
        raise InputError(sentence, remedy=system_said(error)) from error


def _is_file(path: Path) -> bool:
    """A plain file, and no pipe or device under a model file's name."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False  # a link to nothing


def _last(path: Path) -> str:
    return path.name or str(path)
