"""Which pictures a split of a `data.yaml` means: folders, lists of pictures, or both.

As Ultralytics reads it (`check_det_dataset` and `BaseDataset.get_img_files`): a split is a folder,
a text file with a picture a line, or a list of these, relative to `path`, which is relative to the
yaml. That was often written on another machine; then the end of a path counts, as far as it is
here. Nothing outside the data set is read, except on a machine whose owner asks for it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instseg_ui.errors import ImageError, InputError
from instseg_ui.evaluate.builder import Builder
from instseg_ui.evaluate.dataset_files import Folder, read_bytes
from instseg_ui.images.endings import is_picture

SPLITS = ("val", "valid", "test")
"""Those that a model is measured on, the first that is there."""
_TRAIN = "train"
_SAME = {"val": ("valid",), "valid": ("val",), "validation": ("val", "valid")}
_LISTS = (".txt",)
_MAX_LIST = 200_000_000


def pictures(builder: Builder, described: Any, config: str, split: str | None) -> list[str]:
    """The pictures of a split, by file, with what is to be said about it.

    Args:
        builder: of the data set.
        described: what the yaml holds.
        config: its name.
        split: which one; None takes the first of `SPLITS` that the yaml has. A yaml without any
            means all pictures.

    Raises:
        InputError: there is no such split, or nothing of it is here. Other pictures never stand in.
    """
    values = described if isinstance(described, dict) else {}
    name = _named(values, split)
    if name is None and not _places(values.get(_TRAIN)):
        everything = sorted(builder.names.paths())
        builder.findings.note(
            "no splits", f"“{config}” names none, so all {len(everything)} images are used."
        )
        return everything
    if name is None or not _places(values.get(name)):
        raise InputError(_no_split(config, values, name))
    return _Split(builder, config, values, name).pictures()


def _named(values: Mapping[str, Any], split: str | None) -> str | None:
    """The split as the yaml calls it; `val` and `valid` are one."""
    wanted = SPLITS if split is None else (split, *_SAME.get(split, ()))
    return next((one for one in wanted if _places(values.get(one))), split)


def _no_split(config: str, values: Mapping[str, Any], name: str | None) -> str:
    there = [one for one in (*SPLITS, _TRAIN) if _places(values.get(one))]
    if name is None:
        return (
            f"“{config}” names pictures to train on only. A model is measured on others: add "
            "“val:” to it, or choose them all the same with --split train."
        )
    listed = f" It has: {', '.join(there)}." if there else " It names no split."
    return f"“{config}” has no images in the split “{name}”.{listed}"


def _places(value: Any) -> list[str]:
    """What a split is said to be, as a list of texts."""
    values = value if isinstance(value, list) else [value]
    return [str(one) for one in values if isinstance(one, str | Path) and str(one).strip()]


@dataclass(slots=True)
class _Split:
    """One split on its way to pictures."""

    builder: Builder
    config: str
    values: Mapping[str, Any]
    name: str
    _read: list[str] = field(default_factory=list)

    @property
    def _base(self) -> str:
        """The yaml's folder."""
        return self.config.rpartition("/")[0]

    def pictures(self) -> list[str]:
        found: dict[str, None] = {}
        for place in _places(self.values[self.name]):
            some = self._of_place(place)
            if not some:
                raise InputError(
                    f"“{self.config}” has no images in the split “{self.name}”: “{place}” is not "
                    "here, or holds no picture. Put its pictures there, or correct the yaml."
                )
            found |= dict.fromkeys(some)
        self.builder.findings.note(
            "split",
            f"The {len(found)} images of the split “{self.name}” are used.",
            ", ".join(self._read[:3]) + (", …" if len(self._read) > 3 else ""),
        )
        return list(found)

    def _of_place(self, place: str) -> list[str]:
        for where in self._candidates(place):
            some = self._at(where)
            if some:
                self._read.append(where or "all folders")
                if _is_absolute(place) and not where.startswith("/"):
                    self.builder.findings.note(
                        "path of another machine",
                        "data.yaml names a path that is not here; its end is, and is taken for it.",
                        f"{place} → {where}",
                    )
                return some
        return []

    def _at(self, where: str) -> list[str]:
        """The pictures of a list, of a file that is one, or below a folder."""
        names = self.builder.names
        if where.lower().endswith(_LISTS):
            return self._of_list(where) if where in set(self.builder.files.names()) else []
        if is_picture(where):
            path = names.at(where).path
            return [path] if path else []
        start = f"{where}/" if where else ""
        return sorted(path for path in names.paths() if path.startswith(start))

    def _candidates(self, place: str) -> Iterator[str]:
        """Where a place may be among the files, the likeliest first."""
        place = place.strip().replace("\\", "/")
        yield from dict.fromkeys(self._inside(place))
        for real in self._real(place):
            self._include(real)
            yield real.as_posix()

    def _inside(self, place: str) -> Iterator[str]:
        if _is_absolute(place):
            yield from self._ends(place)
            return
        for root in self._roots():
            # Roboflow writes “../valid/images” into a yaml that lies beside “valid”.
            for one in filter(None, (place, _without_ups(place))):
                joined = _joined(root, one)
                if joined is not None:
                    yield joined

    def _roots(self) -> Iterator[str]:
        """Where `path` may be among the files, then the yaml's folder, then the top."""
        root = str(self.values.get("path") or "").strip().replace("\\", "/")
        if root and not _is_absolute(root):
            joined = _joined(self._base, root)
            if joined is not None:
                yield joined
                if joined not in ("", self._base) and self._at(joined):
                    return
        # A folder of the machine that it was written on: its end may be ours.
        yield from _tails(root, self._base)
        yield self._base
        yield ""

    def _ends(self, place: str) -> Iterator[str]:
        """What of a path of some machine may be here: what it is here, or its end."""
        files = self.builder.files
        if isinstance(files, Folder) and files.reach:
            inside = files.inside(Path(place))
            if inside is not None:
                yield inside
        others = {
            one.replace("\\", "/")
            for split in (*SPLITS, _TRAIN)
            if split != self.name
            for one in _places(self.values.get(split))
        }
        taken = {tail for one in others - {place} for tail in _tails(one, self._base)}
        # An end that two splits have in common (“images”) says nothing.
        yield from (tail for tail in _tails(place, self._base) if tail not in taken)

    def _real(self, place: str) -> Iterator[Path]:
        """Paths of this machine that are there, for who may read them."""
        files = self.builder.files
        if not isinstance(files, Folder) or not files.reach:
            return
        yaml = (files.root / self.config).parent
        root = str(self.values.get("path") or "").strip()
        for base in (yaml / root, Path.cwd() / root, yaml):
            path = Path(base, place).expanduser()
            if _exists(path):
                yield path.resolve()

    def _include(self, real: Path) -> None:
        files = self.builder.files
        assert isinstance(files, Folder)
        files.include(real)
        labels = Path(*_labels_of(real.parts))
        files.include(labels.with_suffix(".txt") if is_picture(real.name) else labels)
        if not is_picture(real.name):
            self.builder.look_again()

    def _of_list(self, where: str) -> list[str]:
        """The pictures that a text file lists; one that is not there is said."""
        found = []
        for line in self._lines(where):
            path = self._listed(line, where.rpartition("/")[0])
            if path is None:
                self.builder.findings.error(
                    "missing image",
                    "The annotations name it, but it is not among the images; it and its objects "
                    "are left out.",
                    line,
                )
            else:
                found.append(path)
        return found

    def _listed(self, line: str, folder: str) -> str | None:
        names = self.builder.names
        if line.startswith("./"):
            beside = names.at(line, folder).path
            if beside:
                return beside
        for candidate in self._inside(line):
            path = names.at(candidate).path
            if path:
                return path
        for real in self._real(line):
            self._include(real)
            return real.as_posix()
        match = names.look_up(line, folder)
        # Of equal names in other folders none is the one that is listed.
        return None if match.moved else match.path

    def _lines(self, where: str) -> Sequence[str]:
        try:
            text = read_bytes(self.builder.files, where, _MAX_LIST).decode("utf-8-sig")
        except (ImageError, UnicodeDecodeError) as error:
            raise InputError(
                f"“{where}”, the list of the split “{self.name}”, cannot be read. Expected a text "
                "in UTF-8 with a picture a line."
            ) from error
        lines = (line.strip().strip("\"'").replace("\\", "/") for line in text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "~")) or path[1:3] == ":/"


def _without_ups(path: str) -> str:
    while path.startswith("../"):
        path = path[3:]
    return path


def _joined(root: str, place: str) -> str | None:
    """The path below the top; None where it leads out."""
    path = posixpath.normpath(posixpath.join(root, place))
    if path.startswith("..") or path.startswith("/"):
        return None
    return "" if path == "." else path


def _tails(path: str, base: str) -> Iterator[str]:
    """The ends of a path, the longest first, from the yaml's folder and from the top."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    for i in range(len(parts)):
        tail = "/".join(parts[i:])
        yield from (f"{base}/{tail}", tail) if base else (tail,)


def _labels_of(parts: Sequence[str]) -> list[str]:
    folders = list(parts)
    for i in range(len(folders) - 1, -1, -1):
        if folders[i] == "images":
            folders[i] = "labels"
            break
    return folders


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except (OSError, ValueError):
        return False
