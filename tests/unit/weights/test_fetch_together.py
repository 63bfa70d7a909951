"""Stopping a fetch, and many fetches at once."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from instseg_ui.errors import Cancelled
from instseg_ui.weights import ModelState, WeightsStore
from instseg_ui.weights.staging import Staging
from tests.unit.weights.kit import NAME, Bar, Handler, Place, Server, make_folder, model_tar


def drip(request: Handler) -> None:
    """Send an archive slowly, until the other side hangs up."""
    request.say(b"", Content_Length=10**6)
    for _ in range(400):
        request.wfile.write(b"\0" * 100)
        time.sleep(0.02)


def test_cancel_is_heard_on_a_slow_line_and_leaves_nothing(place: Place, server: Server) -> None:
    server.answer = drip
    bar = Bar()
    with pytest.raises(Cancelled):
        place.store.fetch(place.spec, bar, cancelled=lambda: bar.n > 500)
    assert bar.n < 5000
    assert place.store.state(place.spec) is ModelState.NOT_FETCHED
    assert place.leftovers() == []


def test_cancel_while_unpacking_leaves_nothing(place: Place) -> None:
    unpacked = place.settings.models_dir / ".fetching" / NAME / "unpacked"
    with pytest.raises(Cancelled):
        place.store.fetch(place.spec, cancelled=unpacked.exists)
    assert place.leftovers() == []


def test_a_fetch_after_a_cancelled_one_succeeds(place: Place) -> None:
    with pytest.raises(Cancelled):
        place.store.fetch(place.spec, cancelled=lambda: True)
    assert place.store.fetch(place.spec).path == place.target


def test_waiting_for_another_fetch_can_be_cancelled(place: Place) -> None:
    with Staging(place.settings.models_dir).alone(NAME, lambda: None), ThreadPoolExecutor() as pool:
        asked = threading.Event()
        job = pool.submit(place.store.fetch, place.spec, cancelled=asked.is_set)
        time.sleep(0.1)
        assert not job.done()
        asked.set()
        with pytest.raises(Cancelled):
            job.result(timeout=10)


# One at a time


def slowly(request: Handler) -> None:
    time.sleep(0.5)
    request.say(model_tar())


def test_many_threads_fetch_once(place: Place, server: Server) -> None:
    server.answer = slowly
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(place.store.fetch, place.spec) for _ in range(8)]
        assert {job.result().path for job in jobs} == {place.target}
    assert len(server.requested) == 1


def test_two_processes_fetch_once(place: Place, server: Server) -> None:
    server.answer = slowly
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        jobs = [pool.submit(WeightsStore(place.settings).fetch, place.spec) for _ in range(2)]
        assert {job.result(timeout=30).path for job in jobs} == {place.target}
    assert len(server.requested) == 1


def test_leftovers_of_crashes_are_cleaned_at_the_next_fetch(place: Place) -> None:
    staging = place.settings.models_dir / ".fetching"
    for name in (NAME, "SOLOv2"):
        make_folder(staging / name / "unpacked")
    place.store.fetch(place.spec)
    assert place.leftovers() == []


def test_work_in_progress_on_another_model_is_left_alone(place: Place) -> None:
    with Staging(place.settings.models_dir).alone("SOLOv2", lambda: None) as work:
        (work / "half").touch()
        place.store.fetch(place.spec)
        assert (work / "half").exists()
