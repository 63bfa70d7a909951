"""The real server, `python app.py`, as a process of its own, and what it can be given.

`serve` starts it on a free port and ends it with all of its workers. `Archives` is a server
of model archives: as fast, as slow or as broken as a test wants it.
"""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import httpx
import psutil

from instseg_ui.settings import PROJECT_DIR
from tools.test_models import make_scene

COLORS = ("red", "green", "blue")
EXAMPLES = {"cats": 4, "harbour": 3, "street": 6}
"""Example images of the made-up assets in their order, and how many objects each holds."""

PHOTOS = ("photo-1.png", "photo-2.png")
"""What `scene_photos` writes: photos of two and of three objects."""

_START_S = 90
_END_S = 15


@dataclass
class App:
    """A running server."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path
    folder: Path
    started_s: float

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def family(self) -> list[psutil.Process]:
        """Its own process and all that it started."""
        try:
            own = psutil.Process(self.process.pid)
            return [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def workers(self) -> list[psutil.Process]:
        """The processes that hold a model."""
        with contextlib.suppress(psutil.NoSuchProcess):
            forks = [one for one in self.family()[1:] if "forkserver" in " ".join(one.cmdline())]
            return [child for fork in forks for child in fork.children()]
        return []


@contextlib.contextmanager
def serve(folder: Path, **settings: object) -> Iterator[App]:
    """The server while it runs, with `INSTSEG_<NAME>` for each of `settings`.

    `folder` takes its uploads and its output. It is ended as a terminal would end it; what
    then still lives is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "server.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(PROJECT_DIR / "app.py")],
            env=_environment(folder, port, settings),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    app = App(f"http://127.0.0.1:{port}", process, log, folder, 0.0)
    try:
        _wait_until_it_answers(app)
        app.started_s = time.monotonic() - started
        yield app
    finally:
        end(app)


def end(app: App) -> None:
    """End the server; raise nothing if it has ended already."""
    family = app.family()
    if app.process.poll() is None:
        app.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            app.process.wait(_END_S)
    _, alive = psutil.wait_procs(family, timeout=5)
    for one in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    app.process.wait(_END_S)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environment(folder: Path, port: int, settings: dict[str, object]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INSTSEG_")}
    own = {f"INSTSEG_{name.upper()}": str(value) for name, value in settings.items()}
    return (
        kept
        | own
        | {
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_TEMP_DIR": str(folder / "uploads"),
            "NO_PROXY": "127.0.0.1,localhost",
            "PYTHONPATH": str(PROJECT_DIR),
            "PYTHONUNBUFFERED": "1",
        }
    )


def _wait_until_it_answers(app: App) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if app.process.poll() is not None:
            raise AssertionError(f"the server ended with {app.process.returncode}:\n{app.output}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(app.address, timeout=30, trust_env=False).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"the server did not answer within {_START_S} s:\n{app.output}")


def fake_model(folder: Path, name: str | None = None, **script: object) -> Path:
    """A whole model folder that the built-in engine runs by `script`; see `FakeEngine`."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in _fake_files(name or folder.name, script).items():
        (folder / file).write_bytes(content)
    return folder


def _fake_files(name: str, script: dict[str, object]) -> dict[str, bytes]:
    labels = "".join(f"- {color}\n" for color in COLORS)
    config = f"Global:\n  model_name: {name}\ndraw_threshold: 0.5\nlabel_list:\n{labels}"
    return {
        "inference.yml": config.encode(),
        "inference.json": b"{}",
        "inference.pdiparams": bytes(2_000_000),
        "fake.json": json.dumps(script).encode(),
    }


def scene_photos(folder: Path) -> None:
    """A visitor's own photos, see `PHOTOS`."""
    for number, name in enumerate(PHOTOS, 1):
        scene = make_scene(400, 300, count=number + 1, labels=COLORS, seed=number)
        cv2.imwrite(str(folder / name), scene.image)


def fake_archive(name: str, **script: object) -> bytes:
    """Such a folder as the official archives are: `<name>_infer/...` in a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file, content in _fake_files(name, script).items():
            member = tarfile.TarInfo(f"{name}_infer/{file}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def fake_assets(folder: Path) -> Path:
    """Assets whose example images hold shapes of known colours; the first holds four."""
    for name in ("demo-cats", "everyday-m"):
        fake_model(folder / "models" / name, "SOLOv2")
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    for seed, (name, count) in enumerate(EXAMPLES.items()):
        scene = make_scene(640, 480, count=count, labels=COLORS, seed=seed)
        cv2.imwrite(str(folder / "examples" / f"{name}.jpg"), scene.image)
    return folder


@dataclass
class Archives:
    """What the server of archives does with each request.

    Attributes:
        models: bodies by file name; anything else is answered 404.
        pause_s: seconds between two pieces of a body.
        pieces: how many pieces a body comes in.
        status: an answer given to every request instead, such as 503.
    """

    url: str = ""
    models: dict[str, bytes] = field(default_factory=dict)
    pause_s: float = 0.0
    pieces: int = 20
    status: int = 0


@contextlib.contextmanager
def serve_archives() -> Iterator[Archives]:
    """A server of archives on this machine."""
    archives = Archives()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = archives.models.get(self.path.rsplit("/", 1)[-1], b"")
            if archives.status or not body:
                self.send_error(archives.status or 404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self._send(body)

        def _send(self, body: bytes) -> None:
            step = -(-len(body) // archives.pieces)
            for start in range(0, len(body), step):
                self.wfile.write(body[start : start + step])
                time.sleep(archives.pause_s)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    archives.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield archives
    server.shutdown()
    server.server_close()
    thread.join()
