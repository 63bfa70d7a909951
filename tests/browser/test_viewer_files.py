"""What goes out of the viewer and into it: downloads made in the browser, and photos."""

from __future__ import annotations

import base64
import csv
import io
import json

import pytest
from PIL import Image
from pycocotools.coco import COCO

from tests.browser.viewer_page import (
    COLORS,
    HEIGHT,
    WIDTH,
    centre,
    download,
    made_up_instances,
    rgb,
    run,
    slide,
)

pytestmark = pytest.mark.browser


def test_the_downloaded_picture_has_the_size_of_the_image(opened):
    run(opened, "(viewer) => viewer.store.set({ view: { zoom: 5, cx: 0.2, cy: 0.2 }, opacity: 1 })")
    name, content = download(opened, "png")
    assert name == "street-Test-S.png"
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (WIDTH, HEIGHT)
        assert picture.convert("RGB").getpixel(centre(2)) == pytest.approx(rgb(COLORS[2]), abs=2)
        assert picture.convert("RGB").getpixel((5, 1075)) == pytest.approx((128, 128, 128), abs=2)


def test_the_downloaded_picture_has_the_colours_that_are_shown(opened):
    shown = "{ opacity: 1, labels: false, outlines: false, colorBy: 'instance' }"
    run(opened, f"(viewer) => viewer.store.set({shown})")
    _, content = download(opened, "png")
    with Image.open(io.BytesIO(content)) as picture:
        for index in (0, 1, 4):
            own = made_up_instances()[index]["color"]
            assert picture.convert("RGB").getpixel(centre(index)) == tuple(rgb(own))


def test_the_downloaded_coco_data_loads_and_its_masks_decode(opened, tmp_path):
    slide(opened, "threshold", 0.9)
    name, content = download(opened, "coco")
    assert name == "street-Test-S.coco.json"
    path = tmp_path / "coco.json"
    path.write_bytes(content)
    data = COCO(str(path))
    expected = [one for one in made_up_instances() if one["score"] >= 0.9]
    annotations = data.loadAnns(data.getAnnIds())
    assert len(annotations) == len(expected)
    for annotation, one in zip(annotations, expected, strict=True):
        assert annotation["score"] == pytest.approx(one["score"])
        assert int(data.annToMask(annotation).sum()) == one["area"]
    results = data.loadRes(json.loads(content)["annotations"])
    assert len(results.getAnnIds()) == len(expected)


def test_the_downloaded_table_parses(opened):
    slide(opened, "threshold", 0.9)
    name, content = download(opened, "csv")
    assert name == "street-Test-S.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    expected = [one for one in made_up_instances() if one["score"] >= 0.9]
    assert [row["class"] for row in rows] == [one["label"] for one in expected]
    assert [float(row["x2"]) for row in rows] == [one["box"][2] for one in expected]


DROP = """([contents, type]) => {
    const data = new DataTransfer();
    for (const [name, content] of contents) {
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        data.items.add(new File([bytes], name, { type: "image/png" }));
    }
    const root = document.querySelector("#viewer .isv");
    const event = type === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
        : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
    (type === "paste" ? document.body : root).dispatchEvent(event);
    return !document.querySelector(".page-veil").hidden;
}"""


def picture(width: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, 23)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("way", ["drop", "paste", "choose"])
def test_photos_reach_the_server_in_their_order(opened, way):
    # Each way has names of its own: what another one has brought may still stand there.
    photos = {f"{way}-b.png": picture(37), f"{way}-a.png": picture(41)}
    contents = [[name, base64.b64encode(data).decode()] for name, data in photos.items()]
    if way == "choose":
        files = [{"name": n, "mimeType": "image/png", "buffer": d} for n, d in photos.items()]
        with opened.expect_file_chooser() as chooser:
            opened.locator("#tray .tray-bar > .tray-add").click()
        chooser.value.set_files(files)
    if way == "drop":
        assert opened.evaluate(DROP, [contents, "dragover"]) is True
    if way != "choose":
        assert opened.evaluate(DROP, [contents, way]) is False
    opened.wait_for_function(
        "(told) => document.querySelector('#got textarea').value === told",
        arg=f"{way}-b.png 37x23, {way}-a.png 41x23",
    )


def test_the_viewers_own_invitation_opens_the_chooser(opened):
    opened.locator("#none").click()
    opened.wait_for_selector("#viewer .isv[data-state=empty]")
    with opened.expect_file_chooser() as chooser:
        opened.locator("#viewer .isv-invite .isv-choose").click()
    assert chooser.value.is_multiple()
