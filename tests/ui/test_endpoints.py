"""`/segment` as scripts use it: `gradio_client` and plain HTTP against the real server."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from pycocotools import mask as rle

from instseg_ui.settings import PROJECT_DIR
from tests.browser.server import COLORS, fake_assets, fake_model, serve
from tools.test_models import make_scene

ENDPOINTS = {"segment", "compare", "export", "list_models"}
SCENE = make_scene(320, 240, count=5, labels=COLORS, seed=3)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("endpoint")
    fake_model(folder / "models" / "Mask-RT-DETR-L", run_error="Too strange.", good_runs=1)
    with serve(
        folder,
        fake_engine=1,
        assets=fake_assets(folder / "assets"),
        models_dir=folder / "models",
        models_source=folder / "archives",
        threads=1,
    ) as app:
        yield app


@pytest.fixture
def compared_app(tmp_path):
    fake_model(tmp_path / "models" / "Mask-RT-DETR-S")
    with serve(
        tmp_path,
        fake_engine=1,
        assets=fake_assets(tmp_path / "assets"),
        models_dir=tmp_path / "models",
        threads=1,
    ) as app:
        yield app


@pytest.fixture(scope="module")
def client(app, tmp_path_factory):
    client = Client(app.address, verbose=False, download_files=tmp_path_factory.mktemp("got"))
    yield client
    client.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "scene.png"
    cv2.imwrite(str(path), SCENE.image)
    return path


def ask(client, image, model="demo-cats", threshold=0.5):
    return client.predict(handle_file(str(image)), model, threshold, api_name="/segment")


def post(app, image, model="demo-cats", threshold=0.5):
    """The event stream of one call over plain HTTP."""
    url = f"{app.address}/gradio_api/call/segment"
    started = httpx.post(url, json={"data": [image, model, threshold, None]}, trust_env=False)
    if started.status_code != 200:
        return started.text
    return httpx.get(f"{url}/{started.json()['event_id']}", timeout=30, trust_env=False).text


def says_nothing_of_the_server(text: str, app) -> bool:
    inside = (str(app.folder), str(PROJECT_DIR), str(Path.home()), "Traceback", "site-packages")
    return not any(part in text for part in inside)


def test_the_answer_is_typed_and_its_masks_decode(client, scene):
    answer = ask(client, scene, threshold=0.4)
    assert answer["model"] == "demo-cats"
    assert answer["image"] == {"width": 320, "height": 240}
    assert answer["threshold"] == 0.4
    assert answer["size_mb"] == pytest.approx(2.0, abs=0.1)
    assert answer["timings_ms"]["latency"] > 0
    assert len(answer["instances"]) == len(SCENE.instances)
    for one in answer["instances"]:
        assert one["label"] in COLORS
        assert 0.4 <= one["score"] <= 1
        assert rle.decode(one["mask"]).shape == (240, 320)
        assert rle.area(one["mask"]) == one["area"]
        left, top, width, height = rle.toBbox(one["mask"])
        assert one["box"] == pytest.approx([left, top, left + width, top + height], abs=1)


def test_the_threshold_filters(client, scene):
    scores = [one["score"] for one in ask(client, scene, threshold=0.05)["instances"]]
    kept = [one["score"] for one in ask(client, scene, threshold=0.9)["instances"]]
    assert kept == [score for score in scores if score >= 0.9]
    assert len(kept) < len(scores)


@pytest.mark.parametrize("engine", [None, "", "normal", "high_performance"])
def test_the_engine_may_be_named(client, scene, engine):
    photo = handle_file(str(scene))
    answer = client.predict(photo, engine=engine, api_name="/segment")
    assert answer["runtime"]["engine"] == "fake"
    assert client.predict(photo, engine=engine, api_name="/export").endswith(".json")


@pytest.mark.parametrize("endpoint", ["segment", "compare", "export"])
def test_an_engine_that_does_not_exist_is_said(client, scene, endpoint):
    model = {"models": "demo-cats,SOLOv2"} if endpoint == "compare" else {"model": "demo-cats"}
    with pytest.raises(
        AppError, match=r"Expected one of the engines normal, high_performance, .* “abacus”"
    ):
        client.predict(handle_file(str(scene)), **model, engine="abacus", api_name=f"/{endpoint}")


def test_the_default_model_needs_no_name(client, scene):
    answer = client.predict(handle_file(str(scene)), api_name="/segment")
    assert answer["model"] == "everyday-M"


def test_only_the_endpoints_for_scripts_are_named(client):
    api = client.view_api(return_format="dict", print_info=False)
    assert set(api["named_endpoints"]) == {f"/{name}" for name in ENDPOINTS}
    assert not api["unnamed_endpoints"]
    names = [one["parameter_name"] for one in api["named_endpoints"]["/segment"]["parameters"]]
    assert names == ["image", "model", "threshold", "engine"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"threshold": 2}, "must lie between 0 and 1, got 2"),
        ({"threshold": -0.1}, "must lie between 0 and 1"),
        ({"model": "Mask-RT-DETR-Z"}, "There is no model named “Mask-RT-DETR-Z”. Did you mean"),
        ({"model": "SOLOv2"}, "SOLOv2"),
        ({"model": "Mask-RT-DETR-L"}, "Too strange."),
    ],
)
def test_what_cannot_be_done_is_said(client, app, scene, given, expected):
    with pytest.raises(AppError) as caught:
        ask(client, scene, **given)
    assert expected in str(caught.value)
    assert says_nothing_of_the_server(str(caught.value), app)


@pytest.mark.parametrize("content", [b"", b"Not a photo.", b"\xff\xd8\xff\xe0 cut off"])
def test_what_is_not_an_image_is_said(client, app, tmp_path, content):
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(AppError) as caught:
        ask(client, tmp_path / "photo.jpg")
    assert any(word in str(caught.value) for word in ("0 bytes", "not an image", "damaged"))
    assert says_nothing_of_the_server(str(caught.value), app)


def test_no_image_is_said(app):
    assert "No image came" in post(app, None)


@pytest.mark.parametrize("where", ["/etc/passwd", "{assets}", "{home}/.bashrc"])
def test_a_file_of_the_server_is_not_read(app, where):
    path = where.format(assets=app.folder / "server.log", home=Path.home())
    text = post(app, {"path": path, "meta": {"_type": "gradio.FileData"}})
    assert "event: error" in text
    assert says_nothing_of_the_server(text, app)


@pytest.mark.parametrize(
    "image",
    ["text", 3, ["list"], {"path": 3}, {"url": "file:///etc/passwd"}, {"path": "a\0b"}],
)
def test_an_image_of_another_kind_is_an_error_without_a_stack(app, image):
    text = post(app, image)
    assert "event: complete" not in text
    assert says_nothing_of_the_server(text, app)


def test_events_of_the_page_stay_out_of_the_list(app):
    config = httpx.get(f"{app.address}/config", trust_env=False).json()
    listed = [
        one["api_name"] for one in config["dependencies"] if one["api_visibility"] == "public"
    ]
    assert set(listed) == ENDPOINTS


@pytest.mark.parametrize("name", ["look", "pick", "fetch", "take"])
def test_an_event_of_the_page_called_by_hand_tells_no_stack(app, name):
    url = f"{app.address}/gradio_api/call/{name}"
    started = httpx.post(url, json={"data": []}, trust_env=False)
    assert says_nothing_of_the_server(started.text, app)
    if started.status_code == 200:
        text = httpx.get(f"{url}/{started.json()['event_id']}", timeout=30, trust_env=False).text
        assert says_nothing_of_the_server(text, app)


def test_models_are_listed_with_state_and_published_figures(client):
    listed = {one["model"]: one for one in client.predict(api_name="/list_models")}
    assert len(listed) == 18
    assert listed["Mask-RT-DETR-H"]["published"]["mask_ap"] == 50.6
    assert listed["Mask-RT-DETR-H"]["state"] == "not fetched"
    assert listed["demo-cats"]["state"] in ("bundled", "loaded")


def test_two_models_are_compared_object_by_object(compared_app, scene, tmp_path):
    client = Client(compared_app.address, verbose=False, download_files=tmp_path)
    answer = client.predict(
        handle_file(str(scene)), "demo-cats, Mask-RT-DETR-S", 0.4, api_name="/compare"
    )
    client.close()
    assert [one["model"] for one in answer["models"]] == ["demo-cats", "Mask-RT-DETR-S"]
    assert [one["instances"] for one in answer["models"]] == [len(SCENE.instances)] * 2
    assert answer["agreement_f1"] == [[1, 1], [1, 1]]
    assert {one["state"] for one in answer["objects"]} == {"all agree"}


@pytest.mark.parametrize("models", ["demo-cats", "", "demo-cats,demo-cats"])
def test_comparing_takes_two_models(client, scene, models):
    with pytest.raises(AppError, match="Expected two to 16 different models"):
        client.predict(handle_file(str(scene)), models, 0.5, api_name="/compare")


def test_assistants_find_the_same_tools(app):
    tools = httpx.get(f"{app.address}/gradio_api/mcp/schema", trust_env=False).json()
    assert {tool["name"] for tool in tools} == ENDPOINTS
    assert all(tool["description"] for tool in tools)


def test_a_file_of_any_format_is_taken_home(client, scene):
    path = client.predict(handle_file(str(scene)), "demo-cats", 0.4, "coco", api_name="/export")
    dataset = json.loads(Path(path).read_text())
    assert len(dataset["annotations"]) == len(SCENE.instances)
    with pytest.raises(AppError, match="coco"):
        client.predict(handle_file(str(scene)), "demo-cats", 0.4, "coca", api_name="/export")
