"""A visitor's photos: added, looked at one by one, and what the models found in each."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from instseg_ui.errors import InputError
from instseg_ui.ui import uploads
from instseg_ui.ui.shared.visits import Visits

MOST_PHOTOS = 500
THRESHOLD = 0.5
"""The least score of what is counted in a photo of the tray."""

_MOST_VISITORS = 1000
_PART = "tray"


@dataclass(frozen=True, slots=True)
class TrayPhoto:
    """One photo.

    Attributes:
        key: by which the page names it.
        path: the upload, a file of ours.
        name: what the visitor called it.
        thumbnail: its address.
        found: objects at `THRESHOLD`, by model.
        disagreement: 1 less the mean F1 of each two models on it, 0..1; None below two models.
    """

    key: str
    path: str
    name: str
    thumbnail: str
    found: Mapping[str, int] = field(default_factory=dict)
    disagreement: float | None = None


class Tray:
    """The photos of one visitor; the examples until own ones are there. Safe for many threads."""

    def __init__(self, examples: Sequence[TrayPhoto]) -> None:
        self._examples = tuple(examples)
        self._lock = threading.Lock()
        self._photos = {one.key: one for one in self._examples}
        self._chosen = self._examples[0].key if self._examples else ""
        self._own = False

    @property
    def own(self) -> bool:
        """Whether they are the visitor's own photos."""
        return self._own

    @property
    def photos(self) -> tuple[TrayPhoto, ...]:
        """In the order they were added."""
        with self._lock:
            return tuple(self._photos.values())

    @property
    def chosen(self) -> TrayPhoto | None:
        """The photo that is looked at."""
        with self._lock:
            return self._photos.get(self._chosen)

    def memory(self) -> dict[str, Any]:
        """What `recall` takes to have the same photos again; empty without own ones."""
        with self._lock:
            if not self._own:
                return {}
            return {
                "photos": [asdict(one) for one in self._photos.values()],
                "chosen": self._chosen,
            }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Have the photos that an earlier server held, those of them that are still there."""
        photos = [one for entry in _entries(memory) if (one := _recalled(entry)) is not None]
        if not photos:
            return
        with self._lock:
            self._photos, self._own = {one.key: one for one in photos[:MOST_PHOTOS]}, True
            chosen = memory.get("chosen")
            self._chosen = chosen if chosen in self._photos else photos[0].key

    def add(self, path: str, name: str, thumbnail: str) -> TrayPhoto:
        """Put a photo in; the first own one takes the examples' place.

        Raises:
            InputError: it is full.
        """
        photo = TrayPhoto(secrets.token_hex(8), path, name, thumbnail)
        with self._lock:
            if not self._own:
                self._photos, self._own = {}, True
            if len(self._photos) >= MOST_PHOTOS:
                raise full()
            self._photos[photo.key] = photo
        return photo

    def named(self, name: str) -> TrayPhoto | None:
        """The photo of that name, the one that is looked at before others; None without one."""
        found = [one for one in self.photos if one.name == name]
        chosen = self.chosen
        return chosen if chosen in found else next(iter(found), None)

    def choose(self, key: object) -> TrayPhoto:
        """Look at that photo.

        Raises:
            InputError: it is not here.
        """
        with self._lock:
            photo = self._photos.get(key) if isinstance(key, str) else None
            if photo is None:
                raise InputError("That photo is not in the tray any more. Choose another one.")
            self._chosen = photo.key
        return photo

    def remove(self, key: object) -> None:
        """Take a photo out; its neighbour is looked at next. Without own photos left: as `clear`.

        Raises:
            InputError: it is not here.
        """
        with self._lock:
            keys = list(self._photos)
            if not isinstance(key, str) or key not in self._photos:
                raise InputError("That photo is not in the tray any more.")
            place = keys.index(key)
            gone = self._photos.pop(key)
            keys.remove(key)
            if self._chosen == key:
                self._chosen = keys[min(place, len(keys) - 1)] if keys else ""
            empty = self._own and not keys
        _release(gone)
        if empty:
            self.clear()

    def clear(self) -> None:
        """Take all photos out; the examples come back."""
        with self._lock:
            gone = self._photos.values() if self._own else ()
            self._photos = {one.key: one for one in self._examples}
            self._chosen = self._examples[0].key if self._examples else ""
            self._own = False
        for photo in gone:
            _release(photo)

    def note(self, key: str, found: Mapping[str, int], disagreement: float | None = None) -> None:
        """Remember what models found in a photo, if it is still here."""
        with self._lock:
            photo = self._photos.get(key)
            if photo is None:
                return
            both = {**photo.found, **found}
            known = photo.disagreement if disagreement is None else disagreement
            self._photos[key] = replace(photo, found=both, disagreement=known)

    def exchange(self, path: str, other: str) -> None:
        """Put another file in a photo's place, such as the same one made smaller."""
        with self._lock:
            for key, photo in self._photos.items():
                if photo.path == path:
                    self._photos[key] = replace(photo, path=other, found={}, disagreement=None)
                    uploads.release(Path(path))

    def note_path(self, path: str, model: str, found: int) -> None:
        """The same for the photo with that path."""
        for photo in self.photos:
            if photo.path == path:
                self.note(photo.key, {model: found})


class Trays:
    """The visitors' trays, by session; of many, those of who came longest ago leave the memory.

    What `visits` keeps of a visitor is found again, after a restart too.
    """

    def __init__(self, examples: Sequence[TrayPhoto], visits: Visits | None = None) -> None:
        self.examples = tuple(examples)
        self._visits = visits
        self._trays: OrderedDict[str, Tray] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: str) -> Tray:
        """The visitor's tray."""
        with self._lock:
            tray = self._trays.get(session)
            if tray is None:
                tray = self._trays[session] = Tray(self.examples)
                if self._visits is not None:
                    tray.recall(self._visits.kept(session, _PART))
            self._trays.move_to_end(session)
            while len(self._trays) > _MOST_VISITORS:
                self._trays.popitem(last=False)
        return tray

    def keep(self, session: str) -> None:
        """Have the visitor's tray found again as it is now."""
        if self._visits is not None:
            self._visits.keep(session, _PART, self.of(session).memory())

    def leave(self, session: str) -> None:
        """Forget a visitor's tray; the files go with the other uploads."""
        self.of(session).clear()
        with self._lock:
            self._trays.pop(session, None)


def full() -> InputError:
    """Why no more photos go in."""
    return InputError(f"The tray holds at most {MOST_PHOTOS} photos. Take some out, then add more.")


def _entries(memory: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    entries = memory.get("photos")
    if not isinstance(entries, list):
        return []
    return [one for one in entries if isinstance(one, dict)]


def _recalled(entry: Mapping[str, Any]) -> TrayPhoto | None:
    """The photo of what `memory` wrote, if its files are there."""
    try:
        photo = TrayPhoto(**entry)
        return photo if uploads.hold_again(*_files(photo)) else None
    except (TypeError, AttributeError):
        return None


def _files(photo: TrayPhoto) -> tuple[Path, Path]:
    return Path(photo.path), Path(photo.thumbnail.partition("file=")[2])


def _release(photo: TrayPhoto) -> None:
    for path in _files(photo):
        uploads.release(path)
