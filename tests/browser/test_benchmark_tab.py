"""A person benchmarks models, stops one, compares two runs and takes the figures away."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import App, fake_assets, fake_model, serve
from tests.browser.visit import tick

pytestmark = pytest.mark.browser

DEMO, BROKEN, SLOW = "everyday-M", "PP-YOLOE_seg-S", "SOLOv2"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tmp_path_factory.mktemp("benchmark")
    models = root / "models"
    fake_model(models / BROKEN, good_runs=1, run_error="It failed at <b>layer</b> 12.")
    fake_model(models / SLOW, good_runs=8, delay_s=60)
    with serve(
        root / "app",
        fake_engine=True,
        threads=1,
        assets=fake_assets(root / "assets"),
        models_dir=models,
    ) as app:
        yield app


def opened(page: Any, app: App) -> Any:
    page.set_default_timeout(60_000)
    page.goto(app.address)
    page.get_by_role("tab", name="Benchmark").click()
    page.locator("#bench-go").wait_for()
    tick(page, DEMO)
    return page


def put(page: Any, field: str, value: object) -> None:
    if not page.locator("#bench-repeats").is_visible():
        page.locator("#bench-change").click()
    page.locator(f"{field} input, {field} textarea").first.fill(str(value))


def measured(page: Any, done: str) -> None:
    """Run, and wait for the sentence that tells how it ended."""
    page.locator("#bench-go").click()
    page.locator("#bench-progress", has_text=done).wait_for()


def show(page: Any, tab: str) -> None:
    page.locator("#bench-results").get_by_role("tab", name=tab).click()


def download(page: Any, button: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.locator(button).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_from_figures_to_a_comparison(app: App, page: Any) -> None:
    opened(page, app)
    page.locator("#bench-figures", has_text="Nothing was measured yet").wait_for()
    tick(page, DEMO, BROKEN)
    put(page, "#bench-repeats", 6)
    put(page, "#bench-callers", 2)
    measured(page, "1 of 2 models measured · 1 failed")
    figures = page.locator("#bench-figures")
    figures.locator("td", has_text="everyday-M").wait_for()
    figures.get_by_text("It failed at <b>layer</b> 12.").wait_for()
    assert "p99 needs 100 runs or more." in figures.inner_text()
    assert "n = 6" in figures.inner_text()
    put(page, "#bench-price", "0.5")
    figures.get_by_text("Cost at 0.500 an hour").wait_for()

    show(page, "Charts")
    for chart in ("distribution", "breakdown", "pareto"):
        page.locator(f"#bench-{chart} .js-plotly-plot").wait_for()
    show(page, "Stages")
    page.locator("#bench-stages td", has_text="inference").first.wait_for()

    measured(page, "1 of 2 models measured")
    show(page, "Earlier run")
    page.locator("#bench-changes", has_text="Choose an earlier run").wait_for()
    page.locator("#bench-earlier input").click()
    page.get_by_test_id("dropdown-option").first.click()
    page.locator("#bench-changes", has_text="95 % interval").wait_for()

    show(page, "Take away")
    name, data = download(page, "#bench-csv")
    assert re.fullmatch(r"\d{8}T\d{6}Z_[\w.-]+_fake_1t_640x480_n6\.csv", name)
    assert {row["model"] for row in csv.DictReader(io.StringIO(data.decode()))} == {"everyday-M"}
    name, data = download(page, "#bench-json")
    assert json.loads(data)["request"]["repeats"] == 6
    name, data = download(page, "#bench-html")
    assert b"95 % interval" in data
    assert data.count(b"<svg") == 3


def test_a_run_can_be_stopped_and_is_there_again_later(
    app: App, open_page: Callable[..., Any]
) -> None:
    page = opened(open_page(), app)
    tick(page, DEMO, SLOW)
    put(page, "#bench-repeats", 12)
    page.locator("#bench-go").click()
    page.locator("#bench-progress", has_text=f"{SLOW}: measuring").wait_for()
    page.locator("#bench-figures td", has_text="everyday-M").wait_for()
    page.locator("#bench-stop").click()
    page.locator("#bench-progress", has_text="what was measured by then is kept").wait_for()
    page.locator("#bench-figures", has_text="Stopped after 3 counted runs.").wait_for()
    page.locator("#bench-stop").wait_for(state="hidden")

    page = opened(open_page(), app)
    page.locator("#bench-shown input").click()
    page.get_by_role("option", name=re.compile("stopped")).first.click()
    page.locator("#bench-figures", has_text="Stopped after 3 counted runs.").wait_for()


def test_a_wrong_number_is_said(app: App, page: Any) -> None:
    opened(page, app)
    put(page, "#bench-repeats", 0)
    page.locator("#bench-go").click()
    sentence = "Runs of each image: expected a whole number from 1 to 500, got 0."
    page.locator("#bench-progress", has_text=sentence).wait_for()


def test_a_phone_shows_it_without_scrolling_sideways(
    app: App, open_page: Callable[..., Any]
) -> None:
    page = opened(open_page(viewport={"width": 390, "height": 844}), app)
    put(page, "#bench-repeats", 1)
    measured(page, "1 of 1 model measured")
    page.locator("#bench-figures td", has_text="everyday-M").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
