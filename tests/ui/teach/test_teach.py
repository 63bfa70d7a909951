"""Teaching from the page, with a training that does as it is told: what is shown, kept and said."""

from __future__ import annotations

import base64
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from instseg_ui.admission import add
from instseg_ui.errors import (
    BusyError,
    Cancelled,
    DiskFullError,
    InputError,
    TrainingError,
    UnknownModelError,
)
from instseg_ui.evaluate import Watch
from instseg_ui.segmenter import Segmenter
from instseg_ui.train.checks import CHECKPOINT, WORK, disk_full
from instseg_ui.train.request import TrainingRequest
from instseg_ui.ui.evaluate.desk import Desk, Desks
from instseg_ui.ui.shared import history
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.shared.visits import Visits
from instseg_ui.ui.teach import run as teach_run
from instseg_ui.ui.teach import tab as teach_tab
from instseg_ui.ui.teach.desk import TeachDesks
from instseg_ui.ui.teach.record import TeachRecord, can_go_on
from instseg_ui.ui.teach.run import TeachForm, TeachView
from tests.ui.evaluate.kit import data_set_zip
from tests.unit.factories import model_folder
from tests.unit.train.test_card import outcome

ME = "a" * 40
FORM = TeachForm("everyday-M", "my  facades", 3, "CC0", True)
JPEG = base64.b64encode(b"picture").decode()

Act = Callable[["Scripted"], Iterator[dict[str, Any]]]


class Scripted:
    """Stands for a `TrainingSession`: its events are those of `script`, a class attribute."""

    script: Act
    made: list[Scripted]

    def __init__(self, request: TrainingRequest, _settings: object, **options: Any) -> None:
        self.request, self.options = request, options
        self.stopped, self.ended = threading.Event(), threading.Event()
        self.made.append(self)

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *error: object) -> None:
        self.ended.set()

    def events(self) -> Iterator[dict[str, Any]]:
        yield from type(self).script(self)

    def stop(self) -> None:
        self.stopped.set()

    def end(self) -> None:
        self.ended.set()


def begun() -> Iterator[dict[str, Any]]:
    finding = {"level": "warning", "kind": "class with one example", "text": "Annotate more.",
               "count": 1, "examples": ["<b>bar"]}  # fmt: skip
    yield {"event": "data", "photos": 4, "training": 3, "held_out": 1, "folds": 1,
           "classes": ["bar"], "new": ["bar"], "findings": [finding]}  # fmt: skip
    yield pictures("truth")
    yield {"event": "before", "ap": 0.1}
    yield pictures("before")


def pictures(what: str) -> dict[str, Any]:
    return {"event": "pictures", "what": what, "photos": [{"name": "<i>1.png", "jpeg": JPEG}]}


def learned(epoch: int, ap: float | None = None) -> dict[str, Any]:
    return {"event": "progress", "epoch": epoch, "progress": epoch / 4, "views_per_s": 1.2345,
            "loss": 4.0 / epoch, "ap": ap, "best": ap, "seconds_left": 60.0, "part": 1, "parts": 1,
            "minutes_left": 1.0, "minutes": epoch / 10}  # fmt: skip


def checkpoint(one: Scripted) -> None:
    path = one.request.output / WORK / CHECKPOINT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"kept")


def finished(one: Scripted) -> dict[str, Any]:
    model_folder(one.request.output, labels=["bar"])
    figures = outcome().to_dict()
    (one.request.output / "training.json").write_text(json.dumps(figures), encoding="utf-8")
    (one.request.output / "MODEL_CARD.md").write_text("# card", encoding="utf-8")
    return {"event": "done", "outcome": figures}


def whole(one: Scripted) -> Iterator[dict[str, Any]]:
    yield from begun()
    yield learned(1)
    yield learned(2, 0.25)
    yield pictures("now")
    yield finished(one)


def until_stopped(one: Scripted) -> Iterator[dict[str, Any]]:
    yield from begun()
    yield learned(1)
    checkpoint(one)
    while not (one.stopped.wait(0.02) or one.ended.is_set()):
        pass
    if one.ended.is_set():
        raise TrainingError("It was ended.")
    yield finished(one)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    kind = type("OfThisTest", (Scripted,), {"script": whole, "made": []})
    monkeypatch.setattr(teach_run, "TrainingSession", kind)
    monkeypatch.setattr(teach_run, "_TICK_S", 0.02)
    return kind


@pytest.fixture
def services(settings) -> Iterator[Services]:
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def data(services: Services, tmp_path: Path) -> Iterator[Desk]:
    desks = Desks(services.settings, tmp_path / "cache")
    desks.take(ME, [str(data_set_zip(tmp_path))], Watch())
    yield desks.of(ME)
    desks.leave(ME)


def desks_of(services: Services) -> TeachDesks:
    return TeachDesks(services.settings, services.jobs["teach"].shared, services.visits)


@pytest.fixture
def desks(services: Services) -> TeachDesks:
    return desks_of(services)


def taught(
    services: Services, desks: TeachDesks, data: Desk, form: TeachForm = FORM, who: str = ME
) -> list[TeachView]:
    return list(teach_run.begin(services, desks, data, form, who))


def shared(services: Services, desks: TeachDesks, data: Desk, who: str = ME) -> None:
    """Begin it as the page does, and look away."""
    views = teach_run.begin(services, desks, data, replace(FORM, name=""), who)
    next(services.jobs["teach"].share(who, views, teach_run.merged))


def wait_for(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def test_a_training_is_followed_to_a_row_of_the_catalog(services, desks, data, scripted):
    views = taught(services, desks, data)
    assert not views[-1].busy
    assert "my-facades is taught and in the list of models" in views[-1].progress
    asked = scripted.made[0].request
    assert (asked.name, asked.minutes, asked.licence) == ("my-facades", 3, "CC0")
    assert (asked.keep_classes, asked.reach) == (True, False)
    assert asked.images.is_file()
    assert scripted.made[0].options == {
        "resume": False,
        "park": True,
        "go_on": "press “Go on”",
        "start_over": "press “Teach” to begin anew",
    }
    assert "my-facades" in services.segmenter.catalog.names
    record = desks.of(ME).record
    assert [(one.minutes, one.loss, one.ap) for one in record.rounds] == [
        (0.1, 4.0, None),
        (0.2, 2.0, 0.25),
    ]
    assert not services.jobs["teach"].busy(ME)
    # Taken once more, it is the same row; removed by hand, it comes back.
    assert teach_run.used(services, desks.of(ME)) == "my-facades"
    services.segmenter.remove("my-facades")
    assert teach_run.used(services, desks.of(ME)) == "my-facades"


def test_what_is_shown_has_the_figures_and_no_markup_of_others(services, desks, data, scripted):
    taught(services, desks, data)
    desk = desks.of(ME)
    charts = teach_tab._charts(desk)
    assert charts.count("<svg") == 2
    assert "Held-out mask AP, %" in charts
    shown = teach_tab._pictures(desk)
    assert shown.count("<img") == 3
    assert "&lt;i&gt;1.png" in shown
    assert "<i>" not in shown
    result = teach_tab._outcome(desk)
    assert "Mask AP 0.0 → 31.5 % on 5 held-out photos" in result
    assert "with 95 % between +20.0 and +40.0" in result
    assert "&lt;b&gt;bar" in result
    assert "<b>bar" not in result


def test_it_is_taken_away_as_a_zip(services, desks, data, scripted, tmp_path):
    taught(services, desks, data)
    path = teach_run.zip_of(desks.of(ME), tmp_path / "out")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        page = archive.read("my-facades/training.html").decode()
    assert path.name == "my-facades.zip"
    assert {"my-facades/inference.yml", "my-facades/MODEL_CARD.md"} <= names
    assert page.count("<svg") == 2
    assert page.count("<img") == 3
    assert "Mask AP 0.0 → 31.5 %" in page
    assert "http" not in page
    # The zip is what can be added elsewhere.
    assert add(services.segmenter, path, "elsewhere").spec.id == "elsewhere"


def test_stop_keeps_the_best_so_far(services, desks, data, scripted):
    scripted.script = until_stopped
    shared(services, desks, data)
    wait_for(lambda: desks.of(ME).record.rounds)
    assert services.jobs["teach"].stop(ME)
    wait_for(lambda: not services.jobs["teach"].shared(ME))
    assert desks.of(ME).record.state == "done"
    assert "my-model" in services.segmenter.catalog.names


def test_a_killed_trainer_is_a_sentence_and_can_be_gone_on_with(services, desks, data, scripted):
    def killed(one: Scripted) -> Iterator[dict[str, Any]]:
        yield from begun()
        yield learned(1)
        checkpoint(one)
        raise TrainingError("The process ended: SIGKILL. What was learned is kept.")

    scripted.script = killed
    last = taught(services, desks, data)[-1]
    assert (last.busy, "SIGKILL" in last.progress) == (False, True)
    assert can_go_on(desks.of(ME).folder)
    scripted.script = whole
    views = list(teach_run.go_on(services, desks, ME))
    assert "is taught" in views[-1].progress
    first, second = (one.request for one in scripted.made)
    assert second == first
    assert scripted.made[1].options["resume"] is True


def test_what_nobody_foresaw_leaves_something_to_go_on_from(services, desks, data, scripted):
    def broken(one: Scripted) -> Iterator[dict[str, Any]]:
        yield from begun()
        yield learned(1)
        checkpoint(one)
        raise RuntimeError("unforeseen")

    scripted.script = broken
    last = taught(services, desks, data)[-1]
    assert not last.busy
    assert "log. Press “Go on”." in last.progress
    assert desks.of(ME).record.state == "failed"
    desks.of(ME).record.start = "gone"
    with pytest.raises(UnknownModelError):
        teach_run.go_on(services, desks, ME)
    assert desks.of(ME).record.state == "failed"
    desks.of(ME).record.start = "everyday-M"
    scripted.script = whole
    assert "is taught" in list(teach_run.go_on(services, desks, ME))[-1].progress


@pytest.mark.parametrize(
    "error",
    [
        TrainingError("Only 1 picture with annotated objects."),
        disk_full("model", 5),
        Cancelled("Stopped before anything was learned; nothing was written."),
    ],
)
def test_what_comes_to_nothing_is_a_sentence_and_loses_nothing(
    services, desks, data, scripted, error
):
    taught(services, desks, data)
    before = desks.of(ME).folder

    def refused(one: Scripted) -> Iterator[dict[str, Any]]:
        yield from begun()
        yield learned(1)
        # Nothing was saved yet that could be gone on from.
        raise error

    scripted.script = refused
    last = taught(services, desks, data, replace(FORM, name="other"))[-1]
    assert (last.busy, str(error)[:20] in last.progress) == (False, True)
    desk = desks.of(ME)
    assert desk.folder == before
    assert desk.record.name == "my-facades"
    assert [one.name for one in before.parent.iterdir()] == [before.name]


def test_the_next_training_takes_the_place_of_the_one_before(services, desks, data, scripted):
    taught(services, desks, data)
    before = desks.of(ME).folder
    taught(services, desks, data, replace(FORM, name="other"))
    assert not before.exists()
    assert desks.of(ME).record.name == "other"


def test_what_hangs_gives_the_machines_turn_back(services, desks, data, scripted, monkeypatch):
    scripted.script = until_stopped
    monkeypatch.setattr(teach_run, "GRACE_S", -3600.0)
    last = taught(services, desks, data)[-1]
    assert (last.busy, "It was ended." in last.progress) == (False, True)
    assert desks.turn.acquire(blocking=False)


def test_only_a_few_wait(services, desks, data, scripted, monkeypatch):
    monkeypatch.setattr(teach_run, "MOST_AT_ONCE", 1)
    scripted.script = until_stopped
    shared(services, desks, data)
    with pytest.raises(BusyError, match="Several models wait"):
        taught(services, desks, data, who="you")
    with pytest.raises(BusyError, match="Several models wait"):
        teach_run.go_on(services, desks, "you")
    services.jobs["teach"].stop(ME)
    wait_for(lambda: not services.jobs["teach"].shared(ME))


def test_it_is_on_the_list_of_what_was_done_though_nobody_looked_on(
    services, desks, data, scripted
):
    shared(services, desks, data, ME)
    wait_for(lambda: not services.jobs["teach"].shared(ME))
    (done,) = history.listed(services.visits, ME)
    assert (done.kind, done.text) == ("teach", "my-model, from everyday-M")
    assert done.query == "?model=my-model&tab=evaluate"


def test_one_runs_on_a_machine_and_one_a_visitor(services, desks, data, scripted):
    scripted.script = until_stopped
    shared(services, desks, data)
    wait_for(lambda: desks.of(ME).record.rounds)
    with pytest.raises(BusyError, match="being taught already"):
        taught(services, desks, data)
    shared(services, desks, data, "you")
    waiting = teach_run.state_view(desks.of("you"), running=True)
    assert "Waiting: another model is being taught" in waiting.progress
    assert len(scripted.made) == 1
    services.jobs["teach"].stop("you")
    wait_for(lambda: not services.jobs["teach"].shared("you"))
    assert desks.of("you").record is None
    shared(services, desks, data, "you")
    services.jobs["teach"].stop(ME)
    wait_for(lambda: len(scripted.made) == 2)
    services.jobs["teach"].stop("you")
    wait_for(lambda: not services.jobs["teach"].shared("you"))
    assert {"my-model", "my-model-2"} <= set(services.segmenter.catalog.names)


def test_a_second_window_looks_on(services, desks, data, scripted):
    scripted.script = until_stopped
    shared(services, desks, data)
    wait_for(lambda: desks.of(ME).record.rounds)
    views = services.jobs["teach"].look_on(ME)
    assert "round 1" in next(views).progress
    services.jobs["teach"].stop(ME)
    assert "is taught" in list(views)[-1].progress


def test_it_goes_on_without_a_window_and_ends_with_the_visit(services, desks, data, scripted):
    scripted.script = until_stopped
    shared(services, desks, data)
    wait_for(lambda: desks.of(ME).record.rounds)
    services.jobs.leave(ME)  # as when the last window has been closed for a while
    assert services.jobs["teach"].busy(ME)
    folder = desks.of(ME).folder
    desks.of(ME).left = True
    desks.leave(ME)
    assert scripted.made[0].ended.is_set()
    assert not folder.exists()
    assert "my-model" not in services.segmenter.catalog.names


def test_a_restart_finds_it_and_goes_on(services, desks, data, scripted):
    scripted.script = until_stopped
    shared(services, desks, data)
    wait_for(lambda: (desks.of(ME).folder / "model" / WORK / CHECKPOINT).is_file())
    desk = desks.of(ME)
    desk.save()
    # The server ends: its record says that it runs, and nobody does.
    visits = Visits(services.settings.models_dir / ".visits", 3600.0)
    later = TeachDesks(services.settings, lambda _session: False, visits)
    found = later.of(ME)
    assert found.record.state == "cut off"
    assert "press “Go on”" in teach_run.state_view(found, running=False).progress
    assert [one.loss for one in found.record.rounds] == [4.0]
    assert found.record.pictures == desk.record.pictures
    services.jobs["teach"].stop(ME)
    wait_for(lambda: not services.jobs["teach"].shared(ME))
    # It was done all the same before anybody came back.
    again = TeachDesks(services.settings, lambda _session: False, visits)
    assert again.of(ME).record.state == "done"


def test_a_model_that_ended_after_its_server_is_there(services, desks, data, scripted):
    taught(services, desks, data)
    folder, record = desks.of(ME).folder, desks.of(ME).record
    record.state, record.outcome, record.added = "running", None, ""
    record.save(folder)
    found = TeachRecord.load(folder)
    assert (found.state, found.result.name) == ("done", "Facades")
    (folder / "teaching.json").write_text("{", encoding="utf-8")
    assert TeachRecord.load(folder) is None


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (replace(FORM, start="SOLOv2"), "Choose what to start from"),
        (replace(FORM, start=["x"]), "Choose what to start from"),
        (replace(FORM, name="../x"), "no name for a model"),
        (replace(FORM, name="Everyday-m"), "already"),
        (replace(FORM, minutes=16), "from 1 to 15"),
        (replace(FORM, minutes=0.5), "from 1 to 15"),
        (replace(FORM, minutes=None), "from 1 to 15"),
        (replace(FORM, minutes=True), "from 1 to 15"),
        (replace(FORM, licence="x" * 500), "licence"),
    ],
)
def test_a_value_that_cannot_be_used_is_said_at_the_door(
    services, desks, data, scripted, form, said
):
    with pytest.raises(InputError, match=said):
        teach_run.begin(services, desks, data, form, ME)
    assert scripted.made == []
    assert list((services.settings.models_dir / ".teachings").glob("*")) == []


def test_without_a_data_set_or_room_there_is_a_sentence(
    services, desks, data, scripted, monkeypatch
):
    with pytest.raises(InputError, match="no data set yet"):
        teach_run.begin(services, desks, Desk(), FORM, ME)
    with pytest.raises(InputError, match="nothing to go on from"):
        teach_run.go_on(services, desks, ME)
    with pytest.raises(InputError, match="no taught model"):
        teach_run.used(services, desks.of(ME))

    def full(_self: object, _folder: object) -> None:
        raise disk_full("model")

    monkeypatch.setattr(TeachRecord, "save", full)
    with pytest.raises(DiskFullError, match="has no room"):
        teach_run.begin(services, desks, data, FORM, ME)
    assert desks.of(ME).record is None


def test_where_adding_is_off_the_model_can_be_taken(services, data, scripted, tmp_path):
    closed = services.settings.model_copy(update={"allow_add": False})
    with Segmenter(closed) as segmenter:
        other = Services(segmenter)
        desks = desks_of(other)
        last = taught(other, desks, data)[-1]
        assert "my-facades is taught." in last.progress
        assert "my-facades" not in segmenter.catalog.names
        assert teach_run.zip_of(desks.of(ME), tmp_path / "out").is_file()
        with pytest.raises(InputError, match="Adding models is off here"):
            teach_run.used(other, desks.of(ME))


def test_a_model_that_cannot_be_added_is_kept(services, desks, data, scripted, monkeypatch):
    def refuse(*_args: object, **_named: object) -> None:
        raise DiskFullError("There is no room where the models lie.")

    monkeypatch.setattr(teach_run, "add", refuse)
    last = taught(services, desks, data)[-1]
    assert "taught, and not in the catalog: There is no room" in last.progress
    assert desks.of(ME).record.state == "done"
    monkeypatch.undo()
    assert teach_run.used(services, desks.of(ME)) == "my-facades"
