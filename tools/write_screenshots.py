"""Takes the pictures of the page that ship: `python -m tools.write_screenshots`.

They show the real page with its example photo: three for the README, one for link previews. Needs
Playwright and a Chromium, as the tests do; nothing else should keep the machine busy, since times
are in the picture.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from instseg_ui.settings import PROJECT_DIR
from instseg_ui.ui.link_preview import SIZE

_ASSETS = PROJECT_DIR / "assets"
_PORT = 7893
_ADDRESS = f"http://127.0.0.1:{_PORT}"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
_PHONE: dict[str, Any] = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2}


def main() -> None:
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        environment = {**os.environ, "GRADIO_SERVER_PORT": str(_PORT), "INSTSEG_MODELS_DIR": folder}
        server = subprocess.Popen([sys.executable, "app.py"], cwd=PROJECT_DIR, env=environment)
        try:
            _wait_for_answer()
            browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
            _take(browser, "segment.png", (1440, 900), "light")
            _take(browser, "compare.png", (1440, 900), "dark", "Compare")
            _take(browser, "phone.png", (390, 844), "light", **_PHONE)
            _take_preview(browser)
        finally:
            server.terminate()
            server.wait()


def _wait_for_answer(seconds: float = 120) -> None:
    """Until the page answers."""
    for _ in range(int(seconds)):
        try:
            urlopen(f"{_ADDRESS}/health")
            return
        except (URLError, OSError):
            time.sleep(1)
    raise SystemExit("The page did not start.")


def _take(
    browser: Any, name: str, size: tuple[int, int], theme: str, tab: str = "", **options: Any
) -> None:
    page = _page(browser, size, theme, **options)
    if tab:
        page.locator("#tabs").get_by_role("tab", name=tab, exact=True).first.click()
        page.locator("#cmp-example").wait_for()
        page.wait_for_timeout(2000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    # A palette is enough for a flat page, and a third of the bytes.
    picture.quantize(256, dither=Image.Dither.NONE).save(
        _ASSETS / "screenshots" / name, optimize=True
    )
    page.close()


def _take_preview(browser: Any) -> None:
    page = _page(browser, SIZE, "light")
    Path(_ASSETS / "preview.jpg").write_bytes(page.screenshot(type="jpeg", quality=85))
    page.close()


def _page(browser: Any, size: tuple[int, int], theme: str, **options: Any) -> Page:
    """The page with its example segmented."""
    width, height = size
    page: Page = browser.new_page(viewport={"width": width, "height": height}, **options)
    page.goto(f"{_ADDRESS}/?__theme={theme}")
    page.locator("#facts .facts-head").wait_for(timeout=120_000)
    page.wait_for_timeout(2000)
    return page


if __name__ == "__main__":
    main()
