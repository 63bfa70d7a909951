"""The one verb, through real processes and the built-in engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from instseg_ui import engines
from instseg_ui.errors import (
    BusyError,
    Cancelled,
    LoadError,
    ModelError,
    NotFetchedError,
    UnknownModelError,
    WorkerCrashed,
    WorkerError,
    WorkerTimeout,
)
from instseg_ui.images import Image, from_array
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tests.unit.factories import BLUE, GREEN, RED, Pixels, model_folder, patches

ROOT = Path(__file__).resolve().parents[2]


def image(pixels: Pixels) -> Image:
    return from_array(pixels, Settings())


RED_PATCH = image(patches(((2, 3, 12, 20), RED)))
GREEN_PATCH = image(patches(((20, 3, 42, 20), GREEN)))


class Stand:
    """Makes segmenters over model folders that follow a script, and closes them."""

    def __init__(self, tmp_path: Path, settings: Settings) -> None:
        self.root = tmp_path / "folders"
        self.settings = settings
        self.made: list[Segmenter] = []

    def open(self, models: dict[str, dict[str, Any]], **changes: Any) -> Segmenter:
        folders = tuple(model_folder(self.root / name, **how) for name, how in models.items())
        values = self.settings.model_dump() | {"model_folders": folders} | changes
        self.made.append(Segmenter(Settings(**values)))
        return self.made[-1]


@pytest.fixture
def stand(tmp_path: Path, settings: Settings) -> Iterator[Stand]:
    made = Stand(tmp_path, settings)
    yield made
    for segmenter in made.made:
        segmenter.close()


def later(stages: list[str]) -> Callable[[], bool]:
    """Somebody who hangs up when the run has begun: the second time it is asked after that."""
    asked: list[str] = []

    def gone() -> bool:
        asked.extend(stages[-1:] if stages[-1:] == ["running"] else [])
        return len(asked) > 1

    return gone


def pid_of(segmenter: Segmenter, model: str) -> int:
    pid = segmenter.loaded()[model].worker.pid
    assert pid is not None
    return pid


def assert_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_image_becomes_a_prediction(stand: Stand) -> None:
    segmenter = stand.open({"one": {}})
    stages: list[str] = []
    found = segmenter.segment(RED_PATCH, "one", on_stage=stages.append)
    assert stages == ["loading", "warming up", "running"]
    assert (found.model, found.width, found.height) == ("one", 80, 60)
    assert found.instances.labels == ("red",)
    assert found.instances.boxes.tolist() == [[2, 3, 12, 20]]
    assert found.labels == ("red", "green", "blue")
    assert found.floor == segmenter.settings.floor
    assert found.size_mb > 0
    assert found.runtime.engine == "fake"
    assert found.runtime.memory_mb > 0
    assert found.timings.latency > 0
    assert found.timings.queue > found.runtime.load_ms


def test_without_a_name_the_default_model_runs(stand: Stand) -> None:
    segmenter = stand.open({"mine": {}}, default_model="mine")
    assert segmenter.segment(RED_PATCH).model == "mine"


def test_the_labels_are_the_folders_own(stand: Stand) -> None:
    segmenter = stand.open({"one": {"labels": ("tomato", "lime", "sky")}})
    assert segmenter.segment(GREEN_PATCH, "one").instances.labels == ("lime",)


def test_an_unknown_model_lists_the_close_matches(stand: Stand) -> None:
    segmenter = stand.open({"cat-finder": {}})
    with pytest.raises(UnknownModelError, match=r"Did you mean .*“cat-finder”"):
        segmenter.segment(RED_PATCH, "cat-findr")


def test_a_model_that_is_not_here_is_not_fetched_silently(stand: Stand) -> None:
    segmenter = stand.open({})
    with pytest.raises(NotFetchedError):
        segmenter.segment(RED_PATCH, "Mask-RT-DETR-S")
    assert segmenter.loaded() == {}


def test_the_same_question_is_answered_from_memory(stand: Stand) -> None:
    segmenter = stand.open({"one": {}})
    first = segmenter.segment(RED_PATCH, "one")
    os.kill(pid_of(segmenter, "one"), signal.SIGKILL)
    again = segmenter.segment(replace(RED_PATCH, name="other.png", notes=("a note",)), "one")
    assert again.instances is first.instances
    assert again.notes == ("a note",)
    assert again.timings.inference == first.timings.inference


def test_decoding_is_timed_for_the_image_that_came(stand: Stand) -> None:
    segmenter = stand.open({"one": {}})
    for decode_ms in (7.0, 9.0):
        asked = replace(RED_PATCH, decode_ms=decode_ms)
        assert segmenter.segment(asked, "one").timings.decode == decode_ms


@pytest.mark.parametrize(("size", "kept"), [(0, False), (1, False), (2, True)])
def test_the_memory_of_answers_is_bounded(stand: Stand, size: int, kept: bool) -> None:
    segmenter = stand.open({"one": {}}, cache_predictions=size)
    first = segmenter.segment(RED_PATCH, "one")
    segmenter.segment(GREEN_PATCH, "one")
    again = segmenter.segment(RED_PATCH, "one")
    assert (again.instances is first.instances) is kept
    assert list(again.instances) == list(first.instances)


def test_another_model_or_image_is_another_question(stand: Stand) -> None:
    segmenter = stand.open({"one": {}, "two": {"labels": ("a", "b", "c")}})
    assert segmenter.segment(RED_PATCH, "one").instances.labels == ("red",)
    assert segmenter.segment(RED_PATCH, "two").instances.labels == ("a",)
    assert segmenter.segment(GREEN_PATCH, "one").instances.labels == ("green",)


def test_loading_ahead_makes_the_first_image_warm(stand: Stand) -> None:
    segmenter = stand.open({"one": {}})
    assert segmenter.load("one").engine == "fake"
    stages: list[str] = []
    segmenter.segment(RED_PATCH, "one", on_stage=stages.append)
    assert stages == ["running"]


def test_unloading_ends_the_process(stand: Stand) -> None:
    segmenter = stand.open({"one": {}})
    segmenter.load("one")
    pid = pid_of(segmenter, "one")
    assert segmenter.unload("one") is True
    assert segmenter.loaded() == {}
    assert_gone(pid)
    assert segmenter.unload("one") is False
    assert segmenter.segment(RED_PATCH, "one").instances.labels == ("red",)


def test_closing_ends_all_processes(stand: Stand) -> None:
    with stand.open({"one": {}, "two": {}}) as segmenter:
        segmenter.load("one")
        segmenter.load("two")
        pids = [pid_of(segmenter, name) for name in ("one", "two")]
    for pid in pids:
        assert_gone(pid)
    with pytest.raises(BusyError):
        segmenter.load("one")


def test_a_killed_worker_is_replaced_at_the_next_request(stand: Stand) -> None:
    segmenter = stand.open({"one": {}}, cache_predictions=0)
    segmenter.segment(RED_PATCH, "one")
    pid = pid_of(segmenter, "one")
    os.kill(pid, signal.SIGKILL)
    assert_gone(pid)
    assert segmenter.segment(RED_PATCH, "one").instances.labels == ("red",)
    assert pid_of(segmenter, "one") != pid


def test_a_crash_costs_one_request(stand: Stand) -> None:
    segmenter = stand.open({"one": {"exit_code": 5, "good_runs": 2}}, cache_predictions=0)
    segmenter.segment(RED_PATCH, "one")
    with pytest.raises(WorkerCrashed, match=r"exit code 5"):
        segmenter.segment(RED_PATCH, "one")
    assert segmenter.loaded() == {}
    assert segmenter.segment(RED_PATCH, "one").instances.labels == ("red",)


def test_a_crash_does_not_cost_those_who_wait_behind_it(stand: Stand) -> None:
    segmenter = stand.open(
        {"one": {"exit_code": 5, "good_runs": 2, "delay_s": 0.3}}, cache_predictions=0
    )
    segmenter.segment(RED_PATCH, "one")

    def ask(_: int) -> str:
        try:
            return segmenter.segment(RED_PATCH, "one").instances.labels[0]
        except WorkerCrashed:
            return "crashed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, range(2))) == ["crashed", "red"]


def test_an_image_that_fails_leaves_the_model_loaded(stand: Stand) -> None:
    segmenter = stand.open({"one": {"run_error": "Not this image.", "good_runs": 1}})
    with pytest.raises(WorkerError, match=r"^Not this image\.$"):
        segmenter.segment(RED_PATCH, "one")
    assert list(segmenter.loaded()) == ["one"]


def test_a_hang_is_ended(stand: Stand) -> None:
    segmenter = stand.open({"one": {"delay_s": 600, "good_runs": 1}}, run_timeout=0.3)
    with pytest.raises(WorkerTimeout):
        segmenter.segment(RED_PATCH, "one")
    assert segmenter.loaded() == {}


def test_a_request_can_be_cancelled(stand: Stand) -> None:
    segmenter = stand.open({"one": {"delay_s": 600, "good_runs": 1}})
    segmenter.load("one")
    gone: list[str] = []
    with pytest.raises(Cancelled):
        segmenter.segment(RED_PATCH, "one", on_stage=gone.append, cancelled=later(gone))
    assert segmenter.loaded() == {}


def test_what_failed_is_not_remembered(stand: Stand) -> None:
    segmenter = stand.open({"one": {"run_error": "Once.", "good_runs": 1}})
    with pytest.raises(WorkerError):
        segmenter.segment(RED_PATCH, "one")
    model_folder(stand.root / "one")
    segmenter.unload("one")
    assert segmenter.segment(RED_PATCH, "one").instances.labels == ("red",)


def test_a_model_larger_than_the_memory_is_refused(stand: Stand) -> None:
    segmenter = stand.open({"one": {}}, memory_budget=1_000_000)
    with pytest.raises(ModelError, match=r"^one needs about 70\d MB") as caught:
        segmenter.segment(RED_PATCH, "one")
    assert "INSTSEG_MEMORY_BUDGET" in caught.value.remedy


def test_two_models_at_once_give_each_its_own_answers(stand: Stand) -> None:
    names = {"one": ("red", "green", "blue"), "two": ("tomato", "lime", "sky")}
    segmenter = stand.open(
        {name: {"labels": labels} for name, labels in names.items()}, cache_predictions=0
    )

    def ask(i: int) -> None:
        model, color = ("one", "two")[i % 2], i // 2 % 3
        box = (i, i % 7, i + 9, i % 7 + 20)
        found = segmenter.segment(image(patches((box, (RED, GREEN, BLUE)[color]))), model)
        assert found.model == model
        assert found.instances.labels == (names[model][color],)
        assert found.instances.boxes.tolist() == [list(box)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(60)))
    assert sorted(segmenter.loaded()) == ["one", "two"]


def test_a_folder_that_was_replaced_is_loaded_anew(stand: Stand) -> None:
    segmenter = stand.open({"one": {}})
    assert segmenter.segment(RED_PATCH, "one").instances.labels == ("red",)
    pid = pid_of(segmenter, "one")
    model_folder(stand.root / "one", labels=("tomato", "lime", "blueberry"))
    assert segmenter.segment(RED_PATCH, "one").instances.labels == ("tomato",)
    assert_gone(pid)


def test_a_folder_replaced_while_it_runs_is_not_answered_by_the_old_model(stand: Stand) -> None:
    segmenter = stand.open({"one": {"delay_s": 1.5, "good_runs": 1}})
    segmenter.load("one")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(segmenter.segment, RED_PATCH, "one")
        while not segmenter.loaded()["one"].leases:
            time.sleep(0.01)
        model_folder(stand.root / "one", labels=("tomato", "lime", "blueberry"))
        assert segmenter.segment(RED_PATCH, "one").instances.labels == ("tomato",)
        assert running.result(30).instances.labels == ("red",)
    assert segmenter.segment(RED_PATCH, "one").instances.labels == ("tomato",)


def test_an_engine_that_does_not_load_gives_way_to_the_next_and_says_why(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "candidates", lambda *_: ("warp", "fake"))
    segmenter = stand.open({"one": {}}, fake_engine=False)
    found = segmenter.segment(RED_PATCH, "one")
    assert found.runtime.engine == "fake"
    (note,) = found.runtime.notes
    assert note.startswith("warp was not used: There is no engine “warp”.")


def test_an_engine_that_crashes_at_load_gives_way_to_the_next(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmenter = stand.open({"one": {"exit_code": 3}})
    monkeypatch.setattr(segmenter, "_engine_names", lambda _: ("fake", "warp"))
    with pytest.raises(LoadError, match=r"no engine “warp”"):
        segmenter.load("one")
    assert segmenter.loaded() == {}
    segmenter = stand.open({"two": {"exit_code": 3}})
    with pytest.raises(WorkerCrashed, match=r"exit code 3"):
        segmenter.load("two")


def test_the_asking_process_imports_neither_paddle_nor_paddlex(stand: Stand) -> None:
    folder = model_folder(stand.root / "one")
    code = """
import sys
from pathlib import Path
from typing import Any
import numpy as np
from instseg_ui.images import from_array
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
settings = Settings(fake_engine=True, model_folders=(Path(sys.argv[1]),))
with Segmenter(settings) as segmenter:
    segmenter.prepare()
    segmenter.segment(from_array(np.zeros((60, 80, 3), np.uint8), settings), "one")
print(sorted({"paddle", "paddlex", "gradio", "fastapi", "torch"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "[]", done.stderr
