"""The code that the page hands out for a model of one's own runs as it is pasted.

A real server is running when the command line adds a model to it, named in another script, with one
class. Every door has the model then, and each snippet finds in a photo what the product finds.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from instseg_ui.images import read
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.snippets import Snippets, snippets
from tests.browser.server import App, fake_assets, serve
from tests.cli.conftest import COMMAND, ROOT
from tests.unit.factories import BLUE, RED, model_folder, patches, png

NAME, LABEL, THRESHOLD = "ลายเสือ-𠮷", "เสือ โคร่ง", 0.6

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("curl"), reason="no curl here"),
]

Found = list[tuple[str, float, list[float]]]


@dataclass
class Desk:
    """A running server, a folder with `photo.jpg`, and a shell in it that knows `instseg`."""

    app: App
    folder: Path
    environment: dict[str, str]

    def paste(self, code: str) -> str:
        """What a shell says to the code."""
        done = subprocess.run(
            ["bash", "-c", code],
            cwd=self.folder, env=self.environment, capture_output=True, timeout=250,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def code(self) -> Snippets:
        shutil.rmtree(self.folder / "output", ignore_errors=True)
        return snippets(NAME, THRESHOLD, self.app.address)

    def saved(self) -> Found:
        """What the code has saved."""
        text = (self.folder / "output" / "photo_res.json").read_text("utf-8")
        boxes = json.loads(text)["boxes"]
        return found((one["label"], one["score"], one["coordinate"]) for one in boxes)


def found(rows: Any) -> Found:
    return sorted(
        (str(label), round(float(score), 3), [round(float(side), 1) for side in box])
        for label, score, box in rows
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    root = tmp_path_factory.mktemp("snippets")
    folder = root / "here"
    folder.mkdir()
    pixels = patches(((2, 3, 12, 20), RED), ((30, 10, 60, 50), BLUE))
    (folder / "photo.jpg").write_bytes(png(pixels))
    script = root / "bin" / "instseg"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    script.chmod(0o755)
    values = {"FAKE_ENGINE": "1", "THREADS": "1", "MODELS_DIR": str(root / "models")}
    environment = {name: text for name, text in os.environ.items() if name[:8] != "INSTSEG_"}
    environment |= {f"INSTSEG_{name}": value for name, value in values.items()}
    environment |= {"PATH": f"{script.parent}:{Path(sys.executable).parent}:/usr/bin:/bin"}
    environment |= {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    with serve(root / "app", assets=fake_assets(root / "assets"), **values) as app:
        desk = Desk(app, folder, environment)
        names = [row["id"] for row in models_of(app)]
        assert NAME not in names
        made = model_folder(root / "made" / "best_model" / "inference", labels=[LABEL])
        desk.paste(f"instseg models add {shlex.quote(str(made))} --name {NAME}")
        yield desk


def models_of(app: App) -> list[dict[str, Any]]:
    answer = httpx.get(f"{app.address}/models", trust_env=False, timeout=60).json()
    return list(answer["result"]["models"])


@pytest.fixture(scope="module")
def expected(desk: Desk) -> Found:
    """What the product finds."""
    settings = Settings(
        models_dir=Path(desk.environment["INSTSEG_MODELS_DIR"]), fake_engine=True, threads=1
    )
    with Segmenter(settings) as segmenter:
        prediction = segmenter.segment(read(desk.folder / "photo.jpg", settings), NAME)
    shown = prediction.at(THRESHOLD).instances
    assert {one.label for one in shown} == {LABEL}
    assert len(shown) == 2
    return found((one.label, one.score, list(one.box)) for one in shown)


def test_a_server_that_is_running_has_it_at_once(desk: Desk) -> None:
    first = models_of(desk.app)[0]
    assert (first["id"], first["source"], first["family"]) == (NAME, "own", "SOLOv2")
    assert (first["state"], first["labels"]) == ("ready", f"1 class: {LABEL}")


def test_the_pages_endpoints_have_it_too(desk: Desk) -> None:
    from gradio_client import Client

    client = Client(desk.app.address, verbose=False)
    assert client.predict(api_name="/list_models")[0]["model"] == NAME
    client.close()


def test_the_command_line_finds_the_same(desk: Desk, expected: Found) -> None:
    desk.paste(desk.code().shell)
    assert desk.saved() == expected


def test_the_python_finds_the_same(desk: Desk, expected: Found) -> None:
    (desk.folder / "script.py").write_text(desk.code().python, "utf-8")
    desk.paste("python script.py")
    assert desk.saved() == expected


def test_curl_finds_the_same(desk: Desk, expected: Found) -> None:
    answer = json.loads(desk.paste(desk.code().curl))
    rows = answer["result"]["instances"]
    assert found((row["categoryName"], row["score"], row["bbox"]) for row in rows) == expected


def test_every_language_that_is_shown_is_pasted_here() -> None:
    assert set(Snippets.__slots__) == {"shell", "python", "curl"}
