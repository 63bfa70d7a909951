"""What a run needs to go on where it ended, on disk in one step."""

from __future__ import annotations

import errno
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from instseg_ui.errors import InputError, system_said
from instseg_ui.train.checks import CHECKPOINT, disk_full

_NOTES = "notes"
_VERSION = 1


def save(folder: Path, notes: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Write beside the old one, then put it in its place.

    Args:
        folder: where it lies.
        notes: plain JSON values.
        arrays: by name.

    Raises:
        DiskFullError: there is no room; the old one is whole.
        InputError: it cannot be written.
    """
    data = io.BytesIO()
    every: dict[str, Any] = {_NOTES: np.array(json.dumps({"version": _VERSION, **notes})), **arrays}
    np.savez(data, **every)
    write(folder / CHECKPOINT, data.getvalue())


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Notes and arrays; None where there are none that can be read."""
    try:
        with (
            (folder / CHECKPOINT).open("rb") as opened,
            np.load(opened, allow_pickle=False) as file,
        ):
            arrays = {name: file[name] for name in file.files}
        notes = json.loads(str(arrays.pop(_NOTES)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if not isinstance(notes, dict) or notes.pop("version", None) != _VERSION:
        return None
    return notes, arrays


def write(path: Path, data: bytes) -> None:
    """A whole file or none. Raises `DiskFullError`, `InputError`."""
    temporary = path.with_name(f"{path.name}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise unwritable(path.parent, error) from error


def unwritable(folder: Path, error: OSError) -> InputError | Exception:
    """The error to raise where a folder cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder.name)
    return InputError(f"“{folder.name}” cannot be written.", remedy=system_said(error))
