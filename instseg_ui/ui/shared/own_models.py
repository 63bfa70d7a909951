"""Models of the user's own on the page: whether that is allowed, adding one, removing one."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import htpy as h
from markupsafe import Markup

from instseg_ui.admission import Added, add
from instseg_ui.catalog import ModelSpec
from instseg_ui.errors import Cancelled, InputError, InstSegError
from instseg_ui.numbers import megabytes
from instseg_ui.settings import Settings
from instseg_ui.show.html import failure, markup, progress
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Report, follow
from instseg_ui.ui.shared.services import Services

_OFF = "Adding and removing models is off here."
_NOTHING = "Choose a zip first."
_NO_PATH = "There is no folder or zip of a model there. Give its full path on this machine."
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_LONGEST = 4096
# Reading takes a good part of the time, loading and running the rest.
_READ_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class OwnModelStep:
    """What to show while a model is added; `added` is there at the end, if it went well."""

    html: Markup
    finished: bool = False
    added: Added | None = None


def paths_allowed(settings: Settings) -> bool:
    """Whether the page may take a path on this machine: where it is served to nobody else."""
    return settings.may_add and settings.local and not settings.root_path


def is_local(host: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this machine and not through a proxy on it."""
    try:
        near = ip_address((host or "").split("%")[0]).is_loopback
    except ValueError:
        return False
    return near and not any(headers.get(name) for name in _FORWARDED)


def chosen_place(
    settings: Settings, upload: str | None, path: object, host: str | None, headers: object
) -> Path:
    """The zip that was uploaded, or the path that was typed.

    Raises:
        InputError: neither may be read from here.
    """
    if not settings.may_add:
        raise InputError(_OFF, remedy="Set INSTSEG_ALLOW_ADD=true.")
    if upload:
        return Path(upload)
    text = path.strip().strip("\"'") if isinstance(path, str) else ""
    if not text:
        raise InputError(_NOTHING)
    near = is_local(host, headers if isinstance(headers, Mapping) else {})
    if not (paths_allowed(settings) and near):
        raise InputError("A path is taken from this machine alone. Upload a zip.")
    return _typed(text)


def _typed(text: str) -> Path:
    """One sentence for whatever is not there or is something else."""
    with suppress(OSError, ValueError, RuntimeError):
        path = Path(text).expanduser()
        known = len(text) <= _LONGEST and path.is_absolute()
        if known and (path.is_dir() or (path.is_file() and zipfile.is_zipfile(path))):
            return path
    raise InputError(_NO_PATH)


def steps(services: Services, place: Path, name: str, session: str) -> Iterator[OwnModelStep]:
    """Add the model and yield what to show until it is there, or why it is not."""
    jobs = services.jobs["own"]
    job = jobs.begin(session)
    meter = _OwnMeter()

    def work(report: Report) -> Added:
        return add(
            services.segmenter,
            place,
            name,
            on_stage=report,
            progress=meter,
            cancelled=job.stopped.is_set,
        )

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                yield OwnModelStep(progress(step.value.sentence, 1.0), True, step.value)
            else:
                yield OwnModelStep(meter.html(step.name))
    except Cancelled as error:
        if not job.replaced:
            yield OwnModelStep(markup(h.p[told(error)]), True)
    except InstSegError as error:
        yield OwnModelStep(failure(told(error)), True)
    finally:
        job.stopped.set()
        jobs.end(session, job)


def removable(settings: Settings, spec: ModelSpec) -> bool:
    """Whether the page may remove that own model."""
    return spec.source == "own" and settings.may_add and spec.id != settings.default_model


def removal(services: Services, spec: ModelSpec) -> Markup:
    """What removing an own model would do, for the person to confirm."""
    size = services.segmenter.store.status(spec).size_bytes
    amount = f", {megabytes(size / 1e6)}," if size else ""
    sentence = (f"{amount} from this app? What you added it from stays where it is.",)
    return markup(h.p["Remove ", h.b[spec.id], *sentence])


def remove(services: Services, model: str) -> str:
    """Remove an own model; what was done, as a sentence.

    Raises:
        InputError: it is not allowed here, or is no own model.
        BusyError: it is in use.
    """
    spec = services.segmenter.catalog.get(model)
    if not services.settings.may_add:
        raise InputError(_OFF, remedy="Set INSTSEG_ALLOW_ADD=true.")
    if spec.source != "own":
        raise InputError(f"{spec.id} is none of the models that you added.")
    services.segmenter.remove(spec.id)
    return f"{spec.id} is removed."


class _OwnMeter:
    """Counts the bytes that are copied."""

    def __init__(self) -> None:
        self.total: int | None = None
        self._done = 0
        self._lock = threading.Lock()

    def update(self, n: int) -> None:
        """That many bytes more are copied."""
        with self._lock:
            self._done += n

    def html(self, stage: str) -> Markup:
        """The stage over a bar."""
        words = f"{stage[:1].upper()}{stage[1:]}" or "Reading it"
        share = self._done / self.total if self.total else 0.0
        return progress(words, share * _READ_SHARE)
