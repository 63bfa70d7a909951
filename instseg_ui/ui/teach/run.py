"""Teaching from the page: what is asked for is checked, a process trains, and its model is kept."""

from __future__ import annotations

import logging
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from instseg_ui.admission import add
from instseg_ui.catalog.model_name import alike, checked_name
from instseg_ui.errors import (
    BusyError,
    Cancelled,
    InputError,
    InstSegError,
    TrainingError,
    system_said,
)
from instseg_ui.show.html import alert, progress, summary
from instseg_ui.show.training_view import report
from instseg_ui.train.request import MINUTES, TrainingRequest, checked
from instseg_ui.train.session import TrainingSession
from instseg_ui.train.starts import can_start
from instseg_ui.ui import link
from instseg_ui.ui.benchmark.run import whole
from instseg_ui.ui.evaluate.desk import DataPlace, Desk
from instseg_ui.ui.shared import history
from instseg_ui.ui.shared.events import told
from instseg_ui.ui.shared.jobs import Done, Job, Report, follow
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.teach.desk import TeachDesk, TeachDesks
from instseg_ui.ui.teach.record import TeachRecord, can_go_on, is_made, model_folder

log = logging.getLogger(__name__)

MOST_MINUTES = int(MINUTES)
MOST_AT_ONCE = 5
"""Trainings of all visitors, one that runs and those that wait for it."""
GRACE_S = 900.0
"""What a training may take beyond its minutes, and after it was asked to stop: the data set is
opened, the held-out pictures are judged, the model is written and proven."""
DEFAULT_NAME = "my-model"
REPORT = "training.html"
"""In the zip: the curves, the held-out photos and the figures, to be opened in a browser."""
_EXAMPLES = "examples"
_TICK_S = 0.5
_WAITING = "Waiting: another model is being taught on this machine"
_OFF = "Teaching models is off here."
_RUNNING = "A model is being taught already. Wait for its end, or stop it."
_MANY = "Several models wait to be taught on this machine already. Try again in a while."
_UNFORESEEN = "The training failed for a reason that is in the server's log."
_NOTHING_TO_GO_ON = "There is nothing to go on from. Teach a model anew."


@dataclass(frozen=True, slots=True)
class TeachForm:
    """What the visitor has set, as the page hands it over."""

    start: object
    name: object
    minutes: object
    licence: object
    keep: object


@dataclass(frozen=True, slots=True)
class TeachView:
    """What to show: how far it is, and what of the record is new."""

    progress: Markup
    busy: bool = True
    charts: bool = False
    pictures: bool = False
    added: bool = False


def merged(shown: TeachView, view: TeachView) -> TeachView:
    """What a window is shown that comes later."""
    return replace(
        view,
        charts=shown.charts or view.charts,
        pictures=shown.pictures or view.pictures,
        added=shown.added or view.added,
    )


def startable(services: Services) -> list[str]:
    """The models here that can be taught on, the default one first."""
    found = []
    for spec in services.segmenter.catalog:
        if spec.source != "official":
            with suppress(InstSegError):
                if can_start(spec.id, services.segmenter.store.folder(spec).path):
                    found.append(spec.id)
    default = services.settings.default_model
    return sorted(found, key=lambda name: name != default)


def begin(
    services: Services, desks: TeachDesks, data: Desk, form: TeachForm, session: str
) -> Iterator[TeachView]:
    """Teach a model on the visitor's data set; what to show while it goes on and how it ended.

    What is asked for is checked before this returns.

    Raises:
        InputError: it is not allowed here, a value cannot be used, or there is no data set.
        BusyError: the visitor's training runs already.
    """
    _may(services)
    if services.jobs["teach"].count() >= MOST_AT_ONCE:
        raise BusyError(_MANY)
    start, name = _start(services, form.start), _name(services, form.name)
    minutes = whole(form.minutes, "Minutes", MOST_MINUTES)
    licence = form.licence if isinstance(form.licence, str) else ""
    desk = desks.of(session)
    with desk.lock:
        _is_free(services, session)
        folder = _new_folder(desks)
        try:
            place = _data(services, data, folder)
            annotations = None if place.annotations is None else str(place.annotations)
            record = TeachRecord(
                name, start, minutes, licence, bool(form.keep), str(place.images), annotations
            )
            request = _request(services, record, folder)
            record.save(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        desk.put(record, folder)
        desks.keep(session)
        return _taught(services, desks, desk, record, request, session, resume=False)


def go_on(services: Services, desks: TeachDesks, session: str) -> Iterator[TeachView]:
    """Take up the visitor's training that was cut off; as `begin`.

    Raises:
        InputError: it is not allowed here, or there is nothing to go on from.
        BusyError: the visitor's training runs already.
    """
    _may(services)
    if services.jobs["teach"].count() >= MOST_AT_ONCE:
        raise BusyError(_MANY)
    desk = desks.of(session)
    with desk.lock:
        _is_free(services, session)
        record, folder = desk.record, desk.folder
        if record is None or folder is None:
            raise InputError(_NOTHING_TO_GO_ON)
        if is_made(folder) and record.state != "done":
            record.state = "waiting"
            record.settle(folder)
            desk.save()
            return iter([replace(_ended(record), charts=True, pictures=True)])
        if not can_go_on(folder):
            raise InputError(_NOTHING_TO_GO_ON)
        request = _request(services, record, folder)
        record.state, record.sentence = "waiting", ""
        return _taught(services, desks, desk, record, request, session, resume=True)


def state_view(desk: TeachDesk, *, running: bool) -> TeachView | None:
    """What a window that is opened shows of the visitor's training; None without any."""
    with desk.lock:
        record = desk.record
        if record is None:
            return None
        if record.state == "cut off" and desk.folder is not None and not running:
            # The process may have ended its work after its server had died.
            record.state = "waiting"
            record.settle(desk.folder)
        view = _under_way(record) if running else _ended(record)
    return replace(view, charts=True, pictures=True)


def used(services: Services, desk: TeachDesk) -> str:
    """Have the taught model in the catalog; its name there.

    Raises:
        InputError: there is none, or adding is off here.
        InstSegError: it cannot be added.
    """
    with desk.lock:
        record, folder = desk.record, desk.folder
    if record is None or folder is None or record.state != "done":
        raise InputError("There is no taught model yet.")
    if not services.settings.may_add:
        raise InputError("Adding models is off here. Download the model instead.")
    if record.added not in services.segmenter.catalog.names:
        _add(services, desk, record, folder)
        desk.save()
    return record.added


def remember(services: Services, record: TeachRecord, session: str) -> None:
    """Put a model that is in the catalog on the visitor's list of what was done."""
    if record.added:
        query = link.query((), tab="evaluate", model=record.added)
        text = f"{record.added}, from {record.start}"
        history.note(services.visits, session, "teach", text, query)


def zip_of(desk: TeachDesk, folder: Path) -> Path:
    """The taught model as a zip in `folder`, all its files below its name, with a report.

    Raises:
        InputError: there is none, or it cannot be written.
    """
    with desk.lock:
        record, made = desk.record, desk.folder
    if record is None or made is None or not is_made(made):
        raise InputError("There is no taught model yet.")
    path = folder / f"{record.name}.zip"
    try:
        folder.mkdir(parents=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(model_folder(made).iterdir()):
                if file.is_file():
                    archive.write(file, f"{record.name}/{file.name}")
            if (result := record.result) is not None:
                page = report(result, record.rounds, record.pictures)
                archive.writestr(f"{record.name}/{REPORT}", page)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        sentence = "The zip could not be written."
        raise InputError(sentence, remedy=system_said(error)) from error
    return path


def _may(services: Services) -> None:
    if not services.settings.may_train:
        raise InputError(_OFF, remedy="Set INSTSEG_ALLOW_TRAIN=true.")


def _is_free(services: Services, session: str) -> None:
    """Raises `BusyError` where the visitor's training runs, or is about to."""
    jobs = services.jobs["teach"]
    if jobs.busy(session) or jobs.shared(session):
        raise BusyError(_RUNNING)


def _start(services: Services, value: object) -> str:
    names = startable(services)
    if not isinstance(value, str) or value not in names:
        raise InputError(f"Choose what to start from: {', '.join(names) or 'no model is here'}.")
    return value


def _name(services: Services, value: object) -> str:
    """A name that the catalog takes; spaces become dashes, an empty one the next that is free."""
    typed = "-".join(value.split()) if isinstance(value, str) else ""
    if not typed:
        return _free(services, DEFAULT_NAME)
    name = checked_name(typed)
    if name != _free(services, name):
        raise InputError(f"There is a model “{name}” already. Choose another name.")
    return name


def _free(services: Services, wanted: str) -> str:
    """The name, or with the first number that nobody has."""
    taken, name, number = {alike(one) for one in services.segmenter.catalog.names}, wanted, 2
    while alike(name) in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _new_folder(desks: TeachDesks) -> Path:
    try:
        return desks.new_folder()
    except OSError as error:
        sentence = "The models' folder cannot be written, so nothing can be taught here."
        raise InputError(sentence, remedy=system_said(error)) from error


def _data(services: Services, data: Desk, folder: Path) -> DataPlace:
    """The data set, for the training alone; the example is read where it lies."""
    if data.example is not None:
        examples = services.settings.assets.absolute() / _EXAMPLES
        return DataPlace(examples, examples / "instances.json")
    return data.again(folder / "data")


def _request(services: Services, record: TeachRecord, folder: Path) -> TrainingRequest:
    """Raises `InputError`, `UnknownModelError`, `ModelFolderError`."""
    segmenter = services.segmenter
    return checked(
        images=Path(record.images),
        annotations=None if record.annotations is None else Path(record.annotations),
        start=record.start,
        folder=segmenter.store.folder(segmenter.catalog.get(record.start)).path,
        output=model_folder(folder),
        minutes=record.minutes,
        name=record.name,
        licence=record.licence,
        keep_classes=record.keep,
        threads=services.settings.threads,
        reach=False,
    )


def _taught(
    services: Services,
    desks: TeachDesks,
    desk: TeachDesk,
    record: TeachRecord,
    request: TrainingRequest,
    session: str,
    *,
    resume: bool,
) -> Iterator[TeachView]:
    jobs = services.jobs["teach"]
    job = jobs.begin(session)

    def views() -> Iterator[TeachView]:
        try:
            yield from _run(services, desks, desk, record, request, job, session, resume=resume)
        except InstSegError as error:
            yield _failed(desks, desk, record, error, session)
        except Exception:
            log.exception("A training ended in a way that nobody foresaw")
            kept = desk.folder is not None and can_go_on(desk.folder)
            remains = "Press “Go on”." if kept else "Teach again."
            unforeseen = TrainingError(f"{_UNFORESEEN} {remains}")
            yield _failed(desks, desk, record, unforeseen, session)
        finally:
            job.stopped.set()
            jobs.end(session, job)
            if desk.folder is not None and desk.record is record:
                record.settle(desk.folder)

    return views()


def _run(
    services: Services,
    desks: TeachDesks,
    desk: TeachDesk,
    record: TeachRecord,
    request: TrainingRequest,
    job: Job,
    session: str,
    *,
    resume: bool,
) -> Iterator[TeachView]:
    yield from _wait(desks, record, job)
    try:
        record.state, record.words = "running", "beginning"
        settings = services.settings
        with TrainingSession(
            request,
            settings,
            resume=resume,
            park=True,
            go_on="press “Go on”",
            start_over="press “Teach” to begin anew",
        ) as training:

            def work(_report: Report) -> None:
                for event in training.events():
                    _hear(desk, record, event)
                desk.settled()

            yield from _followed(desk, record, training, work, job)
        record.state = "done"
        if services.settings.may_add and not desk.left:
            yield TeachView(progress("putting it into the catalog", 1.0))
            _add_or_say(services, desk, record)
        desk.save()
        remember(services, record, session)
    finally:
        desks.turn.release()
    yield replace(_ended(record), charts=True, pictures=True, added=bool(record.added))


def _wait(desks: TeachDesks, record: TeachRecord, job: Job) -> Iterator[TeachView]:
    """Until no other training runs on this machine; the turn is held then."""
    while not desks.turn.acquire(timeout=_TICK_S):
        if job.stopped.is_set():
            break
        yield _under_way(record)
    else:
        if not job.stopped.is_set():
            return
        desks.turn.release()
    raise Cancelled("Stopped before it began.")


def _hear(desk: TeachDesk, record: TeachRecord, event: Any) -> None:
    with desk.lock:
        record.hear(event)
    if event["event"] == "progress" and desk.folder is not None and can_go_on(desk.folder):
        # Something of the new one is kept: what was taught before is not needed any more.
        desk.settled()
    if event["event"] in ("before", "progress", "done"):
        desk.save()


def _followed(
    desk: TeachDesk, record: TeachRecord, training: TrainingSession, work: Any, job: Job
) -> Iterator[TeachView]:
    asked, changes, drawn = False, -1, -1
    ends = time.monotonic() + 60 * record.minutes + GRACE_S
    for step in follow(work, job):
        if isinstance(step, Done):
            return
        if desk.left or time.monotonic() > ends:
            # Gone, or hung: the machine's one turn is not held for ever.
            training.end()
        elif job.stopped.is_set() and not asked:
            training.stop()
            asked, ends = True, min(ends, time.monotonic() + GRACE_S)
        with desk.lock:
            view = _under_way(record, stopping=asked)
            new = record.changes != changes, record.drawn != drawn
            changes, drawn = record.changes, record.drawn
        if any(new) or asked:
            yield replace(view, charts=new[0], pictures=new[1])


def _failed(
    desks: TeachDesks, desk: TeachDesk, record: TeachRecord, error: InstSegError, session: str
) -> TeachView:
    """Say why; what was learned stays, and what was taught before if nothing was."""
    folder = desk.folder
    kept = folder is not None and can_go_on(folder)
    record.state, record.sentence = "failed", told(error)
    if not desk.left:
        if not kept:
            desk.put_back()
        desk.save()
        desks.keep(session)
    shown = summary(str(error)) if isinstance(error, Cancelled) else alert(str(error))
    return TeachView(shown, busy=False, charts=True, pictures=True)


def _add_or_say(services: Services, desk: TeachDesk, record: TeachRecord) -> None:
    """The model is taught: where it cannot be added, that is said and it stays to be taken."""
    folder = desk.folder
    if folder is None:
        return
    try:
        _add(services, desk, record, folder)
    except InstSegError as error:
        record.sentence = f"It is taught, and not in the catalog: {told(error)}"


def _add(services: Services, desk: TeachDesk, record: TeachRecord, folder: Path) -> None:
    name = _free(services, record.name)
    made = model_folder(folder)
    added = add(services.segmenter, made, name, cancelled=lambda: desk.left)
    record.added, record.sentence = added.spec.id, ""


def _under_way(record: TeachRecord, *, stopping: bool = False) -> TeachView:
    if record.state == "waiting":
        return TeachView(progress(_WAITING))
    words = f"Stopping, keeping the best so far: {record.words}" if stopping else record.words
    return TeachView(progress(f"{record.name}: {words}", record.share))


def _ended(record: TeachRecord) -> TeachView:
    """How it ended, in a sentence."""
    if record.state == "done" and not record.sentence:
        where = f" and in the list of models as {record.added}" if record.added else ""
        return TeachView(summary(f"{record.name} is taught{where}."), busy=False)
    said = summary if record.state == "cut off" else alert
    return TeachView(said(record.sentence), busy=False)
