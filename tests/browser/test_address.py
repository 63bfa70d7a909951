"""The address of the page follows what is looked at, and leads back to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.server import PHOTOS, App, fake_assets, fake_model, scene_photos, serve
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

DEMO, OTHER, ABSENT = "everyday-M", "MaskRCNN-ResNet50", "SOLOv2"
PHOTO, SECOND = PHOTOS
_HAS = """(wanted) => {
  const params = new URLSearchParams(location.search);
  return Object.entries(wanted).every(([name, value]) => params.get(name) === value);
}"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("address")
    fake_assets(root / "assets")
    fake_model(root / "models" / OTHER)
    scene_photos(root)
    return root


@pytest.fixture(scope="module")
def app(root: Path) -> Iterator[App]:
    with serve(
        root / "app",
        fake_engine=1,
        assets=root / "assets",
        models_dir=root / "models",
        threads=1,
    ) as app:
        yield app


def params_of(page: Any) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_address(page: Any, **wanted: str) -> None:
    page.wait_for_function(_HAS, arg=wanted)


def view(page: Any) -> str:
    return str(page.locator("#tabs [role=tab][aria-selected=true]").first.inner_text()).strip()


def wait_for_view(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True, selected=True).first.wait_for()


def test_reload_and_back_lead_to_what_was_looked_at(
    app: App, root: Path, windows: Callable[[], Any]
) -> None:
    page = windows()
    visit = Visit(page, app.address).see(DEMO)
    page.wait_for_function("window.instsegAddress !== undefined")
    # Who only opens the page keeps its plain address.
    assert params_of(page) == {}

    visit.choose(root / PHOTO, root / SECOND).holds(PHOTO, SECOND)
    visit.look_at(SECOND).pick(OTHER).see(OTHER)
    visit.tick(OTHER, DEMO)
    visit.slide(0.35)
    wait_for_address(page, photo=SECOND, model=OTHER, threshold="0.35")
    page.locator("#high-performance input").set_checked(True)
    wait_for_address(page, engine="high_performance")
    visit.see(OTHER)
    for name in ("Benchmark", "Catalog"):
        visit.tab(name)
        wait_for_address(page, tab=name.lower())

    page.go_back()
    wait_for_view(page, "Benchmark")
    page.go_back()
    wait_for_view(page, "Segment")
    page.go_forward()
    wait_for_view(page, "Benchmark")

    page.reload()
    wait_for_view(page, "Benchmark")
    visit.see(OTHER)
    assert visit.photo == SECOND
    assert set(visit.ticked) == {OTHER, DEMO}
    assert page.locator("#high-performance input").is_checked()
    assert page.locator("#viewer input[name=threshold]").input_value() == "0.35"
    # The model of the address is shown where the visitor was; that is no reason to go elsewhere.
    assert view(page) == "Benchmark"


def test_a_link_compares_what_it_shows_where_the_photo_is_at_hand(
    app: App, root: Path, windows: Callable[[], Any]
) -> None:
    page = windows()
    visit = Visit(page, app.address).see(DEMO)
    visit.choose(root / PHOTO, root / SECOND).holds(PHOTO, SECOND)
    visit.look_at(SECOND).tick(DEMO, OTHER).tab("Compare")
    page.locator("#cmp-go").click()
    wait_for_address(page, photo=SECOND, tab="compare")
    assert set(params_of(page)["models"].split(",")) == {OTHER, DEMO}
    both = page.locator("#cmp-grid").get_by_text(re.compile("3 of 3 objects")).nth(1)
    both.wait_for()

    page.reload()
    wait_for_view(page, "Compare")
    both.wait_for()
    assert visit.photo == SECOND

    # What was done is a list of links.
    visit.look_at(PHOTO).tab("Segment")
    page.locator("#earlier summary").click()
    page.locator("#earlier a", has_text=f"on {SECOND}").click()
    wait_for_view(page, "Compare")
    both.wait_for()
    assert visit.photo == SECOND

    # Another visitor has other photos: what the link shows is said, and nothing is compared.
    link = page.url
    other = windows()
    visit = Visit(other, link)
    other.get_by_text(f"The link shows “{SECOND}”, which is not among your photos here").wait_for()
    wait_for_view(other, "Compare")
    assert set(visit.ticked) == {OTHER, DEMO}
    assert other.locator("#cmp-stop").is_hidden()
    # The link stays what it was until something else is looked at.
    assert params_of(other)["photo"] == SECOND


def test_a_link_to_what_is_not_here_says_so(app: App, page: Any) -> None:
    gone = "tab=segment&run=gone&photo=<b>x</b>"
    visit = Visit(page, f"{app.address}/?model={ABSENT}&models=none&{gone}").see(DEMO)
    page.get_by_text(f"The link shows {ABSENT}, which is not on this machine yet").wait_for()
    page.get_by_text("The link shows “<b>x</b>”, which is not among your photos").wait_for()
    page.get_by_text("The benchmark run of this link is not kept here any more.").wait_for()
    assert visit.ticked == []
    visit.pick(OTHER).see(OTHER)
    wait_for_address(page, model=OTHER)
