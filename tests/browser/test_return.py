"""A person comes back: by a reload, in a second window, after a restart of the server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import App, fake_assets, fake_model, scene_photos, serve
from tests.browser.visit import Visit, tick
from tests.ui.evaluate.kit import data_set_zip

pytestmark = pytest.mark.browser

DEMO, OTHER, SLOW = "everyday-M", "MaskRCNN-ResNet50", "SOLOv2"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("return")
    fake_assets(root / "assets")
    fake_model(root / "models" / OTHER)
    # Its first run warms it up; the pictures after it are slow enough to be left alone.
    fake_model(root / "models" / SLOW, delay_s=2, good_runs=1)
    data_set_zip(root)
    scene_photos(root)
    return root


@contextmanager
def started(root: Path) -> Iterator[App]:
    with serve(
        root / "app",
        fake_engine=1,
        assets=root / "assets",
        models_dir=root / "models",
        threads=1,
    ) as app:
        yield app


@pytest.fixture(scope="module")
def app(root: Path) -> Iterator[App]:
    with started(root) as app:
        yield app


def with_photos(page: Any, app: App, root: Path) -> Visit:
    visit = Visit(page, app.address).see(DEMO)
    visit.choose(root / "photo-1.png", root / "photo-2.png")
    visit.holds("photo-1.png", "photo-2.png").found(2)
    # What was found is noted on the photo last: then the tray stands still.
    page.locator("#tray .tray-photo .tray-found[data-counts]").first.wait_for(state="attached")
    visit.look_at("photo-2.png").found(3)
    return visit


def evaluating(page: Any, root: Path, *models: str) -> None:
    page.get_by_role("tab", name="Evaluate").click()
    if not page.locator("#eval-uploads").is_visible():
        page.locator("#eval-change").click()
    page.locator("#eval-uploads input[type=file]").set_input_files([root / "shapes.zip"])
    page.locator("#eval-findings", has_text="4 images, 20 objects, 3 categories").wait_for()
    tick(page, *models)
    page.locator("#eval-go").click()


def test_a_reload_and_a_second_window_find_the_photos(
    app: App, root: Path, windows: Callable[[], Any]
) -> None:
    page = windows()
    visit = with_photos(page, app, root)
    page.reload()
    visit.holds("photo-1.png", "photo-2.png").found(3)
    assert visit.photo == "photo-2.png"
    second = Visit(page.context.new_page(), app.address)
    second.holds("photo-1.png", "photo-2.png").found(3)
    second.page.locator("#tray .tray-clear").click()
    page.reload()
    visit.holds("cats", "harbour", "street")
    stranger = Visit(windows(), app.address)
    stranger.holds("cats", "harbour", "street").see(DEMO)


def test_a_stranger_sees_nothing_of_it(app: App, root: Path, windows: Callable[[], Any]) -> None:
    with_photos(windows(), app, root)
    stranger = Visit(windows(), app.address).see(DEMO)
    assert stranger.photos == ["cats", "harbour", "street"]
    stranger.page.context.add_cookies(
        [{"name": "instseg_visitor", "value": "../" * 10 + "aa", "url": app.address}]
    )
    stranger.page.reload()
    assert stranger.see(DEMO).photos == ["cats", "harbour", "street"]


def test_an_evaluation_goes_on_through_a_reload(
    app: App, root: Path, windows: Callable[[], Any]
) -> None:
    page = windows()
    Visit(page, app.address).see(DEMO)
    evaluating(page, root, DEMO, SLOW)
    page.locator("#eval-progress", has_text=re.compile(f"{SLOW}: running")).wait_for()
    page.reload()
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#eval-stop").wait_for()
    page.locator("#eval-progress", has_text="2 models on 4 of 4 images").wait_for()
    page.locator("#eval-figures", has_text="n = 4 of 4 images").wait_for()


def test_after_a_restart_all_is_there_again(root: Path, windows: Callable[[], Any]) -> None:
    page = windows()
    with started(root) as app:
        with_photos(page, app, root)
        tick(page, DEMO, OTHER)
        page.get_by_role("tab", name="Judge").click()
        page.locator("#judge-go").click()
        page.locator("#judge-view .judge-answers button").first.wait_for()
        page.keyboard.press("1")
        page.get_by_text("1 answer").wait_for()
        evaluating(page, root, DEMO)
        page.locator("#eval-progress", has_text="1 model on 4 of 4 images").wait_for()
        page.locator("#eval-figures", has_text="n = 4 of 4 images").wait_for()
        page.goto("about:blank")
    with started(root) as app:
        visit = Visit(page, app.address).holds("photo-1.png", "photo-2.png").found(3)
        assert visit.photo == "photo-2.png"
        visit.tab("Evaluate")
        page.locator("#eval-figures", has_text="n = 4 of 4 images").wait_for()
        visit.tab("Judge")
        page.get_by_text("1 answer").wait_for()
        page.locator("#judge-view .judge-answers button").first.wait_for()


def test_what_is_to_be_forgotten_is_gone(app: App, root: Path, windows: Callable[[], Any]) -> None:
    page = windows()
    visit = with_photos(page, app, root)
    page.get_by_text("Yours alone; kept 24 hours after you leave.").wait_for()
    page.locator("#forget").click()
    visit.holds("cats", "harbour", "street").see(DEMO)
    page.reload()
    visit.holds("cats", "harbour", "street")
