"""`instseg serve`: hands over to what starts the page or the HTTP interface."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from instseg_ui import serve as composition
from tests.cli.conftest import Say, Shell


def test_its_options_become_settings(say: Say) -> None:
    asked: list[tuple[bool, dict[str, Any]]] = []

    def start(page: bool, changes: Mapping[str, Any]) -> int:
        asked.append((page, dict(changes)))
        return 0

    assert say("serve", start_server=start).code == 0
    options = ["--port", "7999", "--host", "0.0.0.0", "--model", "SOLOv2", "--device", "gpu"]
    assert say("serve", "--no-ui", *options, start_server=start).code == 0
    assert asked == [
        (True, {}),
        (
            False,
            {"host": "0.0.0.0", "port": 7999, "default_model": "SOLOv2", "device": "gpu:0"},
        ),
    ]
    assert say("serve", "--port", "99999", start_server=start).code == 2


def test_flags_go_before_gradios_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    class App:
        @staticmethod
        def main() -> int:
            import os

            seen.extend(os.environ.get(name) for name in ("INSTSEG_PORT", "GRADIO_SERVER_PORT"))
            return 2

    monkeypatch.setenv("GRADIO_SERVER_PORT", "1")
    monkeypatch.setenv("INSTSEG_PORT", "2")
    monkeypatch.setattr(composition, "_app", lambda: App)
    assert composition.serve(True, {"port": 7999}) == 2
    assert seen == ["7999", "7999"]


def test_the_file_of_the_page_is_the_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(composition._app().main)


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--no-ui",), ()])
def test_it_answers_until_interrupted(shell: Shell, options: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = shell.start("serve", "--port", port, *options)
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
    finally:
        process.send_signal(2)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    assert f":{port}" in err.decode()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.3)
