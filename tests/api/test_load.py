"""Many at once, some of them impatient: bounded, never mixed up, nothing left running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from instseg_ui.api import create_app
from instseg_ui.settings import PROJECT_DIR
from tests.api.conftest import INFER, PICTURE, MakeApi, MakeSegmenter, as_base64, served, wait_for
from tests.unit.factories import BLUE, GREEN, RED, model_folder, patches

FIRST = patches(((5, 5, 25, 25), RED))
SECOND = patches(((40, 10, 70, 30), GREEN), ((10, 40, 30, 55), BLUE))


def post(address: str, **body: Any) -> httpx.Response:
    content = {"image": as_base64(PICTURE), "visualize": False} | body
    return httpx.post(address + INFER, json=content, timeout=60, trust_env=False)


def test_a_full_house_is_a_503_that_says_when_to_come_again(make_segmenter: MakeSegmenter) -> None:
    segmenter = make_segmenter({"delay_s": 1.0, "good_runs": 1}, http_threads=1, queue_size=1)
    app = create_app(segmenter)
    gate = app.state.service.gate
    with served(app) as address, ThreadPoolExecutor(2) as pool:
        patient = [pool.submit(post, address) for _ in range(2)]
        wait_for(lambda: (gate.running, gate.waiting) == (1, 1))
        refused = post(address)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["errorCode"] == 503
        assert httpx.get(address + "/health", trust_env=False).status_code == 200
        assert [future.result().status_code for future in patient] == [200, 200]
        wait_for(lambda: (gate.running, gate.waiting) == (0, 0))
        assert post(address).status_code == 200


def test_a_caller_that_hangs_up_stops_costing(make_segmenter: MakeSegmenter) -> None:
    segmenter = make_segmenter({"delay_s": 60.0, "good_runs": 1})
    app = create_app(segmenter)
    gate = app.state.service.gate
    with served(app) as address:
        hang_up = connect(address)
        wait_for(lambda: segmenter.loaded() and gate.running)
        worker = segmenter.loaded()["patches"].worker
        wait_for(lambda: segmenter.loaded()["patches"].leases)
        hang_up.close()
        wait_for(lambda: not worker.alive, 10)
        wait_for(lambda: (gate.running, gate.waiting) == (0, 0), 10)
        metrics = httpx.get(address + "/metrics", trust_env=False).text
        assert f'path="{INFER}",status="499"' in metrics


def test_a_caller_that_hangs_up_in_the_queue_leaves_it(make_segmenter: MakeSegmenter) -> None:
    app = create_app(make_segmenter({"delay_s": 1.5, "good_runs": 1}, http_threads=1))
    gate = app.state.service.gate
    with served(app) as address, ThreadPoolExecutor(1) as pool:
        patient = pool.submit(post, address)
        wait_for(lambda: gate.running)
        impatient = connect(address)
        wait_for(lambda: gate.waiting == 1)
        impatient.close()
        wait_for(lambda: gate.waiting == 0, 1.4)
        assert patient.result().status_code == 200


def connect(address: str) -> socket.socket:
    """A connection on which one whole request has been sent."""
    body = json.dumps({"image": as_base64(PICTURE)}).encode()
    host, port = address.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)))
    head = f"POST {INFER} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return line


def test_a_worker_that_dies_costs_one_request(make_segmenter: MakeSegmenter) -> None:
    segmenter = make_segmenter({"delay_s": 1.0, "good_runs": 1})
    with served(create_app(segmenter)) as address, ThreadPoolExecutor(1) as pool:
        running = pool.submit(post, address)
        wait_for(lambda: segmenter.loaded() and segmenter.loaded()["patches"].leases)
        time.sleep(0.2)
        pid = segmenter.loaded()["patches"].worker.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        answer = running.result()
        assert answer.status_code == 500
        assert "stopped unexpectedly" in answer.json()["errorMsg"]
        assert post(address).status_code == 200


def test_a_run_over_its_time_is_a_504(make_api: MakeApi) -> None:
    slow = make_api({"delay_s": 30.0, "good_runs": 1}, run_timeout=0.3)
    answer = slow.post()
    assert (answer.status_code, answer.json()["errorCode"]) == (504, 504)


def test_parallel_requests_never_swap_answers(make_segmenter: MakeSegmenter) -> None:
    app = create_app(make_segmenter({"delay_s": 0.05}, cache_predictions=0))
    pictures = {1: as_base64(FIRST), 2: as_base64(SECOND)}
    wrong: list[object] = []

    def ask(count: int) -> None:
        for _ in range(4):
            found = post(address, image=pictures[count]).json()["result"]["instances"]
            if len(found) != count:
                wrong.append(found)

    with served(app) as address:
        threads = [threading.Thread(target=ask, args=[1 + i % 2]) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_the_loop_goes_on_while_a_model_runs(make_segmenter: MakeSegmenter) -> None:
    app = create_app(make_segmenter({"delay_s": 2.0, "good_runs": 1}))
    with served(app) as address, ThreadPoolExecutor(1) as pool:
        running = pool.submit(post, address)
        wait_for(lambda: app.state.service.gate.running)
        start = time.monotonic()
        assert httpx.get(address + "/health", trust_env=False).status_code == 200
        assert time.monotonic() - start < 1
        assert not running.done()
        assert running.result().status_code == 200


def test_a_stopped_server_answers_what_runs_and_turns_the_rest_away(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "patches", delay_s=2.0, good_runs=1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "model_folders": folder,
        "models_dir": tmp_path / "models",
        "default_model": "patches",
        "fake_engine": "on",
        "port": port,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "instseg_ui.api"],
        cwd=PROJECT_DIR,
        env=os.environ
        | {f"INSTSEG_{name.upper()}": str(value) for name, value in settings.items()},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: process.poll() is not None or answers(address), 60)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(post, address)
            wait_for(lambda: "instseg_requests_running 1.0" in metrics(address))
            server = psutil.Process(process.pid)
            wait_for(lambda: bool(server.children(recursive=True)))
            family = server.children(recursive=True)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            late = post(address)
            assert late.status_code == 503
            assert "shutting down" in late.json()["errorMsg"]
            assert "retry-after" in late.headers
            assert httpx.get(address + "/health", trust_env=False).status_code == 503
            assert running.result().status_code == 200
        assert process.wait(20) == 0
        assert family
        assert psutil.wait_procs(family, 5)[1] == []
    finally:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    try:
        return httpx.get(address + "/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def metrics(address: str) -> str:
    return httpx.get(address + "/metrics", trust_env=False).text


@pytest.mark.parametrize("threads", [1, 3])
def test_the_places_are_given_back_after_errors(make_api: MakeApi, threads: int) -> None:
    tight = make_api(http_threads=threads, queue_size=1)
    for body in ({"image": "!"}, {"threshold": 5}, {"model": "none"}, {}) * 4:
        assert tight.post(**body).status_code != 503
    gate = tight.client.app.state.service.gate  # type: ignore[attr-defined]
    assert (gate.running, gate.waiting) == (0, 0)
