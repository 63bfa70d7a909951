"""What a visitor judges: the folder of the judgement, its photos, and the questions in hand."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instseg_ui import images
from instseg_ui.errors import Cancelled, ImageError, InputError, InstSegError, system_said
from instseg_ui.images import Image
from instseg_ui.judge import Judgement, JudgeQuestion
from instseg_ui.judge.export import to_dict
from instseg_ui.judge.folder import begin, resume
from instseg_ui.segmenter import Segmenter
from instseg_ui.ui.shared.visits import Visits
from instseg_ui.ui.uploads import file_name
from instseg_ui.ui.workbench.tray import TrayPhoto
from instseg_ui.verdict import Accuracy, accuracies_of

NOTHING = "Nothing is judged yet. Tick two or more models, add photos, then begin."
_AHEAD = 4
_FORGOTTEN_S = 24 * 3600
_PART = "judge"
_PHOTOS = "photos"


@dataclass
class JudgeDesk:
    """One visitor's judgement; hold `work` while it is used.

    `urls` has for each photo that was shown the file that the browser gets, and its address; `gone`
    are photos that cannot be shown any more.
    """

    judgement: Judgement | None = None
    photos: Mapping[str, Path] = field(default_factory=dict)
    folder: Path | None = None
    urls: dict[str, tuple[Path, str]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    work: threading.RLock = field(default_factory=threading.RLock)

    def put_away(self) -> None:
        """Forget the judgement and remove its files."""
        if self.judgement is not None:
            self.judgement.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.judgement, self.photos, self.folder = None, {}, None
        self.urls.clear()
        self.gone.clear()

    def at_work(self) -> Judgement:
        """The judgement.

        Raises:
            InputError: there is none.
        """
        if self.judgement is None:
            raise InputError(NOTHING)
        return self.judgement

    def accuracies(self) -> dict[str, Accuracy]:
        """What the answers tell of each model; nothing without enough of them."""
        with self.work:
            return {} if self.judgement is None else accuracies_of(self.judgement)

    def questions(self) -> list[JudgeQuestion]:
        """The next questions, so many that the next one is there at once."""
        return self.at_work().questions(_AHEAD)

    def leave_out(self, photo: str) -> None:
        """Ask about nothing in a photo that is gone."""
        self.at_work().leave_out(photo)
        if photo not in self.gone:
            self.gone.append(photo)


class JudgeDesks:
    """The desks of all visitors, by session. Safe to use from many threads."""

    def __init__(self, models_dir: Path, visits: Visits | None = None) -> None:
        self._root = models_dir / ".judgements"
        self._visits = visits
        self._desks: dict[str, JudgeDesk] = {}
        self._lock = threading.Lock()

    def of(self, session: str) -> JudgeDesk:
        """The visitor's desk, with what is kept of it; an empty one at first."""
        with self._lock:
            desk = self._desks.get(session)
            if desk is None:
                desk = self._desks[session] = JudgeDesk()
                self._recall(session, desk)
            return desk

    def keep(self, session: str) -> None:
        """Have the visitor's judgement found again after a restart; its answers are files."""
        desk = self.of(session)
        if self._visits is None or desk.folder is None:
            return
        photos = {name: path.name for name, path in desk.photos.items()}
        self._visits.keep(session, _PART, {"folder": desk.folder.name, "photos": photos})

    def _recall(self, session: str, desk: JudgeDesk) -> None:
        memory = {} if self._visits is None else self._visits.kept(session, _PART)
        name, photos = memory.get("folder"), memory.get("photos")
        if not isinstance(name, str) or not isinstance(photos, dict):
            return
        folder = self._root / Path(name).name
        with suppress(InstSegError, OSError):
            desk.judgement = resume(folder)
            desk.folder = folder
            desk.photos = {
                str(photo): folder / _PHOTOS / Path(str(file)).name
                for photo, file in photos.items()
            }

    def new_folder(self) -> Path:
        """A folder for a judgement, under a name that cannot be guessed."""
        self._forget_old()
        return self._root / secrets.token_hex(20)

    def _forget_old(self) -> None:
        """Remove what a server that was killed has left."""
        with self._lock:
            live = {desk.folder for desk in self._desks.values()}
        for folder in self._root.glob("*"):
            if folder not in live and _age_s(folder) > _FORGOTTEN_S:
                shutil.rmtree(folder, ignore_errors=True)

    def leave(self, session: str) -> None:
        """Remove what the visitor judged."""
        desk = self.of(session)
        with self._lock:
            self._desks.pop(session, None)
        with desk.work:
            desk.put_away()


def as_data_set(desk: JudgeDesk, folder: Path) -> tuple[Path, list[Path]]:
    """The answers as a COCO file in `folder`, and beside it the photos that they are of.

    Raises:
        InputError: nothing is judged, no outline was called right, or it cannot be written.
    """
    with desk.work:
        found = _of_photos_here(to_dict(desk.at_work()), desk)
        if all(one["iscrowd"] for one in found["annotations"]):
            raise InputError(
                "No outline was called right yet, so there is nothing to learn. Answer some "
                "questions first."
            )
        try:
            folder.mkdir(parents=True)
            photos = [_beside(desk, row, folder) for row in found["images"]]
            path = folder / "judged_coco.json"
            path.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            sentence = "The answers could not be written. Free some room on the disk."
            raise InputError(sentence, remedy=system_said(error)) from error
    return path, photos


def _of_photos_here(found: dict[str, Any], desk: JudgeDesk) -> dict[str, Any]:
    """The answers without those about photos that are gone."""
    here = [one for one in found["images"] if _is_here(desk, one["file_name"])]
    ids = {one["id"] for one in here}
    kept = [one for one in found["annotations"] if one["image_id"] in ids]
    return found | {"images": here, "annotations": kept}


def _is_here(desk: JudgeDesk, photo: str) -> bool:
    return photo in desk.photos and desk.photos[photo].is_file()


def _beside(desk: JudgeDesk, row: dict[str, Any], folder: Path) -> Path:
    """A photo under a plain name of its own, which the row then has. Raises `OSError`."""
    source = desk.photos[row["file_name"]]
    stem = file_name(row["file_name"].removesuffix(source.suffix))
    number, path = 2, folder / f"{stem}{source.suffix}"
    while path.exists():
        number, path = number + 1, folder / f"{stem}-{number}{source.suffix}"
    _link(source, path)
    row["file_name"] = path.name
    return path


def _age_s(folder: Path) -> float:
    """Seconds since something was last written there; another server may still use it."""
    try:
        return time.time() - max(path.stat().st_mtime for path in (folder, *folder.glob("*")))
    except OSError:
        return 0.0


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

    `done` counts the runs; it is written here and read by whoever shows the progress. The desk is
    free while the models run, so that the judgement before can be gone on with.

    Raises:
        InputError: too few or too many models, no photo that can be read, nothing found.
        Cancelled: `stopped` was set.
    """

    def tell(_model: str, _photos: int) -> None:
        if stopped.is_set():
            raise Cancelled("Stopped before all photos were looked at.")
        done[0] += 1

    try:
        kept = _kept(_named(photos), folder / _PHOTOS)
        begin(folder, _pixels(kept, segmenter), models, segmenter, on_photo=tell)
        judgement = resume(folder)
        with desk.work:
            if stopped.is_set():
                judgement.close()
                raise Cancelled("Stopped before the first question.")
            desk.put_away()
            desk.judgement, desk.photos, desk.folder = judgement, kept, folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _kept(named: Mapping[str, TrayPhoto], folder: Path) -> dict[str, Path]:
    """The photos under names of the judgement's own: the tray's files go when they are old."""
    folder.mkdir(parents=True)
    kept = {}
    for number, (name, photo) in enumerate(named.items()):
        path = folder / f"{number}{Path(photo.path).suffix.lower()}"
        with suppress(OSError):
            _link(Path(photo.path), path)
            kept[name] = path
    return kept


def _link(source: Path, path: Path) -> None:
    """The same bytes once more, copied where that cannot be otherwise. Raises `OSError`."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


def _named(photos: Sequence[TrayPhoto]) -> dict[str, TrayPhoto]:
    """The photos by their names; of two that are called alike one gets a number."""
    named: dict[str, TrayPhoto] = {}
    for photo in photos:
        name, number = photo.name, 2
        while name in named:
            name, number = f"{photo.name} ({number})", number + 1
        named[name] = photo
    return named


def _pixels(kept: Mapping[str, Path], segmenter: Segmenter) -> Iterator[tuple[str, Image]]:
    """The photos that can be read, one at a time."""
    for name, path in kept.items():
        with suppress(ImageError):
            yield name, images.read(path, segmenter.settings)
