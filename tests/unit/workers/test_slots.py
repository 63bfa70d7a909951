"""Requests spread over a model's workers."""

from __future__ import annotations

from contextlib import ExitStack

from instseg_ui.settings import Settings
from instseg_ui.workers.slots import Slots


def test_one_device_is_one_slot_with_all_threads() -> None:
    slots = Slots(Settings(threads=4))
    with slots.taken("m", "normal") as one, slots.taken("m", "normal") as other:
        assert one == other
        assert (one.key, one.device, one.threads) == ("m", "cpu", 4)


def test_workers_on_the_cpu_share_the_threads() -> None:
    slots = Slots(Settings(threads=5, workers=2))
    mode = "high_performance"
    with slots.taken("m", mode) as one, slots.taken("m", mode) as other:
        assert [one.threads, other.threads] == [2, 2]
        assert (one.key, other.key) == (f"m ({mode})", f"m ({mode}), worker 2")
        assert slots.model(other.key) == "m"


def test_the_least_busy_slot_is_taken_and_given_back() -> None:
    slots = Slots(Settings(device="gpu:0,1,3"))
    with ExitStack() as stack:
        taken = [stack.enter_context(slots.taken("m", "normal")) for _ in range(4)]
        assert [slot.device for slot in taken] == ["gpu:0", "gpu:1", "gpu:3", "gpu:0"]
        with slots.taken("another", "normal") as slot:
            assert slot.device == "gpu:0", "models are counted apart"
    with slots.taken("m", "normal") as slot:
        assert slot.device == "gpu:0"
