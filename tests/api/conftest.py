"""An HTTP interface with the built-in engine, in this process or on a port of its own."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from instseg_ui.api import create_app
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tests.unit.factories import BLUE, GREEN, RED, Pixels, model_folder, patches, png

INFER = "/instance-segmentation"
PICTURE = patches(((5, 5, 25, 25), RED), ((40, 10, 70, 30), GREEN), ((10, 40, 30, 55), BLUE))


def as_base64(pixels: Pixels) -> str:
    return base64.b64encode(png(pixels)).decode("ascii")


@dataclass
class Api:
    """One application in this process."""

    client: TestClient
    segmenter: Segmenter

    def post(self, **body: Any) -> Any:
        """The answer to a request about `PICTURE`, unless `image` says otherwise."""
        return self.client.post(INFER, json={"image": as_base64(PICTURE)} | body)

    def instances(self, **body: Any) -> list[dict[str, Any]]:
        answer = self.post(**({"visualize": False} | body))
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["result"]["instances"]
        return found


MakeSegmenter = Callable[..., Segmenter]


@pytest.fixture
def make_segmenter(tmp_path: Path) -> Iterator[MakeSegmenter]:
    """Segmenters with the model `patches`, run by a script, and settings of their own."""
    with contextlib.ExitStack() as stack:

        def make(script: dict[str, Any] | None = None, **settings: Any) -> Segmenter:
            folder = model_folder(tmp_path / "patches", **(script or {}))
            own = {
                "models_dir": tmp_path / "models",
                "model_folders": (folder,),
                "default_model": "patches",
                "fake_engine": True,
                "threads": 1,
            }
            return stack.enter_context(Segmenter(Settings(**(own | settings))))

        yield make


MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(make_segmenter: MakeSegmenter) -> Iterator[MakeApi]:
    with contextlib.ExitStack() as stack:

        def make(script: dict[str, Any] | None = None, **settings: Any) -> Api:
            segmenter = make_segmenter(script, **settings)
            client = TestClient(create_app(segmenter), raise_server_exceptions=False)
            return Api(stack.enter_context(client), segmenter)

        yield make


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api()


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of an application on a port of its own, served by a thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_for(lambda: server.started)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20)


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
