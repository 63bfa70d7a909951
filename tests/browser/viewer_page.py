"""The page of the viewer's tests: a hundred made-up instances, and ways to work with it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import uvicorn
from fastapi import FastAPI
from PIL import Image
from pycocotools import mask as rle

from instseg_ui.palette import instance_colors
from instseg_ui.ui.viewer import Viewer, mount_static, viewer_value
from instseg_ui.ui.workbench.intake import brought
from instseg_ui.ui.workbench.tray_view import TrayView

WIDTH, HEIGHT, COUNT = 1920, 1080, 100
COLORS = {0: "#e69f00", 1: "#56b4e9", 2: "#009e73", 3: "#cc79a7"}
NAMES = ["person", "<b>bike</b>", "traffic light", "dog"]


def blob(rng: np.random.Generator, x: float, y: float, radius: float) -> np.ndarray:
    """A star-shaped mask with a wavy border, in a full frame."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    reach = 2 * radius
    top, bottom = max(0, int(y - reach)), min(HEIGHT, int(y + reach))
    left, right = max(0, int(x - reach)), min(WIDTH, int(x + reach))
    rows, columns = np.mgrid[top:bottom, left:right]
    angle = np.arctan2(rows - y, columns - x)
    waves = sum(
        rng.uniform(0, 0.12) * np.sin(n * angle + rng.uniform(0, 6.28)) for n in range(2, 9)
    )
    mask[top:bottom, left:right] = np.hypot(rows - y, columns - x) < radius * (1 + waves)
    return mask


@cache
def made_up_instances() -> list[dict[str, Any]]:
    """A hundred blobs on a grid, with scores from 0.99 down to 0.0501."""
    rng = np.random.default_rng(11)
    found = []
    for i, score in enumerate(np.linspace(0.99, 0.0501, COUNT)):
        x, y = 100 + 190 * (i % 10), 60 + 106 * (i // 10)
        mask = blob(rng, x, y, rng.uniform(45, 110))
        encoded = rle.encode(np.asfortranarray(mask))
        left, top, width, height = rle.toBbox(encoded)
        found.append(
            {
                "class_id": i % 4,
                "label": NAMES[i % 4],
                "score": float(score),
                "box": [float(left), float(top), float(left + width), float(top + height)],
                "area": int(rle.area(encoded)),
                "mask": {"size": [HEIGHT, WIDTH], "counts": encoded["counts"].decode()},
            }
        )
    boxes = np.array([one["box"] for one in found])
    for one, color in zip(found, instance_colors(boxes, WIDTH, HEIGHT), strict=True):
        one["color"] = color
    return found


def value_of(folder: Path, **more: Any) -> dict[str, Any]:
    """The value of the test page: a grey picture and the made-up instances."""
    path = folder / "street.png"
    Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128)).save(path)
    size = {"width": WIDTH, "height": HEIGHT}
    return viewer_value(
        image={"url": f"/gradio_api/file={path}", "name": "street.png", **size},
        prediction={
            "model": "Test-S",
            "floor": 0.05,
            "image": size,
            "instances": made_up_instances(),
        },
        colors=COLORS,
        threshold=0.05,
        **more,
    )


def build(value: dict[str, Any]) -> Any:
    """A page with a viewer, buttons that send it values, a tray, and what that uploaded."""
    with gr.Blocks() as blocks:
        tray = TrayView(elem_id="tray")
        viewer = Viewer(value, elem_id="viewer")
        got = gr.Textbox(elem_id="got")
        sent = {
            "whole": value,
            "none": None,
            "busy": viewer_value(message={"kind": "busy", "text": "Running Test-S"}),
            "error": viewer_value(message={"kind": "error", "text": "Out of memory."}),
            "zero": value | {"prediction": value["prediction"] | {"instances": []}},
            "wrong": {"image": 3, "prediction": {"instances": "x"}, "message": []},
        }
        for name, one in sent.items():
            button = gr.Button(name, elem_id=name)
            button.click(lambda one=one: one, None, viewer, show_progress="hidden")
        with gr.Tab("First"):
            gr.Markdown("first")
        with gr.Tab("Second"):
            Viewer(value, elem_id="second", accepts_files=False)

        def received(event: gr.EventData) -> str:
            told = []
            for file in brought(event._data):
                with Image.open(file.path) as photo:
                    told.append(f"{file.name} {photo.width}x{photo.height}")
            return ", ".join(told)

        tray.upload(received, None, got)
    return blocks


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def serve(folder: Path, blocks: Any = None) -> Iterator[str]:
    """The address of a page, the viewer's by default, while it runs.

    `folder` is where Gradio keeps files.
    """
    app = FastAPI()
    mount_static(app)
    blocks = blocks or build(value_of(folder))
    gr.mount_gradio_app(app, blocks, path="/", ssr_mode=False)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def go(page: Any, address: str) -> Any:
    page.goto(address)
    page.wait_for_selector("#viewer .isv[data-state=shown]")
    page.wait_for_function("document.querySelector('#viewer .isv').instsegViewer.stage.width > 0")
    settle(page)
    return page


# The product's own way to put a viewer in the place of another one: nothing of that one stays.
_ANEW = """async () => {
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
    const { mount } = await import(loaded.find((name) => name.endsWith("/viewer.js")));
    const root = document.querySelector("#viewer .isv");
    mount(root, root.instsegViewer.api);
    document.activeElement.blur();
    scrollTo(0, 0);
}"""


def begin(page: Any) -> Any:
    """A viewer as it is on a page just loaded, on one that an earlier test has used."""
    page.mouse.move(0, 0)
    shown = f"""() => {{
        const viewer = document.querySelector("#viewer .isv").instsegViewer;
        return viewer.root.dataset.state === "shown" && viewer.stage.width > 0
            && viewer.scene().prediction.instances.length === {COUNT};
    }}"""
    if not page.evaluate(shown):
        page.locator("#whole").click()
        page.wait_for_function(shown)
    page.evaluate(_ANEW)
    page.wait_for_function(shown)
    settle(page)
    return page


def settle(page: Any) -> None:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)))")


def run(page: Any, script: str, argument: Any = None) -> Any:
    """Runs ``(viewer, argument) => ...`` on the first viewer and waits for its drawing."""
    code = (
        "(argument) => { const viewer = document.querySelector('#viewer .isv').instsegViewer;"
        f" const result = ({script})(viewer, argument); viewer.flush(); return result; }}"
    )
    return page.evaluate(code, argument)


def pixel(page: Any, x: float, y: float) -> list[int]:
    """RGBA of the overlay at a point of the image."""
    script = """(viewer, [x, y]) => {
        const at = viewer.transform();
        const { ratio } = viewer.stage;
        const place = [(x * at.scale + at.x) * ratio, (y * at.scale + at.y) * ratio];
        const ctx = viewer.part("overlay").getContext("2d");
        return [...ctx.getImageData(...place, 1, 1).data];
    }"""
    return run(page, script, [x, y])


def on_screen(page: Any, x: float, y: float) -> tuple[float, float]:
    """A point of the image in pixels of the page."""
    script = """(viewer, [x, y]) => {
        const at = viewer.transform();
        const box = viewer.part("stage").getBoundingClientRect();
        return [box.left + x * at.scale + at.x, box.top + y * at.scale + at.y];
    }"""
    left, top = run(page, script, [x, y])
    return left, top


def centre(index: int) -> tuple[int, int]:
    """The middle of a made-up instance."""
    return 100 + 190 * (index % 10), 60 + 106 * (index // 10)


def slide(page: Any, name: str, value: float) -> None:
    """Moves a slider as a hand would."""
    page.locator(f"#viewer input[name={name}]").evaluate(
        "(field, value) => { field.value = value;"
        " field.dispatchEvent(new Event('input', { bubbles: true })); }",
        str(value),
    )
    settle(page)


def rgb(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def headline(page: Any) -> str:
    return page.locator("#viewer .isv-headline").inner_text()


def download(page: Any, name: str) -> tuple[str, bytes]:
    page.locator("#viewer .isv-menu summary").click()
    with page.expect_download() as waiting:
        page.locator(f"#viewer [data-download={name}]").click()
    saved = waiting.value
    return saved.suggested_filename, Path(saved.path()).read_bytes()
