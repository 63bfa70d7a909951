"""High-performance mode as a visitor uses it: the switch, what it says, what comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.browser.server import App, fake_assets, fake_model, serve
from tests.browser.visit import Visit
from tools.test_models import build_test_models, make_scene

pytestmark = pytest.mark.browser

DEMO, OTHER = "everyday-M", "SOLOv2"
# Seconds that preparing a small model may take on a busy machine.
_PREPARED_S = 240


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("switch")
    fake_model(folder / "models" / OTHER)
    with serve(
        folder,
        fake_engine=True,
        threads=1,
        assets=fake_assets(folder / "assets"),
        models_dir=folder / "models",
    ) as app:
        yield app


def tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def test_one_switch_is_of_every_tab(app: App, page: Any) -> None:
    visit = Visit(page, app.address).see(DEMO)
    switch = page.locator("#high-performance input")
    assert page.locator(".high-performance input").count() == 1
    assert not switch.is_checked()
    switch.check()
    visit.see(DEMO)
    tab(page, "Compare")
    page.locator("#cmp-link").click()
    page.wait_for_function("location.search.includes('engine=high_performance')")
    assert switch.is_checked()
    switch.uncheck()
    tab(page, "Segment")
    visit.see(DEMO)
    assert not switch.is_checked()


def test_a_link_switches_it_on_for_its_visitor_alone(
    app: App, open_page: Callable[..., Any]
) -> None:
    fast = Visit(open_page(), f"{app.address}/?engine=high_performance").see(DEMO)
    fast.page.wait_for_function("document.querySelector('#high-performance input').checked")
    other = Visit(open_page(), app.address).see(DEMO)
    assert not other.page.locator("#high-performance input").is_checked()


def test_it_fits_a_phone(app: App, open_page: Callable[..., Any], phone: dict[str, Any]) -> None:
    visit = Visit(open_page(**phone), f"{app.address}/?engine=high_performance").see(DEMO)
    assert visit.overflow <= 0
    for name in ("Compare", "Catalog"):
        tab(visit.page, name)
        visit.page.wait_for_timeout(400)
        assert visit.overflow <= 0, name


@pytest.mark.paddle
@pytest.mark.slow
def test_a_model_is_prepared_proven_and_run(page: Any, tmp_path: Path) -> None:
    """From the switch to the engine and its proof, with Paddle and real converted models."""
    model = "Mask-RT-DETR-S"
    build_test_models(tmp_path / "models", [model], size=96, candidates=20)
    scene = make_scene(320, 240, count=3)
    cv2.imwrite(str(tmp_path / "scene.png"), scene.image)
    settings = {
        "models_dir": tmp_path / "models",
        "converted_dir": tmp_path / "converted",
        "default_model": model,
        "threads": 2,
    }
    with serve(tmp_path / "app", **settings) as app:
        visit = Visit(page, app.address).see(model)
        page.set_default_timeout(_PREPARED_S * 1000)
        visit.choose(tmp_path / "scene.png")
        page.get_by_text("3 of 3 instances").wait_for()

        page.locator("#high-performance input").check()
        page.locator("#viewer .isv-message", has_text="once on this machine: ").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.locator("#viewer .isv-message", has_text="was prepared. Switch").wait_for()
        page.locator("#high-performance input").uncheck()
        visit.see(model)
        assert "Engine" in page.locator("#facts").inner_text()

        page.locator("#high-performance input").check()
        page.locator("#facts .facts-engine").wait_for()
        told = page.locator("#facts .facts-engine").inner_text()
        assert re.match(r"\S+ · [\d.,]+× Paddle's speed · equal to Paddle: \d+/\d+ objects", told)
        page.get_by_text("3 of 3 instances").wait_for()
        name, _ = visit.export("COCO dataset")
        assert name == "scene_coco.json"

        tab(page, "Catalog")
        cell = page.locator("#cat-models td[data-column=here]", has_text="×").first
        cell.wait_for()
        assert "equal to Paddle" in page.locator("#cat-card").inner_text()
        page.locator("#cat-verify").click()
        page.locator("#cat-ask", has_text=f"Verifying {model}: ").wait_for()
        page.locator("#cat-no", has_text="Stop").click()
        page.locator("#cat-ask").wait_for(state="hidden")
        page.wait_for_timeout(1500)
        assert not page.locator("#cat-ask").is_visible()
        assert "equal to Paddle" in page.locator("#cat-card").inner_text()
        page.close()
