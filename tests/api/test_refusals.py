"""Bad requests: the right status, one shape, a sentence that helps, nothing that leaks."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from instseg_ui.api import create_app
from instseg_ui.settings import PROJECT_DIR
from tests.api.conftest import INFER, PICTURE, Api, MakeApi, MakeSegmenter, as_base64, served

GOOD = as_base64(PICTURE)
LOG_ID = "0b0e7a52-6d0a-4a57-9c39-0f6d6f0f6a11"


def error(answer: Any) -> tuple[int, str]:
    """Status and sentence of an error, whose shape is checked."""
    content = answer.json()
    assert list(content) == ["logId", "errorCode", "errorMsg"]
    assert content["errorCode"] == answer.status_code
    assert uuid.UUID(content["logId"])
    assert str(PROJECT_DIR) not in content["errorMsg"]
    assert "Traceback" not in content["errorMsg"]
    return answer.status_code, content["errorMsg"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "“image”: expected a base64 encoded image file or an http(s) address, got nothing."),
        ({"image": 3}, "“image”: expected a base64 encoded image file or an http(s) address"),
        ({"image": ""}, 'got "".'),
        ({"image": "not base64!"}, "“image” is neither base64 nor an http(s) address."),
        ({"image": "abcde"}, "“image” is neither base64 nor an http(s) address."),
        ({"image": "äöü="}, "“image” is neither base64 nor an http(s) address."),
        ({"image": "   "}, "The file is empty (0 bytes)."),
        ({"image": "aGVsbG8="}, "This file is not an image."),
        ({"image": GOOD[: len(GOOD) // 8 * 4]}, "damaged or cut off"),
        ({"image": GOOD, "threshold": 5}, "“threshold”: expected a number from 0 to 1, got 5."),
        ({"image": GOOD, "threshold": -0.1}, "got -0.1."),
        ({"image": GOOD, "threshold": "high"}, 'got "high".'),
        ({"image": GOOD, "threshold": True}, "got true."),
        ({"image": GOOD, "threshold": [0.5]}, "got a list."),
        ({"image": GOOD, "threshold": 10**400}, "got a number of many digits."),
        ({"image": GOOD, "visualize": "perhaps"}, "“visualize”: expected true or false"),
        ({"image": GOOD, "maskFormat": "svg"}, "expected one of crop-rle, coco-rle, polygon, png"),
        ({"image": GOOD, "maxInstances": 0}, "“maxInstances”: expected a whole number from 1 on"),
        ({"image": GOOD, "maxInstances": 1.5}, "got 1.5."),
        ({"image": GOOD, "model": 1}, "“model”: expected the name of a model"),
        ([], "Expected a JSON object, got a list."),
        ("image", 'Expected a JSON object, got "image".'),
        (None, "Expected a JSON object, got null."),
    ],
)
def test_a_request_that_cannot_be_used_is_a_422(api: Api, body: Any, sentence: str) -> None:
    text, headers = json.dumps(body), {"Content-Type": "application/json"}
    status, message = error(api.client.post(INFER, content=text, headers=headers))
    assert status == 422
    assert sentence in message


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff\xfe", b'{"image": }', b"[" * 100_000, b'{"image": "\\ud800"}'],
)
def test_a_body_that_is_not_json_is_a_422(api: Api, text: bytes) -> None:
    answer = api.client.post(INFER, content=text, headers={"Content-Type": "application/json"})
    assert error(answer)[0] == 422


def test_what_is_not_a_number_is_not_a_threshold(api: Api) -> None:
    text = json.dumps({"image": GOOD, "threshold": float("nan")}).encode()
    answer = api.client.post(INFER, content=text, headers={"Content-Type": "application/json"})
    assert error(answer)[0] == 422


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_must_be_announced_as_json(api: Api, kind: str) -> None:
    body = json.dumps({"image": GOOD})
    status, message = error(api.client.post(INFER, content=body, headers={"Content-Type": kind}))
    assert (status, "Content-Type: application/json" in message) == (422, True)


def test_an_unknown_model_is_a_404_with_close_matches(api: Api) -> None:
    status, message = error(api.post(model="patchs"))
    assert status == 404
    assert "Did you mean “patches”" in message


def test_a_model_that_is_not_fetched_is_a_409(api: Api) -> None:
    assert error(api.post(model="Mask-RT-DETR-S"))[0] == 409


@pytest.mark.parametrize("path", ["/health/deep", "/models/patches", "/"])
def test_an_unknown_address_is_a_404(api: Api, path: str) -> None:
    assert error(api.client.get(path))[0] == 404


def test_a_wrong_method_is_a_405_that_names_the_right_one(api: Api) -> None:
    answer = api.client.get(INFER)
    status, message = error(answer)
    assert (status, answer.headers["allow"]) == (405, "POST")
    assert "GET" in message


def test_a_request_that_announces_too_much_is_a_413(make_api: MakeApi) -> None:
    small = make_api(max_upload=1000)
    status, message = error(small.post(image="A" * 200_000))
    assert status == 413
    assert "at most 0.001 MB" in message


def test_a_stream_that_grows_too_large_is_a_413(make_api: MakeApi) -> None:
    small = make_api(max_upload=1000)
    seen = 0

    def endless() -> Iterator[bytes]:
        nonlocal seen
        yield b'{"image": "'
        while seen < 50_000_000:
            seen += 50_000
            yield b"A" * 50_000

    answer = small.client.post(
        INFER, content=endless(), headers={"Content-Type": "application/json"}
    )
    assert error(answer)[0] == 413


def test_an_image_file_over_the_limit_is_refused(make_api: MakeApi) -> None:
    status, message = error(make_api(max_upload=50).post())
    assert status == 422
    assert "at most" in message


def test_a_body_that_drips_is_a_408(make_segmenter: MakeSegmenter) -> None:
    app = create_app(make_segmenter(upload_timeout=0.3))

    def drip() -> Iterator[bytes]:
        import time

        yield b"{"
        for _ in range(100):
            time.sleep(0.05)
            yield b" "

    with served(app) as address:
        headers = {"Content-Type": "application/json"}
        answer = httpx.post(address + INFER, content=drip(), headers=headers, trust_env=False)
    assert error(answer)[0] == 408


def test_the_callers_id_comes_back_with_an_error(api: Api) -> None:
    assert api.post(logId=LOG_ID, threshold=5).json()["logId"] == LOG_ID
    assert api.post(logId=LOG_ID, image="!").json()["logId"] == LOG_ID


@pytest.mark.parametrize("log_id", ["x\nINFO forged line", 7, None, {"a": 1}, "\ud800"])
def test_an_id_that_is_no_uuid_is_not_taken_over(api: Api, log_id: Any) -> None:
    answer = api.client.post(
        INFER,
        content=json.dumps({"logId": log_id, "image": "!"}),
        headers={"Content-Type": "application/json"},
    )
    assert error(answer)[0] == 422
    assert answer.json()["logId"] != log_id


def test_the_log_names_the_request(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = api.post(threshold=5)
    assert any(answer.json()["logId"] in record.getMessage() for record in caplog.records)


def test_our_own_mistake_tells_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"secret in {PROJECT_DIR}/somewhere")

    monkeypatch.setattr(type(api.segmenter), "segment", fail)
    assert error(api.post()) == (500, "Internal server error")
    assert "secret" in caplog.text


def test_an_engine_that_fails_is_a_500_with_its_sentence(make_api: MakeApi) -> None:
    broken = make_api({"run_error": "The tensor is too long.", "good_runs": 1})
    assert error(broken.post()) == (500, "The tensor is too long.")


def test_an_address_is_refused_where_it_is_switched_off(make_api: MakeApi) -> None:
    status, message = error(make_api(url_input=False).post(image="https://example.com/a.jpg"))
    assert status == 422
    assert "Send the file itself." in message


def test_a_loopback_address_is_refused(api: Api) -> None:
    status, message = error(api.post(image="http://127.0.0.1:8000/a.jpg"))
    assert status == 422
    assert "not on the public internet" in message
