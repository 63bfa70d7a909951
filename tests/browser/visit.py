"""A visitor of the page: what a person does there, and what they then see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SETTLED_S = 60
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

# The same, and of this photo.
_SHOWS_PHOTO = f"""([model, photo]) => {{
  const viewer = document.querySelector("#viewer .isv")?.instsegViewer;
  return ({_SHOWS})(model) && viewer.scene().image?.name.split(".")[0] === photo;
}}"""


class Visit:
    """One open page of the product."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.first_ticked: list[str] = []
        page.set_default_timeout(SETTLED_S * 1000)
        page.add_init_script(_WATCH_SHIFTS)
        page.goto(address)

    def begin(self, model: str, *examples: str) -> Visit:
        """Back to the first example with this model, whatever an earlier test left behind.

        Segment is open, nothing asks anything, the panel's list has no filter and its first ticks.
        Its order, the threshold and what is hidden stay: who changes them needs a page of its own.
        """
        page = self.page
        page.mouse.move(0, 0)
        dialog = page.locator(":is([role=dialog], dialog[open]):visible")
        while dialog.count():
            dialog.first.locator("button:visible").first.press("Escape")
            page.wait_for_timeout(50)
        self.tab("Segment")
        if self.photos != list(examples):
            # On a phone this button is not shown.
            page.locator("#tray .tray-clear").dispatch_event("click")
            self.holds(*examples)
        # On a phone there is no filter.
        if page.locator("#models .mlist-find").input_value():
            page.locator("#models .mlist-find").fill("")
        self.first_ticked = self.first_ticked or self.ticked
        self.tick(*self.first_ticked)
        if not page.evaluate(_SHOWS_PHOTO, [model, examples[0]]):
            self.look_at(examples[0])
            if self.row(model).get_attribute("aria-current") != "true":
                self.pick(model)
            page.wait_for_function(_SHOWS_PHOTO, arg=[model, examples[0]])
        return self

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

    # The list of models

    @property
    def models(self) -> list[str]:
        """Names of the rows as they stand, from the top."""
        return self.page.locator("#models .mlist-name").all_inner_texts()

    def row(self, model: str, of: str = "#models") -> Any:
        """A model's row of the panel's list, or of the catalog's."""
        return self.page.locator(f'{of} .mlist-row[data-model="{model}"]')

    def pick(self, model: str) -> Visit:
        """Look at a model."""
        self.row(model).locator(".mlist-name").click()
        return self

    @property
    def ticked(self) -> list[str]:
        """The models that are ticked, in the order of their rows."""
        return ticked(self.page)

    def tick(self, *models: str) -> Visit:
        """Tick these models and no others."""
        tick(self.page, *models)
        return self

    def sort(self, column: str, of: str = "#models") -> list[str]:
        """Press a column's heading; the names of the rows as they then stand."""
        self.page.locator(f'{of} th[data-column="{column}"] button').click()
        return self.page.locator(f"{of} .mlist-name").all_inner_texts()

    # The tray of photos

    @property
    def photos(self) -> list[str]:
        """Names of the photos in the tray, in their order."""
        return self.page.locator("#tray .tray-photo").evaluate_all(
            "(photos) => photos.map((one) => one.dataset.name)"
        )

    @property
    def photo(self) -> str:
        """The name of the photo that is looked at."""
        chosen = self.page.locator("#tray .tray-photo[aria-selected=true]")
        return chosen.get_attribute("data-name") or ""

    @property
    def counts(self) -> list[str]:
        """What is written on the photos, in their order."""
        return self.page.locator("#tray .tray-photo").evaluate_all(
            "(photos) => photos.map("
            "(one) => one.querySelector('.tray-found')?.dataset.counts ?? '')"
        )

    def look_at(self, photo: str) -> Visit:
        """Click on a photo of the tray."""
        self.page.locator(f'#tray .tray-photo[data-name="{photo}"]').click()
        return self

    def holds(self, *photos: str) -> Visit:
        """Wait until the tray holds these photos in this order."""
        self.page.wait_for_function(
            "(names) => JSON.stringify([...document.querySelectorAll('#tray .tray-photo')]"
            ".map((one) => one.dataset.name)) === JSON.stringify(names)",
            arg=list(photos),
        )
        return self

    def choose(self, *files: Path) -> Visit:
        """Upload through the file chooser, all of them at once."""
        with self.page.expect_file_chooser() as chooser:
            self.page.locator("#tray .tray-bar > .tray-add").click()
        chooser.value.set_files(list(files))
        return self

    def found(self, count: int) -> Visit:
        """Wait until that many objects of the photo are shown."""
        self.page.get_by_text(f"{count} of {count} instance").wait_for()
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

    def open_take_away(self) -> Visit:
        """Unfold what is taken away."""
        if not self.page.locator("#export").is_visible():
            self.page.locator("#take-away > button").click()
        self.page.locator("#export").wait_for()
        return self

    def export(self, name: str, button: str = "#export-save") -> tuple[str, bytes]:
        """The file of "Export" in the format of that name."""
        self.open_take_away()
        self.page.get_by_label("Format of the export").click()
        self.page.get_by_role("option", name=name, exact=True).click()
        with self.page.expect_download() as waiting:
            self.page.locator(button).click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

    def least_shift(self, model: str, enough: float, loads: int = 3) -> float:
        """The least cumulative layout shift of a few loads: a busy machine adds to it."""
        least = self.shifted
        for _ in range(loads - 1):
            if least < enough:
                break
            # What is still under way would be said to have failed.
            self.page.wait_for_timeout(1500)
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


def ticked(page: Any) -> list[str]:
    """The models that are ticked in the panel, in the order of their rows."""
    rows = page.locator("#models .mlist-row:has(.mlist-tick input:checked)")
    return list(rows.evaluate_all("(rows) => rows.map((one) => one.dataset.model)"))


def tick(page: Any, *models: str) -> None:
    """Tick these models in the panel and no others, and wait until the server has heard of it."""
    page.locator("#models .mlist-row").first.wait_for()
    for model in set(ticked(page)) ^ set(models):
        box = page.locator(f'#models .mlist-row[data-model="{model}"] .mlist-tick input')
        box.set_checked(model in models)
    page.wait_for_function("document.querySelector('#models .mlist').instsegModels.ticks.heard()")
