"""The page of the grid's tests: made-up models that mostly agree, and ways to work with it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image
from pycocotools import mask as rle

from instseg_ui.comparison.objects import compare
from instseg_ui.palette import class_colors
from instseg_ui.results import Instance, Instances, Prediction, Runtime, Timings
from instseg_ui.ui.theme import theme
from instseg_ui.ui.viewer import (
    CompareGrid,
    ObjectTable,
    grid_value,
    object_table_value,
    pane_value,
    referenced,
    settled,
)
from instseg_ui.ui.viewer.picture import prediction_value
from tests.browser.viewer_page import HEIGHT, WIDTH, made_up_instances

MODELS = [
    "Mask-RT-DETR-L",
    "SOLOv2",
    "PP-YOLOE_seg-S",
    "MaskRCNN-ResNet50-vd-SSLDv2-FPN",
    *(f"Cascade-MaskRCNN-ResNet50-{n}" for n in range(5)),
]
NAMES = ["person", "<b>bike</b>", "traffic light", "dog"]
THRESHOLD = 0.5


def left_part(mask: Any, box: tuple[float, ...]) -> tuple[Any, tuple[float, ...]]:
    """Two thirds of a mask: an object that was cut out loosely."""
    pixels = rle.decode(mask)
    middle = int(box[0] + (box[2] - box[0]) * 0.66)
    pixels[:, middle:] = 0
    encoded = rle.encode(np.asfortranarray(pixels))
    encoded["counts"] = encoded["counts"].decode()
    return encoded, (box[0], box[1], float(middle), box[3])


@cache
def prediction(place: int) -> Prediction:
    """What the n-th model found: it misses some, calls some otherwise, and is less sure."""
    rows = []
    for i, one in enumerate(made_up_instances()):
        if place and i % (place + 4) == place:
            continue
        other = place > 0 and i % 11 == place
        class_id = (one["class_id"] + other) % 4
        score = max(0.051, one["score"] - 0.02 * place)
        box = tuple(one["box"])
        mask = one["mask"]
        if place and i % 7 == place:
            mask, box = left_part(mask, box)
        area = int(rle.area(mask))
        rows.append(Instance(class_id, NAMES[class_id], score, box, area, mask))
    found = Instances.from_rows(rows)
    return Prediction(
        MODELS[place], WIDTH, HEIGHT, found, Timings(), Runtime("fake", "cpu", 1), 0.05
    )


def pane(place: int, **more: Any) -> Any:
    """A pane that is done, unless told otherwise."""
    given = {
        "state": "done",
        "prediction": prediction_value(prediction(place)),
        "colors": dict(enumerate(class_colors(NAMES).values())),
        "caption": [f"{118 + 40 * place} ms", f"{5.2 + 31 * place:.1f} MB", "AP –"],
    }
    return pane_value(MODELS[place], **(given | more))


def picture(folder: Path, name: str) -> Any:
    """A picture with something to see in it, of the size that the instances have."""
    path = folder / name
    if not path.is_file():
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        waves = np.sin(columns / 90) + np.cos(rows / 70)
        noise = np.random.default_rng(5).normal(0, 8, (HEIGHT, WIDTH))
        grey = 120 + 30 * waves + noise
        pixels = np.stack([grey * 0.9, grey, grey * 1.1], -1).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(path, quality=90)
    return {
        "url": f"/gradio_api/file={path}",
        "name": name,
        "width": WIDTH,
        "height": HEIGHT,
    }


def table_of(places: list[int], reference: int, thresholds: tuple[float, ...]) -> Any:
    """Objects of these models at these thresholds."""
    order = [reference, *(at for at in range(len(places)) if at != reference)]
    compared = compare([prediction(places[at]).at(thresholds[at]) for at in order])
    return object_table_value(
        compared, order=[MODELS[place] for place in places], colors=class_colors(NAMES)
    )


def build(folder: Path) -> Any:
    """A page with a grid, its table, what its events told, and buttons that send values."""
    image = picture(folder, "street.jpg")

    def value(*panes: Any, **more: Any) -> Any:
        return grid_value(**({"image": image, "panes": list(panes), "threshold": THRESHOLD} | more))

    def done(count: int) -> list[Any]:
        return [pane(place) for place in range(count)]

    def unready(place: int, state: str, message: str) -> Any:
        return pane(place, state=state, message=message, prediction=None, caption=[])

    four = done(4)
    why = "Out of memory: MaskRCNN needs 2.1 GB, 1.4 GB are free. Stop another model."
    failing = [*four[:2], unready(2, "running", "Running · 12 s"), unready(3, "failed", why)]
    sent = {
        "two": value(*done(2)),
        "four": value(*four),
        "nine": value(*done(9)),
        "half": value(*failing),
        "other": value(*four, image=picture(folder, "other.jpg"), threshold=0.3),
        "first": value(
            pane(0), unready(1, "waiting", ""), unready(2, "not fetched", "28 MB to fetch first.")
        ),
        "note": grid_value(message={"kind": "busy", "text": "Reading the photo"}),
        "wrong": {"image": 3, "panes": [7, {"model": 4, "prediction": "x", "caption": "y"}]},
        "none": None,
    }
    with gr.Blocks(fill_width=True) as blocks:
        grid = CompareGrid(sent["four"], elem_id="grid")
        table = ObjectTable(table_of([0, 1, 2, 3], 0, (THRESHOLD,) * 4), elem_id="objects")
        with gr.Row():
            said = gr.Textbox(elem_id="settled")
            reference = gr.Textbox(elem_id="reference")
        for name, one in sent.items():
            button = gr.Button(name, elem_id=name)
            button.click(lambda one=one: one, None, grid, show_progress="hidden")
        gr.Button("empty", elem_id="empty").click(lambda: None, None, table, show_progress="hidden")

        def came_to_rest(event: gr.EventData) -> tuple[Any, Any]:
            now = settled(event)
            places = list(range(len(now.thresholds)))
            told = json.dumps([list(now.thresholds), sorted(now.hidden)])
            return told, table_of(places, 0, now.thresholds)

        grid.settle(came_to_rest, None, [said, table], show_progress="hidden")
        grid.reference(referenced, None, reference, show_progress="hidden")
    blocks.theme = theme()
    return blocks


def run(page: Any, script: str, argument: Any = None) -> Any:
    """Runs ``(grid, argument) => ...`` on the grid."""
    code = (
        "(argument) => { const grid = document.querySelector('#grid .isg').instsegGrid;"
        f" return ({script})(grid, argument); }}"
    )
    return page.evaluate(code, argument)


def go(page: Any, address: str, theme_name: str = "light") -> Any:
    page.goto(f"{address}/?__theme={theme_name}")
    page.wait_for_selector("#grid .isg[data-state=shown]")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#grid [data-part=overlay]')].length >= 4"
        " && document.querySelector('#grid .isg').instsegGrid.lead()?.stage.width > 0"
    )
    rest(page)
    return page


def rest(page: Any) -> None:
    """Waits until what was changed has been drawn."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() =>"
        " requestAnimationFrame(() => setTimeout(done, 30))))"
    )


def send(page: Any, name: str, count: int) -> None:
    """Presses a button of the page and waits until the grid has that many panes."""
    run(page, "(grid) => { window.before = grid.value(); }")
    page.locator(f"#{name}").click()
    page.wait_for_function(
        "([count]) => { const { instsegGrid } = document.querySelector('#grid .isg');"
        " return instsegGrid.value() !== before && instsegGrid.keys().length === count; }",
        arg=[count],
    )
    # The press has scrolled to the button; what is out of sight is drawn when it comes back.
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(200)
    rest(page)


def pane_at(page: Any, place: int) -> Any:
    return page.locator("#grid .isg-pane").nth(place)


def state(page: Any, place: int) -> Any:
    """What a pane's stage is drawn from."""
    script = """(grid, place) => {
        const key = grid.keys()[place];
        const { threshold, hover, selected, view, pointer } = grid.pane(key).view.store.get();
        return { threshold, hover, selected, view, pointer, at: grid.pane(key).view.transform() };
    }"""
    return run(page, script, place)


def on_screen(page: Any, place: int, x: float, y: float) -> tuple[float, float]:
    """A point of the image in pixels of the page, in a pane."""
    script = """(grid, [place, x, y]) => {
        const { view } = grid.pane(grid.keys()[place]);
        const at = view.transform();
        const box = view.part("stage").getBoundingClientRect();
        return [box.left + x * at.scale + at.x, box.top + y * at.scale + at.y];
    }"""
    left, top = run(page, script, [place, x, y])
    return left, top


def slide(page: Any, field: Any, value: float) -> None:
    """Moves a slider as a hand would."""
    field.evaluate(
        "(field, value) => { field.value = value;"
        " field.dispatchEvent(new Event('input', { bubbles: true })); }",
        str(value),
    )
    rest(page)
