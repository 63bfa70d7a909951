"""A visitor of the page: what a person does there, and what they then see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SETTLED_S = 20
# Layout shifts after the first paint, as browsers report them to sites.
_WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
_DROP = """(element, files) => {
  const data = new DataTransfer();
  for (const [name, type, bytes] of files) {
    data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  }
  const fire = (type) => {
    const event = new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
    element.dispatchEvent(event);
    return event.defaultPrevented;
  };
  fire("dragenter");
  if (!fire("dragover") || !fire("drop")) throw new Error("the browser would leave the page");
}"""
_SHOWS = """(model) =>
  document.querySelector("#facts .facts-model")?.textContent === model
  && document.querySelector("#facts .facts-head") !== null
  && document.querySelector("#viewer .isv")?.dataset.state === "shown"
"""


class Visit:
    """One open page of the product."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        page.set_default_timeout(SETTLED_S * 1000)
        page.add_init_script(_WATCH_SHIFTS)
        page.goto(address)

    def see(self, model: str) -> Visit:
        """Wait until this model's result is on the screen."""
        self.page.wait_for_function(_SHOWS, arg=model)
        return self

    def wait_for(self, state: str) -> Visit:
        """Wait until the viewer is `shown`, `busy`, `error` or `empty`."""
        self.page.wait_for_selector(f"#viewer .isv[data-state={state}]")
        return self

    @property
    def count(self) -> str:
        return self.page.locator("#viewer .isv-headline").inner_text()

    @property
    def model(self) -> str:
        return self.page.locator("#facts .facts-model").inner_text()

    @property
    def message(self) -> str:
        return self.page.locator("#viewer .isv-message").inner_text()

    @property
    def models(self) -> list[str]:
        """Names of the rows as they stand, from the top."""
        return self.page.locator("#models .virtual-row [aria-colindex='1']").all_inner_texts()

    def row(self, model: str) -> Any:
        """A model's row of the table."""
        name = self.page.get_by_text(model, exact=True)
        return self.page.locator("#models .virtual-row").filter(has=name)

    def bring(self, model: str) -> Any:
        """Scroll the table until this model's row is drawn."""
        table = self.page.locator("#models .virtual-table-viewport")
        for step in range(12):
            if self.row(model).count():
                return self.row(model)
            table.evaluate("(table, y) => { table.scrollTop = y; }", 60 * step)
            self.page.wait_for_timeout(50)
        return self.row(model)

    def pick(self, model: str) -> Visit:
        self.bring(model).locator("[aria-colindex='1']").click()
        return self

    def choose(self, *files: Path) -> Visit:
        """Upload through the file chooser."""
        for file in files:
            with self.page.expect_file_chooser() as chooser:
                self.page.get_by_role("button", name="Open a photo").click()
            chooser.value.set_files(file)
        return self

    def drop(self, target: str, **files: tuple[str, bytes]) -> Visit:
        """Drop files on an element, as a browser tells it: type and content by name."""
        told = [[name, kind, list(content)] for name, (kind, content) in files.items()]
        self.page.locator(target).first.evaluate(_DROP, told)
        return self

    @property
    def note(self) -> str:
        """What the page says over its foot."""
        return self.page.locator(".page-note").inner_text()

    def tab(self, name: str) -> Visit:
        self.page.locator("#tabs").get_by_role("tab", name=name, exact=True).first.click()
        return self

    def open_menu(self, column: int, item: str) -> None:
        """Choose from the menu of a column's heading."""
        heading = self.page.locator(f"#models [data-testid=header-{column}]")
        heading.hover()
        heading.get_by_label("Open cell menu").click()
        self.page.get_by_role("menuitem", name=item).click()

    def slide(self, threshold: float) -> None:
        self.page.locator("#viewer input[name=threshold]").evaluate(
            "(field, value) => { field.value = value;"
            " field.dispatchEvent(new Event('input', { bubbles: true })); }",
            str(threshold),
        )

    def download(self, name: str) -> tuple[str, bytes]:
        self.page.locator("#viewer .isv-menu summary").click()
        with self.page.expect_download() as waiting:
            self.page.locator(f"#viewer [data-download={name}]").click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

    def export(self, name: str) -> tuple[str, bytes]:
        """The file of "Export" in the format of that name."""
        self.page.get_by_label("Format of the export").click()
        self.page.get_by_role("option", name=name, exact=True).click()
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name="Export", exact=True).click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

    def least_shift(self, model: str, enough: float, loads: int = 3) -> float:
        """The least cumulative layout shift of a few loads: a busy machine adds to it."""
        least = self.shifted
        for _ in range(loads - 1):
            if least < enough:
                break
            self.page.reload()
            least = min(least, self.see(model).shifted)
        return least

    @property
    def shifted(self) -> float:
        """How much the layout has shifted since the first paint (cumulative layout shift)."""
        return float(self.page.evaluate("window.shifted"))

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))
