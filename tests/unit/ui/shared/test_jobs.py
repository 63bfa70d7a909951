"""The running work of each visitor."""

from __future__ import annotations

import threading

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


def test_who_closes_the_page_ends_all_their_work_and_what_was_registered_hears_of_it():
    jobs, told, heard = JobsByKind(), [], threading.Event()

    def act(session):
        told.append(session)
        heard.set()

    jobs.on_leave(act)
    mine = [jobs[kind].begin("me") for kind in ("segment", "compare", "evaluate")]
    yours = jobs["benchmark"].begin("you")
    jobs.leave("me")
    assert all(job.stopped.is_set() for job in mine)
    assert not yours.stopped.is_set()
    assert heard.wait(5)
    assert told == ["me"]
