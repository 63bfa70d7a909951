"""What to do about a model's weights: a decision that needs neither disk nor network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from instseg_ui.catalog import ModelSpec
from instseg_ui.errors import (
    DiskFullError,
    FetchError,
    InputError,
    InstSegError,
    NotFetchedError,
)

BY_HAND = "put its PaddleX folder into the models' folder (INSTSEG_MODELS_DIR) by hand."
_ELSEWHERE = f"Set INSTSEG_MODELS_SOURCE to a mirror or to a folder of archives, or {BY_HAND}"
_OTHER_DISK = "Free some space, or set INSTSEG_MODELS_DIR to another disk."


class ModelState(StrEnum):
    """Whether a model's weights can be used."""

    BUNDLED = "bundled"
    READY = "ready"
    NOT_FETCHED = "not fetched"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """`reason` is empty for a model that can be used, and `size_bytes` None for one that cannot.

    `remedy` is what whoever runs the server can do about it.
    """

    state: ModelState
    reason: str = ""
    size_bytes: int | None = None
    remedy: str = ""

    @property
    def usable(self) -> bool:
        """Whether the model can be loaded now."""
        return self.state in (ModelState.BUNDLED, ModelState.READY)


@dataclass(frozen=True, slots=True)
class ArchiveOffer:
    """Where a model's archive is to be had: at `url`, or as `archive` on this machine.

    `bytes` is the size of the archive, as published or measured. `fault` says why there is none,
    `remedy` what whoever runs the server can do about it.
    """

    bytes: int = 0
    url: str = ""
    archive: Path | None = None
    fault: str = ""
    remedy: str = ""

    @property
    def place(self) -> str:
        """Where that is, fit to be shown: the host of the address, never more."""
        return str(urlsplit(self.url).hostname) if self.url else "the local folder of archives"

    @property
    def needed_bytes(self) -> int:
        """Disk space that the fetch takes at its peak: a download and what it unpacks to."""
        return self.bytes if self.archive else 2 * self.bytes


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """What `fetch` would do. For "refuse", `refusal` is the error that it would raise."""

    action: Literal["have", "fetch", "refuse"]
    reason: str
    offer: ArchiveOffer
    free_bytes: int
    refusal: InstSegError | None = None

    @property
    def expected_bytes(self) -> int:
        """Size of the archive, as published or measured; 0 when unknown."""
        return self.offer.bytes


def find_offer(spec: ModelSpec, base: str) -> ArchiveOffer:
    """Where `base`, an http(s) address or a local folder, has the archive of an official model."""
    published = round((spec.published.storage_mb or 0) * 1e6)
    if base.lower().startswith(("http://", "https://")):
        return _remote_offer(f"{base.rstrip('/')}/{spec.location}", published)
    if "://" in base:
        return _no_source(published, "is neither an http or https address nor a folder")
    return _local_offer(Path(base).expanduser() / spec.location, published)


def decide(
    spec: ModelSpec, status: ModelStatus, offer: ArchiveOffer, *, free_bytes: int, allowed: bool
) -> FetchPlan:
    """What to do about a model in that state, with that offer and that much room on the disk."""
    if status.usable:
        return FetchPlan("have", f"{spec.id} is on this machine.", offer, free_bytes)
    refusal = _refusal(spec, status, offer, free_bytes, allowed)
    if refusal is not None:
        return FetchPlan("refuse", str(refusal), offer, free_bytes, refusal)
    return FetchPlan("fetch", f"Fetching {spec.id} takes {about(offer.bytes)}.", offer, free_bytes)


def about(size: int) -> str:
    """A size in bytes for reading: "about 114 MB"."""
    return f"about {max(1, round(size / 1e6))} MB" if size else "an unknown amount of data"


def missing(spec: ModelSpec, offer: ArchiveOffer, *, allowed: bool) -> NotFetchedError:
    """The error of a model that is not ready here: what it takes to get it."""
    if not allowed:
        sentence = f"{spec.id} is not ready on this machine, and fetching is off here."
        return NotFetchedError(sentence, remedy=f"Instead, {BY_HAND}")
    return NotFetchedError(
        f"{spec.id} is not on this machine yet: fetching it takes {about(offer.bytes)}.",
        remedy=f"Fetch it: instseg models pull {spec.id}, or {BY_HAND}",
    )


def not_fetched(spec: ModelSpec, offer: ArchiveOffer, reason: str, remedy: str = "") -> FetchError:
    """The error of a fetch that failed: what was tried, why it failed, what to do."""
    return FetchError(
        f"{spec.id} could not be fetched from {offer.place}: {reason}. Try again later, or choose "
        "another model.",
        remedy=f"{remedy} {_ELSEWHERE}".strip(),
    )


def no_room(spec: ModelSpec, needed: int, free: int) -> DiskFullError:
    """The error of a full disk; both sizes in bytes."""
    return DiskFullError(
        f"There is no room for {spec.id}: it needs {about(needed)} while it is fetched, and "
        f"{free / 1e6:.0f} MB are free where the models lie. Remove a model, or choose another.",
        remedy=_OTHER_DISK,
    )


def _refusal(
    spec: ModelSpec, status: ModelStatus, offer: ArchiveOffer, free_bytes: int, allowed: bool
) -> InstSegError | None:
    """Why a model that is not here cannot be fetched; None if it can."""
    if spec.source != "official":
        reason = f"{spec.id} is not an official model, so it cannot be fetched. {status.reason}"
        return InputError(reason.strip(), remedy=status.remedy)
    if not allowed:
        return missing(spec, offer, allowed=False)
    if offer.fault:
        return not_fetched(spec, offer, offer.fault, offer.remedy)
    if offer.needed_bytes > free_bytes:
        return no_room(spec, offer.needed_bytes, free_bytes)
    return None


def _remote_offer(url: str, size: int) -> ArchiveOffer:
    try:
        named = bool(urlsplit(url).hostname)
    except ValueError:
        named = False
    if not named:
        return _no_source(size, "names no host")
    return ArchiveOffer(size, url=url)


def _no_source(size: int, fault: str) -> ArchiveOffer:
    return ArchiveOffer(
        size,
        fault="the place for models is not set right on this server",
        remedy=f"INSTSEG_MODELS_SOURCE {fault}.",
    )


def _local_offer(archive: Path, size: int) -> ArchiveOffer:
    try:
        return ArchiveOffer(archive.stat().st_size, archive=archive)
    except OSError:
        return ArchiveOffer(
            size, archive=archive, fault=f"there is no readable file {archive.name}"
        )
