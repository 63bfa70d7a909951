"""The files below a folder, links followed: every real folder once, whatever leads to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_Identity = tuple[int, int]


@dataclass(slots=True)
class Walk:
    """One way through a folder.

    Attributes:
        root: where it begins.
        hidden: whether names that begin with a dot are taken.
        linked: folders that a link led to.
        passed_over: links that lead back, or to a folder that was there already.
    """

    root: Path
    hidden: bool = True
    linked: list[Path] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)
    _seen: set[_Identity] = field(default_factory=set)
    _waiting: list[Path] = field(default_factory=list)

    def files(self) -> Iterator[Path]:
        """Every file; those below links come after those of the folder's own."""
        yield from self._below(self.root)
        while self._waiting:
            link = self._waiting.pop(0)
            if _identity(link) in self._seen or _leads_back(link):
                self.passed_over.append(link)
            else:
                self.linked.append(link)
                yield from self._below(link)

    def _below(self, start: Path) -> Iterator[Path]:
        for folder, below, names in os.walk(start):
            place = Path(folder)
            identity = _identity(place)
            if identity is None or identity in self._seen:
                below.clear()
                continue
            self._seen.add(identity)
            folders = [place / name for name in sorted(below) if self._is_wanted(name)]
            self._waiting += [one for one in folders if one.is_symlink()]
            below[:] = [one.name for one in folders if not one.is_symlink()]
            yield from (place / name for name in names if self._is_wanted(name))

    def _is_wanted(self, name: str) -> bool:
        return self.hidden or not name.startswith(".")


def _identity(folder: Path) -> _Identity | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _leads_back(link: Path) -> bool:
    """Whether a link leads to a folder that it lies in."""
    try:
        return link.parent.resolve().is_relative_to(link.resolve())
    except (OSError, RuntimeError):
        return True
