"""What a visitor judges: the folder of the judgement, its photos, and the questions in hand."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from instseg_ui import images
from instseg_ui.errors import BusyError, Cancelled, ImageError, InputError
from instseg_ui.images import Image
from instseg_ui.judge import Judgement, JudgeQuestion
from instseg_ui.judge.folder import begin, resume
from instseg_ui.segmenter import Segmenter
from instseg_ui.ui.workbench.tray import TrayPhoto

NOTHING = "Nothing is judged yet. Tick two or more models, add photos, then begin."
_AHEAD = 4


@dataclass
class JudgeDesk:
    """One visitor's judgement; hold `work` while it is used."""

    judgement: Judgement | None = None
    photos: Mapping[str, Path] = field(default_factory=dict)
    folder: Path | None = None
    work: threading.RLock = field(default_factory=threading.RLock)

    def put_away(self) -> None:
        """Forget the judgement and remove its files."""
        if self.judgement is not None:
            self.judgement.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.judgement, self.photos, self.folder = None, {}, None

    def at_work(self) -> Judgement:
        """The judgement.

        Raises:
            InputError: there is none.
        """
        if self.judgement is None:
            raise InputError(NOTHING)
        return self.judgement

    def questions(self) -> list[JudgeQuestion]:
        """The next questions, so many that the next one is there at once."""
        return self.at_work().questions(_AHEAD)


class JudgeDesks:
    """The desks of all visitors, by session. Safe to use from many threads."""

    def __init__(self, models_dir: Path) -> None:
        self._root = models_dir / ".judgements"
        self._desks: dict[str, JudgeDesk] = {}
        self._lock = threading.Lock()

    def of(self, session: str) -> JudgeDesk:
        """The visitor's desk; an empty one at first."""
        with self._lock:
            return self._desks.setdefault(session, JudgeDesk())

    def new_folder(self) -> Path:
        """A folder for a judgement, under a name that cannot be guessed."""
        return self._root / secrets.token_hex(20)

    def leave(self, session: str) -> None:
        """Remove what the visitor judged."""
        with self._lock:
            desk = self._desks.pop(session, None)
        if desk is not None:
            with desk.work:
                desk.put_away()


def start(
    desk: JudgeDesk,
    folder: Path,
    photos: Sequence[TrayPhoto],
    models: Sequence[str],
    segmenter: Segmenter,
    stopped: threading.Event,
    done: list[int],
) -> None:
    """Run the models on the photos and put the judgement on the desk, in place of the one before.

    `done` counts the runs; it is written here and read by whoever shows the progress.

    Raises:
        InputError: too few or too many models, no photo that can be read, nothing found.
        Cancelled: `stopped` was set.
    """
    named = _named(photos)

    def tell(_model: str, _photos: int) -> None:
        done[0] += 1
        if stopped.is_set():
            raise Cancelled("Stopped before all photos were looked at.")

    with desk.work:
        desk.put_away()
        desk.folder = folder
        folder.mkdir(parents=True)
        try:
            begin(folder, _pixels(named, segmenter), models, segmenter, on_photo=tell)
            desk.judgement = resume(folder)
        except (InputError, BusyError, Cancelled):
            desk.put_away()
            raise
        desk.photos = {name: Path(photo.path) for name, photo in named.items()}


def _named(photos: Sequence[TrayPhoto]) -> dict[str, TrayPhoto]:
    """The photos by their names; of two that are called alike one gets a number."""
    named: dict[str, TrayPhoto] = {}
    for photo in photos:
        name, number = photo.name, 2
        while name in named:
            name, number = f"{photo.name} ({number})", number + 1
        named[name] = photo
    return named


def _pixels(named: Mapping[str, TrayPhoto], segmenter: Segmenter) -> Iterator[tuple[str, Image]]:
    """The photos that can be read, one at a time."""
    for name, photo in named.items():
        with suppress(ImageError):
            yield name, images.read(photo.path, segmenter.settings)
