"""What the ticked models found in all photos of the tray, as one zip."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from instseg_ui import images
from instseg_ui.errors import Cancelled, ImageError, InputError, InstSegError
from instseg_ui.exports import FORMATS, Item
from instseg_ui.exports.names import Names, safe_stem
from instseg_ui.numbers import plural
from instseg_ui.results import check_threshold
from instseg_ui.show.html import alert, progress, summary
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Job, Report, follow
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.tray import Tray, TrayPhoto

_OF_PIXELS = ("labelme", "label-map", "cut-outs")
"""Formats whose files are made from a photo's pixels; each photo has a folder of its own."""


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """How far it is, and the file once it is whole."""

    progress: Markup
    busy: bool = True
    file: str | None = None


def archive(
    services: Services,
    tray: Tray,
    models: Sequence[str],
    format: str,
    thresholds: Mapping[str, object],
    engine: str | None,
    session: str,
    cache: Path,
) -> Iterator[ArchiveView]:
    """Write one zip with a folder a model, and yield how far it is.

    Each model's objects are those at its own of `thresholds`. What was predicted already is not run
    again as long as it is remembered. A photo that cannot be read is left out and named in the
    zip's `left-out.txt`.
    """
    job = services.jobs["batch"].begin(session)
    try:
        least = {model: check_threshold(thresholds[model]) for model in models}
        photos = tray.photos
        if not isinstance(format, str) or format not in FORMATS:
            raise InputError(f"There is no export format “{str(format)[:40]}”.")
        if not models or not photos:
            raise InputError("Tick one or more models and add photos, then export them.")
        path = cache / secrets.token_hex(20) / f"{len(photos)}-photos_{format}.zip"
        yield from _follow(services, photos, models, (format, least, engine), job, path)
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield ArchiveView(alert(told(error)), busy=False)
    finally:
        job.stopped.set()
        services.jobs["batch"].end(session, job)


def _follow(
    services: Services,
    photos: Sequence[TrayPhoto],
    models: Sequence[str],
    asked: tuple[str, Mapping[str, float], str | None],
    job: Job,
    path: Path,
) -> Iterator[ArchiveView]:
    total = len(photos) * len(models)
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if job.stopped.is_set():
            raise Cancelled("Stopped: nothing was exported.")

    def work(report: Report) -> None:
        path.parent.mkdir(parents=True)
        draft = path.with_suffix(".draft")
        try:
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as opened:
                for model in models:
                    _write(services, photos, model, asked, opened, tell, job)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    for step in follow(work, job):
        if isinstance(step, Done):
            words = f"{plural(len(photos), 'photo')}, {plural(len(models), 'model')}: saved."
            yield ArchiveView(summary(words), busy=False, file=str(path))
        else:
            words = f"Exporting {min(done + 1, total)} of {total}"
            yield ArchiveView(progress(words, done / total))


def _write(
    services: Services,
    photos: Sequence[TrayPhoto],
    model: str,
    asked: tuple[str, Mapping[str, float], str | None],
    opened: zipfile.ZipFile,
    tell: Callable[[], None],
    job: Job,
) -> None:
    """A model's folder of the zip."""
    format, least, engine = asked
    names, items, left = Names(), [], []
    for photo in photos:
        try:
            image = images.read(Path(photo.path), services.settings)
        except ImageError as error:
            left.append(f"{photo.name}: {told(error)}")
            continue
        found = services.segmenter.segment(
            image, model, engine=engine, cancelled=job.stopped.is_set
        )
        name = names.unique(safe_stem(photo.name))
        shown = found.at(max(least[model], found.floor))
        if format in _OF_PIXELS:
            for entry in FORMATS[format].write([Item(shown, image, photo.name)]):
                opened.writestr(f"{model}/{name}/{entry.name}", entry.data)
        else:
            items.append(Item(shown, None, photo.name))
        tell()
    if items:
        for entry in FORMATS[format].write(items):
            opened.writestr(f"{model}/{entry.name}", entry.data)
    if left:
        opened.writestr(f"{model}/left-out.txt", "\n".join(left))
