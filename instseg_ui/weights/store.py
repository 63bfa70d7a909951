"""Where model folders lie on this machine, and how the official ones get there.

The store shares PaddleX's cache layout (`<models_dir>/<Model>`): a model fetched by either is
there for both. An archive is fetched to a work folder beside the models, checked, unpacked, and
moved into place in one step; whatever goes wrong, what was there before is still there.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from instseg_ui.catalog import Catalog, ModelSpec
from instseg_ui.catalog.model_folder import FolderFacts, inspect_folder
from instseg_ui.errors import (
    BusyError,
    FetchError,
    InputError,
    ModelFolderError,
    NotFetchedError,
    system_said,
)
from instseg_ui.settings import Settings
from instseg_ui.weights.archive import ArchiveLimits, config_folder, unpack
from instseg_ui.weights.download import download
from instseg_ui.weights.meter import FetchProgress, Meter, never
from instseg_ui.weights.plan import (
    ArchiveOffer,
    FetchPlan,
    ModelState,
    ModelStatus,
    decide,
    find_offer,
    missing,
    no_room,
    not_fetched,
)
from instseg_ui.weights.staging import REMEDY, Staging, move_aside, move_into_place

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
_REMOVABLE = ("official", "own")
# For everybody, and for whoever runs the server.
_REMEDY = {
    "bundled": ("Install the product again.", ""),
    "official": ("Fetch it again to replace it.", ""),
    "own": ("Remove it, then add it again.", ""),
    "folder": ("Export the model again with PaddleX.", "Or correct INSTSEG_MODEL_FOLDERS."),
}


class WeightsStore:
    """The model folders of this machine. Safe to use from many threads and processes at once."""

    def __init__(self, settings: Settings, *, limits: ArchiveLimits | None = None) -> None:
        """`limits`: what an archive may hold at most. Raises `CatalogError` as the catalog does."""
        self._settings = settings
        self._limits = limits or ArchiveLimits()
        self._bound_names = Catalog.load(settings).bound_names
        self._staging = Staging(settings.models_dir)

    def status(self, spec: ModelSpec) -> ModelStatus:
        """Whether the model can be used, and if not, why. Reads one small file, hashes nothing."""
        try:
            facts = self.folder(spec)
        except NotFetchedError as error:
            return ModelStatus(ModelState.NOT_FETCHED, str(error), remedy=error.remedy)
        except ModelFolderError as error:
            return ModelStatus(ModelState.BROKEN, str(error), remedy=error.remedy)
        bundled = spec.source == "bundled"
        state = ModelState.BUNDLED if bundled else ModelState.READY
        return ModelStatus(state, size_bytes=facts.size_bytes)

    def state(self, spec: ModelSpec) -> ModelState:
        """The state alone of `status`."""
        return self.status(spec).state

    def folder(self, spec: ModelSpec) -> FolderFacts:
        """The model's folder, whole.

        Raises `NotFetchedError`, saying what fetching would take, or `ModelFolderError`.
        """
        path = self._path(spec)
        try:
            return self._inspect(spec, path)
        except ModelFolderError as error:
            if spec.source == "official" and not os.path.lexists(path):
                offer, allowed = self._offer(spec), self._settings.allow_fetch
                raise missing(spec, offer, allowed=allowed) from None
            advice, remedy = _REMEDY[spec.source]
            remedy = f"{error.remedy} {remedy}".strip()
            raise ModelFolderError(f"{error} {advice}", remedy=remedy) from error

    def plan(self, spec: ModelSpec) -> FetchPlan:
        """What `fetch` would do now. Changes nothing and asks no network."""
        return decide(
            spec,
            self.status(spec),
            self._offer(spec),
            free_bytes=self._free_bytes(),
            allowed=self._settings.allow_fetch,
        )

    def fetch(
        self,
        spec: ModelSpec,
        progress: FetchProgress | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> FolderFacts:
        """Make an official model ready, fetching its archive if need be.

        `progress` hears bytes, of the download or, for a local archive, of the unpacking.
        `cancelled` is asked at each piece that arrives, and every 0.2 s while another thread or
        process fetches the same model; that one's result is then used.

        Raises `FetchError`, `DiskFullError`, `Cancelled`; `InputError` for a model that is not
        official; `NotFetchedError` when fetching is switched off.
        """
        meter = Meter(progress, cancelled)
        plan = self.plan(spec)
        if plan.action == "fetch":
            with (
                self._explained(spec, plan.offer),
                self._staging.alone(spec.id, while_waiting=meter.check) as work,
            ):
                # Whoever held the lock may have fetched it meanwhile.
                plan = self.plan(spec)
                if plan.action == "fetch":
                    self._act(spec, plan.offer, work, meter)
        if plan.refusal is not None:
            raise plan.refusal
        return self.folder(spec)

    def remove(self, spec: ModelSpec) -> bool:
        """Delete an official model, or our copy of an own one; False when it was not there.

        Raises `InputError` for any other model, `BusyError` while it is fetched.
        """
        if spec.source not in _REMOVABLE:
            raise InputError(
                f"{spec.id} is not an official model and none that you added, "
                "so it is not removed from here."
            )
        path = self._path(spec)
        if not os.path.lexists(path):
            return False
        try:
            with self._staging.alone(spec.id, while_waiting=_refuse_to_wait) as work:
                move_aside(path, work)
        except OSError as error:
            raise InputError(
                f"{spec.id} could not be removed.", remedy=system_said(error)
            ) from error
        return True

    def _act(self, spec: ModelSpec, offer: ArchiveOffer, work: Path, meter: Meter) -> None:
        local = offer.archive
        unpacked = work / "unpacked"
        unpack(
            local or self._download(spec, offer, work, meter),
            unpacked,
            limits=self._limits,
            make_room=partial(self._make_room, spec),
            meter=meter if local else meter.unseen(),
        )
        found = config_folder(unpacked)
        self._inspect(spec, found)
        move_into_place(found, self._path(spec), work)

    def _download(self, spec: ModelSpec, offer: ArchiveOffer, work: Path, meter: Meter) -> Path:
        archive = work / spec.location
        download(
            offer.url,
            archive,
            timeout=self._settings.fetch_timeout,
            max_bytes=self._limits.bytes,
            make_room=lambda length: self._make_room(spec, 2 * length),
            meter=meter,
        )
        return archive

    def _make_room(self, spec: ModelSpec, needed: int) -> None:
        free = self._free_bytes()
        if needed > free:
            raise no_room(spec, needed, free)

    @contextmanager
    def _explained(self, spec: ModelSpec, offer: ArchiveOffer) -> Iterator[None]:
        """Make a sentence of whatever ends a fetch: what was tried, why it failed, what to do."""
        try:
            yield
        except FetchError as error:
            raise not_fetched(spec, offer, str(error), error.remedy) from error
        except ModelFolderError as error:
            reason = f"its archive is not whole ({error})"
            raise not_fetched(spec, offer, reason, error.remedy) from error
        except OSError as error:
            if error.errno in _DISK_FULL:
                needed, free = offer.needed_bytes, self._free_bytes()
                raise no_room(spec, needed, free) from error
            reason, remedy = "a file cannot be read or written", system_said(error)
            if error.errno in _NOT_WRITABLE:
                reason = "the models' folder cannot be written"
                remedy = f"{remedy} {REMEDY}"
            raise not_fetched(spec, offer, reason, remedy) from error

    def _inspect(self, spec: ModelSpec, path: Path) -> FolderFacts:
        facts = inspect_folder(path, self._bound_names)
        if spec.source == "official" and facts.model_name != spec.id:
            raise ModelFolderError(
                f"The model folder “{path.name}” holds {facts.model_name}; expected {spec.id}."
            )
        return facts

    def _path(self, spec: ModelSpec) -> Path:
        match spec.source:
            case "bundled":
                return self._settings.assets / spec.location
            case "official":
                return self._settings.models_dir / spec.id
            case "folder" | "own":
                return Path(spec.location)

    def _offer(self, spec: ModelSpec) -> ArchiveOffer:
        return find_offer(spec, self._settings.models_source)

    def _free_bytes(self) -> int:
        """Room where the models lie, or will lie once their folder is made."""
        folder = self._settings.models_dir.absolute()
        standing = (f for f in (folder, *folder.parents) if os.access(f, os.F_OK))
        return shutil.disk_usage(next(standing)).free


def _refuse_to_wait() -> None:
    raise BusyError("This model is being fetched right now; try again when that is done.")
