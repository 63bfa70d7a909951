"""`instseg serve`: hands over to what starts the page or the HTTP interface."""

from __future__ import annotations

import os
import socket
import time
import urllib.request
from dataclasses import dataclass, field

import pytest

from instseg_ui.settings import Settings
from tests.cli.conftest import Say, Shell


@dataclass
class Starter:
    """Stands for what starts a server, and remembers what it was asked for."""

    asked: list[tuple[Settings, bool]] = field(default_factory=list)
    code: int = 0

    def __call__(self, settings: Settings, page: bool) -> int:
        self.asked.append((settings, page))
        return self.code


def test_its_options_become_settings(say: Say) -> None:
    start = Starter()
    assert say("serve", start_server=start).code == 0
    options = ["--port", "7999", "--host", "0.0.0.0", "--model", "SOLOv2", "--device", "gpu"]
    assert say("serve", "--no-ui", *options, start_server=start).code == 0
    (plain, with_page), (changed, with_page_too) = start.asked
    assert (plain, with_page, with_page_too) == (Settings(), True, False)
    own = {"host": "0.0.0.0", "port": 7999, "default_model": "SOLOv2", "device": "gpu:0"}
    assert changed.model_dump() == plain.model_dump() | own


def test_its_exit_code_is_the_servers(say: Say) -> None:
    assert say("serve", start_server=Starter(code=3)).code == 3


def test_options_go_before_the_environment(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", "1")
    monkeypatch.setenv("INSTSEG_PORT", "2")
    start = Starter()
    before = dict(os.environ)
    assert say("serve", "--port", "7999", start_server=start).code == 0
    assert start.asked[0][0].port == 7999
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--port", "99999"],
            "--port: expected a whole number from 1 to 65535, got “99999”. Change it.\n",
        ),
        (["--port", "0"], "--port: expected a whole number from 1 to 65535, got “0”."),
        (["--model", "SOLOv3"], "There is no model named “SOLOv3”. Did you mean “SOLOv2”?\n"),
        (["--device", "abacus"], "Expected the device cpu, gpu or gpu:0,1, got “abacus”."),
    ],
)
def test_an_option_that_cannot_be_used(say: Say, options: list[str], sentence: str) -> None:
    start = Starter()
    said = say("serve", *options, start_server=start)
    assert (said.code, said.out, start.asked) == (2, "", [])
    assert said.err.startswith(sentence)


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
