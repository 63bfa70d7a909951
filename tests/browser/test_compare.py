"""A person compares models on a photo, decides, and takes the answer away; in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.browser.server import (
    EXAMPLES,
    App,
    Archives,
    fake_archive,
    fake_assets,
    fake_model,
    serve,
    serve_archives,
)
from tests.browser.visit import tick, ticked
from tools.test_models import build_test_models, make_scene

pytestmark = pytest.mark.browser

LARGE, SMALL, BROKEN, SLOW, ABSENT = (
    "Mask-RT-DETR-L",
    "Mask-RT-DETR-S",
    "SOLOv2",
    "PP-YOLOE_seg-S",
    "Mask-RT-DETR-M",
)


@pytest.fixture(scope="module")
def archives() -> Iterator[Archives]:
    with serve_archives() as made:
        made.models[f"{ABSENT}_infer.tar"] = fake_archive(ABSENT)
        made.pause_s = 0.05
        yield made


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, archives: Archives) -> Iterator[App]:
    root = tmp_path_factory.mktemp("compare")
    models = root / "models"
    fake_model(models / LARGE)
    fake_model(models / SMALL)
    fake_model(models / BROKEN, good_runs=1, run_error="It failed at <b>layer</b> 12.")
    fake_model(models / SLOW, good_runs=1, delay_s=20)
    with serve(
        root / "app",
        fake_engine=True,
        threads=1,
        assets=fake_assets(root / "assets"),
        models_dir=models,
        models_source=archives.url,
    ) as app:
        yield app


def link(app: App, *models: str, threshold: float = 0.4) -> str:
    return f"{app.address}/?models={','.join(models)}&threshold={threshold}&tab=compare"


def opened(page: Any, address: str) -> Any:
    """The Compare tab, ready to run."""
    page.set_default_timeout(60_000)
    page.goto(address)
    page.locator("#cmp-go").wait_for()
    page.locator("#cmp-grid .isv-grid, #cmp-grid [class^=isv]").first.wait_for()
    return page


def compared(page: Any, done: str) -> Any:
    """Run, and wait for the sentence that tells how it ended."""
    page.locator("#cmp-go").click()
    page.locator("#cmp-progress", has_text=done).wait_for()
    return page


def show(page: Any, tab: str) -> None:
    page.locator("#cmp-findings").get_by_role("tab", name=tab).click()


def slide(page: Any, threshold: float) -> None:
    """Move the threshold of all panes, and let it rest."""
    page.locator("#cmp-grid input[name=threshold]").first.evaluate(
        "(field, value) => { field.value = value;"
        " field.dispatchEvent(new Event('input', { bubbles: true })); }",
        str(threshold),
    )


def download(page: Any, button: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.locator(button).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def sorts(page: Any, table: str) -> None:
    """Every heading sorts by a click and a key, a second one turns it round."""
    headings = page.locator(f"{table} thead th")
    names = page.locator(f"{table} tbody td:first-child")
    headings.first.click()
    rising = names.all_inner_texts()
    assert rising == sorted(rising)
    assert headings.first.get_attribute("aria-sort") == "ascending"
    headings.first.press("Enter")
    assert names.all_inner_texts() == rising[::-1]
    assert headings.first.get_attribute("aria-sort") == "descending"
    headings.nth(1).click()
    assert headings.first.get_attribute("aria-sort") == "none"


def test_from_a_link_to_a_decision(app: App, open_page: Callable[..., Any]) -> None:
    granted = {"permissions": ["clipboard-read", "clipboard-write"]}
    page = open_page(viewport={"width": 1440, "height": 900}, **granted)
    opened(page, link(app, LARGE, SMALL, BROKEN))
    page.locator("#cmp-go", has_text="Compare 3 models").wait_for()
    compared(page, "2 of 3 models done · 1 failed")

    grid = page.locator("#cmp-grid")
    grid.get_by_text("It failed at <b>layer</b> 12.").wait_for()
    assert grid.get_by_text(re.compile("4 of 4 objects")).count() == 2
    page.locator("#cmp-objects", has_text="4 objects").wait_for()
    slide(page, 0.7)
    page.locator("#cmp-objects", has_text="3 objects").wait_for()
    slide(page, 0.4)
    page.locator("#cmp-objects", has_text="4 objects").wait_for()

    show(page, "Agreement")
    page.locator("#cmp-matrix", has_text="not accuracy").wait_for()
    assert page.locator("#cmp-matrix td").all_inner_texts().count("1.00") == 2
    page.locator("#cmp-map img").wait_for()
    assert "all 2" in page.locator("#cmp-legend").inner_text()

    show(page, "Which to ship")
    page.locator("#cmp-verdict", has_text=f"{LARGE} leads").wait_for()
    page.locator("#cmp-chart .js-plotly-plot").wait_for()
    sorts(page, "#cmp-figures")
    page.locator("#cmp-mb input, #cmp-mb textarea").fill("0.5")
    page.locator("#cmp-verdict", has_text=re.compile(r"Allow 2\.\d+ MB to keep")).wait_for()
    page.locator("#cmp-mb input, #cmp-mb textarea").fill("")
    page.locator("#cmp-verdict", has_text=f"{LARGE} leads").wait_for()

    show(page, "Take away")
    code = page.locator("#cmp-findings .cm-content")
    code.filter(has_text=f"--model {LARGE} --input photo.jpg --threshold 0.4").wait_for()
    name, html = download(page, "#cmp-html")
    assert name.endswith("-comparison.html")
    assert html.count(b"data:image/jpeg;base64,") == 3
    assert b"<b>layer" not in html
    name, data = download(page, "#cmp-json")
    assert [one["model"] for one in json.loads(data)["models"]] == [LARGE, SMALL]

    page.locator("#cmp-link").click()
    page.wait_for_function("location.search.includes('threshold=0.4')")
    page.locator("#cmp-address").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert page.url.endswith(
        f"?photo=cats&models={LARGE},{SMALL},{BROKEN}&threshold=0.4&tab=compare"
    )


def test_what_is_absent_is_fetched_and_a_run_can_be_stopped(app: App, page: Any) -> None:
    opened(page, link(app, LARGE, ABSENT, SLOW))
    offer = page.locator("#cmp-offer")
    offer.get_by_text("1 of 3 ticked").wait_for()
    page.locator("#cmp-fetch").click()
    offer.get_by_text(re.compile(r"Fetching .* of .* MB")).wait_for()
    # It goes on by itself once all are there.
    page.locator("#cmp-progress", has_text=f"{SLOW}: running").wait_for()
    assert not offer.is_visible()
    page.locator("#cmp-stop").click()
    page.locator("#cmp-progress", has_text="2 of 3 models done · 1 stopped").wait_for()
    page.locator("#cmp-objects", has_text="4 objects").wait_for()


def test_the_photo_and_the_models_are_those_of_the_panel(app: App, page: Any) -> None:
    opened(page, link(app, LARGE))
    assert ticked(page) == [LARGE]
    page.locator("#cmp-progress", has_text="One model is ticked").wait_for()
    second = page.locator("#tray .tray-photo").nth(1)
    name = second.get_attribute("data-name")
    second.click()
    page.wait_for_timeout(500)
    compared(page, "1 of 1 models done")
    page.locator("#cmp-grid").get_by_text(f"{EXAMPLES[name]} of {EXAMPLES[name]}").first.wait_for()
    show(page, "Agreement")
    page.get_by_text("Two models must be done before they can agree").wait_for()
    tick(page, LARGE, SMALL)
    page.locator("#cmp-go", has_text="Compare 2 models").wait_for()
    compared(page, "2 of 2 models done")
    tick(page)
    page.locator("#cmp-go").click()
    page.get_by_role("alert").get_by_text("No model is ticked").wait_for()


def test_a_model_that_is_not_here_is_never_the_reference(app: App, page: Any) -> None:
    absent = "Mask-RT-DETR-H"
    opened(page, link(app, absent, SMALL))
    assert set(ticked(page)) == {absent, SMALL}
    compared(page, "1 of 2 models done")
    first = page.locator("#cmp-grid [data-model], #cmp-grid .isg-pane").first
    assert SMALL in first.inner_text()


def test_a_pick_is_looked_at_on_the_segment_tab(app: App, page: Any) -> None:
    opened(page, link(app, LARGE, SMALL))
    page.locator(f'#models .mlist-row[data-model="{SMALL}"] .mlist-name').click()
    page.locator("#facts .facts-model", has_text=SMALL).wait_for()
    assert page.get_by_role("tab", name="Segment").get_attribute("aria-selected") == "true"


def test_a_wrong_link_is_said_and_the_page_works(app: App, page: Any) -> None:
    opened(page, link(app, "Mask-RT-DETR-Q", SMALL, threshold=7))
    page.get_by_text("There is no model named “Mask-RT-DETR-Q”").wait_for()
    page.get_by_text("is not a number from 0 to 1").wait_for()
    page.locator("#cmp-go", has_text="Run 1 model").wait_for()


def test_it_fits_a_phone(app: App, open_page: Callable[..., Any], phone: dict[str, Any]) -> None:
    page = opened(open_page(**phone), link(app, LARGE, SMALL))
    compared(page, "2 of 2 models done")
    for tab in ("Agreement", "Which to ship", "Take away", "Objects"):
        show(page, tab)
        page.wait_for_timeout(400)
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, tab


@pytest.mark.paddle
@pytest.mark.slow
def test_three_models_are_compared_for_real(page: Any, tmp_path: Path) -> None:
    """The demo model and two test models by Paddle itself, on a scene whose shapes are known."""
    build_test_models(tmp_path / "models", [LARGE, SMALL])
    scene = make_scene(640, 480, count=4)
    cv2.imwrite(str(tmp_path / "scene.png"), scene.image)
    with serve(tmp_path / "app", models_dir=tmp_path / "models", threads=2) as app:
        opened(page, link(app, "demo-cats", LARGE, SMALL))
        page.locator("#tray input[type=file]").set_input_files(tmp_path / "scene.png")
        page.locator('#tray .tray-photo[data-name="scene.png"]').wait_for()
        page.set_default_timeout(90_000)
        compared(page, "3 of 3 models done")
        # The demo model knows cats only; the other two find the same four shapes.
        page.locator("#cmp-objects", has_text=re.compile(r"missed by some\s*4")).wait_for()
        page.close()
