"""A real Chromium for tests of the page.

``page`` is a fresh, desktop-sized page; ``open_page`` makes more of them, of any
size. A test fails when its page logged an error or threw one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A camera that shows a test picture, without a question to the visitor.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """One Chromium for the whole run."""
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def desktop() -> dict[str, Any]:
    """Context options of a desktop."""
    return dict(DESKTOP)


@pytest.fixture
def phone() -> dict[str, Any]:
    """Context options of a phone."""
    return dict(PHONE)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Makes pages in fresh contexts: ``open_page(**context_options)``."""
    contexts: list[Any] = []
    problems: list[str] = []

    def make(**options: Any) -> Any:
        context = browser.new_context(**(options or DESKTOP), accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"thrown: {error}"))
        page.on(
            "console",
            lambda line: (
                problems.append(f"logged: {line.text} ({line.location.get('url')})")
                if line.type == "error"
                else None
            ),
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert not problems, "the page had errors:\n" + "\n".join(problems)


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    """A fresh page of a desktop's size."""
    return open_page()


@pytest.fixture
def windows(browser: Any) -> Iterator[Callable[[], Any]]:
    """Makes windows of a new visitor each.

    What a window still waits for when it is reloaded is logged there as failed; only what the page
    throws counts.
    """
    contexts: list[Any] = []
    thrown: list[str] = []

    def make() -> Any:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 900}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert thrown == []


@pytest.fixture(scope="session")
def viewer_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with a viewer; see `viewer_page`."""
    from tests.browser import viewer_page

    folder = tmp_path_factory.mktemp("gradio")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        with viewer_page.serve(folder) as address:
            yield address


@pytest.fixture
def opened(page: Any, viewer_address: str) -> Any:
    """That page with its viewer drawn."""
    from tests.browser import viewer_page

    return viewer_page.go(page, viewer_address)
