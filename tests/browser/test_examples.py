"""On a fresh machine each tab shows something true at once, and one click clears it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import App, serve

pytestmark = pytest.mark.browser

TABS = {
    "Compare": ("cmp", "#cmp-objects", "everyday-M", "Objects appear here"),
    "Benchmark": ("bench", "#bench-figures", "everyday-S", "Nothing was measured yet"),
    "Evaluate": ("eval", "#eval-figures", "demo-cats", "Nothing was evaluated yet"),
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tmp_path_factory.mktemp("examples")
    with serve(root / "app", fake_engine=True, threads=1, models_dir=root / "models") as app:
        yield app


def opened(page: Any, app: App, query: str = "") -> Any:
    page.set_default_timeout(60_000)
    page.goto(f"{app.address}/{query}")
    return page


def open_tab(page: Any, name: str) -> None:
    page.locator("#tabs").get_by_role("tab", name=name, exact=True).first.click()


def test_each_tab_opens_with_an_example_that_one_click_clears(app: App, page: Any) -> None:
    opened(page, app)
    for name, (prefix, results, shown, empty) in TABS.items():
        open_tab(page, name)
        page.locator(f"#{prefix}-example", has_text="Example").wait_for()
        page.locator(results, has_text=shown).wait_for()
        page.locator(f"#{prefix}-unexample").click()
        page.locator(results, has_text=empty).wait_for()
        page.locator(f"#{prefix}-example").wait_for(state="hidden")
    # What was cleared does not come back.
    for name, (prefix, results, _, empty) in TABS.items():
        open_tab(page, name)
        page.locator(results, has_text=empty).wait_for()
        page.wait_for_timeout(500)
        assert not page.locator(f"#{prefix}-example").is_visible()


def test_a_link_to_a_tab_opens_it_with_its_example(app: App, page: Any) -> None:
    opened(page, app, "?tab=evaluate")
    page.locator("#eval-example", has_text="3 models on 8 photos").wait_for()
    page.locator("#eval-figures", has_text="everyday-M").wait_for()


def test_an_own_run_takes_the_place_of_the_example(app: App, page: Any) -> None:
    opened(page, app, "?tab=compare")
    page.locator("#cmp-example", has_text="Example").wait_for()
    page.locator("#cmp-go").click()
    page.locator("#cmp-progress", has_text="models done").wait_for()
    page.locator("#cmp-example").wait_for(state="hidden")


def test_an_own_data_set_takes_the_place_of_the_example(
    app: App, page: Any, tmp_path: Path
) -> None:
    from tests.ui.evaluate.kit import data_set_zip

    opened(page, app, "?tab=evaluate")
    page.locator("#eval-example", has_text="Example").wait_for()
    page.locator("#eval-uploads input[type=file]").set_input_files(data_set_zip(tmp_path))
    page.locator("#eval-findings", has_text="4 images, 20 objects").wait_for()
    page.locator("#eval-example").wait_for(state="hidden")
