"""Adding a model: read, check, try out, and only then put where models lie, in one step."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from instseg_ui.admission.graph_operators import check_graph
from instseg_ui.admission.source import ModelFiles, model_files
from instseg_ui.catalog import Catalog, ModelSpec
from instseg_ui.catalog.model_folder import GRAPHS, FolderFacts, inspect_folder
from instseg_ui.catalog.model_name import alike, checked_name
from instseg_ui.errors import (
    BusyError,
    DiskFullError,
    InputError,
    LoadError,
    ModelError,
    WorkerError,
    system_said,
)
from instseg_ui.examples.photos import example_photos
from instseg_ui.images import Image, from_array, read
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.weights.archive import ArchiveLimits
from instseg_ui.weights.meter import FetchProgress, Meter, never
from instseg_ui.weights.staging import REMEDY, Staging
from instseg_ui.workers.worker import OnStage

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_SPARE_BYTES = 20_000_000
_STAGING = ".adding"


@dataclass(frozen=True, slots=True)
class Added:
    """A model that is in the catalog now.

    Attributes:
        spec: its row; `family` is the official model that it was made from.
        facts: its folder, our copy.
        objects: how many it found in the example photo, at its own threshold.
        photo: the example photo's name; empty where a plain image stood in.
    """

    spec: ModelSpec
    facts: FolderFacts
    objects: int
    photo: str

    @property
    def sentence(self) -> str:
        """What was added, in words."""
        classes = len(self.facts.labels)
        noun = "class" if classes == 1 else "classes"
        return (
            f"{self.spec.id} is added: made from {self.facts.model_name}, {classes} {noun}, "
            f"{self.facts.size_bytes / 1e6:.1f} MB."
        )


def _silent(stage: str) -> None:
    """No one watches the stages."""


def add(
    segmenter: Segmenter,
    path: Path,
    name: str = "",
    *,
    on_stage: OnStage = _silent,
    progress: FetchProgress | None = None,
    cancelled: Callable[[], bool] = never,
    limits: ArchiveLimits | None = None,
) -> Added:
    """Put a model that the user has into the catalog, for every door and for good.

    Args:
        segmenter: runs it once on the example photo, in a process of its own.
        path: a folder that PaddleX exports, one that it lies in (`output`), or a zip of either.
        name: what to call it; empty takes the name of a folder or the zip.
        on_stage: told what is done, in words.
        progress: hears the bytes that are copied.
        cancelled: asked often; True ends it, and nothing is kept.
        limits: what a model may hold at most.

    Raises:
        InputError: there is no model, its name is taken or not safe.
        ModelFolderError: it is not whole, or not one that PaddleX binds to instance segmentation.
        ModelError: it does not run, or the disk is full or cannot be written.
        BusyError: a model of that name is being added.
        Cancelled: `cancelled` said so.
    """
    catalog, settings = segmenter.catalog, segmenter.settings
    meter = Meter(progress, cancelled, stopped="Stopped; nothing was added.")
    chosen = _free_name(catalog, name) if name.strip() else ""
    on_stage("reading it")
    with model_files(path, limits or ArchiveLimits()) as files:
        draft = chosen or _free_name(catalog, files.suggestion())
        with _explained(draft), Staging(settings.models_dir, _STAGING).alone(draft, _wait) as work:
            folder = work / draft
            folder.mkdir()
            _copy(files, folder, draft, settings, meter)
            facts = _checked(folder, catalog)
            objects, photo = _tried(segmenter, facts, draft, on_stage, meter)
            on_stage("putting it into the catalog")
            _put(folder, draft, catalog, settings)
    spec = catalog.get(draft)
    return Added(spec, segmenter.store.folder(spec), objects, photo)


def _free_name(catalog: Catalog, wanted: str) -> str:
    """Raises `InputError` for a name that is not safe or taken."""
    name = checked_name(wanted)
    taken = next((one for one in catalog.names if alike(one) == alike(name)), None)
    if taken is not None:
        raise InputError(f"There is a model “{taken}” already. Choose another name.")
    return name


def _copy(files: ModelFiles, folder: Path, name: str, settings: Settings, meter: Meter) -> None:
    free = shutil.disk_usage(folder).free
    if files.total + _SPARE_BYTES > free:
        raise _no_room(name, files.total, free)
    meter.begin(files.total)
    files.copy(folder, meter.add)


def _checked(folder: Path, catalog: Catalog) -> FolderFacts:
    facts = inspect_folder(folder, catalog.bound_names)
    graph = next(name for name, kind in GRAPHS.items() if kind == facts.format)
    check_graph(folder / graph, facts.format, folder.name)
    return facts


def _tried(
    segmenter: Segmenter, facts: FolderFacts, name: str, on_stage: OnStage, meter: Meter
) -> tuple[int, str]:
    """Objects that it finds in the example photo, and the photo's name."""
    on_stage("running it on the example photo")
    image, photo = _example(segmenter.settings)
    try:
        found = segmenter.try_out(facts, image, cancelled=meter.cancelled)
    except (LoadError, WorkerError) as error:
        first = str(error).partition(". ")[0].rstrip(".")
        raise LoadError(
            f"“{name}” was not added: it does not run on the example photo. {first}.",
            remedy=error.remedy,
        ) from error
    return len(found.at(facts.draw_threshold)), photo


def _example(settings: Settings) -> tuple[Image, str]:
    photos = example_photos(settings.assets)
    if photos:
        return read(photos[0], settings), photos[0].name
    return from_array(np.full((480, 640, 3), 127, np.uint8), settings), ""


def _put(folder: Path, name: str, catalog: Catalog, settings: Settings) -> None:
    """Rename the folder to its place: it is there whole, or not at all."""
    settings.own_root.mkdir(parents=True, exist_ok=True)
    target = settings.own_root / name
    _free_name(catalog, name)
    if os.path.lexists(target):
        raise InputError(f"There is a model “{name}” already. Choose another name.")
    folder.rename(target)


def _wait() -> None:
    raise BusyError("A model of that name is being added right now. Choose another name.")


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Make a sentence of what the system says against writing."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise _no_room(name) from error
        raise ModelError(
            f"“{name}” could not be added: the models' folder cannot be written.",
            remedy=f"{system_said(error)} {REMEDY}",
        ) from error


def _no_room(name: str, needed: int = 0, free: int | None = None) -> DiskFullError:
    numbers = (
        "" if free is None else f" It has {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free."
    )
    return DiskFullError(
        f"There is no room for “{name}” where the models lie.{numbers} Remove a model first.",
        remedy="Free some space, or set INSTSEG_MODELS_DIR to another disk.",
    )
