"""Visits outlive windows and servers, and end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from instseg_ui.ui.shared import visits as visits_module
from instseg_ui.ui.shared.visits import Visits

ME, YOU = "a" * 40, "b" * 40


class Heard:
    """Who was told of, in their order."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._news = threading.Condition()

    def __call__(self, visitor: str) -> None:
        with self._news:
            self.names.append(visitor)
            self._news.notify_all()

    def of(self, *names: str) -> bool:
        with self._news:
            return self._news.wait_for(lambda: self.names == list(names), timeout=5)


@pytest.fixture
def heard() -> tuple[Heard, Heard]:
    return Heard(), Heard()


@pytest.fixture
def make(tmp_path: Path, heard: tuple[Heard, Heard]) -> Callable[..., Visits]:
    def visits(keep_s: float = 1000) -> Visits:
        made = Visits(tmp_path / "visits", keep_s)
        made.on_absence(heard[0])
        made.on_end(heard[1])
        return made

    return visits


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_kept_is_there_for_a_later_server_and_for_nobody_else(
    make: Callable[..., Visits], tmp_path: Path
) -> None:
    make().keep(ME, "tray", {"photos": [1]})
    make().keep(ME, "judge", {"folder": "x"})
    later = make()
    assert later.kept(ME, "tray") == {"photos": [1]}
    assert later.kept(ME, "judge") == {"folder": "x"}
    assert later.kept(YOU, "tray") == later.kept(ME, "evaluate") == {}
    later.keep(ME, "tray", {})
    assert make().kept(ME, "tray") == {}
    (file,) = (tmp_path / "visits").iterdir()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("visitor", ["nobody", "../" * 14, "A" * 40, "", "a" * 39])
def test_who_has_no_name_of_ours_leaves_nothing_on_the_disk(
    make: Callable[..., Visits], tmp_path: Path, visitor: str
) -> None:
    make().keep(visitor, "tray", {"photos": [1]})
    assert make().kept(visitor, "tray") == {}
    assert not (tmp_path / "visits").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"tray": [1]}', "[" * 100_000])
def test_a_damaged_file_is_as_none(make: Callable[..., Visits], tmp_path: Path, text: str) -> None:
    visits = make()
    visits.keep(ME, "judge", {"folder": "x"})
    (tmp_path / "visits" / f"{ME}.json").write_text(text)
    assert visits.kept(ME, "tray") == {}
    visits.keep(ME, "tray", {"photos": [2]})
    assert make().kept(ME, "tray") == {"photos": [2]}


def test_a_disk_that_takes_nothing_costs_the_memory_only(
    make: Callable[..., Visits], tmp_path: Path
) -> None:
    (tmp_path / "visits").write_text("a file where the folder is to be")
    visits = make()
    visits.keep(ME, "tray", {"photos": [1]})
    assert visits.kept(ME, "tray") == {}


def test_a_visit_lasts_while_a_window_is_open(
    make: Callable[..., Visits],
    heard: tuple[Heard, Heard],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visits_module, "ABSENCE_S", 0.05)
    visits = make(keep_s=0.3)
    visits.keep(ME, "tray", {"photos": [1]})
    visits.arrive(ME, "window 1")
    visits.arrive(ME, "window 2")
    visits.depart("window 1")
    time.sleep(0.4)
    assert heard[0].names == heard[1].names == []
    visits.depart("window 2")
    assert heard[0].of(ME)
    assert heard[1].names == [], "work stops first, what was brought stays"
    visits.arrive(ME, "window 3")
    time.sleep(0.4)
    assert heard[1].names == [], "who comes back in time finds everything"
    visits.depart("window 3")
    assert heard[1].of(ME)
    wait_until(lambda: not list((tmp_path / "visits").iterdir()))


def test_who_has_no_cookie_cannot_come_back(
    make: Callable[..., Visits], heard: tuple[Heard, Heard]
) -> None:
    visits = make()
    visits.arrive("session", "session")
    visits.depart("session")
    assert heard[1].of("session")
    visits.depart("never arrived")
    assert heard[1].of("session", "never arrived")


def test_visits_of_an_earlier_server_end_when_they_are_over(
    make: Callable[..., Visits],
    heard: tuple[Heard, Heard],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visits = make(keep_s=100)
    for visitor in (ME, YOU):
        visits.keep(visitor, "tray", {"photos": [1]})
    old = time.time() - 200
    os.utime(tmp_path / "visits" / f"{ME}.json", (old, old))
    visits.sweep()
    assert heard[1].of(ME)
    wait_until(lambda: [one.stem for one in (tmp_path / "visits").iterdir()] == [YOU])
    visits.arrive(YOU, "window")
    monkeypatch.setattr(visits_module, "_MOST_KEPT", 0)
    visits.sweep()
    time.sleep(0.1)
    assert heard[1].names == [ME], "who is here stays"
    visits.depart("window")
    visits.sweep()
    assert heard[1].of(ME, YOU)


def test_clearing_up_that_fails_keeps_nothing_else_from_it(
    make: Callable[..., Visits], heard: tuple[Heard, Heard], tmp_path: Path
) -> None:
    def fail(visitor: str) -> None:
        raise OSError(visitor)

    visits = Visits(tmp_path / "visits", 100)
    visits.on_absence(fail)
    visits.on_end(fail)
    visits.on_end(heard[1])
    visits.keep(ME, "tray", {"photos": [1]})
    visits.end(ME)
    assert heard[1].of(ME)
    wait_until(lambda: not list((tmp_path / "visits").iterdir()))


def test_too_much_is_not_kept(make: Callable[..., Visits], tmp_path: Path) -> None:
    visits = make()
    visits.keep(ME, "tray", {"photos": [1]})
    visits.keep(ME, "tray", {"photos": ["x" * 3_000_000]})
    assert json.loads((tmp_path / "visits" / f"{ME}.json").read_text()) == {"tray": {"photos": [1]}}
