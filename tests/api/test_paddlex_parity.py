"""The same requests to PaddleX's own server and to ours, on one model, compared field by field.

Where ours answers differently on purpose, a test names it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import httpx
import numpy as np
import pytest

from performance.serving_servers import own_server, paddlex_server
from tests.api.conftest import INFER
from tools.test_models import build_test_models, make_scene

pytestmark = [pytest.mark.paddle, pytest.mark.slow]

SCENE = make_scene(320, 240, count=5, noise=4, seed=3).image
# Both run the same network; oneDNN or threads may round its last digits differently.
SCORE, PIXEL = 1e-3, 0.5


class Both(NamedTuple):
    paddlex: httpx.Client
    ours: httpx.Client

    def post(self, path: str = INFER, **body: Any) -> tuple[httpx.Response, httpx.Response]:
        content = {"image": encoded(SCENE)} | body
        return self.paddlex.post(path, json=content), self.ours.post(path, json=content)


def encoded(pixels: np.ndarray, kind: str = ".png") -> str:
    return base64.b64encode(cv2.imencode(kind, pixels)[1].tobytes()).decode("ascii")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build_test_models(tmp_path_factory.mktemp("models"), ["Mask-RT-DETR-S", "SOLOv2"])


def servers(folder: Path, work: Path) -> Iterator[Both]:
    with (
        paddlex_server(work, folder, 1) as theirs,
        own_server(work, folder, 1) as own,
        httpx.Client(base_url=theirs, timeout=120, trust_env=False) as paddlex,
        httpx.Client(base_url=own, timeout=120, trust_env=False) as ours,
    ):
        yield Both(paddlex, ours)


@pytest.fixture(scope="module")
def both(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    yield from servers(models["Mask-RT-DETR-S"], tmp_path_factory.mktemp("detr"))


def shape(value: Any) -> Any:
    """Names, order and types of a JSON value; of a list its first element's."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"visualize": False},
        {"visualize": None, "threshold": None},
        {"threshold": 0.2, "visualize": False},
        {"threshold": "0.5", "visualize": "true"},
        {"threshold": 1, "visualize": False},
        {"someday": 1, "visualize": False},
        {"image": encoded(SCENE, ".jpg"), "visualize": False},
        {"image": encoded(SCENE, ".bmp"), "visualize": False},
        {"image": encoded(np.full((60, 80, 3), 128, np.uint8))},
        {"image": encoded(np.ascontiguousarray(SCENE[:, :, 0]))},
    ],
    ids=str,
)
def test_the_answers_are_equal(both: Both, body: dict[str, Any]) -> None:
    theirs, ours = both.post(**body)
    assert theirs.status_code == ours.status_code == 200, ours.text
    assert theirs.headers["content-type"] == ours.headers["content-type"]
    assert shape(theirs.json()) == shape(ours.json())
    theirs, ours = theirs.json(), ours.json()
    assert {**theirs, "logId": 0, "result": 0} == {**ours, "logId": 0, "result": 0}
    found = zip(theirs["result"]["instances"], ours["result"]["instances"], strict=True)
    for expected, instance in found:
        assert instance["categoryId"] == expected["categoryId"]
        assert instance["categoryName"] == expected["categoryName"]
        assert instance["score"] == pytest.approx(expected["score"], abs=SCORE)
        assert instance["bbox"] == pytest.approx(expected["bbox"], abs=PIXEL)
        assert instance["mask"] == expected["mask"]
    images = [content["result"].get("image") for content in (theirs, ours)]
    assert (images[0] is None) == (images[1] is None)
    if images[0]:
        heads = [base64.b64decode(image)[:3] for image in images]
        sizes = [
            cv2.imdecode(np.frombuffer(base64.b64decode(image), np.uint8), 1).shape
            for image in images
        ]
        assert heads[0] == heads[1]
        assert sizes[0] == sizes[1]


def test_there_is_something_to_compare(both: Both) -> None:
    assert len(both.post()[1].json()["result"]["instances"]) == 5


def test_health_is_equal(both: Both) -> None:
    theirs, ours = (client.get("/health").json() for client in both)
    assert theirs | {"logId": ""} == ours | {"logId": ""}
    assert list(theirs) == list(ours)


@pytest.mark.parametrize(
    "body",
    [{"image": None}, {"image": 1}, {"threshold": "high"}, {"visualize": "perhaps"}],
    ids=str,
)
def test_refusals_are_equal_but_for_their_words(both: Both, body: dict[str, Any]) -> None:
    theirs, ours = both.post(**body, logId="0b0e7a52-6d0a-4a57-9c39-0f6d6f0f6a11")
    assert theirs.status_code == ours.status_code == 422
    assert shape(theirs.json()) == shape(ours.json())
    assert theirs.json()["logId"] == ours.json()["logId"]


@pytest.mark.parametrize(("method", "path"), [("GET", INFER), ("GET", "/none")])
def test_what_is_not_there_is_equal(both: Both, method: str, path: str) -> None:
    theirs, ours = (client.request(method, path) for client in both)
    assert theirs.status_code == ours.status_code
    assert shape(theirs.json()) == shape(ours.json())


@pytest.mark.parametrize(
    ("body", "theirs_status", "ours_status"),
    [
        ({"image": "not base64"}, 500, 422),
        ({"image": "aGVsbG8="}, 500, 422),
        ({"threshold": 5}, 200, 422),
        ({"threshold": True}, 200, 422),
        ({"image": "ftp://host/a.png"}, 500, 422),
        ({"image": "http://127.0.0.1:9/a.png"}, 500, 422),
    ],
    ids=str,
)
def test_known_defects_of_paddlex_are_answered_rightly(
    both: Both, body: dict[str, Any], theirs_status: int, ours_status: int
) -> None:
    theirs, ours = both.post(**body)
    assert (theirs.status_code, ours.status_code) == (theirs_status, ours_status)


def test_solov2_which_paddlex_cannot_serve_is_served(
    models: dict[str, Path], tmp_path: Path
) -> None:
    for both in servers(models["SOLOv2"], tmp_path):
        theirs, ours = both.post()
        assert theirs.status_code == 500
        assert ours.status_code == 200
        for instance in ours.json()["result"]["instances"]:
            x0, y0, x1, y1 = instance["bbox"]
            assert instance["mask"]["size"] == [y1 - y0, x1 - x0]
