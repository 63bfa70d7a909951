"""A person teaches a model on the page, for real: looks on, stops, goes on, uses it."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import App, fake_assets, fake_model, serve
from tests.browser.visit import SETTLED_S, Visit
from tests.unit.train.factories import EXAMPLES, NEW, document

pytestmark = [
    pytest.mark.browser,
    pytest.mark.paddle,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]

TAUGHT = "my-bars"
PATIENCE_MS = 400_000


@pytest.fixture(scope="module")
def facades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos of night facades, each of three so many times, with a class nobody knows."""
    value = document(copies=4)
    path = tmp_path_factory.mktemp("data") / "facades.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for image in value["images"]:
            name = f"{image['id']:02d}-{image['file_name']}"
            archive.write(EXAMPLES / image["file_name"], f"images/{name}")
            image["file_name"] = name
        archive.writestr("annotations/instances.json", json.dumps(value))
    return path


@contextmanager
def started(folder: Path) -> Iterator[App]:
    (folder / "models").mkdir(parents=True, exist_ok=True)
    with serve(folder, models_dir=folder / "models") as app:
        yield app


def opened(page: Any, app: App) -> Visit:
    visit = Visit(page, app.address)
    page.locator("#facts .facts-head").wait_for()
    visit.tab("Evaluate")
    return visit


def teaching(page: Any, app: App, facades: Path, minutes: int) -> None:
    """The data set is there, and a model is being taught on it."""
    opened(page, app)
    page.locator("#eval-change").click()
    page.locator("#eval-uploads input[type=file]").set_input_files([facades])
    page.locator("#eval-findings", has_text="12 images").wait_for()
    page.locator("#teach > button").first.click()
    page.locator("#teach-data", has_text=NEW).wait_for()
    page.locator("#teach-name textarea, #teach-name input").first.fill("my bars")
    page.locator("#teach-minutes input[type=number]").fill(str(minutes))
    page.locator("#teach-minutes input[type=number]").press("Tab")
    page.locator("#teach-go").click()


def said(page: Any, words: str | re.Pattern[str]) -> None:
    page.locator("#teach-progress", has_text=words).wait_for(timeout=PATIENCE_MS)


def away(*pages: Any) -> None:
    """Leave before the server ends, which a page would log."""
    for page in pages:
        page.goto("about:blank")


def trainer(app: App) -> int:
    """The process id of the one that trains."""
    found = [one.pid for one in app.family() if "instseg_ui.train.process" in one.cmdline()]
    assert len(found) == 1
    return found[0]


def test_a_model_is_taught_stopped_used_and_taken_away(page, tmp_path, facades):
    with started(tmp_path) as app:
        teaching(page, app, facades, 3)
        said(page, re.compile(r"round 1, .*images/s, loss \d"))
        assert page.locator("#teach-charts svg").count() >= 1
        assert page.locator("#teach-pictures img").count() >= 6
        page.locator("#teach-stop").click()
        said(page, f"{TAUGHT} is taught and in the list of models")
        result = page.locator("#teach-outcome")
        assert re.search(r"Mask AP 0\.0 → \d+\.\d % on 3 held-out photos", result.inner_text())
        assert "Too few pictures to tell: 3 held out" in result.inner_text()
        assert page.locator("#teach-pictures img").count() == 9
        page.locator("#teach-use").click()
        page.locator(f'#models .mlist-row[data-model="{TAUGHT}"] input:checked').wait_for()
        with page.expect_download() as waiting:
            page.locator("#teach-zip").click()
        with zipfile.ZipFile(waiting.value.path()) as archive:
            names = archive.namelist()
        assert {f"{TAUGHT}/inference.yml", f"{TAUGHT}/MODEL_CARD.md"} <= set(names)
        # In another window it is all there.
        second = opened(page.context.new_page(), app).page
        said(second, f"{TAUGHT} is taught and in the list of models")
        assert second.locator("#teach-charts svg").count() >= 1
        away(page, second)


def test_cut_off_by_a_restart_and_killed_it_goes_on(windows, tmp_path, facades):
    page = windows()
    page.set_default_timeout(SETTLED_S * 1000)
    kept = "models/.teachings/*/model/.training/checkpoint.npz"
    with started(tmp_path) as app:
        teaching(page, app, facades, 15)
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not list(tmp_path.glob(kept)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        away(page)
    with started(tmp_path) as app:
        opened(page, app)
        said(page, "was cut off. What it had learned is kept")
        page.locator("#teach-on").click()
        said(page, re.compile(r"round \d+, .*images/s"))
        os.kill(trainer(app), signal.SIGKILL)
        said(page, re.compile("ended before it was done: SIGKILL.*press “Go on”"))
        page.locator("#teach-on").click()
        said(page, re.compile(r"round \d+, .*images/s"))
        page.locator("#teach-stop").click()
        said(page, f"{TAUGHT} is taught and in the list of models")
        page.locator(f'#models .mlist-row[data-model="{TAUGHT}"]').wait_for()
        away(page)


def test_judged_answers_are_taught_on_by_one_click(page, tmp_path):
    for name in ("SOLOv2", "MaskRCNN-ResNet50"):
        fake_model(tmp_path / "models" / name)
    with serve(
        tmp_path,
        fake_engine=1,
        assets=fake_assets(tmp_path / "assets"),
        models_dir=tmp_path / "models",
        threads=1,
    ) as app:
        visit = Visit(page, app.address)
        page.locator("#facts .facts-head").wait_for()
        visit.tab("Judge")
        page.locator("#judge-go").click()
        for number in (1, 2, 3):
            page.locator("#judge-view .judge-answers button").first.wait_for()
            page.keyboard.press("1")
            page.get_by_text(re.compile(f"^{number} answer")).wait_for()
        page.locator("#judge-teach").click()
        page.locator("#teach-data", has_text=re.compile(r"\d pictures?, 3 objects of")).wait_for()
        page.locator("#teach-go").wait_for()
        # These made models are none that can be taught, which is one sentence.
        page.locator("#teach-go").click()
        said(page, "cannot be taught: only the embedded models")
        assert not list(tmp_path.glob("models/.teachings/*"))
        away(page)
