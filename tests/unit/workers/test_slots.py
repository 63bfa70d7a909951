"""Requests spread over a model's workers."""

from __future__ import annotations

from contextlib import ExitStack

from instseg_ui.settings import Settings
from instseg_ui.workers.slots import Places


def test_one_device_is_one_place_with_all_threads() -> None:
    places = Places(Settings(threads=4))
    with places.taken("m", "normal") as one, places.taken("m", "normal") as other:
        assert one == other
        assert (one.key, one.device, one.threads) == ("m", "cpu", 4)


def test_workers_on_the_cpu_share_the_threads() -> None:
    places = Places(Settings(threads=5, workers=2))
    with (
        places.taken("m", "high_performance") as one,
        places.taken("m", "high_performance") as other,
    ):
        assert [one.threads, other.threads] == [2, 2]
        assert (one.key, other.key) == ("m (high_performance)", "m (high_performance), worker 2")
        assert places.model(other.key) == "m"


def test_the_least_busy_place_is_taken_and_given_back() -> None:
    places = Places(Settings(device="gpu:0,1,3"))
    with ExitStack() as stack:
        taken = [stack.enter_context(places.taken("m", "normal")) for _ in range(4)]
        assert [place.device for place in taken] == ["gpu:0", "gpu:1", "gpu:3", "gpu:0"]
        with places.taken("another", "normal") as place:
            assert place.device == "gpu:0", "models are counted apart"
    with places.taken("m", "normal") as place:
        assert place.device == "gpu:0"
