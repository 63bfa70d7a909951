"""The running work of each visitor."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest

from instseg_ui.errors import Cancelled
from instseg_ui.ui.shared import jobs as module
from instseg_ui.ui.shared.jobs import Done, Job, Jobs, JobsByKind, JobStage, follow


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch):
    monkeypatch.setattr(module, "_TICK_S", 0.02)


def test_a_new_job_replaces_the_one_before():
    jobs = Jobs()
    first = jobs.begin("me")
    second = jobs.begin("me")
    assert first.replaced
    assert first.stopped.is_set()
    assert not second.replaced
    assert not second.stopped.is_set()


def test_visitors_do_not_disturb_each_other():
    jobs = Jobs()
    mine = jobs.begin("me")
    jobs.begin("you")
    assert jobs.stop("you")
    assert not mine.stopped.is_set()


def test_stop_says_whether_there_was_work():
    jobs = Jobs()
    job = jobs.begin("me")
    assert jobs.busy("me")
    assert jobs.stop("me")
    assert job.stopped.is_set()
    assert not job.replaced
    assert not jobs.busy("me")
    assert not jobs.stop("me")


def test_the_end_of_an_old_job_leaves_the_newer_one():
    jobs = Jobs()
    first = jobs.begin("me")
    second = jobs.begin("me")
    jobs.end("me", first)
    assert jobs.busy("me")
    jobs.end("me", second)
    assert not jobs.busy("me")


def test_stages_come_first_and_the_result_last():
    go = threading.Event()

    def work(report):
        report("loading")
        go.wait(5)
        return 42

    steps = follow(work, Job())
    assert next(steps) == JobStage("loading", pytest.approx(0, abs=1))
    later = next(steps)
    assert isinstance(later, JobStage)
    assert later.elapsed > 0
    go.set()
    *_, last = steps
    assert last == Done(42)


def test_what_the_work_raises_is_raised():
    def work(report):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(follow(work, Job()))


def test_a_replaced_job_shows_nothing_more_even_while_its_work_goes_on():
    go, job = threading.Event(), Job()
    steps = follow(lambda report: go.wait(5), job)
    assert isinstance(next(steps), JobStage)
    job.replaced = True
    with pytest.raises(Cancelled):
        next(steps)
    go.set()


def test_work_that_another_tab_began_is_left_alone() -> None:
    jobs = Jobs()
    job = jobs.begin("me", "segment")
    assert not jobs.stop("me", "catalog")
    assert not job.stopped.is_set()
    assert jobs.busy("me")
    assert jobs.stop("me", "segment")
    assert job.stopped.is_set()
    assert jobs.begin("me", "catalog").task == "catalog"
    assert jobs.stop("me"), "who leaves the page stops whatever runs"


def test_who_leaves_ends_all_their_work() -> None:
    jobs = JobsByKind()
    mine = [jobs[kind].begin("me") for kind in ("segment", "compare", "evaluate")]
    yours = jobs["benchmark"].begin("you")
    jobs.leave("me")
    assert all(job.stopped.is_set() for job in mine)
    assert not yours.stopped.is_set()


# Shared work


class Work:
    """Views that are told one by one."""

    def __init__(self) -> None:
        self.told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.ended = threading.Event()

    def views(self) -> Iterator[str]:
        try:
            while (view := self.told.get(timeout=10)) is not None:
                yield view
        finally:
            self.ended.set()


def test_shared_work_goes_on_without_a_window_and_is_found_again() -> None:
    jobs, work = Jobs(), Work()
    window = jobs.share("me", work.views())
    work.told.put("1")
    assert next(window) == "1"
    window.close()
    work.told.put("2")
    later = jobs.look_on("me")
    first = next(later)
    assert first in ("1", "2")
    if first == "1":
        assert next(later) == "2"
    work.told.put("3")
    work.told.put(None)
    assert list(later) == ["3"]
    assert work.ended.wait(5)
    assert list(jobs.look_on("you")) == []


def test_a_window_that_comes_later_is_shown_all_that_is_new() -> None:
    jobs, work = Jobs(), Work()
    window = jobs.share("me", work.views(), lambda shown, view: f"{shown}+{view}")
    for view in ("1", "2"):
        work.told.put(view)
        assert next(window) == view
    later = jobs.look_on("me")
    assert next(later) == "1+2"
    work.told.put(None)
    assert list(later) == list(window) == []


def test_what_the_work_raises_every_window_hears() -> None:
    def views() -> Iterator[int]:
        yield 1
        go.wait(5)
        raise RuntimeError("no")

    jobs, go = Jobs(), threading.Event()
    window = jobs.share("me", views())
    assert next(window) == 1
    second = jobs.look_on("me")
    assert next(second) == 1
    go.set()
    for one in (window, second):
        with pytest.raises(RuntimeError, match="no"):
            next(one)


def test_of_shared_work_so_many_run_at_once() -> None:
    jobs, one, other = Jobs(at_once=1), Work(), Work()
    mine, yours = jobs.share("me", one.views()), jobs.share("you", other.views())
    one.told.put("mine")
    other.told.put("yours")
    assert next(mine) == "mine"
    got: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: got.put(next(yours)), daemon=True).start()
    with pytest.raises(queue.Empty):
        got.get(timeout=0.2)
    one.told.put(None)
    assert got.get(timeout=5) == "yours"
    other.told.put(None)
