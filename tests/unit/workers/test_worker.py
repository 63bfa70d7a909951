"""A loaded model in its own process: whatever happens there is one sentence here."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from instseg_ui.engines import EngineRequest
from instseg_ui.errors import (
    Cancelled,
    InstSegError,
    LoadError,
    WorkerCrashed,
    WorkerError,
    WorkerTimeout,
)
from instseg_ui.workers.worker import Answer, Worker
from tests.unit.factories import GREEN, RED, Pixels, fake_worker, model_folder, never, patches

ROOT = Path(__file__).resolve().parents[3]
IMAGE = patches(((2, 3, 12, 20), RED), ((30, 5, 50, 15), GREEN))

Make = Callable[..., Worker]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Make]:
    """Makes workers of the built-in engine with a script, and ends them."""
    made: list[Worker] = []

    def make(**options: Any) -> Worker:
        made.append(fake_worker(tmp_path / f"model {len(made)}", **options))
        return made[-1]

    yield make
    for item in made:
        item.close()


def load(worker: Worker) -> Worker:
    worker.load(lambda stage: None, never)
    return worker


def run(worker: Worker, pixels: Pixels = IMAGE) -> Answer:
    return worker.run(pixels, 0.05, 100, never)


def later() -> Callable[[], bool]:
    """Somebody who hangs up when the run has begun."""
    answers = iter([False])
    return lambda: next(answers, True)


def is_gone(pid: int) -> bool:
    """Whether the process has ended and been reaped, within a generous while."""
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def at_once(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def assert_fit_for_users(error: InstSegError, tmp_path: Path) -> None:
    message = str(error)
    assert str(tmp_path) not in message
    assert not re.search(r"/\w+/\w+", message)
    assert "\n" not in message
    assert "Traceback" not in message


def test_a_loaded_model_answers(worker: Make) -> None:
    stages: list[str] = []
    made = worker()
    assert (made.alive, made.pid) == (False, None)
    loaded = made.load(stages.append, never)
    assert stages == ["loading", "warming up"]
    assert loaded.engine == "fake"
    assert loaded.memory_mb > 0
    answer = run(made)
    assert answer.output.instances.labels == ("red", "green")
    assert answer.memory_mb > 0
    assert made.alive


def test_the_next_answer_belongs_to_the_next_image(worker: Make) -> None:
    made = load(worker())
    for box in ((0, 0, 8, 8), (40, 30, 60, 50)):
        assert run(made, patches((box, RED))).output.instances.boxes.tolist() == [list(box)]


def test_a_large_image_goes_through(worker: Make) -> None:
    image = np.zeros((1500, 2000, 3), np.uint8)
    image[100:1000, 100:1500] = RED
    assert run(load(worker()), image).output.instances.areas.tolist() == [900 * 1400]


def test_an_engine_that_refuses_the_model_is_a_load_error(worker: Make, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"^It is too old") as refused:
        load(worker(load_error="It is too old for this engine."))
    assert_fit_for_users(refused.value, tmp_path)


def test_a_surprise_at_load_becomes_a_sentence_without_its_path(
    worker: Make, tmp_path: Path
) -> None:
    made = worker()
    (made.request.folder / "fake.json").unlink()
    (made.request.folder / "fake.json").symlink_to(tmp_path)
    made.request = EngineRequest("paddle", made.request.folder, "No-Such-Model", ("cat",))
    with pytest.raises(LoadError, match=r"^No-Such-Model could not be loaded by paddle: ") as error:
        load(made)
    assert_fit_for_users(error.value, tmp_path)


@pytest.mark.parametrize(
    "reason",
    [
        "cannot open {folder}/inference.json",
        "cannot open {folder}/inference.json (errno 2)\n",
        "cannot open '/opt/paddle/lib/x.so' or /home/me/y",
        "----------\nError Message Summary:\n----------\nat /usr/lib/x.cc:12",
    ],
)
def test_a_reason_loses_its_paths_and_lines(reason: str, tmp_path: Path) -> None:
    from instseg_ui.workers.worker import _as_sentence

    folder = tmp_path / "my models" / "cats"
    request = EngineRequest("paddle", folder, "SOLOv2", ("cat",))
    error = _as_sentence(RuntimeError(reason.format(folder=folder)), WorkerError, request)
    assert str(error).startswith("SOLOv2 failed on this image by paddle: ")
    assert "my models" not in str(error)
    assert_fit_for_users(error, tmp_path)


def test_running_out_of_memory_is_said(tmp_path: Path) -> None:
    from instseg_ui.workers.worker import _as_sentence

    request = EngineRequest("paddle", tmp_path, "SOLOv2", ("cat",))
    message = str(_as_sentence(MemoryError(), WorkerError, request))
    assert message == "SOLOv2 ran out of memory. Try a smaller image or model."


def test_an_image_that_fails_leaves_the_model_loaded(worker: Make) -> None:
    made = load(worker(run_error="Not this image.", good_runs=1))
    for _ in range(2):
        with pytest.raises(WorkerError, match=r"^Not this image"):
            run(made)
        assert made.alive


def test_a_crash_while_loading_is_said_with_its_exit_code(worker: Make, tmp_path: Path) -> None:
    made = worker(exit_code=3)
    with pytest.raises(WorkerCrashed, match=r"stopped unexpectedly \(exit code 3\)") as crashed:
        load(made)
    assert_fit_for_users(crashed.value, tmp_path)
    assert not made.alive


def test_a_crash_while_running_is_said_with_its_exit_code(worker: Make) -> None:
    made = load(worker(exit_code=7, good_runs=1))
    with pytest.raises(WorkerCrashed, match=r"\(exit code 7\)"):
        run(made)
    assert not made.alive


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "SIGKILL, which is what running out of memory looks like"),
        (signal.SIGSEGV, "SIGSEGV"),
        (signal.SIGABRT, "SIGABRT"),
        (signal.SIGRTMIN + 2, f"signal {signal.SIGRTMIN + 2}"),
    ],
)
def test_a_kill_from_outside_is_said_with_its_signal(worker: Make, number: int, words: str) -> None:
    made = load(worker(delay_s=60, good_runs=1))
    assert made.pid is not None
    threading.Timer(0.3, os.kill, (made.pid, number)).start()
    with pytest.raises(WorkerCrashed) as crashed:
        run(made)
    assert f"({words})" in str(crashed.value)
    assert is_gone(made.pid)


def test_a_worker_that_died_idle_is_not_alive_and_says_so_when_used(worker: Make) -> None:
    made = load(worker())
    assert made.pid is not None
    os.kill(made.pid, signal.SIGKILL)
    at_once(lambda: not made.alive)
    with pytest.raises(WorkerCrashed, match=r"SIGKILL"):
        run(made)


def test_a_hang_while_running_is_ended_at_the_time_limit(worker: Make) -> None:
    made = load(worker(delay_s=600, good_runs=1, run_timeout=0.3))
    pid = made.pid
    assert pid is not None
    with pytest.raises(WorkerTimeout, match=r"did not finish within 0.3 s") as caught:
        run(made)
    assert "INSTSEG_RUN_TIMEOUT" in caught.value.remedy
    assert is_gone(pid)


def test_a_hang_while_loading_is_ended_at_the_time_limit(worker: Make) -> None:
    load(worker())  # the server that workers are forked from is ready from here on
    made = worker(delay_s=600, load_timeout=1.0)
    with pytest.raises(WorkerTimeout, match=r"did not load within 1 s") as caught:
        load(made)
    assert "INSTSEG_LOAD_TIMEOUT" in caught.value.remedy
    assert made.pid is not None
    assert is_gone(made.pid)


def test_who_cancels_ends_the_process(worker: Make) -> None:
    made = load(worker(delay_s=600, good_runs=1))
    pid = made.pid
    assert pid is not None
    with pytest.raises(Cancelled, match=r"loads again when next used"):
        made.run(IMAGE, 0.05, 100, later())
    assert is_gone(pid)


def test_who_cancels_before_the_run_leaves_the_process(worker: Make) -> None:
    made = load(worker(delay_s=600, good_runs=1))
    with pytest.raises(Cancelled, match=r"before the model ran"):
        made.run(IMAGE, 0.05, 100, lambda: True)
    assert made.alive


def test_a_run_that_is_nearly_done_finishes_though_nobody_waits(worker: Make) -> None:
    made = load(worker(delay_s=0.3))
    answer = made.run(IMAGE, 0.05, 100, later())
    assert len(answer.output.instances) == 2
    assert made.alive


def test_a_load_can_be_cancelled(worker: Make) -> None:
    made = worker(delay_s=600)
    with pytest.raises(Cancelled):
        made.load(lambda stage: None, lambda: True)
    assert made.pid is not None
    assert is_gone(made.pid)


def test_closing_gives_process_pipe_and_files_back(worker: Make, tmp_path: Path) -> None:
    load(worker())
    gc.collect()  # what earlier tests left is not given back meanwhile
    me = psutil.Process()
    open_before = me.num_fds()
    made = [load(fake_worker(tmp_path / name)) for name in ("one", "two")]
    pids = [item.pid for item in made if item.pid]
    assert me.num_fds() > open_before
    while made:
        last = made.pop()
        last.close()
        last.close()
        assert not last.alive
        del last
    assert all(is_gone(pid) for pid in pids)
    assert not [c for c in me.children(recursive=True) if c.status() == psutil.STATUS_ZOMBIE]
    at_once(lambda: me.num_fds() <= open_before)


def test_closing_before_loading_does_nothing(worker: Make) -> None:
    worker().close()


def test_closing_from_another_thread_ends_a_run(worker: Make) -> None:
    made = load(worker(delay_s=600, good_runs=1))
    pid = made.pid
    assert pid is not None
    threading.Timer(0.3, made.close).start()
    with pytest.raises(WorkerCrashed):
        run(made)
    assert is_gone(pid)


def test_many_threads_may_ask_whether_it_lives_while_it_dies(worker: Make) -> None:
    for _ in range(5):
        made = load(worker(exit_code=9, good_runs=1))
        stop = threading.Event()

        def ask(made: Worker = made, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                _ = made.alive

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            with pytest.raises(WorkerCrashed, match=r"exit code 9"):
                run(made)
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def script(tmp_path: Path, body: str) -> list[str]:
    """A command that runs `body` after making `worker`, in a script without a guard."""
    text = f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        open({str(tmp_path / "runs")!r}, "a").write("x")
        import threading
        from pathlib import Path
        import numpy as np
        from tests.unit.factories import fake_worker, never
    """
    file = tmp_path / "unguarded.py"
    file.write_text(textwrap.dedent(text) + textwrap.dedent(body), encoding="utf-8")
    return [sys.executable, str(file)]


def test_a_script_without_a_guard_runs_once(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        f"""
        worker = fake_worker(Path({str(tmp_path / "model")!r}))
        worker.load(lambda stage: None, never)
        answer = worker.run(np.zeros((60, 80, 3), np.uint8), 0.05, 10, never)
        worker.close()
        heavy = [name for name in ("paddle", "paddlex", "gradio") if name in sys.modules]
        print(len(answer.output.instances), heavy, Path(__file__).name)
        """,
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.stdout.split("\n")[0] == "0 [] unguarded.py", done.stderr
    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.parametrize("busy", [True, False], ids=["running", "idle"])
def test_a_worker_dies_with_the_process_that_asked(tmp_path: Path, busy: bool) -> None:
    command = script(
        tmp_path,
        f"""
        worker = fake_worker(Path({str(tmp_path / "model")!r}), delay_s=600, good_runs=1)
        worker.load(lambda stage: None, never)
        if {busy}:
            image = np.zeros((60, 80, 3), np.uint8)
            run = threading.Thread(target=worker.run, args=(image, 0.05, 10, never), daemon=True)
            run.start()
        print(worker.pid, flush=True)
        sys.stdin.read()
        """,
    )
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as asking:
        assert asking.stdout is not None
        pid = int(asking.stdout.readline())
        family = psutil.Process(asking.pid).children(recursive=True)
        assert pid in [child.pid for child in family]
        time.sleep(0.5)
        assert psutil.pid_exists(pid)
        asking.kill()
    assert is_gone(pid)
    assert all(is_gone(child.pid) for child in family)


def test_workers_come_back_after_the_server_of_processes_died(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        f"""
        import os, psutil, time
        folder = Path({str(tmp_path / "model")!r})
        first = fake_worker(folder)
        first.load(lambda stage: None, never)
        server = psutil.Process(first.pid).parent().pid
        assert server != os.getpid()
        os.kill(server, 9)
        while first.alive:
            time.sleep(0.05)
        second = fake_worker(folder)
        second.load(lambda stage: None, never)
        print(second.alive)
        second.close()
        """,
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.stdout.strip() == "True", done.stderr


PRINTS = """
import sys
from pathlib import Path
from instseg_ui.engines import EngineRequest
from instseg_ui.workers.worker import Worker
import os
print("before", flush=True)
request = EngineRequest("fake", Path(sys.argv[1]), "m", ("red",))
worker = Worker(request, load_timeout=60, run_timeout=60)
worker.load(lambda stage: None, lambda: False)
print(os.readlink(f"/proc/{worker.pid}/fd/1") == os.readlink("/proc/self/fd/2"), flush=True)
worker.close()
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc here")
def test_what_an_engine_prints_does_not_mix_with_the_answers(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    with (tmp_path / "errors").open("w") as errors:
        done = subprocess.run(
            [sys.executable, "-c", PRINTS, str(folder)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            check=True,
            timeout=120,
        )
    assert done.stdout.split() == ["before", "True"]
