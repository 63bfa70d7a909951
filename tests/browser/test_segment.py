"""The page as its visitors use it: the real server, real workers, a real browser."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from tests.browser.server import (
    COLORS,
    EXAMPLES,
    fake_archive,
    fake_assets,
    fake_model,
    serve,
    serve_archives,
)
from tests.browser.visit import Visit
from tests.ui.evaluate.kit import data_set_zip
from tools.test_models import build_test_models, make_scene

pytestmark = pytest.mark.browser

DEMO, OTHER, THIRD = "everyday-M", "SOLOv2", "MaskRCNN-ResNet50"
SLOW, SLOWER, FAULTY = "Mask-RT-DETR-S", "PP-YOLOE_seg-S", "Mask-RT-DETR-L"
TO_FETCH, TO_CANCEL, MISSING = "Mask-RT-DETR-M", "Mask-RT-DETR-X", "Mask-RT-DETR-H"
EXAMPLE = next(iter(EXAMPLES))
"""The example that is shown first."""
FIRST = f"{EXAMPLES[EXAMPLE]} of {EXAMPLES[EXAMPLE]} instances"


@pytest.fixture(scope="module")
def archives():
    with serve_archives() as archives:
        for name in (TO_FETCH, TO_CANCEL):
            archives.models[f"{name}_infer.tar"] = fake_archive(name)
        yield archives


@pytest.fixture(scope="module")
def app(tmp_path_factory, archives):
    """The server with the built-in engine: two quick models, slow and faulty ones, none else."""
    folder = tmp_path_factory.mktemp("app")
    models = folder / "models"
    for name in (OTHER, THIRD):
        fake_model(models / name)
    fake_model(models / SLOW, delay_s=2.5, good_runs=1)
    fake_model(models / SLOWER, delay_s=60, good_runs=1)
    fake_model(models / FAULTY, run_error="The picture is too strange.", good_runs=1)
    with serve(
        folder,
        fake_engine=1,
        assets=fake_assets(folder / "assets"),
        models_dir=models,
        models_source=archives.url,
        threads=1,
        max_pixels=1_000_000,
    ) as app:
        yield app


@pytest.fixture
def fresh(page, app):
    """A visitor who has just come and sees the segmented example."""
    return Visit(page, app.address).see(DEMO)


@pytest.fixture
def visit(keep, app):
    """A visitor who sees the segmented example, on a page that tests share.

    What `Visit.begin` cannot undo, such as a threshold, is left to tests with a `fresh` one, and so
    are picks while a model runs.
    """
    kept = keep("visit", lambda open_page: Visit(open_page(), app.address).see(DEMO))
    return kept.begin(DEMO, *EXAMPLES)


@pytest.fixture
def photographer(keep, desktop, app):
    """A visitor who lets the page use the camera, on a page that tests share."""

    def made(open_page):
        return Visit(open_page(**desktop, permissions=["camera"]), app.address).see(DEMO)

    visit = keep("photographer", made).begin(DEMO, *EXAMPLES)
    # A video plays in the page in front alone.
    visit.page.bring_to_front()
    return visit


def photo(path: Path, count: int, seed: int = 9) -> Path:
    """A photo of that many shapes."""
    scene = make_scene(400, 300, count=count, labels=COLORS, seed=seed)
    cv2.imwrite(str(path), scene.image)
    return path


# Looking


def test_a_stranger_sees_the_example_segmented_and_nothing_moves(fresh):
    assert fresh.count == FIRST
    fresh.row(DEMO).get_by_text("loaded").wait_for()
    assert fresh.least_shift(DEMO, 0.05) < 0.05
    assert fresh.overflow <= 0


def test_the_list_is_in_view_beside_the_picture(open_page, app):
    visit = Visit(open_page(viewport={"width": 1280, "height": 720}), app.address).see(DEMO)
    seen = visit.page.evaluate(
        """() => {
          const list = document.querySelector("#models .mlist-scroll").getBoundingClientRect();
          const [top, foot] = [Math.max(0, list.top), Math.min(innerHeight, list.bottom)];
          return [...document.querySelectorAll("#models .mlist-row")]
            .map((row) => row.getBoundingClientRect())
            .filter((row) => row.top >= top && row.bottom <= foot + 1).length;
        }"""
    )
    assert seen >= 5
    stage = visit.page.locator("#viewer .isv-stage").bounding_box()
    assert stage["y"] + stage["height"] <= 720


def test_the_title_never_lies_over_the_tabs(visit):
    before = visit.page.viewport_size
    for width in (721, 900, 1023, 1024, 1100, 1180, 1280, 1339, 1440, 1500):
        visit.page.set_viewport_size({"width": width, "height": 800})
        visit.page.wait_for_timeout(100)
        overlaps = visit.page.evaluate(
            """() => {
              const box = (one) => one.getBoundingClientRect();
              const title = [...document.querySelectorAll("#intro h1, #intro p")].map(box);
              const tabs = [...document.querySelectorAll("#tabs > .tab-wrapper [role=tab]")]
                .map(box);
              return title.filter((one) => tabs.some((tab) => one.left < tab.right
                && tab.left < one.right && one.top < tab.bottom && tab.top < one.bottom)).length;
            }"""
        )
        assert overlaps == 0, width
        assert visit.overflow <= 0, width
    visit.page.set_viewport_size(before)


def test_the_panel_folds_to_a_strip_and_back(visit):
    panel = visit.page.locator("#panel")
    wide = panel.bounding_box()["width"]
    stage = visit.page.locator("#viewer .isv-stage").bounding_box()["width"]
    visit.page.get_by_role("button", name="Fold", exact=True).click()
    visit.page.locator("#models").wait_for(state="hidden")
    assert panel.bounding_box()["width"] < wide / 2
    visit.page.wait_for_function(
        "(before) => document.querySelector('#viewer .isv-stage').clientWidth > before",
        arg=stage,
    )
    visit.page.get_by_role("button", name="Unfold").click()
    visit.page.locator("#models").wait_for()
    assert panel.bounding_box()["width"] == wide


def test_on_a_phone_all_that_is_needed_is_in_the_first_screen(open_page, phone, app):
    visit = Visit(open_page(**phone), app.address).see(DEMO)
    page, height = visit.page, phone["viewport"]["height"]
    boxes = {
        name: page.locator(selector).first.bounding_box()
        for name, selector in {
            "picture": "#viewer .isv-stage",
            "photo": "#tray .tray-bar > .tray-add",
            "models": "#models .mlist-row",
        }.items()
    }
    assert "Take or choose a photo" in page.locator("#tray .tray-bar > .tray-add").inner_text()
    for name, box in boxes.items():
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= height, name
    assert boxes["picture"]["y"] < boxes["photo"]["y"] < boxes["models"]["y"]
    tabs = page.locator("#tabs > .tab-wrapper [role=tab]:visible")
    assert len({round(tab["y"]) for tab in (one.bounding_box() for one in tabs.all())}) == 1
    targets = "#tray .tray-bar > .tray-add, #tray .tray-photo, #models .mlist-row,"
    targets += " #models .mlist-tick label, #tabs > .tab-wrapper [role=tab]"
    small = (
        page.locator(targets)
        .locator("visible=true")
        .evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect())"
            ".filter(({ width: w, height: h }) => Math.round(h) < 44 || Math.round(w) < 40).length"
        )
    )
    assert small == 0
    assert visit.overflow <= 0
    assert visit.least_shift(DEMO, 0.05) < 0.05


def test_on_a_phone_the_result_of_a_pick_is_in_view(open_page, phone, app):
    visit = Visit(open_page(**phone), app.address).see(DEMO)
    visit.page.locator("#take-away").scroll_into_view_if_needed()
    visit.row(OTHER).locator(".mlist-name").tap()
    visit.see(OTHER)
    visit.page.wait_for_function(
        """() => {
          const { top } = document.querySelector("#viewer .isv-stage").getBoundingClientRect();
          return top >= 0 && top < 120;
        }"""
    )
    assert visit.overflow <= 0


def test_an_uploaded_photo_is_segmented(visit, tmp_path):
    visit.choose(photo(tmp_path / "street.png", count=7)).found(7)
    assert "400 × 300 px" in visit.page.locator("#facts").inner_text()


def test_an_example_is_one_click_away(visit):
    second = visit.photos[1]
    visit.look_at(second).found(EXAMPLES[second])
    assert visit.photo == second


def test_no_objects_is_said_with_what_the_model_knows(visit, tmp_path):
    visit.choose(photo(tmp_path / "plain.png", count=0))
    visit.page.get_by_text("No objects found").wait_for()
    advice = visit.page.locator("#viewer .isv-advice").inner_text()
    assert f"{DEMO} knows 3 classes: red, green, blue." in advice
    assert "fetch" in advice
    assert "Lower the threshold" not in visit.page.locator("body").inner_text()


# The tray


def test_photos_are_stepped_through_with_the_keys(visit, tmp_path):
    files = [photo(tmp_path / f"{n}.png", count=n) for n in (3, 4, 5)]
    visit.choose(*files).holds("3.png", "4.png", "5.png").found(3)
    visit.page.locator("#tray .tray-photo[aria-selected=true]").focus()
    visit.page.keyboard.press("ArrowRight")
    visit.found(4)
    assert visit.photo == "4.png"
    visit.page.keyboard.press("End")
    visit.found(5)
    visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("Home")
    visit.found(3)
    visit.page.keyboard.press("ArrowLeft")
    assert visit.photo == "3.png"
    visit.page.locator("#viewer .isv-stage").focus()
    visit.page.keyboard.press("PageDown")
    visit.found(4)
    visit.page.keyboard.press("PageUp")
    visit.found(3)
    visit.page.locator("#models .mlist-find").press("PageDown")
    assert visit.photo == "3.png"


def test_a_photo_is_taken_out_and_with_the_last_one_the_examples_come_back(visit, tmp_path):
    examples = visit.photos
    visit.choose(*[photo(tmp_path / f"{n}.png", count=n) for n in (3, 5)]).found(3)
    visit.page.locator("#tray .tray-photo[aria-selected=true]").press("Delete")
    visit.holds("5.png").found(5)
    visit.page.locator("#tray .tray-photo").hover()
    visit.page.get_by_role("button", name="Take 5.png out").click()
    visit.holds(*examples)
    visit.page.get_by_text(FIRST).wait_for()


def test_clear_brings_the_examples_back(visit, tmp_path):
    examples = visit.photos
    assert not visit.page.locator("#tray .tray-clear").is_visible()
    visit.choose(*[photo(tmp_path / f"{n}.png", count=n) for n in (3, 5)])
    visit.holds("3.png", "5.png").found(3)
    visit.page.locator("#tray .tray-clear").click()
    visit.holds(*examples)
    visit.page.get_by_text(FIRST).wait_for()


def test_the_photos_of_a_zip_go_into_the_tray(visit, tmp_path):
    archive = tmp_path / "trip.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for n in (4, 3):
            opened.write(photo(tmp_path / f"{n}.png", count=n), f"trip/{n}.png")
        opened.writestr("trip/notes.txt", "hello")
    visit.choose(archive).holds("3.png", "4.png").found(3)


def test_a_file_that_is_no_photo_is_left_out_with_its_reason(visit, tmp_path):
    (tmp_path / "text.png").write_bytes(b"Not a photo.")
    visit.choose(photo(tmp_path / "a.png", count=3), tmp_path / "text.png").holds("a.png").found(3)
    visit.page.get_by_text("Left out: “text.png”: This file is not an image").wait_for()


def test_a_photo_keeps_the_name_that_its_owner_gave_it(visit, tmp_path):
    name = "Straße <b>am Abend #1.png"
    visit.choose(photo(tmp_path / name, count=3)).holds(name).found(3)
    told = visit.page.locator("#tray .tray-photo").get_attribute("aria-label")
    assert told.startswith(name)


def test_the_tray_of_one_visitor_is_not_anothers(visit, tmp_path, open_page, app):
    examples = visit.photos
    visit.choose(photo(tmp_path / "mine.png", count=3)).holds("mine.png")
    other = Visit(open_page(), app.address).see(DEMO)
    assert other.photos == examples
    visit.page.reload()
    visit.see(DEMO)


# All photos


def run_all(visit, *models):
    """Tick the models, and run them over the tray."""
    visit.tick(*models)
    words = f"Run {len(models)} models on" if len(models) > 1 else "Run 1 model on"
    visit.page.locator("#tray-run", has_text=words).click()


def test_each_photo_is_counted_and_they_are_ordered(visit, tmp_path):
    visit.choose(*[photo(tmp_path / f"{n}.png", count=n) for n in (4, 2, 6)]).found(4)
    visit.page.wait_for_function("document.querySelectorAll('#tray .tray-photo').length === 3")
    visit.page.get_by_label("Order of the photos").wait_for()
    run_all(visit, OTHER, THIRD)
    visit.page.locator("#tray-progress", has_text="6 of 6 runs done.").wait_for()
    assert visit.counts == ["4 4", "2 2", "6 6"]
    order = visit.page.get_by_label("Order of the photos")
    order.select_option("Most objects first")
    visit.holds("6.png", "4.png", "2.png")
    order.select_option("Fewest objects first")
    visit.holds("2.png", "4.png", "6.png")
    visit.page.locator("#tray .tray-photo").first.focus()
    order.select_option("As added")
    visit.holds("4.png", "2.png", "6.png")


def test_photos_on_which_the_models_disagree_come_first(visit, tmp_path):
    # A model of other classes finds the same shapes; one that fails on some finds none.
    visit.choose(*[photo(tmp_path / f"{n}.png", count=n) for n in (3, 4)]).found(3)
    run_all(visit, OTHER, THIRD)
    visit.page.locator("#tray-progress", has_text="4 of 4 runs done.").wait_for()
    visit.page.get_by_label("Order of the photos").select_option("Models disagree most")
    visit.holds("3.png", "4.png")


def test_a_run_over_the_tray_shows_its_progress_and_stops(visit, tmp_path):
    visit.choose(*[photo(tmp_path / f"{n}.png", count=n) for n in (3, 4)]).found(3)
    # They run in the order of the catalog: the slow one last.
    run_all(visit, THIRD, SLOWER)
    visit.page.locator("#tray-progress", has_text=f"{SLOWER} on").wait_for()
    visit.page.locator("#tray-progress progress").wait_for()
    visit.page.locator("#tray-stop").click()
    visit.page.locator("#tray-progress", has_text="Stopped: ").wait_for()
    visit.page.locator("#tray-stop").wait_for(state="hidden")
    visit.page.locator("#tray-run").wait_for()
    visit.page.locator(".tray-found").nth(1).wait_for(state="attached")
    assert [count.split()[0] for count in visit.counts] == ["3", "4"]


def test_all_photos_are_exported_at_once(visit, tmp_path):
    visit.choose(*[photo(tmp_path / f"{n}.png", count=n) for n in (3, 5)]).found(3)
    visit.tick(OTHER, THIRD)
    name, data = visit.export("COCO dataset", "#export-all")
    assert name == "2-photos_coco.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = {one.split("/")[0]: json.loads(archive.read(one)) for one in archive.namelist()}
    assert set(told) == {OTHER, THIRD}
    for one in told.values():
        assert [image["file_name"] for image in one["images"]] == ["3.png", "5.png"]
        assert len(one["annotations"]) == 8


# Picking


def test_a_click_on_a_row_runs_its_model(visit):
    visit.pick(OTHER).see(OTHER)
    visit.row(OTHER).get_by_text("loaded").wait_for()
    assert visit.row(OTHER).get_attribute("aria-current") == "true"
    assert visit.count == FIRST


def test_a_heading_sorts_and_turned_round_what_has_no_figure_stays_last(fresh):
    grouped = fresh.models
    first, second = fresh.sort("ap"), fresh.sort("ap")
    assert sorted(first) == sorted(second) == sorted(grouped)
    figures = fresh.page.locator("#models .mlist-row").evaluate_all(
        "(rows) => rows.map((one) => parseFloat(one.querySelector('[data-column=ap]').innerText))"
    )
    known = [one for one in figures if one == one]
    assert known == sorted(known)
    assert all(one != one for one in figures[len(known) :])
    assert first[: len(known)] == second[: len(known)][::-1] or len(set(known)) < len(known)
    assert fresh.page.locator("#models th[data-column=ap]").get_attribute("aria-sort") == (
        "ascending"
    )
    timed = fresh.sort("ms")
    assert timed[0] == DEMO or fresh.row(timed[0]).locator("[data-column=ms]").inner_text() != "–"
    untimed = fresh.sort("ms")
    assert fresh.row(untimed[-1]).locator("[data-column=ms]").inner_text() == "–"


def test_a_row_is_its_model_however_the_list_is_sorted_or_filtered(fresh):
    in_order = fresh.sort("size")
    fresh.pick(OTHER).see(OTHER)
    assert fresh.models == in_order
    fresh.page.locator("#models .mlist-find").fill("resnet50")
    assert all("ResNet50" in name for name in fresh.models)
    fresh.pick(THIRD).see(THIRD)
    assert all("ResNet50" in name for name in fresh.models)
    fresh.page.locator("#models .mlist-find").fill("no such model")
    fresh.page.get_by_text("No model is like that. Empty the filter.").wait_for()
    assert fresh.models == []


def test_a_filter_finds_a_class(visit):
    visit.page.locator("#models .mlist-find").fill("bicycle")
    assert TO_FETCH in visit.models
    assert OTHER not in visit.models


def test_ticks_outlive_what_the_list_is_told_meanwhile(visit):
    visit.tick(OTHER, SLOW)
    visit.pick(THIRD).see(THIRD)
    visit.row(THIRD).get_by_text("loaded").wait_for()
    assert set(visit.ticked) == {OTHER, SLOW}
    assert "2 ticked" in visit.page.locator("#models .mlist-count").inner_text()
    visit.page.get_by_role("button", name="None", exact=True).click()
    visit.pick(DEMO).see(DEMO)
    assert visit.ticked == []


def test_the_keyboard_picks_and_ticks_a_model(visit):
    visit.page.locator("#models .mlist-find").fill("mask")
    visit.row(THIRD).locator(".mlist-name").focus()
    visit.page.keyboard.press("ArrowDown")
    visit.page.keyboard.press("ArrowUp")
    visit.page.keyboard.press("Enter")
    visit.see(THIRD)
    visit.row(THIRD).locator(".mlist-tick input").focus()
    before = THIRD in visit.ticked
    visit.page.keyboard.press("Space")
    assert (THIRD in visit.ticked) is not before


def test_of_two_quick_picks_only_the_last_is_shown(fresh):
    fresh.pick(SLOW).wait_for("busy")
    fresh.pick(OTHER).see(OTHER)
    fresh.page.wait_for_timeout(3500)
    assert fresh.model == OTHER
    assert fresh.page.locator("#viewer .isv").get_attribute("data-state") == "shown"


def test_stop_ends_a_slow_run_and_the_same_row_runs_again(fresh):
    fresh.pick(SLOWER).wait_for("busy")
    fresh.page.get_by_text(f"Running {SLOWER}").first.wait_for()
    fresh.page.get_by_role("button", name="Stop").click()
    fresh.wait_for("error")
    assert fresh.message.startswith("Stopped.")
    fresh.page.get_by_role("button", name="Stop").wait_for(state="hidden")
    fresh.pick(SLOWER).wait_for("busy")
    fresh.pick(DEMO).see(DEMO)


def test_a_second_visitor_is_not_disturbed(fresh, open_page, app):
    fresh.pick(SLOWER).wait_for("busy")
    other = Visit(open_page(), app.address).see(DEMO)
    other.pick(OTHER).see(OTHER)
    assert fresh.model == SLOWER
    fresh.page.get_by_role("button", name="Stop").click()
    fresh.wait_for("error")
    assert other.model == OTHER


# Looking closer


def test_the_threshold_moves_without_the_server(fresh):
    fresh.page.wait_for_timeout(500)
    asked = []
    fresh.page.on("request", lambda request: asked.append(request.url))
    for step in range(10, 90, 5):
        fresh.slide(step / 100)
    fresh.slide(0.9)
    fresh.page.get_by_text("1 of 4 instances").wait_for()
    fresh.slide(0.05)
    fresh.page.get_by_text(FIRST).wait_for()
    fresh.page.wait_for_timeout(500)
    assert [url for url in asked if "heartbeat" not in url] == []


def test_hovering_names_the_instance(visit):
    x, y = visit.page.evaluate(
        """() => {
          const viewer = document.querySelector("#viewer .isv").instsegViewer;
          const [left, top, right, bottom] = viewer.visible()[0].box;
          const at = viewer.transform();
          const stage = viewer.part("stage").getBoundingClientRect();
          return [stage.left + (left + right) / 2 * at.scale + at.x,
                  stage.top + (top + bottom) / 2 * at.scale + at.y];
        }"""
    )
    visit.page.mouse.move(x, y)
    visit.page.locator("#viewer .isv-tip").wait_for()
    assert "red" in visit.page.locator("#viewer .isv-tip").inner_text()


def test_what_is_seen_can_be_taken_home(visit, tmp_path):
    name, png = visit.download("png")
    assert name.endswith(".png")
    assert Image.open(io.BytesIO(png)).size == (640, 480)
    name, coco = visit.download("coco")
    (tmp_path / name).write_bytes(coco)
    read = COCO(str(tmp_path / name))
    assert len(read.anns) == EXAMPLES[EXAMPLE]
    assert all(read.annToMask(one).sum() == one["area"] for one in read.anns.values())
    _, table = visit.download("csv")
    assert len(list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))) == EXAMPLES[EXAMPLE]


def test_the_shown_instances_are_exported_for_other_tools(fresh, tmp_path):
    fresh.slide(0.8)
    fresh.page.get_by_text("3 of 4 instances").wait_for()
    fresh.page.locator("#viewer [data-label=blue]").click()
    fresh.page.get_by_text("2 of 4 instances").wait_for()
    name, coco = fresh.export("COCO dataset")
    (tmp_path / name).write_bytes(coco)
    read = COCO(str(tmp_path / name))
    labels = {read.cats[one["category_id"]]["name"] for one in read.anns.values()}
    assert (name, len(read.anns), labels) == (f"{EXAMPLE}_coco.json", 2, {"red"})
    assert all(read.annToMask(one).sum() == one["area"] for one in read.anns.values())
    name, yolo = fresh.export("YOLO labels")
    archive = zipfile.ZipFile(io.BytesIO(yolo))
    lines = archive.read(f"labels/{EXAMPLE}.txt").decode().splitlines()
    assert (name, [line.split()[0] for line in lines]) == (f"{EXAMPLE}_yolo-seg.zip", ["0", "0"])


def test_without_a_photo_there_is_nothing_to_export(visit, tmp_path):
    (tmp_path / "text.jpg").write_bytes(b"Not a photo.")
    visit.choose(tmp_path / "text.jpg").wait_for("refused")
    visit.open_take_away().page.locator("#export-save").click()
    visit.page.get_by_text("Segment a photo first").wait_for()


def test_the_picture_is_saved_as_it_is_shown(visit):
    visit.open_take_away()
    with visit.page.expect_download() as waiting:
        visit.page.get_by_role("button", name="Save the picture").click()
    picture = Image.open(waiting.value.path())
    assert picture.size == (640, 480)


def test_the_code_is_of_the_shown_model_and_threshold(fresh):
    fresh.pick(OTHER).see(OTHER)
    fresh.slide(0.35)
    fresh.open_take_away()
    code = fresh.page.locator("#take-away .cm-content")
    code.filter(has_text=f"--model {OTHER}").filter(has_text="0.35").first.wait_for()
    fresh.slide(0.8)
    fresh.page.locator("#code-refresh").click()
    code.filter(has_text="--threshold 0.8").first.wait_for()
    told = " ".join(code.all_inner_texts())
    assert fresh.page.url.rstrip("/").split("?")[0] in told
    fresh.pick(DEMO).see(DEMO)
    code.filter(has_text=f"--model {DEMO}").first.wait_for()


# Fetching


def test_a_model_that_is_not_here_says_what_it_takes_and_is_fetched(visit, archives):
    archives.pause_s = 0.1
    visit.pick(TO_FETCH)
    offer = visit.page.locator("#fetch-offer")
    offer.wait_for()
    assert "takes 66.6 MB" in offer.inner_text()
    assert "of disk are free" in offer.inner_text()
    visit.page.get_by_role("button", name="Fetch 66.6 MB").click()
    visit.page.locator("#fetch progress[value]").wait_for()
    visit.see(TO_FETCH)
    visit.page.locator("#fetch-offer").wait_for(state="hidden")
    visit.row(TO_FETCH).get_by_text("loaded").wait_for()


def test_a_fetch_can_be_cancelled_and_looking_goes_on_meanwhile(visit, archives):
    archives.pause_s = 0.5
    visit.pick(TO_CANCEL)
    visit.page.get_by_role("button", name="Fetch 238 MB").click()
    visit.page.locator("#fetch progress[value]").wait_for()
    visit.pick(OTHER).see(OTHER)
    visit.page.get_by_role("button", name="Cancel").click()
    visit.page.locator("#fetch-offer").wait_for(state="hidden")
    archives.pause_s = 0
    assert visit.row(TO_CANCEL).get_attribute("data-state") == "not fetched"


def test_a_fetch_that_fails_says_why_and_the_page_goes_on(visit):
    visit.pick(MISSING)
    visit.page.get_by_role("button", name="Fetch 450 MB").click()
    failure = visit.page.locator("#fetch .failure")
    failure.wait_for()
    assert "404" in failure.inner_text()
    assert visit.page.get_by_role("button", name="Try again").is_visible()
    visit.page.get_by_role("button", name="Close").click()
    visit.pick(OTHER).see(OTHER)


# What goes wrong


def broken_files(folder: Path) -> dict[str, Path]:
    whole = photo(folder / "whole.jpg", count=3).read_bytes()
    contents = {"text.jpg": b"Not a photo.", "empty.jpg": b"", "cut.jpg": whole[: len(whole) // 2]}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in contents}


def test_what_is_not_a_photo_gets_one_sentence_and_nothing_old_stands_beside_it(fresh, tmp_path):
    expected = {"text.jpg": "not an image", "empty.jpg": "0 bytes", "cut.jpg": "cut off"}
    examples = fresh.photos
    for name, file in broken_files(tmp_path).items():
        fresh.choose(file)
        fresh.page.locator("#viewer .isv-lead", has_text=expected[name]).wait_for()
        fresh.page.wait_for_timeout(300)
        assert expected[name] in fresh.page.locator("#viewer .isv-lead").inner_text()
        assert fresh.count == "Instances"
        assert fresh.page.locator("#facts .facts-head").count() == 0
        assert fresh.page.get_by_text(expected[name]).locator("visible=true").count() == 1
        assert fresh.page.locator(".toast-body").count() == 0
        assert fresh.photos == examples
    fresh.choose(photo(tmp_path / "good.png", count=6)).found(6)


def test_a_photo_chosen_while_the_page_sets_up_is_not_lost(page, app, tmp_path):
    held = []
    page.route("**/tray.js", lambda route: held.append(route))
    with page.expect_request("**/tray.js"):
        page.goto(app.address)
    page.locator("#tray input[type=file]").set_input_files(photo(tmp_path / "six.png", count=6))
    held[0].continue_()
    page.get_by_text("6 of 6 instances").wait_for(timeout=60_000)


def test_a_photo_with_too_many_pixels_is_scaled_down_in_one_click(visit, tmp_path):
    large = tmp_path / "large.jpg"
    cv2.imwrite(str(large), make_scene(1600, 1200, count=3, labels=COLORS, seed=4).image)
    visit.choose(large)
    visit.page.locator("#viewer .isv-lead", has_text="at most 1 are accepted").wait_for()
    visit.page.get_by_role("button", name="Scale it down to 72%").click()
    visit.page.get_by_text("1,154 × 866 pixels, 72% of each side").wait_for()
    visit.page.get_by_text("3 of 3 instances").wait_for()
    visit.page.locator("#scale").wait_for(state="hidden")
    visit.choose(photo(tmp_path / "good.png", count=6))
    visit.page.get_by_text("6 of 6 instances").wait_for()


def test_a_model_that_fails_says_so_and_the_next_runs(visit):
    visit.pick(FAULTY).wait_for("error")
    assert visit.message == "The picture is too strange."
    visit.pick(OTHER).see(OTHER)


def test_a_worker_that_is_killed_costs_one_run(fresh, app, tmp_path):
    # On a photo that no earlier run has left a result of.
    fresh.choose(photo(tmp_path / "new.png", count=3, seed=77)).holds("new.png").found(3)
    fresh.pick(SLOW).wait_for("busy")
    fresh.page.get_by_text(f"Running {SLOW}").first.wait_for()
    newest = max(app.workers(), key=lambda process: process.create_time())
    os.kill(newest.pid, signal.SIGKILL)
    fresh.wait_for("error")
    assert f"{SLOW} stopped unexpectedly" in fresh.message
    fresh.pick(SLOW).see(SLOW)


# Dropping anywhere


def png(path: Path, count: int) -> tuple[str, bytes]:
    """A photo of that many shapes, as it is dropped."""
    return "image/png", photo(path, count=count).read_bytes()


@pytest.mark.parametrize("tab", ["Segment", "Compare", "Benchmark", "Evaluate", "Catalog"])
def test_photos_dropped_anywhere_on_any_tab_land_in_the_tray(visit, tmp_path, tab):
    visit.tab(tab)
    files = {f"{n}.png": png(tmp_path / f"{n}.png", n) for n in (5, 3, 4)}
    visit.drop("#views", **files).holds("5.png", "3.png", "4.png")
    assert visit.photo == "5.png"
    visit.tab("Segment").found(5)


@pytest.mark.parametrize("target", ["#viewer .isv", "#tray .tray-photo", "#models", "body"])
def test_a_photo_dropped_on_any_part_is_taken(visit, tmp_path, target):
    visit.drop(target, **{"dropped.png": png(tmp_path / "a.png", 5)}).holds("dropped.png").found(5)


def test_a_text_among_photos_is_left_out_and_said(visit, tmp_path):
    visit.drop("body", **{"a.png": png(tmp_path / "a.png", 3), "notes.txt": ("text/plain", b"x")})
    visit.holds("a.png").found(3)
    assert visit.note == "One file is not a photo and was left out."


def test_what_is_no_photo_is_said_in_one_sentence(visit):
    visit.drop("body", **{"notes.txt": ("text/plain", b"hello")})
    assert visit.note == "“notes.txt” is not a photo. Drop a JPEG, PNG or WebP."
    visit.drop("#models", **{"labels.json": ("application/json", b"{}")})
    assert visit.note.endswith("Annotations are opened on the Evaluate tab: drop them there.")
    assert visit.count == FIRST


def test_a_data_set_dropped_beside_its_box_is_opened(visit, tmp_path):
    archive = data_set_zip(tmp_path).read_bytes()
    visit.tab("Evaluate").page.locator("#eval-change").wait_for()
    visit.drop("#intro", **{"shapes.zip": ("application/zip", archive)})
    visit.page.locator("#eval-findings", has_text="4 images, 20 objects").wait_for()


def test_a_veil_says_where_to_drop_while_a_photo_is_dragged(visit):
    move = """(type) => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "a.png", { type: "image/png" }));
      document.querySelector("#models").dispatchEvent(
        new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    visit.page.evaluate(move, "dragover")
    visit.page.get_by_text("Drop photos anywhere").wait_for()
    visit.page.evaluate(move, "dragleave")
    visit.page.get_by_text("Drop photos anywhere").wait_for(state="hidden")


def test_a_photo_that_is_none_is_said_where_photos_are_shown(visit):
    visit.drop("#intro", **{"text.png": ("image/png", b"Not a photo.")})
    visit.page.locator("#viewer .isv-lead", has_text="not an image").wait_for()


# By keyboard


def test_the_fetch_offer_takes_the_focus_and_escape_closes_it(visit):
    visit.pick(MISSING)
    offer = visit.page.get_by_role("dialog", name="Fetch a model")
    offer.wait_for()
    focused = "document.activeElement.id"
    visit.page.wait_for_function(f"{focused} === 'fetch-button'")
    visit.page.keyboard.press("Escape")
    offer.wait_for(state="hidden")
    visit.page.wait_for_function("document.activeElement.closest('#models') !== null")


def test_a_question_mark_shows_the_keys_but_not_while_typing(visit):
    keys = visit.page.get_by_role("dialog", name="Keys of the picture")
    visit.page.locator("#models .mlist-find").press("?")
    assert not keys.is_visible()
    visit.page.locator("#viewer [data-tool=keys]").focus()
    visit.page.keyboard.press("?")
    keys.get_by_text("Next, previous instance").wait_for()
    visit.page.keyboard.press("Escape")
    keys.wait_for(state="hidden")
    assert visit.page.evaluate("document.activeElement.dataset.tool") == "keys"
    visit.page.keyboard.press("Enter")
    keys.wait_for()


# With Paddle


@pytest.mark.paddle
def test_the_demo_and_official_models_run_for_real(page, tmp_path):
    """The bundled model finds the cat; test models under official names find every shape."""
    names = ["Mask-RT-DETR-S", "MaskRCNN-ResNet50-FPN"]
    build_test_models(tmp_path / "models", names)
    scene = make_scene(640, 480, count=4)
    cv2.imwrite(str(tmp_path / "scene.png"), scene.image)
    with serve(tmp_path / "app", models_dir=tmp_path / "models", threads=2) as app:
        visit = Visit(page, app.address).see(DEMO)
        visit.choose(tmp_path / "scene.png")
        for name in names:
            visit.pick(name).see(name)
            visit.page.get_by_text("4 of 4 instances").wait_for()
            _, data = visit.download("coco")
            found = sorted(one["area"] for one in json.loads(data)["annotations"])
            drawn = sorted(int(one.mask.sum()) for one in scene.instances)
            assert np.allclose(found, drawn, rtol=0.1)
        page.close()
    assert not app.family()


def test_a_photo_taken_with_the_camera_is_segmented(photographer):
    visit = photographer
    visit.page.get_by_role("button", name="Take a photo with the camera").click()
    visit.page.wait_for_function(
        "() => document.querySelector('#tray .tray-camera video')?.currentTime > 0.2"
    )
    visit.page.get_by_role("button", name="Take the photo").click()
    visit.holds("camera.jpg").see(DEMO)
    visit.page.wait_for_function(
        "() => !document.querySelector('#facts').textContent.includes('640 × 480 px')"
        " || document.querySelector('#viewer .isv').dataset.state === 'shown'"
    )
    assert not visit.page.locator("#tray .tray-camera").is_visible()


def test_the_camera_is_closed_again_without_a_photo(photographer):
    visit = photographer
    visit.page.get_by_role("button", name="Take a photo with the camera").click()
    visit.page.locator("#tray .tray-camera video").wait_for()
    visit.page.get_by_role("button", name="Close the camera").click()
    visit.page.locator("#tray .tray-camera").wait_for(state="hidden")
    assert visit.page.evaluate(
        "document.querySelector('#tray video').srcObject?.getTracks()"
        ".every((track) => track.readyState === 'ended') ?? true"
    )
