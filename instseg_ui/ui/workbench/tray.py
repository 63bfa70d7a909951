"""A visitor's photos: added, looked at one by one, and what the models found in each."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from instseg_ui.errors import InputError
from instseg_ui.ui import uploads

MOST_PHOTOS = 500
THRESHOLD = 0.5
"""The least score of what is counted in a photo of the tray."""

_MOST_VISITORS = 1000
_RENEW_S = 300.0


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
        self._renewed = time.monotonic()

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

    def renew(self) -> None:
        """Have the own files' age count from now; asked often, it is done every few minutes."""
        now = time.monotonic()
        if not self._own or now < self._renewed + _RENEW_S:
            return
        self._renewed = now
        for photo in self.photos:
            uploads.renewed(Path(photo.path))
            uploads.renewed(Path(photo.thumbnail.partition("file=")[2]))

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
                raise InputError(
                    f"The tray holds at most {MOST_PHOTOS} photos. Take some out, then add more."
                )
            self._photos[photo.key] = photo
        return photo

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
            del self._photos[key]
            keys.remove(key)
            if self._chosen == key:
                self._chosen = keys[min(place, len(keys) - 1)] if keys else ""
            empty = self._own and not keys
        if empty:
            self.clear()

    def clear(self) -> None:
        """Take all photos out; the examples come back."""
        with self._lock:
            self._photos = {one.key: one for one in self._examples}
            self._chosen = self._examples[0].key if self._examples else ""
            self._own = False

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

    def note_path(self, path: str, model: str, found: int) -> None:
        """The same for the photo with that path."""
        for photo in self.photos:
            if photo.path == path:
                self.note(photo.key, {model: found})


class Trays:
    """The visitors' trays, by session; those of who came longest ago are forgotten."""

    def __init__(self, examples: Sequence[TrayPhoto]) -> None:
        self.examples = tuple(examples)
        self._trays: OrderedDict[str, Tray] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: str) -> Tray:
        """The visitor's tray; its files are kept for another hour."""
        with self._lock:
            tray = self._trays.setdefault(session, Tray(self.examples))
            self._trays.move_to_end(session)
            while len(self._trays) > _MOST_VISITORS:
                self._trays.popitem(last=False)
        tray.renew()
        return tray

    def leave(self, session: str) -> None:
        """Forget a visitor's tray; the files go with the other uploads."""
        with self._lock:
            self._trays.pop(session, None)
