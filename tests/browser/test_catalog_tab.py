"""A person reads the catalog, fetches a model, unloads and removes it again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import (
    App,
    fake_archive,
    fake_assets,
    fake_model,
    serve,
    serve_archives,
)

pytestmark = pytest.mark.browser

HERE, THERE = "Mask-RT-DETR-L", "Mask-RT-DETR-S"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalog") / "models"
    fake_model(folder / HERE)
    return folder


@pytest.fixture(scope="module")
def app(models: Path) -> Iterator[App]:
    with serve_archives() as archives:
        archives.models[f"{THERE}_infer.tar"] = fake_archive(THERE)
        archives.pause_s = 0.04
        with serve(
            models.parent / "app",
            fake_engine=True,
            threads=1,
            assets=fake_assets(models.parent / "assets"),
            models_dir=models,
            models_source=archives.url,
        ) as app:
            yield app


@pytest.fixture
def catalog(app: App, page: Any) -> Any:
    page.set_default_timeout(60_000)
    page.goto(f"{app.address}/?tab=catalog")
    page.locator("#cat-card h3").wait_for()
    return page


def pick(page: Any, model: str) -> None:
    page.locator(f'#cat-models .mlist-row[data-model="{model}"] .mlist-name').click()
    page.locator("#cat-card h3", has_text=model).wait_for()


def test_a_family_and_a_model_are_read(catalog: Any) -> None:
    catalog.locator("#cat-chart .js-plotly-plot").wait_for()
    assert "of 15 official models" in catalog.locator("#cat-usage").inner_text()
    catalog.locator("#cat-models .mlist-find").fill("solo")
    names = catalog.locator("#cat-models .mlist-name")
    assert names.all_inner_texts() == ["SOLOv2"]
    pick(catalog, "SOLOv2")
    card = catalog.locator("#cat-card")
    assert "35.5" in card.inner_text()
    assert "is not on this machine yet" in card.inner_text()
    assert catalog.locator("#cat-fetch").is_visible()
    assert not catalog.locator("#cat-remove").is_visible()


def test_published_figures_have_columns_that_sort(catalog: Any) -> None:
    heading = catalog.locator("#cat-models th[data-column=gpu_normal_ms]")
    for order, sign in (("ascending", 1), ("descending", -1)):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == order
        cells = catalog.locator("#cat-models td[data-column=gpu_normal_ms]").all_inner_texts()
        known = [float(cell) for cell in cells if cell != "–"]
        assert known == sorted(known, key=lambda value: sign * value)
        assert cells[len(known) :] == ["–"] * (len(cells) - len(known))
        assert len(known) > 5


def test_ticks_are_the_same_in_the_panel_and_in_the_catalog(catalog: Any) -> None:
    box = catalog.locator(f'#cat-models .mlist-row[data-model="{HERE}"] .mlist-tick input')
    before = box.is_checked()
    box.set_checked(not before)
    catalog.get_by_role("tab", name="Segment").click()
    panel = catalog.locator(f'#models .mlist-row[data-model="{HERE}"] .mlist-tick input')
    panel.wait_for()
    catalog.wait_for_function(
        "([model, on]) => document.querySelector("
        "`#models .mlist-row[data-model='${model}'] .mlist-tick input`).checked === on",
        arg=[HERE, not before],
    )
    panel.set_checked(before)
    catalog.get_by_role("tab", name="Catalog").click()
    catalog.wait_for_function(
        "([model, on]) => document.querySelector("
        "`#cat-models .mlist-row[data-model='${model}'] .mlist-tick input`).checked === on",
        arg=[HERE, before],
    )


def test_the_list_stands_once_on_the_catalog(catalog: Any) -> None:
    catalog.locator("#models").wait_for(state="hidden")
    assert catalog.locator("#cat-models .mlist-row").first.is_visible()
    catalog.get_by_role("tab", name="Compare").click()
    catalog.locator("#models").wait_for()


def test_a_model_is_fetched_and_removed_after_asking(catalog: Any, models: Path) -> None:
    pick(catalog, THERE)
    catalog.locator("#cat-fetch").click()
    asked = catalog.locator("#cat-ask")
    asked.get_by_text("is not on this machine yet").wait_for()
    assert not (models / THERE).exists()
    catalog.locator("#cat-yes").click()
    catalog.locator("#cat-remove").wait_for()
    assert (models / THERE).is_dir()

    catalog.locator("#cat-remove").click()
    asked.get_by_text("It can be fetched again").wait_for()
    catalog.locator("#cat-no").click()
    asked.wait_for(state="hidden")
    assert (models / THERE).is_dir()

    catalog.locator("#cat-remove").click()
    asked.get_by_text("It can be fetched again").wait_for()
    catalog.locator("#cat-yes").click()
    catalog.locator("#cat-fetch").wait_for()
    assert not (models / THERE).exists()


def test_memory_is_given_back_after_asking(catalog: Any) -> None:
    pick(catalog, "everyday-M")
    catalog.locator("#cat-unload").wait_for()
    catalog.locator("#cat-unload").click()
    catalog.locator("#cat-ask").get_by_text("The next run loads it again").wait_for()
    catalog.locator("#cat-yes").click()
    catalog.locator("#cat-card", has_text="not in memory").wait_for()
    assert "0 loaded" in catalog.locator("#cat-usage").inner_text()
