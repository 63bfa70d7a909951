"""What the tests of the weights store share: tiny models, archives of them, a server."""

from __future__ import annotations

import http.server
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

from instseg_ui.catalog import Catalog, ModelSpec
from instseg_ui.settings import Settings
from instseg_ui.weights import WeightsStore
from instseg_ui.weights.archive import ArchiveLimits

NAME = "Mask-RT-DETR-S"
NAMES = frozenset({NAME, "SOLOv2"})
CONFIG = f"Global: {{model_name: {NAME}}}\ndraw_threshold: 0.4\nlabel_list: [cat, no, dog]\n"
WEIGHTS = bytes(range(256)) * 2000
FILES = {
    "inference.yml": CONFIG.encode(),
    "inference.json": b"{}",
    "inference.pdiparams": WEIGHTS,
}


class Bar:
    """A progress bar as tqdm has it."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.n = 0

    def update(self, n: int) -> None:
        self.n += n


def make_folder(path: Path, **changes: bytes | None) -> Path:
    """A whole inference folder; `yml=b"..."` replaces a file, and None leaves it out."""
    path.mkdir(parents=True, exist_ok=True)
    for name, usual in FILES.items():
        content = changes.get(name.removeprefix("inference."), usual)
        if content is not None:
            (path / name).write_bytes(content)
    return path


def tar_of(files: dict[str, bytes], *odd: tarfile.TarInfo) -> bytes:
    """An archive of these files, preceded by the odd members given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for member in odd:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def model_tar(*odd: tarfile.TarInfo, folder: str = f"{NAME}_infer/") -> bytes:
    return tar_of({folder + name: content for name, content in FILES.items()}, *odd)


def odd_member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    member.size = 4 if kind == tarfile.REGTYPE else 0
    return member


Answer = Callable[["Handler"], None]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requested.append(self.path)
        self.server.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""

    def say(self, body: bytes, status: int = 200, **headers: object) -> None:
        """Answer with these headers; None leaves one out."""
        given = {"Content-Length": len(body)} | {k.replace("_", "-"): v for k, v in headers.items()}
        self.send_response(status)
        for name, value in given.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requested: list[str] = []
        self.answer: Answer = lambda request: request.say(model_tar())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/base"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of these tests."""


class Place(NamedTuple):
    """A store, its settings, and the model that the tests fetch."""

    store: WeightsStore
    settings: Settings
    spec: ModelSpec

    @property
    def target(self) -> Path:
        return self.settings.models_dir / NAME

    def leftovers(self) -> list[str]:
        """Whatever lies among the models that is neither a model nor an idle lock."""
        files = sorted(self.settings.models_dir.rglob("*"))
        return [p.name for p in files if self.target not in (p, *p.parents) and _is_leftover(p)]


def _is_leftover(path: Path) -> bool:
    return path.name != ".fetching" and path.suffix != ".lock"


def make_place(
    tmp_path: Path, source: str, limits: ArchiveLimits | None = None, **more: object
) -> Place:
    values = {"models_dir": tmp_path / "models", "models_source": source, "fetch_timeout": 20}
    settings = Settings.model_validate(values | more)
    store = WeightsStore(settings, limits=limits)
    return Place(store, settings, Catalog.load(settings).get(NAME))


def fail_with(number: int) -> Callable[..., NoReturn]:
    """What a call to the system does when it fails with that number."""

    def fail(*args: object, **more: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail
