"""The clients of docs/clients say what the service answers, each in its own language."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from instseg_ui.settings import PROJECT_DIR
from tests.api.conftest import INFER, wait_for
from tests.unit.factories import BLUE, GREEN, RED, model_folder, patches, png

CLIENTS = PROJECT_DIR / "docs" / "clients"
GRAY = (127, 127, 127)
PICTURE = png(
    patches(
        ((5, 5, 25, 25), RED),
        ((40, 10, 70, 30), GREEN),
        ((50, 10, 70, 20), GRAY),
        ((10, 40, 30, 55), BLUE),
        ((20, 40, 30, 46), GRAY),
    )
)
RED_LINE = "0.990 [5.0, 5.0, 25.0, 25.0]"
GREEN_LINE = "0.760 [40.0, 10.0, 70.0, 30.0]"
BLUE_LINE = "0.852 [10.0, 40.0, 30.0, 55.0]"


@dataclass(frozen=True)
class Toolchain:
    """Shell commands that know $SOURCE and a $FOLDER of their own."""

    file: str
    run: str
    build: str = "true"
    tools: tuple[str, ...] = ()
    probe: str = "true"  # succeeds where the tools have what the client needs
    needs: str = ""


TOOLCHAINS = {
    "Python": Toolchain("client.py", f'"{sys.executable}" "$SOURCE"'),
    "JavaScript": Toolchain(
        "client.mjs", 'node "$SOURCE"', tools=("node",), probe="node -e fetch", needs="Node.js 18"
    ),
    "Go": Toolchain(
        "client.go", '"$FOLDER/client"', 'go build -o "$FOLDER/client" "$SOURCE"', tools=("go",)
    ),
    "Java": Toolchain(
        "Client.java",
        'java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$FOLDER" Client',
        'javac -Xlint:all -Werror -d "$FOLDER" "$SOURCE"',
        tools=("java", "javac"),
        probe="javac --release 17 --version",
        needs="JDK 17",
    ),
    "PHP": Toolchain(
        "client.php",
        'php "$SOURCE"',
        tools=("php",),
        probe="php -r 'exit(PHP_VERSION_ID >= 80100 && extension_loaded(\"curl\") ? 0 : 1);'",
        needs="PHP 8.1 with its curl extension",
    ),
    "C++": Toolchain(
        "client.cpp",
        '"$FOLDER/client"',
        'g++ -std=c++17 -Wall -Wextra -Werror "$SOURCE" -o "$FOLDER/client"'
        " $(pkg-config --cflags --libs cpp-httplib)",
        tools=("g++", "pkg-config"),
        probe="pkg-config --exists cpp-httplib nlohmann_json",
        needs="libcpp-httplib-dev and nlohmann-json3-dev",
    ),
}
SLOW_TO_COMPILE = ("Go", "C++")


@dataclass(frozen=True)
class Client:
    """One client, ready to run in a folder of its own."""

    command: str
    environment: dict[str, str]
    folder: Path

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "out.jpg").unlink(missing_ok=True)
        return shell(f'{self.command} "$@"', self.environment, self.folder, *arguments)

    @property
    def drawn(self) -> bytes | None:
        file = self.folder / "out.jpg"
        return file.read_bytes() if file.exists() else None


def shell(
    command: str, environment: dict[str, str], folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command, "sh", *arguments],
        cwd=folder,
        env=os.environ | {"LC_ALL": "C.UTF-8", "NO_PROXY": "127.0.0.1"} | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.slow if name in SLOW_TO_COMPILE else ())
        for name in TOOLCHAINS
    ],
)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Client:
    language, toolchain = request.param, TOOLCHAINS[request.param]
    for tool in toolchain.tools:
        if not shutil.which(tool):
            pytest.skip(f"{language}: {tool} is not installed")
    folder = tmp_path_factory.mktemp("client")
    environment = {"SOURCE": str(CLIENTS / toolchain.file), "FOLDER": str(folder)}
    if shell(toolchain.probe, environment, folder).returncode:
        pytest.skip(f"{language}: it takes {toolchain.needs}")
    built = shell(toolchain.build, environment, folder)
    assert built.returncode == 0, built.stderr
    (folder / "picture.png").write_bytes(PICTURE)
    return Client(toolchain.run, environment, folder)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service with two models, a process of its own."""
    folder = tmp_path_factory.mktemp("service")
    models = (
        model_folder(folder / "patches"),
        model_folder(folder / "swedish", labels=("röd", "grön", 'blå "himmel"')),
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "INSTSEG_MODEL_FOLDERS": os.pathsep.join(map(str, models)),
        "INSTSEG_MODELS_DIR": str(folder / "models"),
        "INSTSEG_DEFAULT_MODEL": "patches",
        "INSTSEG_FAKE_ENGINE": "1",
        "INSTSEG_THREADS": "1",
        "INSTSEG_PORT": str(port),
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("INSTSEG_")}
    address, log = f"http://127.0.0.1:{port}", folder / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "instseg_ui.api"],
            cwd=PROJECT_DIR,
            env=clean | own,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: process.poll() is not None or is_healthy(address), 120)
        assert process.poll() is None, log.read_text(encoding="utf-8")
        yield address + INFER
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()


def is_healthy(address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{address}/health", trust_env=False).status_code == 200
    return False


def drawn_by(url: str, **body: object) -> bytes:
    """The drawn picture as it comes without a client of ours."""
    content = {"image": base64.b64encode(PICTURE).decode()} | body
    answer = httpx.post(url, json=content, timeout=60, trust_env=False)
    return base64.b64decode(answer.json()["result"]["image"])


def test_a_client_prints_the_instances_and_saves_the_picture(client: Client, url: str) -> None:
    said = client.ask("picture.png", url)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.splitlines() == [
        f"red {RED_LINE}",
        f"blue {BLUE_LINE}",
        f"green {GREEN_LINE}",
    ]
    assert client.drawn == drawn_by(url)


def test_a_client_passes_on_the_threshold_and_the_model(client: Client, url: str) -> None:
    said = client.ask("picture.png", url, "0.8", "swedish")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.splitlines() == [f"röd {RED_LINE}", f'blå "himmel" {BLUE_LINE}']
    assert client.drawn == drawn_by(url, threshold=0.8, model="swedish")


@pytest.mark.parametrize(
    ("threshold", "model", "sentence"),
    [
        ("1.5", "patches", "“threshold”: expected a number from 0 to 1, got 1.5."),
        ("0.5", 'a "new" one', 'There is no model named “a "new" one”.'),
    ],
)
def test_a_client_ends_with_the_sentence_of_a_refusal(
    client: Client, url: str, threshold: str, model: str, sentence: str
) -> None:
    said = client.ask("picture.png", url, threshold, model)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith(sentence)
    assert client.drawn is None


def test_the_table_names_every_client_and_whether_it_is_tested() -> None:
    text = (CLIENTS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| \[(.+?)\].* \| ([^|]+) \|$", text, re.MULTILINE)
    assert {file for _, file, _ in rows} == {
        file.name for file in CLIENTS.iterdir() if file.is_file() and file.name != "README.md"
    }
    run = {language: file for language, file, tested in rows if tested != "not run by the tests"}
    assert run == {language: toolchain.file for language, toolchain in TOOLCHAINS.items()}
