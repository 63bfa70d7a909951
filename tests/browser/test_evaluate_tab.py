"""A person drops a data set, evaluates models, looks behind the numbers and takes them away."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import App, fake_assets, fake_model, serve
from tests.browser.visit import tick
from tests.ui.evaluate.kit import data_set_zip, world

pytestmark = pytest.mark.browser

DEMO, BROKEN, SLOW = "everyday-M", "PP-YOLOE_seg-S", "SOLOv2"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tmp_path_factory.mktemp("evaluate")
    models = root / "models"
    fake_model(models / BROKEN, load_error="It failed at <b>layer</b> 12.")
    fake_model(models / SLOW, good_runs=3, delay_s=60)
    data_set_zip(root)
    with serve(
        root / "app",
        fake_engine=True,
        threads=1,
        assets=fake_assets(root / "assets"),
        models_dir=models,
        # Who leaves is forgotten at once.
        keep_visits=0,
    ) as app:
        yield app


def opened(page: Any, app: App) -> Any:
    """The tab with the data set dropped."""
    page.set_default_timeout(60_000)
    page.goto(app.address)
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#eval-findings", has_text="Drop a zip with images and COCO").wait_for()
    tick(page, DEMO)
    give(page, app.folder.parent / "shapes.zip")
    page.locator("#eval-findings", has_text="4 images, 20 objects, 3 categories").wait_for()
    return page


def give(page: Any, *files: Path) -> None:
    """Hand files to the data set's box."""
    if not page.locator("#eval-uploads").is_visible():
        page.locator("#eval-change").click()
    page.locator("#eval-uploads input[type=file]").set_input_files(list(files))


def evaluated(page: Any, done: str) -> None:
    """Run, and wait for the sentence that tells how it ended."""
    page.locator("#eval-go").click()
    page.locator("#eval-progress", has_text=done).wait_for()


def show(page: Any, tab: str) -> None:
    page.locator("#eval-results").get_by_role("tab", name=tab).click()


def choose(page: Any, field: str, option: str) -> None:
    page.locator(f"{field} input").click()
    page.get_by_role("option", name=option).click()


def download(page: Any, button: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.locator(button).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def wait_until_cleared(app: App) -> None:
    """Wait until what visitors who have left brought is gone."""
    deadline = time.monotonic() + 60
    while any((app.folder / "uploads" / "data-sets").iterdir()):
        assert time.monotonic() < deadline, "uploads stayed after their visitors had left"
        time.sleep(0.1)


def test_from_a_zip_to_the_pictures_behind_a_number(app: App, page: Any) -> None:
    opened(page, app)
    page.get_by_text("1 × unknown image").wait_for()
    tick(page, DEMO, BROKEN)
    evaluated(page, "1 model on 4 of 4 images · 1 failed")
    figures = page.locator("#eval-figures")
    figures.locator("td", has_text="everyday-M").first.wait_for()
    figures.get_by_text("It failed at <b>layer</b> 12.").first.wait_for()
    assert "n = 4 of 4 images, 20 objects; scores from 0.001; fake on CPU" in figures.inner_text()
    page.locator("label", has_text="Boundaries").click()
    figures.get_by_text("Boundary IoU:").wait_for()

    page.locator("#eval-setup").wait_for(state="hidden")
    page.locator("#eval-change").click()
    page.locator("#eval-mapping > button").click()
    page.locator("#eval-map-table", has_text="1 of 3 have no class").wait_for()
    choose(page, "#eval-map-category", "vehicle")
    choose(page, "#eval-map-labels", "blue")
    page.locator("#eval-map-set").click()
    page.locator("#eval-map-table td", has_text="by hand").wait_for()

    show(page, "Curves")
    for chart in ("curve", "f1", "calibration"):
        page.locator(f"#eval-{chart} .js-plotly-plot").wait_for()
    show(page, "Classes")
    row = page.locator("#eval-classes tr", has_text="vehicle")
    row.locator("td", has_text="100").first.wait_for()
    page.locator("#eval-confused .js-plotly-plot").wait_for()
    show(page, "Errors")
    page.locator("#eval-costs .js-plotly-plot").wait_for()
    page.locator("#eval-errors [data-kind=classification]").click()

    page.locator("#eval-viewer .isv[data-state=shown]").wait_for()
    caption = page.locator("#eval-caption", has_text="Case 1 of 4")
    caption.get_by_text("Green 0.990, truth red, IoU 1.00").wait_for()
    panel = page.locator("#eval-viewer .isv-panel")
    panel.get_by_text("2 of 2 instances").wait_for()
    page.locator("#eval-show label", has_text="All, with the truth").click()
    panel.get_by_text("10 of 10 instances").wait_for()
    page.locator("#eval-gallery [data-place='2']").click()
    page.locator("#eval-caption", has_text="Case 3 of 4").wait_for()
    page.locator("#eval-after").click()
    page.locator("#eval-caption", has_text="Case 4 of 4").wait_for()

    show(page, "Take away")
    page.locator("#eval-context", has_text="opencv").wait_for()
    name, data = download(page, "#eval-json")
    assert name == "shapes-evaluation.json"
    assert json.loads(data)["models"][0]["mapping"]["unused_classes"] == []
    name, data = download(page, "#eval-html")
    assert b"<svg" in data
    name, data = download(page, "#eval-predictions")
    assert name == "shapes-everyday-M.predictions.json"
    assert len(json.loads(data)) == 20


def test_a_run_can_be_stopped_and_goes_on_after_a_reload(
    app: App, open_page: Callable[..., Any]
) -> None:
    page = opened(open_page(), app)
    tick(page, DEMO, SLOW)
    page.locator("#eval-go").click()
    page.locator("#eval-progress", has_text=re.compile(f"{SLOW}: running · 2 of 4")).wait_for()
    page.locator("#eval-stop").click()
    page.locator("#eval-progress", has_text="2 models on 2 of 4 images · stopped").wait_for()
    page.locator("#eval-figures", has_text="n = 2 of 4 images").wait_for()
    page.locator("#eval-stop").wait_for(state="hidden")
    page.close()
    wait_until_cleared(app)

    # It runs three times before it gets slow: warm-up, and two images. So two were kept.
    page = opened(open_page(), app)
    tick(page, DEMO, SLOW)
    page.locator("#eval-limit input").fill("3")
    page.locator("#eval-go").click()
    # A minute each, from now on: its ten runs for the latency are not waited for.
    measuring = page.locator("#eval-progress", has_text=f"{SLOW}: measuring the latency")
    measuring.wait_for()
    page.locator("#eval-stop").click()
    page.locator("#eval-progress", has_text="2 models on 3 of 4 images · stopped").wait_for()


def test_the_figures_begin_high_and_the_threshold_of_the_best_f1_is_used_everywhere(
    app: App, page: Any
) -> None:
    opened(page, app)
    evaluated(page, "1 model on 4 of 4 images")
    figures = page.locator("#eval-figures")
    figures.locator("td", has_text=DEMO).first.wait_for()
    page.locator("#eval-setup").wait_for(state="hidden")
    page.evaluate("scrollTo(0, 0)")
    assert figures.bounding_box()["y"] < 300, "the figures begin high on the page"

    page.locator("#models .mlist-row[data-model=demo-cats] .mlist-name").click()
    page.locator("#facts .facts-model", has_text="demo-cats").wait_for()
    page.get_by_role("tab", name="Compare").click()
    tick(page, DEMO, "demo-cats")
    page.locator("#cmp-go").click()
    page.locator("#cmp-progress", has_text="2 of 2 models done").wait_for()

    page.get_by_role("tab", name="Evaluate").click()
    page.get_by_role("button", name="Use 0.99").click()
    page.get_by_text(f"{DEMO} from 0.99: in Segment, in Compare and in the code.").wait_for()

    page.get_by_role("tab", name="Segment").click()
    page.locator("#facts .facts-model", has_text=DEMO).wait_for()
    at = "document.querySelector('#viewer .isv').instsegViewer.store.get().threshold"
    page.wait_for_function(f"{at} === 0.99")
    page.locator("#take-away > button").click()
    code = re.compile(f"--model {DEMO} .* --threshold 0.99")
    page.locator("#take-away .cm-content", has_text=code).first.wait_for()

    page.get_by_role("tab", name="Compare").click()
    own = page.locator(f"#cmp-grid .isg-pane[aria-label={DEMO}] .isg-own output")
    assert own.inner_text() == "0.99"
    other = page.locator("#cmp-grid .isg-pane[aria-label=demo-cats] .isg-own output")
    assert other.inner_text() == "0.50"
    # That high nothing is found on this photo: then it is not to be shipped, whatever its accuracy.
    page.locator("#cmp-findings").get_by_role("tab", name="Which to ship").click()
    page.locator("#cmp-verdict", has_text=f"{DEMO} is ruled out: it found nothing.").wait_for()
    page.locator("#cmp-findings").get_by_role("tab", name="Take away").click()
    page.locator("#cmp-chosen input").click()
    page.get_by_role("option", name=DEMO, exact=True).click()
    page.locator("#cmp-findings .cm-content", has_text=code).first.wait_for()


def test_the_sheet_sorts_leads_to_failures_and_is_weighed_within_limits(
    app: App, page: Any
) -> None:
    opened(page, app)
    tick(page, DEMO, "demo-cats")
    evaluated(page, "2 models on 4 of 4 images")
    rows = page.locator("#eval-sheet tbody tr")
    rows.nth(1).wait_for()
    heading = page.locator("#eval-sheet th[data-column=name] button")
    heading.click()
    assert rows.locator("td:first-child").all_inner_texts() == ["demo-cats", DEMO]
    heading.click()
    assert rows.locator("td:first-child").all_inner_texts() == [DEMO, "demo-cats"]
    assert "n = 5" in rows.first.inner_text()

    # What the new figures set up themselves is there before anything is pressed.
    show(page, "Pictures")
    page.locator("#eval-caption", has_text="Case 1 of 8").wait_for()
    show(page, "Figures")
    dot = page.locator("#eval-pareto .scatterlayer .point").first
    dot.scroll_into_view_if_needed()
    place = dot.bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2, steps=4)
    page.locator("#eval-pareto .hoverlayer .hovertext").first.wait_for()
    page.mouse.down()
    page.mouse.up()
    page.locator("#eval-caption", has_text="Case 1 of 12").wait_for()
    show(page, "Figures")
    page.locator("#eval-sheet").get_by_role("button", name="demo-cats", exact=True).click()
    page.locator("#eval-caption", has_text="Case 1 of 12 · demo-cats").wait_for()

    show(page, "Figures")
    most = page.locator("#eval-most-mb input[type=number]")
    most.fill("1")
    most.press("Enter")
    page.locator("#eval-verdict", has_text="No model remains within 1 MB.").wait_for()
    assert page.locator("#eval-sheet tbody tr.out").count() == 2
    assert rows.locator("td:first-child").all_inner_texts() == [DEMO, "demo-cats"], "still sorted"


def test_a_latency_is_measured_again_beside_where_it_is_shown(app: App, page: Any) -> None:
    opened(page, app)
    page.get_by_role("tab", name="Segment").click()
    page.locator("#facts [data-again]").click()
    ended = re.compile("easured again")
    page.locator(".toast-body", has_text=ended).first.wait_for()

    page.get_by_role("tab", name="Compare").click()
    tick(page, DEMO)
    page.locator("#cmp-go").click()
    page.locator("#cmp-progress", has_text="1 of 1 models done").wait_for()
    page.locator("#cmp-again").click()
    page.locator("#cmp-progress", has_text=ended).wait_for()
    page.locator("#cmp-findings").get_by_role("tab", name="Which to ship").click()
    page.locator("#cmp-figures [data-again]").wait_for()

    page.get_by_role("tab", name="Evaluate").click()
    evaluated(page, "1 model on 4 of 4 images")
    page.locator("#eval-sheet .sheet-again").click()
    page.locator("#eval-progress", has_text=ended).wait_for()

    # What was measured meanwhile goes before what is published; which it is, is said.
    page.get_by_role("tab", name="Compare").click()
    known = page.locator("#cmp-verdict", has_text="measured on 4 annotated pictures of shapes")
    known.wait_for()
    page.locator("#cmp-figures", has_text="mask AP, measured, n = 4").wait_for()


def test_a_wrong_file_is_said(app: App, page: Any, tmp_path: Path) -> None:
    page.goto(app.address)
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#eval-go").click()
    page.locator("#eval-progress", has_text="There is no data set yet.").wait_for()
    wrong = tmp_path / "wrong.zip"
    wrong.write_text("no zip")
    give(page, wrong)
    page.locator("#eval-progress", has_text="“wrong.zip” is not a zip file").wait_for()


def test_annotations_alone_are_of_the_photos_of_the_tray(
    app: App, page: Any, tmp_path: Path
) -> None:
    made = world(tmp_path / "loose", 2)
    photos = sorted((made.folder / "images").iterdir())
    page.set_default_timeout(60_000)
    page.goto(app.address)
    page.locator("#tray input[type=file]").set_input_files(photos)
    page.wait_for_function("document.querySelectorAll('#tray .tray-photo').length === 2")
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#eval-findings", has_text="Drop a zip with images and COCO").wait_for()
    tick(page, DEMO)
    give(page, made.write())
    page.locator("#eval-findings", has_text="2 images").wait_for()
    evaluated(page, "1 model on 2 of 2 images")
    # Another data set takes this one's files away, and leaves the tray's.
    give(page, app.folder.parent / "shapes.zip")
    page.locator("#eval-findings", has_text="4 images, 20 objects, 3 categories").wait_for()
    page.get_by_role("tab", name="Segment").click()
    page.locator("#tray .tray-photo").nth(1).click()
    page.locator("#viewer .isv[data-state=shown]").wait_for()
    assert "not there" not in page.locator("#viewer").inner_text()


def test_a_phone_shows_it_without_scrolling_sideways(
    app: App, open_page: Callable[..., Any], phone: dict[str, Any]
) -> None:
    page = opened(open_page(**phone), app)
    evaluated(page, "1 model on 4 of 4 images")
    for tab in ("Curves", "Errors", "Classes"):
        show(page, tab)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.locator("#eval-pairs .figure-link").first.click()
    page.locator("#eval-viewer .isv[data-state=shown]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
