"""A person judges models on the photos of the tray, by keys and by thumb."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.browser.server import EXAMPLES, fake_assets, fake_model, serve
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

ONE, OTHER = "SOLOv2", "MaskRCNN-ResNet50"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    for name in (ONE, OTHER):
        fake_model(folder / "models" / name)
    with serve(
        folder,
        fake_engine=1,
        assets=fake_assets(folder / "assets"),
        models_dir=folder / "models",
        threads=1,
    ) as app:
        yield app


def begun(page, app) -> Visit:
    """The Judge view with its first question."""
    visit = Visit(page, app.address)
    visit.page.locator("#facts .facts-head").wait_for()
    visit.tab("Judge")
    visit.page.locator("#judge-go").click()
    visit.page.locator("#judge-view .judge-answers button").first.wait_for()
    return visit


def pictures_that_load(page) -> set:
    """The requests for pictures that are on their way, as they come and go."""
    loading = set()
    page.on("request", lambda request: loading.add(request) if "/file=" in request.url else None)
    page.on("requestfinished", lambda request: loading.discard(request))
    page.on("requestfailed", lambda request: loading.discard(request))
    return loading


def test_keys_answer_the_figures_follow_and_the_answers_are_taken_away(page, app):
    visit = begun(page, app)
    for key in ("1", "x", "n", "s"):
        # Between two questions, "The next question is on its way.", a key answers nothing.
        visit.page.locator("#judge-view .judge-answers button").first.wait_for()
        visit.page.keyboard.press(key)
    visit.page.get_by_text("3 answers, 1 skipped").wait_for()
    visit.page.locator("#judge-known .figures tbody tr").nth(1).wait_for()
    visit.page.keyboard.press("u")
    visit.page.get_by_text("skipped").wait_for(state="hidden")
    assert visit.page.locator("#judge-progress").inner_text().startswith("3 answers, ")
    with visit.page.expect_download() as waiting:
        visit.page.locator("#judge-save").click()
    told = json.loads(Path(waiting.value.path()).read_text())
    assert waiting.value.suggested_filename == "judged_coco.json"
    assert any(one["iscrowd"] == 0 for one in told["annotations"])


def test_a_photo_that_goes_meanwhile_is_said_and_the_next_question_comes(page, app):
    loading = pictures_that_load(page)
    visit = begun(page, app)
    # One that goes while it is sent is the browser's error, and no question's.
    for _ in range(5):
        while loading:
            page.wait_for_timeout(50)
        page.wait_for_timeout(100)
    # What stays has fewer objects than there are questions in hand.
    stays = min(EXAMPLES, key=EXAMPLES.__getitem__)
    for kept in (app.folder / "models" / ".judgements").glob("*/photos/*"):
        if kept.stem != str(list(EXAMPLES).index(stays)):
            kept.unlink()
    for shown in app.folder.glob("uploads/**/photo.jpg"):
        shown.unlink()
    visit.page.keyboard.press("s")
    visit.page.locator("#judge-progress", has_text=re.compile("(is|are) gone: nothing")).wait_for()
    visit.page.locator("#judge-view .judge-ask", has_text=f"right? {stays} · ").wait_for()


def test_by_thumb_the_answers_are_buttons_of_44_pixels(open_page, phone, app):
    visit = begun(open_page(**phone), app)
    heights = visit.page.evaluate(
        "[...document.querySelectorAll('.judge-answers button')]"
        ".map((one) => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
    assert visit.overflow <= 0
    visit.page.locator(".judge-answers button").first.tap()
    visit.page.get_by_text("1 answer,").wait_for()


def test_before_anything_is_judged_it_says_what_to_do(page, app):
    visit = Visit(page, app.address)
    visit.page.locator("#facts .facts-head").wait_for()
    visit.tab("Judge")
    visit.page.get_by_text("Tick two or more models, add photos, then begin.").first.wait_for()
