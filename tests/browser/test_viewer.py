"""The viewer in a real browser: drawing, filters, pointer, keyboard, themes, phone."""

from __future__ import annotations

import json
import re
import statistics
import sys
import urllib.request
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.browser.viewer_page import (
    COLORS,
    COUNT,
    centre,
    go,
    headline,
    made_up_instances,
    on_screen,
    pixel,
    rgb,
    run,
    settle,
    slide,
)

pytestmark = pytest.mark.browser


def test_a_mask_has_the_colour_of_its_class(opened):
    run(opened, "(viewer) => viewer.store.set({ opacity: 1, labels: false, outlines: false })")
    for index in (0, 1, 2, 3):
        red, green, blue, alpha = pixel(opened, *centre(index))
        assert [red, green, blue] == pytest.approx(rgb(COLORS[index % 4]), abs=2)
        assert alpha == 255
    assert pixel(opened, 5, 1075)[3] == 0, "nothing is drawn where there is no instance"


def choose_colors(page: Any, by: str) -> None:
    """Chooses what has a colour of its own, as a hand would."""
    page.locator(f"#viewer .isv-choice label:has([value={by}])").click()
    settle(page)


def colors_on_screen(page: Any, *indices: int) -> list[str]:
    return ["#{:02x}{:02x}{:02x}".format(*pixel(page, *centre(one))[:3]) for one in indices]


def colors_in_the_table(page: Any, *indices: int) -> list[str]:
    script = """(rows, indices) => indices.map((one) => {
        const row = rows.find((row) => row.dataset.index === String(one));
        const swatch = getComputedStyle(row.querySelector(".isv-swatch"));
        const parts = swatch.backgroundColor.match(/\\d+/g).map(Number);
        return "#" + parts.map((part) => part.toString(16).padStart(2, "0")).join("");
    })"""
    return page.locator("#viewer tbody tr").evaluate_all(script, list(indices))


def test_colours_by_instance_by_class_and_by_score_ask_no_server(opened):
    plain = "{ opacity: 1, labels: false, outlines: false }"
    run(opened, f"(viewer) => viewer.store.set({plain})")
    requests: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    # The first and the fifth are of one class; the second lies beside the first.
    shown = (0, 1, 4)
    assert colors_on_screen(opened, *shown) == [COLORS[0], COLORS[1], COLORS[0]]
    own = [made_up_instances()[one]["color"] for one in shown]
    assert len(set(own)) == 3
    choose_colors(opened, "instance")
    assert colors_on_screen(opened, *shown) == own
    assert colors_in_the_table(opened, *shown) == own
    slide(opened, "threshold", 0.9)
    slide(opened, "threshold", 0.3)
    assert colors_on_screen(opened, *shown) == own, "a colour stays while the threshold moves"
    choose_colors(opened, "score")
    assert opened.locator("#viewer .isv-scale").is_visible()
    by_score = colors_on_screen(opened, 0, 60)
    assert by_score == colors_in_the_table(opened, 0, 60)
    assert sum(rgb(by_score[0])) > sum(rgb(by_score[1])), "the surer, the brighter"
    choose_colors(opened, "class")
    assert not opened.locator("#viewer .isv-scale").is_visible()
    assert colors_on_screen(opened, *shown) == [COLORS[0], COLORS[1], COLORS[0]]
    assert requests == []


def test_the_colours_are_chosen_by_keyboard_and_outlive_a_new_result(opened):
    chosen = "(viewer) => viewer.store.get().colorBy"
    opened.locator("#viewer .isv-choice :checked").focus()
    opened.keyboard.press("ArrowRight")
    assert run(opened, chosen) == "score"
    opened.locator("#viewer .isv-stage").focus()
    opened.keyboard.press("c")
    settle(opened)
    assert run(opened, chosen) == "instance"
    assert opened.locator("#viewer .isv-choice :checked").get_attribute("value") == "instance"
    opened.locator("#zero").click()
    opened.wait_for_function("document.querySelectorAll('#viewer tbody tr').length === 0")
    assert run(opened, chosen) == "instance"


def test_the_threshold_hides_masks_and_asks_no_server(opened):
    run(opened, "(viewer) => viewer.store.set({ labels: false })")
    last = centre(99)
    assert headline(opened) == "100 of 100 instances"
    assert pixel(opened, *last)[3] > 0
    requests: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    slide(opened, "threshold", 0.6)
    assert headline(opened) == "42 of 100 instances"
    assert pixel(opened, *last)[3] == 0
    assert opened.locator("#viewer tbody tr:visible").count() == 42
    slide(opened, "opacity", 80)
    slide(opened, "area", 30)
    opened.locator("#viewer .isv-chip").first.click()
    opened.locator("#viewer tbody tr:visible").first.click()
    assert requests == []


def test_the_threshold_is_never_under_the_floor(opened):
    opened.locator("#viewer input[name=threshold]").focus()
    opened.keyboard.press("Home")
    settle(opened)
    assert opened.locator("#viewer .isv-slider-threshold output").inner_text() == "0.05"
    opened.keyboard.press("ArrowRight")
    settle(opened)
    assert opened.locator("#viewer .isv-slider-threshold output").inner_text() == "0.06"
    slide(opened, "threshold", 0.995)
    slide(opened, "threshold", 1)
    advice = opened.locator("#viewer .isv-advice").inner_text()
    assert advice.startswith("Nothing above 1.00; the best score is ")
    assert "Lower the threshold" not in advice


REDRAW = """async (viewer, moves) => {
    const overlay = viewer.part("overlay").getContext("2d");
    const times = [];
    for (let i = 0; i < moves; i += 1) {
        const started = performance.now();
        viewer.store.set({ threshold: 0.05 + (i % 2 ? 0 : 0.9 * (i / moves) ** 2) });
        viewer.flush();
        const script = performance.now() - started;
        overlay.getImageData(0, 0, 1, 1);
        times.push([script, performance.now() - started]);
        await new Promise((done) => requestAnimationFrame(done));
    }
    return times;
}"""


def test_time_of_a_redraw(opened, record_property):
    """Printed, not held to a limit: a loaded machine must not fail it. See it with ``-s``."""
    times = run(opened, REDRAW, 100)
    # Every other move goes back to the floor, where all hundred instances are drawn.
    script, pixels = np.array(times[1::2][-50:]).T
    lines = [""]
    for name, series in (("script", script), ("script and pixels", pixels)):
        median, worst = statistics.median(series), max(series)
        record_property(f"redraw_{name.replace(' ', '_')}_ms", round(float(median), 2))
        lines.append(f"{COUNT} instances, {name}: median {median:.1f} ms, worst {worst:.1f} ms")
    sys.stdout.write("\n".join(lines) + "\n")
    assert np.isfinite(pixels).all()


def test_the_pointer_names_the_instance_and_its_row(opened):
    opened.mouse.move(*on_screen(opened, *centre(0)))
    settle(opened)
    tip = opened.locator("#viewer .isv-tip")
    assert tip.is_visible()
    assert tip.inner_text().split("\n")[0] == "person"
    assert "0.990" in tip.inner_text()
    assert opened.locator("#viewer tr.isv-hover").get_attribute("data-index") == "0"
    opened.mouse.move(*on_screen(opened, *centre(1)))
    settle(opened)
    assert "<b>bike</b>" in tip.inner_text(), "a label is text, never markup"
    opened.mouse.move(5, 5)
    settle(opened)
    assert not tip.is_visible()
    assert opened.locator("#viewer tr.isv-hover").count() == 0


def test_a_row_lights_up_its_instance(opened):
    opened.locator("#viewer tr[data-index='2']").hover()
    settle(opened)
    assert run(opened, "(viewer) => viewer.store.get().hover") == 2


def test_a_click_pins_and_the_row_is_marked(opened):
    opened.evaluate(
        "() => { window.states = []; document.addEventListener('instseg:state',"
        " (event) => window.states.push(event.detail)); }"
    )
    opened.mouse.click(*on_screen(opened, *centre(55)))
    settle(opened)
    row = opened.locator("#viewer tr[aria-selected=true]")
    assert row.get_attribute("data-index") == "55"
    assert row.is_visible()
    assert opened.evaluate("window.states.at(-1).selected") == 55
    assert len(opened.evaluate("window.states.at(-1).visible")) == COUNT
    opened.keyboard.press("Escape")
    settle(opened)
    assert row.count() == 0


def test_dragging_pans_and_does_not_pin(opened):
    run(opened, "(viewer) => viewer.store.set({ view: { zoom: 4, cx: 0.5, cy: 0.5 } })")
    before = run(opened, "(viewer) => viewer.transform().x")
    x, y = on_screen(opened, 960, 540)
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 60, y + 10, steps=4)
    opened.mouse.up()
    assert run(opened, "(viewer) => viewer.transform().x") - before == pytest.approx(60, abs=1)
    assert run(opened, "(viewer) => viewer.store.get().selected") == -1
    opened.mouse.dblclick(x, y)
    assert run(opened, "(viewer) => viewer.store.get().view.zoom") == 1


def test_the_wheel_scrolls_the_page_until_the_stage_is_in_use(opened):
    opened.mouse.move(*on_screen(opened, 5, 1075))
    opened.mouse.wheel(0, -200)
    settle(opened)
    assert run(opened, "(viewer) => viewer.store.get().view.zoom") == 1
    opened.mouse.click(*on_screen(opened, 5, 1075))
    opened.mouse.wheel(0, -200)
    opened.wait_for_function(
        "document.querySelector('#viewer .isv').instsegViewer.store.get().view.zoom > 1"
    )


def test_the_keyboard_reaches_everything(opened):
    state = "(viewer) => viewer.store.get()"
    opened.locator("#viewer .isv-stage").focus()
    for _ in range(3):
        opened.keyboard.press("n")
    assert run(opened, state)["selected"] == 2
    opened.keyboard.press("p")
    assert run(opened, state)["selected"] == 1
    for _ in range(4):
        opened.keyboard.press("+")
    opened.keyboard.press("ArrowRight")
    view = run(opened, state)["view"]
    assert view["zoom"] > 1
    assert view["cx"] > 0.5
    opened.keyboard.press("0")
    assert run(opened, state)["view"]["zoom"] == 1
    opened.keyboard.press("]")
    assert run(opened, state)["threshold"] == pytest.approx(0.06)
    for key, layer in (("m", "masks"), ("o", "outlines"), ("b", "boxes"), ("l", "labels")):
        before = run(opened, state)[layer]
        opened.keyboard.press(key)
        assert run(opened, state)[layer] is not before
        button = opened.locator(f"#viewer [data-layer={layer}]")
        assert button.get_attribute("aria-pressed") == str(not before).lower()
    opened.locator("#viewer tbody tr[tabindex='0']").focus()
    opened.keyboard.press("ArrowDown")
    settle(opened)
    assert run(opened, state)["selected"] == 2
    assert opened.evaluate("document.activeElement.dataset.index") == "2"


def test_sorting_the_table(opened):
    opened.locator("#viewer th[data-key=area] button").click()
    settle(opened)
    assert opened.locator("#viewer th[data-key=area]").get_attribute("aria-sort") == "descending"
    cells = opened.locator("#viewer tbody td:nth-child(3)").all_inner_texts()
    areas = [int(re.sub(r"\D", "", cell)) for cell in cells]
    assert areas == sorted(areas, reverse=True)


def test_messages_and_empty_values(opened):
    root = opened.locator("#viewer .isv")
    opened.locator("#busy").click()
    opened.wait_for_selector("#viewer .isv[data-state=busy]")
    assert root.get_attribute("aria-busy") == "true"
    assert "Running Test-S" in opened.locator("#viewer .isv-message").inner_text()
    assert headline(opened) == "100 of 100 instances", "the old picture stays"
    opened.locator("#error").click()
    opened.wait_for_selector("#viewer .isv[data-state=error]")
    opened.locator("#zero").click()
    opened.wait_for_selector("#viewer .isv[data-state=shown]")
    assert (
        opened.locator("#viewer .isv-advice").inner_text()
        == "No objects found. Try another model or photo."
    )
    opened.locator("#none").click()
    opened.wait_for_selector("#viewer .isv[data-state=empty]")
    assert opened.locator("#viewer .isv-lead").inner_text() == "Drop a photo here"
    opened.locator("#zero").click()
    opened.wait_for_selector("#viewer .isv[data-state=shown]")
    opened.locator("#wrong").click()
    opened.wait_for_selector("#viewer .isv[data-state=empty]")


def test_a_viewer_in_a_closed_tab_draws_when_it_opens(loaded):
    loaded.get_by_role("tab", name="Second").click()
    loaded.wait_for_selector("#second .isv[data-state=shown]")
    drawn = """() => {
        const overlay = document.querySelector("#second [data-part=overlay]");
        if (overlay.width < 200) return false;
        const { data } = overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height);
        return data.some((byte) => byte > 0);
    }"""
    loaded.wait_for_function(drawn)
    loaded.get_by_role("tab", name="First").click()
    loaded.get_by_role("tab", name="Second").click()
    loaded.wait_for_function(drawn)


def test_on_a_phone_nothing_scrolls_sideways_and_a_tap_pins(
    open_page: Callable[..., Any], phone: dict[str, Any], viewer_address: str
):
    page = go(open_page(**phone), viewer_address)
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = page.evaluate(widths)
    assert scroll <= client
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#viewer .isv-stage')).touchAction")
        == "pan-y"
    ), "the page still scrolls"
    page.locator("#viewer .isv-stage").scroll_into_view_if_needed()
    page.touchscreen.tap(*on_screen(page, *centre(44)))
    settle(page)
    assert page.locator("#viewer tr[aria-selected=true]").get_attribute("data-index") == "44"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_can_be_read(page, viewer_address, theme):
    go(page, f"{viewer_address}/?__theme={theme}")
    script = """() => {
        const style = getComputedStyle(document.querySelector("#viewer .isv"));
        const canvas = document.createElement("canvas");
        const ctx = canvas.getContext("2d");
        return [style.color, style.backgroundColor].map((color) => {
            ctx.fillStyle = color;
            ctx.fillRect(0, 0, 1, 1);
            const [r, g, b] = ctx.getImageData(0, 0, 1, 1).data;
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        });
    }"""
    text, paper = page.evaluate(script)
    assert (text < paper) is (theme == "light")
    assert abs(text - paper) > 120


def test_the_api_knows_the_value_as_an_object(viewer_address):
    with urllib.request.urlopen(f"{viewer_address}/gradio_api/info", timeout=10) as answer:
        info = json.load(answer)
    ends = [end for one in info["named_endpoints"].values() for end in one["returns"]]
    viewers = [end for end in ends if end["component"] == "Viewer"]
    assert viewers
    assert all(end["type"]["type"] == "object" for end in viewers)
