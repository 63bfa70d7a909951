"""A person adds a model by a zip, segments with it, finds it again after a restart, removes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.server import fake_assets, fake_model, serve
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

NAME = "tigers"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """Of a server that remembers nothing but what lies on the disk."""
    assets = fake_assets(tmp_path / "assets")
    return {"fake_engine": True, "threads": 1, "assets": assets, "models_dir": tmp_path / "models"}


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A run of PaddleX's trainer, packed whole."""
    fake_model(tmp_path / "run" / "output" / "best_model" / "inference", "SOLOv2")
    return Path(shutil.make_archive(str(tmp_path / "tigers"), "zip", tmp_path / "run", "output"))


def broken(packed: Path) -> Path:
    """The same without its weights."""
    folder = packed.parent / "broken"
    shutil.unpack_archive(packed, folder)
    next(folder.rglob("inference.pdiparams")).unlink()
    return Path(shutil.make_archive(str(folder), "zip", folder))


def choose(page: Any, file: Path) -> None:
    page.locator("#own-zip input[type=file]").set_input_files(file)
    arrived(page)


def arrived(page: Any) -> None:
    """Wait until the upload is listed, with its size as a link."""
    page.locator("#own-zip a").first.wait_for()


def test_from_a_zip_to_a_row_that_outlives_the_server(
    open_page: Callable[..., Any], settings: dict[str, Any], packed: Path, tmp_path: Path
) -> None:
    page = open_page()
    with serve(tmp_path / "first", **settings) as app:
        Visit(page, app.address).see("everyday-M")
        page.locator("#models-add").click()
        choose(page, broken(packed))
        page.locator("#own-add").click()
        page.locator("#own-progress .failure").wait_for()
        told = page.locator("#own-progress").inner_text()
        assert "“broken” has no inference.pdiparams" in told
        assert str(tmp_path) not in told

        page.close()

        page = open_page()
        visit = Visit(page, app.address).see("everyday-M")
        page.locator("#models-add").click()
        page.locator("#own").wait_for()
        visit.drop("#viewer", **{packed.name: ("application/zip", packed.read_bytes())})
        arrived(page)
        page.locator("#own-name input, #own-name textarea").fill(NAME)
        page.locator("#own-add").click()
        visit.see(NAME)
        assert visit.count.startswith("4 of 4")
        assert not page.locator("#own").is_visible()
        assert visit.models[0] == NAME
        assert page.locator("#models .mlist-group").first.inner_text() == "Yours"
        assert "from SOLOv2" in visit.row(NAME).inner_text()
        assert "3 classes: red, green, blue" in (visit.row(NAME).get_attribute("title") or "")
        # Nothing of the visitor's is left open while the server goes down.
        page.close()

    page = open_page()
    with serve(tmp_path / "second", **settings) as app:
        visit = Visit(page, app.address).see("everyday-M")
        assert visit.models[0] == NAME
        visit.pick(NAME).see(NAME)
        visit.row(NAME).get_by_role("button", name=f"Remove {NAME}").click()
        page.locator("#own-ask").wait_for()
        assert "stays where it is" in page.locator("#own-ask").inner_text()
        page.locator("#own-yes").click()
        visit.see("everyday-M")
        assert NAME not in visit.models
        assert list((tmp_path / "models" / ".own").iterdir()) == []
        page.close()
    assert packed.is_file()


def test_a_path_of_this_machine_is_taken_where_nobody_else_comes(
    page: Any, settings: dict[str, Any], tmp_path: Path
) -> None:
    folder = fake_model(tmp_path / "lions", "SOLOv2")
    with serve(tmp_path / "app", **settings) as app:
        visit = Visit(page, app.address).see("everyday-M")
        page.locator("#models-add").click()
        page.locator("#own-path input, #own-path textarea").fill(f"{folder}")
        page.locator("#own-add").click()
        visit.see("lions")
        page.close()
    assert (folder / "inference.yml").is_file()


def test_an_owner_who_forbids_it_has_no_such_button(
    page: Any, settings: dict[str, Any], tmp_path: Path
) -> None:
    with serve(tmp_path / "app", allow_add=False, **settings) as app:
        Visit(page, app.address).see("everyday-M")
        assert page.locator("#models-add, #own, #own-ask").count() == 0
        page.close()
