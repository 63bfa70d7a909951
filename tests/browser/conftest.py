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
passed_key = pytest.StashKey[bool]()
"""Whether a test passed, before what it used is cleared away."""
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
# The last list of features that are off is the one that counts. So Playwright's own is said again:
# up to here what it turns off, then what makes a page of its own for the suggestions of an address
# bar that no test ever sees, at a second of processor time for each window.
FEATURES_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
)
FLAGS = [
    f"--disable-features={','.join(FEATURES_OFF)}",
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


class Windows:
    """Makes pages in fresh contexts, and notes what goes wrong on them."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.contexts: list[Any] = []
        self.problems: list[str] = []

    def open(self, **options: Any) -> Any:
        context = self.browser.new_context(**(options or DESKTOP), accept_downloads=True)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"thrown: {error}"))
        page.on(
            "console",
            lambda line: (
                self.problems.append(f"logged: {line.text} ({line.location.get('url')})")
                if line.type == "error"
                else None
            ),
        )
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()

    def hear(self) -> None:
        """Let the pages tell what they still have to."""
        for page in [page for context in self.contexts for page in context.pages]:
            page.evaluate("0")

    def check(self) -> None:
        assert not self.problems, "the page had errors:\n" + "\n".join(self.problems)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Makes pages in fresh contexts: ``open_page(**context_options)``."""
    windows = Windows(browser)
    yield windows.open
    windows.close()
    windows.check()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[passed_key] = report.passed
    return report


@pytest.fixture(scope="module")
def _kept() -> Iterator[dict[str, tuple[Windows, Any]]]:
    kept: dict[str, tuple[Windows, Any]] = {}
    yield kept
    for windows, _ in kept.values():
        windows.close()


@pytest.fixture
def keep(
    browser: Any, _kept: dict[str, tuple[Windows, Any]], request: pytest.FixtureRequest
) -> Iterator[Callable[[str, Callable[[Callable[..., Any]], Any]], Any]]:
    """``keep(name, make)``: what ``make(open_page)`` gave an earlier test of the file.

    To load the page costs seconds, so tests share one where each brings it to a known state before
    it begins. What a test failed on is not handed on: the next one gets its own.
    """
    used: set[str] = set()

    def get(name: str, make: Callable[[Callable[..., Any]], Any]) -> Any:
        used.add(name)
        if name not in _kept:
            windows = Windows(browser)
            _kept[name] = windows, None
            _kept[name] = windows, make(windows.open)
        return _kept[name][1]

    yield get
    passed = request.node.stash.get(passed_key, False)
    shared = {name: _kept[name][0] for name in used}
    for name, windows in shared.items():
        if passed:
            windows.hear()
        if not passed or windows.problems:
            del _kept[name]
            windows.close()
    for windows in shared.values():
        windows.check()


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
        contexts.append(browser.new_context(**DESKTOP))
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
def loaded(page: Any, viewer_address: str) -> Any:
    """That page just loaded, with its viewer drawn."""
    from tests.browser import viewer_page

    return viewer_page.go(page, viewer_address)


@pytest.fixture
def opened(keep: Callable[..., Any], viewer_address: str) -> Any:
    """That page with a viewer that nobody has used; tests of a file share the page."""
    from tests.browser import viewer_page

    def made(open_page: Callable[..., Any]) -> Any:
        return viewer_page.go(open_page(), viewer_address)

    return viewer_page.begin(keep("viewer", made))
