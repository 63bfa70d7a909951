"""Every tab is read by axe-core: no finding that keeps somebody from using it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.server import (
    COLORS,
    EXAMPLES,
    App,
    Archives,
    fake_archive,
    fake_assets,
    fake_model,
    serve,
)
from tests.browser.server import serve_archives as archives_served
from tests.browser.visit import Visit, tick
from tests.conftest import AXE
from tests.ui.evaluate.kit import data_set_zip
from tools.test_models import make_scene

pytestmark = [pytest.mark.browser, pytest.mark.axe]

DEMO, OTHER, FAULTY, ABSENT = "everyday-M", "SOLOv2", "Mask-RT-DETR-L", "Mask-RT-DETR-M"
THEMES = ("light", "dark")
SEVERE = ("critical", "serious")
_RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
_NAMELESS = """() => [...document.querySelectorAll("button, input, select, textarea, summary, a")]
  .filter((one) => one.getClientRects().length && one.closest("[aria-hidden=true]") === null)
  .map((one) => [one.getAttribute("aria-label") ?? one.title ?? "", one.outerHTML.slice(0, 120)])
  .filter(([name]) => /^\\w+\\.\\w+$/.test(name))"""


@pytest.fixture(scope="module")
def archives() -> Iterator[Archives]:
    with archives_served() as served:
        served.models[f"{ABSENT}_infer.tar"] = fake_archive(ABSENT)
        yield served


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, archives: Archives) -> Iterator[App]:
    root = tmp_path_factory.mktemp("accessibility")
    fake_model(root / "models" / OTHER)
    fake_model(root / "models" / FAULTY, run_error="The picture is too strange.", good_runs=1)
    data_set_zip(root)
    with serve(
        root / "app",
        fake_engine=1,
        threads=1,
        assets=fake_assets(root / "assets"),
        models_dir=root / "models",
        models_source=archives.url,
    ) as app:
        yield app


_AT_REST = """() => !document.getAnimations().some(
  (one) => one instanceof CSSTransition && one.playState === "running")"""


class Reader:
    """A page, and what axe-core found on it in either theme since a test began with it."""

    def __init__(self, page: Any, app: App, theme: str) -> None:
        self.page, self.app, self.theme = page, app, theme
        self.visit = Visit(page, app.address).see(DEMO)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        self.found: list[str] = []

    def begin(self) -> Reader:
        self.found = []
        self.visit.begin(DEMO, *EXAMPLES)
        return self

    def open(self, tab: str) -> None:
        self.page.locator("#tabs").get_by_role("tab", name=tab, exact=True).first.click()

    def show(self, tabs: str, tab: str) -> None:
        self.page.locator(tabs).get_by_role("tab", name=tab).click()

    def read(self, state: str) -> None:
        """Look the page over as it is now, in the theme that it has and in the other."""
        self._read(state)
        self.theme = next(one for one in THEMES if one != self.theme)
        self.page.emulate_media(color_scheme=self.theme)
        dark = "(dark) => document.body.classList.contains('dark') === dark"
        self.page.wait_for_function(dark, arg=self.theme == "dark")
        self._read(state)

    def _read(self, state: str) -> None:
        """Once what moves has come to rest."""
        self.page.wait_for_timeout(400)
        self.page.wait_for_function(_AT_REST)
        where = f"{state}, {self.theme}"
        for finding in self.page.evaluate(_RUN):
            if finding["impact"] in SEVERE:
                for node in finding["nodes"]:
                    self.found.append(
                        f"{where}: {finding['impact']} {finding['id']}\n"
                        f"  {node['html'][:160]}\n  {' '.join(node['failureSummary'].split())}"
                    )
        self.found += [f"{where}: named “{n}”: {html}" for n, html in self.page.evaluate(_NAMELESS)]

    def done(self) -> None:
        assert not self.found, "\n" + "\n".join(self.found)


@pytest.fixture(
    scope="module",
    params=[DESKTOP | {"color_scheme": "light"}, PHONE | {"color_scheme": "dark"}],
    ids=["desktop", "phone"],
)
def size(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Context options; one size opens in the light theme, the other in the dark."""
    return request.param


@pytest.fixture
def reader(size: dict[str, Any], app: App, keep: Callable[..., Any]) -> Iterator[Reader]:
    """A visitor with that screen; at the end all that was found is listed."""

    def made(open_page: Callable[..., Any]) -> Reader:
        return Reader(open_page(**size), app, size["color_scheme"])

    reader = keep(str(size["viewport"]), made).begin()
    yield reader
    reader.done()


def test_segment(reader: Reader, tmp_path: Path) -> None:
    reader.read("with a result")
    visit = reader.visit
    visit.pick(ABSENT)
    reader.page.get_by_role("dialog", name="Fetch a model").wait_for()
    reader.read("with the fetch offer")
    reader.page.keyboard.press("Escape")
    visit.pick(FAULTY).wait_for("error")
    reader.read("after a model failed")
    (tmp_path / "text.jpg").write_bytes(b"Not a photo.")
    visit.choose(tmp_path / "text.jpg").wait_for("refused")
    reader.read("after a photo was refused")
    reader.page.keyboard.press("?")
    reader.page.get_by_role("dialog", name="Keys").wait_for()
    reader.read("with the keys")


def test_the_tray(reader: Reader, tmp_path: Path) -> None:
    visit = reader.visit
    files = []
    for count in (3, 4):
        scene = make_scene(400, 300, count=count, labels=COLORS, seed=9)
        files.append(tmp_path / f"{count}.png")
        cv2.imwrite(str(files[-1]), scene.image)
    visit.choose(*files).holds("3.png", "4.png").found(3)
    tick(reader.page, DEMO, OTHER)
    reader.page.locator("#tray-run").click()
    reader.page.locator("#tray-progress", has_text="4 of 4 runs done.").wait_for()
    reader.read("with own photos")
    visit.open_take_away()
    reader.read("with what is taken away")


def test_compare(reader: Reader) -> None:
    reader.open("Compare")
    tick(reader.page, DEMO, OTHER, FAULTY)
    reader.page.locator("#cmp-go", has_text="Compare 3 models").click()
    reader.page.locator("#cmp-progress", has_text="2 of 3 models done").wait_for()
    for tab in ("Objects", "Agreement", "Which to ship", "Take away"):
        reader.show("#cmp-findings", tab)
        reader.read(tab)
    tick(reader.page, DEMO, ABSENT)
    reader.page.locator("#cmp-offer").wait_for()
    reader.read("with the fetch offer")
    tick(reader.page)
    reader.page.locator("#cmp-go", has_text="Compare").click()
    reader.page.get_by_role("alert").get_by_text("No model is ticked").wait_for()
    reader.read("after an error")


def test_benchmark(reader: Reader) -> None:
    reader.open("Benchmark")
    tick(reader.page, DEMO)
    reader.page.locator("#bench-change").click()
    reader.page.locator("#bench-repeats input").fill("0")
    reader.page.locator("#bench-go").click()
    reader.page.locator("#bench-progress").get_by_role("alert").wait_for()
    reader.read("after an error")
    reader.page.locator("#bench-repeats input").fill("2")
    reader.page.locator("#bench-go").click()
    reader.page.locator("#bench-progress", has_text="measured").wait_for()
    for tab in ("Figures", "Charts", "Stages", "Earlier run", "Take away"):
        reader.show("#bench-results", tab)
        reader.read(tab)


def test_evaluate(reader: Reader) -> None:
    page = reader.page
    reader.open("Evaluate")
    tick(page, DEMO)
    page.locator("#eval-go").click()
    page.locator("#eval-progress").get_by_role("alert").wait_for()
    reader.read("after an error")
    page.locator("#eval-change").click()
    reader.read("with the data set's box")
    page.locator("#eval-uploads input[type=file]").set_input_files(
        reader.app.folder.parent / "shapes.zip"
    )
    page.locator("#eval-findings", has_text="4 images, 20 objects").wait_for()
    page.locator("#eval-go").click()
    page.locator("#eval-progress", has_text="on 4 of 4 images").wait_for()
    page.locator("#eval-setup").wait_for(state="hidden")
    page.locator("#eval-change").click()
    page.locator("#eval-mapping > button").click()
    for tab in page.locator("#eval-results > .tab-wrapper").get_by_role("tab").all_inner_texts():
        reader.show("#eval-results", tab)
        reader.read(tab)


def test_catalog(reader: Reader) -> None:
    reader.open("Catalog")
    reader.page.locator("#cat-chart .js-plotly-plot").wait_for()
    reader.read("as it opens")
    reader.page.locator(f'#cat-models .mlist-row[data-model="{ABSENT}"] .mlist-name').click()
    reader.page.locator("#cat-card h3", has_text=ABSENT).wait_for()
    assert reader.page.locator("#cat-card .failure").count() == 0
    reader.page.locator("#cat-fetch").click()
    reader.page.get_by_role("dialog", name="Confirm").wait_for()
    reader.read("with the question")
