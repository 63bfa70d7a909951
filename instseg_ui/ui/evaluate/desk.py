"""What a visitor has on the desk: uploaded files, the data set they hold, and what was found.

The files belong to the session and go with it. Predictions stay on this machine, so that a run can
be taken up after a restart; they hold masks and scores, no picture.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

from instseg_ui.errors import InputError, system_said
from instseg_ui.evaluate import (
    CategoryMap,
    Dataset,
    Evaluation,
    Options,
    Watch,
    is_written,
    open_coco,
    open_dataset,
)
from instseg_ui.examples.evaluation import ExampleEvaluation
from instseg_ui.examples.origin import Origin
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.visits import Visits
from instseg_ui.ui.uploads import is_bundled
from instseg_ui.verdict import Accuracy, accuracy_of

MOST_KEPT = 20
"""Data sets whose predictions are kept on disk."""
NO_DATA = "There is no data set yet. Add a zip, or images and their JSON."
BUSY = "A run is under way. Wait for its end or stop it, then look at the pictures."
_FORGOTTEN_S = 24 * 3600.0
_UPLOADS = "data-sets"
_INSIDE = "uploaded files"
_PART = "evaluate"

MappingChanges = dict[str, dict[str, list[str]]]
"""By model, by category: the model's classes that stand for it."""


class DataPlace(NamedTuple):
    """A data set on the disk: its pictures, or all of it where `annotations` is None."""

    images: Path
    annotations: Path | None


@dataclass(eq=False)
class Desk:
    """One visitor's.

    Attributes:
        dataset: what was uploaded; None before.
        evaluation: the newest one; its figures stay while a newer one runs, its pictures do not.
        options: of that evaluation.
        changes: made to the mapping by hand.
        predictions: the folder of the models' predictions on this data set.
        files: the folder of the session's files.
        readable: whether the evaluation's pictures can be read.
        left: the visitor has gone.
        example: where the figures of the example data set come from; None for another data set.
        work: held by whoever opens, evaluates or clears: one at a time.
        reading: held by whoever reads or replaces `evaluation`.
    """

    dataset: Dataset | None = None
    evaluation: Evaluation | None = None
    options: Options = field(default_factory=Options)
    changes: MappingChanges = field(default_factory=dict)
    predictions: Path | None = None
    files: Path | None = None
    readable: bool = False
    left: bool = False
    example: Origin | None = None
    work: threading.Lock = field(default_factory=threading.Lock)
    reading: threading.RLock = field(default_factory=threading.RLock)
    _uploads: list[Path] = field(default_factory=list)
    _kept: list[Path] = field(default_factory=list)

    def show(self, evaluation: Evaluation, options: Options) -> None:
        """Put another evaluation there."""
        with self.reading:
            self.evaluation, self.options, self.readable = evaluation, options, True

    def put_away(self) -> None:
        """Let go of the predictions' files, so that a run may write them; figures stay."""
        with self.reading:
            self.readable = False
            if self.evaluation is not None:
                self.evaluation.close()

    def accuracies(self) -> dict[str, Accuracy]:
        """Mask AP of each evaluated model on the visitor's own pictures; nothing of the example."""
        with self.reading:
            found = None if self.example else self.evaluation
        if found is None:
            return {}
        known = {one.model: accuracy_of(found, one) for one in found.results}
        return {model: one for model, one in known.items() if one is not None}

    def mapping(self, segmenter: Segmenter, model: str) -> CategoryMap:
        """Which of the model's classes stand for which category, with the changes made by hand.

        Raises:
            InputError: there is no data set.
            UnknownModelError, NotFetchedError, ModelFolderError: no such model here.
        """
        if self.dataset is None:
            raise InputError(NO_DATA)
        labels = segmenter.store.folder(segmenter.catalog.get(model)).labels
        by_name = CategoryMap.by_name(self.dataset.categories, labels)
        return by_name.with_changes(self.changes.get(model, {}))

    def change_mapping(
        self, segmenter: Segmenter, model: str, category: str, labels: Sequence[str]
    ) -> None:
        """Let these classes of the model, and no others, stand for a category.

        Raises:
            InputError: a class that stands for another category already by hand, or no such thing.
        """
        mapping = self.mapping(segmenter, model)
        changes = {**self.changes.get(model, {}), category: list(labels)}
        mapping.with_changes(changes)
        self.changes[model] = changes

    def clear(self) -> None:
        """Forget the data set and remove its files. Called while `work` is held."""
        with self.reading:
            self.put_away()
            self.evaluation, self.changes, self.predictions = None, {}, None
            self.example = None
            if self.dataset is not None:
                self.dataset.close()
            self.dataset = None
            if self.files is not None:
                shutil.rmtree(self.files, ignore_errors=True)
            for upload in self._uploads:
                if not is_bundled(upload):
                    with contextlib.suppress(OSError):
                        upload.unlink()
            self.files, self._uploads, self._kept = None, [], []

    def memory(self) -> dict[str, Any]:
        """What `take_again` takes to have it all again; empty without an own data set."""
        if self.dataset is None or self.files is None or self.example is not None:
            return {}
        found = self.evaluation
        return {
            "files": self.files.name,
            "predictions": self.predictions.name if self.predictions else "",
            "uploads": [path.name for path in self._kept],
            "models": [one.model for one in found.results] if found else [],
            "limit": self.options.limit,
            "engine": self.options.engine,
            "kinds": list(self.options.kinds),
            "changes": self.changes,
        }

    def take_again(self, memory: Mapping[str, Any], folder: Path, watch: Watch) -> Dataset:
        """Open the files that `memory` names, which lie in `folder`. Called while `work` is held.

        Raises:
            InputError: they are gone or cannot be read.
            Cancelled: the watch said so.
        """
        inside = folder / _INSIDE
        self.files = folder
        self._kept = [inside / Path(str(name)).name for name in memory.get("uploads") or ()]
        if not self._kept or not all(path.is_file() for path in self._kept):
            raise InputError(NO_DATA)
        self.dataset = _open(self._kept, watch)
        self.changes = memory.get("changes") or {}
        return self.dataset

    def take_example(self, example: ExampleEvaluation, folder: Path) -> None:
        """Put the example data set and its figures there. Called while `work` is held.

        Raises:
            InputError: it cannot be read, or not be kept.
        """
        self.files = folder
        evaluation, self.example = example.open(folder / "shipped")
        # Apart from what ships: a run of the visitor's is to be of this machine.
        self.dataset, self.predictions = evaluation.dataset, folder / "predictions"
        self.show(evaluation, Options())

    def again(self, folder: Path) -> DataPlace:
        """The uploaded files once more, in `folder`, for work that outlives them here.

        Raises:
            InputError: there are none, or they cannot be kept.
        """
        with self.reading:
            if self.dataset is None or not self._kept:
                raise InputError(NO_DATA)
            try:
                return _place_of(_keep(self._kept, folder))
            except OSError as error:
                sentence = "The data set could not be kept. Free some room on the disk."
                raise InputError(sentence, remedy=system_said(error)) from error

    def holds(self, upload: str) -> bool:
        """Whether the data set that is open was opened from that upload."""
        return Path(upload) in self._uploads

    def take(
        self,
        uploads: Sequence[str],
        folder: Path,
        most: int,
        watch: Watch,
        photos: Sequence[str] = (),
    ) -> Dataset:
        """Open what was uploaded, from files of its own. Called while `work` is held.

        Uploads are removed with the desk, `photos` beside them are not.

        Raises:
            InputError: nothing, too much, no room, or no data set that can be used.
            Cancelled: the watch said so.
        """
        paths = [Path(name) for name in (*uploads, *photos)]
        self.files, self._uploads = folder, paths[: len(uploads)]
        _check(paths, most)
        try:
            self._kept = _keep(paths, folder)
        except OSError as error:
            sentence = "The upload could not be kept. Add it again."
            raise InputError(sentence, remedy=system_said(error)) from error
        self.dataset = _open(self._kept, watch)
        return self.dataset


class Desks:
    """The desks of all visitors, by session. Safe to use from many threads."""

    def __init__(self, settings: Settings, cache: Path, visits: Visits | None = None) -> None:
        """`cache` is a folder that the page may serve pictures from."""
        self._settings = settings
        self._visits = visits
        self._cache = cache / _UPLOADS
        self._root = settings.models_dir / ".evaluations"
        self._desks: dict[str, Desk] = {}
        self._lock = threading.Lock()

    def of(self, session: str) -> Desk:
        """The visitor's desk; an empty one at first."""
        with self._lock:
            return self._desks.setdefault(session, Desk())

    def take(
        self, session: str, uploads: Sequence[str], watch: Watch, photos: Sequence[str] = ()
    ) -> Dataset:
        """Open what the visitor uploaded, in place of what was there; as `Desk.take`."""
        desk = self.of(session)
        with desk.work:
            desk.clear()
            self._forget_old()
            folder = self._cache / secrets.token_hex(20)
            try:
                most = int(self._settings.max_dataset)
                dataset = desk.take(uploads, folder, most, watch, photos)
            except BaseException:
                desk.clear()
                raise
            desk.predictions = self._claim(dataset.digest)
            return dataset

    def keep(self, session: str) -> None:
        """Have what is on the visitor's desk found again after a restart."""
        desk = self.of(session)
        if self._visits is None:
            return
        if desk.files is not None:
            with contextlib.suppress(OSError):
                os.utime(desk.files)
        self._visits.keep(session, _PART, desk.memory())

    def kept(self, session: str) -> Mapping[str, Any]:
        """What an earlier server kept of the desk, if it is empty now; empty if nothing was."""
        desk = self.of(session)
        if self._visits is None or desk.dataset is not None:
            return {}
        return self._visits.kept(session, _PART)

    def take_again(self, session: str, memory: Mapping[str, Any], watch: Watch) -> None:
        """Open the data set that was kept. Called while the desk's `work` is held.

        Raises:
            InputError: it is not there any more, or cannot be read; the desk is empty then.
            Cancelled: the watch said so.
        """
        desk = self.of(session)
        try:
            folder = self._cache / Path(str(memory.get("files"))).name
            dataset = desk.take_again(memory, folder, watch)
        except BaseException:
            desk.clear()
            raise
        desk.predictions = self._claim(dataset.digest, str(memory.get("predictions")))

    def take_example(self, session: str, example: ExampleEvaluation) -> bool:
        """Put the example on the visitor's desk if it is empty; whether it was.

        Raises:
            InputError: it cannot be read, or not be kept; the desk is empty then.
        """
        desk = self.of(session)
        with desk.work:
            if desk.dataset is not None or desk.left:
                return False
            try:
                desk.take_example(example, self._cache / secrets.token_hex(20))
            except BaseException:
                desk.clear()
                raise
            return True

    def clear(self, session: str) -> None:
        """Empty the visitor's desk, once the running work has ended."""
        desk = self.of(session)
        with desk.work:
            desk.clear()

    def leave(self, session: str) -> None:
        """Remove all that the visitor brought, once the running work has ended."""
        if (name := Path(str(self.kept(session).get("files", ""))).name) != "":
            shutil.rmtree(self._cache / name, ignore_errors=True)
        with self._lock:
            desk = self._desks.pop(session, None)
        if desk is not None:
            desk.left = True
            with desk.work:
                desk.clear()

    def _claim(self, digest: str, before: str = "") -> Path:
        """A folder for predictions: the data set's own, or the next one that nobody uses now.

        Another server with the same models' folder may use one too.

        `before` is the name of the one that the desk had: of that data set, it comes first.
        """
        with self._lock:
            taken = {desk.predictions for desk in self._desks.values()}
            first = [Path(before).name] if before.startswith(digest) else []
            names = chain(first, [digest], (f"{digest}-{number}" for number in count(2)))
            folders = (self._root / name for name in names)
            folder = next(one for one in folders if one not in taken and not is_written(one))
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                os.utime(folder)
            return folder

    def _forget_old(self) -> None:
        """Drop the oldest predictions beyond `MOST_KEPT`, and files that a crash left behind."""
        with self._lock:
            used = {desk.predictions for desk in self._desks.values()}
            live = {desk.files for desk in self._desks.values()}
        for path in _newest_first(self._root)[MOST_KEPT:]:
            if path not in used:
                shutil.rmtree(path, ignore_errors=True)
        for path in _newest_first(self._cache):
            if path not in live and _age_s(path) > _FORGOTTEN_S:
                shutil.rmtree(path, ignore_errors=True)


def _check(paths: Sequence[Path], most: int) -> None:
    if not paths:
        raise InputError(NO_DATA)
    try:
        size = sum(path.stat().st_size for path in paths)
    except OSError as error:
        raise InputError("The upload is not there any more. Add it again.") from error
    if size > most:
        raise InputError(
            f"The upload has {size / 1e6:,.0f} MB; at most {most / 1e6:,.0f} MB are accepted."
        )
    names = [path.name for path in paths]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"Two files are named “{twice}”. Put them into a zip with folders.")


def _keep(paths: Sequence[Path], folder: Path) -> list[Path]:
    """The same files under a folder of the session's own; no bytes are copied if that can be."""
    inside = folder / _INSIDE
    inside.mkdir(parents=True)
    kept = []
    for path in paths:
        target = inside / path.name
        try:
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)
        kept.append(target)
    return kept


def _open(paths: Sequence[Path], watch: Watch) -> Dataset:
    images, annotations = _place_of(paths)
    if annotations is not None:
        return open_coco(images, annotations, watch=watch)
    return open_dataset(images, watch=watch)


def _place_of(paths: Sequence[Path]) -> DataPlace:
    """What of these files is the data set. Raises `InputError` where they are none."""
    zips = [path for path in paths if path.suffix.lower() == ".zip"]
    others = [path for path in paths if path not in zips]
    if len(zips) == 1 and not others:
        return DataPlace(zips[0], None)
    if len(zips) == 1 and len(others) == 1 and others[0].suffix.lower() == ".json":
        return DataPlace(zips[0], others[0])
    if zips:
        raise InputError(
            "Add one zip, or one zip and its COCO JSON, or images and their JSON; "
            f"{len(zips)} zips and {len(others)} other files came."
        )
    return DataPlace(paths[0].parent, None)


def _newest_first(folder: Path) -> list[Path]:
    try:
        return sorted((path for path in folder.iterdir() if path.is_dir()), key=_age_s)
    except OSError:
        return []


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
