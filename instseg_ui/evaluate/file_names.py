"""Which file an annotation means by a name that may be written in another form than the file's.

Lists travel between systems: slashes turn, accents are composed otherwise, letters change their
case, signs are percent-encoded, a zip forgets its code page. Each form is tried, the strictest
first; a name in another form is said by the caller, and one that could mean several files is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import unquote

from instseg_ui.images.endings import PICTURE_SUFFIXES, is_picture

Parts = tuple[str, ...]
Form = Callable[[str], str]


class Match(NamedTuple):
    """The file that is meant.

    Attributes:
        path: the file; None for none, or several.
        form: in what the name differs from the file's; empty if it does not.
        moved: the name says another folder than the file is in.
        nearest: several files have the name, and this is the one nearest to the annotations.
        several: those between which the name does not decide.
    """

    path: str | None
    form: str = ""
    moved: bool = False
    nearest: bool = False
    several: tuple[str, ...] = ()


class _Entry(NamedTuple):
    parts: Parts
    path: str


def _composed(text: str) -> str:
    return normalize("NFC", text)


def _caseless(text: str) -> str:
    # Folding may take a composed letter apart again.
    return normalize("NFC", normalize("NFC", text).casefold())


def _unquoted(text: str) -> str:
    return _caseless(unquote(text))


def _same(text: str) -> str:
    return text


_FORMS: tuple[tuple[str, Form], ...] = (
    ("", _same),
    ("composition of accents", _composed),
    ("upper and lower case", _caseless),
    ("percent signs", _unquoted),
)
_CODE_PAGE = "code page of the zip"
_ENDING = "ending"


class FileNames:
    """Files by name; only those that are given are ever found."""

    def __init__(
        self,
        names: Iterable[str],
        spellings: Mapping[str, Sequence[str]] | None = None,
        hint: str = "",
    ) -> None:
        """Remember the names.

        Args:
            names: of files.
            spellings: other readings of names whose code page is not known.
            hint: the annotation file's name; of folders that are equally near, it chooses the one
                whose name is a part of it (`instances_val2017.json` and `val2017`).
        """
        self.hint = hint.casefold()
        self._paths = dict.fromkeys(names)
        self._spellings = spellings or {}
        self._indexes: dict[str, dict[str, list[_Entry]]] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def paths(self) -> tuple[str, ...]:
        """Every file."""
        return tuple(self._paths)

    def find(self, wanted: str, near: str = "") -> str | None:
        """The file of `look_up`."""
        return self.look_up(wanted, near).path

    def look_up(self, wanted: str, near: str = "") -> Match:
        """The file at that path; else the one whose path ends so; else one in another folder.

        Args:
            wanted: as the annotation has it; either system's slashes, `..` and folders of the
                machine it was written on.
            near: the folder of the annotation, which relative names are meant from.
        """
        found = self.at(wanted, near)
        if found.path is not None or found.several:
            return found
        for whole in (True, False):
            for name, form in (*_FORMS, (_CODE_PAGE, _caseless), (_ENDING, _caseless)):
                if name != _ENDING or whole:
                    found = self._ending_so(name, form, wanted, near, whole=whole)
                    if found.path is not None or found.several:
                        return found
        return Match(None)

    def at(self, wanted: str, near: str = "") -> Match:
        """The file at exactly that path from `near`, or from the top, whatever its form."""
        if wanted in self._paths:
            return Match(wanted)
        places = dict.fromkeys((_resolved(f"{near}/{wanted}"), _resolved(wanted)))
        for name, form in (*_FORMS, (_CODE_PAGE, _caseless)):
            for place in places:
                parts = tuple(map(form, place))
                exact = [one.path for one in self._of_last(name, parts) if one.parts == parts]
                if exact:
                    return _only(exact, name or _slashes(wanted, exact[0]))
        return Match(None)

    def with_stem(self, path: str) -> str | None:
        """The picture at that path under any picture's ending."""
        wanted = tuple(map(_caseless, _resolved(path)))
        found = [one.path for one in self._of_last(_ENDING, wanted) if one.parts == wanted]
        exact = [one for one in found if one.rpartition(".")[0] == path]
        some = exact or found
        return some[0] if len(some) == 1 else None

    def _ending_so(self, name: str, form: Form, wanted: str, near: str, *, whole: bool) -> Match:
        parts = tuple(map(form, _resolved(wanted)))
        if name == _ENDING and parts:
            if not is_picture(parts[-1]):
                return Match(None)
            parts = (*parts[:-1], _stem(parts[-1]))
        overlaps = [(_overlap(one.parts, parts), one) for one in self._of_last(name, parts)]
        if whole:
            overlaps = [
                (length, one)
                for length, one in overlaps
                if length == min(len(one.parts), len(parts))
            ]
        if not overlaps:
            return Match(None)
        longest = max(length for length, _ in overlaps)
        some = [one.path for length, one in overlaps if length == longest]
        reason = name or _slashes(wanted, some[0])
        found = _only(some, reason) if len(some) == 1 else self._nearest(some, near, reason)
        return found._replace(moved=not whole)

    def _nearest(self, paths: Sequence[str], near: str, form: str) -> Match:
        """The one with the most folders in common with `near`, if it is one."""
        common = [(_shared(_resolved(path)[:-1], _resolved(near)), path) for path in paths]
        most = max(count for count, _ in common)
        best = [path for count, path in common if count == most]
        if len(best) > 1:
            best = [path for path in best if self._is_hinted(_resolved(path)[most:-1])]
        if len(best) != 1:
            return Match(None, form, several=tuple(paths))
        return Match(best[0], form, nearest=True)

    def _is_hinted(self, folders: Parts) -> bool:
        return any(folder.casefold() in self.hint for folder in folders)

    def _of_last(self, name: str, parts: Parts) -> Sequence[_Entry]:
        if not parts:
            return ()
        if name not in self._indexes:
            self._indexes[name] = self._index(name)
        return self._indexes[name].get(parts[-1], ())

    def _index(self, name: str) -> dict[str, list[_Entry]]:
        index: dict[str, list[_Entry]] = {}
        for entry in self._entries(name):
            index.setdefault(entry.parts[-1], []).append(entry)
        return index

    def _entries(self, name: str) -> Iterable[_Entry]:
        if name == _CODE_PAGE:
            for path, others in self._spellings.items():
                if path in self._paths:
                    for parts in {tuple(map(_caseless, _resolved(other))) for other in others}:
                        yield _Entry(parts, path)
            return
        form = dict(_FORMS).get(name, _caseless)
        for path in self._paths:
            parts = tuple(map(form, _resolved(path)))
            if name == _ENDING and is_picture(path):
                yield _Entry((*parts[:-1], _stem(parts[-1])), path)
            elif name != _ENDING and parts:
                yield _Entry(parts, path)


def _resolved(path: str) -> Parts:
    """The parts of a path, `.` and `..` followed as far as the top."""
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return tuple(parts)


def _slashes(wanted: str, path: str) -> str:
    return "slashes" if ("\\" in wanted) != ("\\" in path) else ""


def _stem(name: str) -> str:
    return name.rpartition(".")[0] if name.endswith(PICTURE_SUFFIXES) else name


def _overlap(first: Parts, second: Parts) -> int:
    """How many parts at the end are the same."""
    count = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        count += 1
    return count


def _only(paths: Sequence[str], form: str) -> Match:
    if len(paths) > 1:
        return Match(None, form, several=tuple(paths))
    return Match(paths[0], form)


def _shared(folder: Parts, near: Parts) -> int:
    return next(
        (i for i, (a, b) in enumerate(zip(folder, near, strict=False)) if a != b),
        min(len(folder), len(near)),
    )
