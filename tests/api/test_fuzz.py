"""Whatever comes in, what goes out is one of the documented answers and never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks
from starlette.testclient import TestClient

from instseg_ui.api import create_app
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tests.api.conftest import INFER, PICTURE, as_base64
from tests.unit.factories import model_folder

CHECKS = (
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
)
GOOD = as_base64(PICTURE)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
images = st.sampled_from([GOOD, GOOD[:-8], GOOD[8:], "http://127.0.0.1/", "http://[", ""])
bodies = st.fixed_dictionaries(
    {"image": images | anything},
    optional={
        "threshold": st.floats(0, 1) | anything,
        "visualize": st.booleans() | anything,
        "model": st.sampled_from(["patches", "Patches", "SOLOv2"]) | anything,
        "maskFormat": st.sampled_from(["crop-rle", "coco-rle", "polygon", "png"]) | anything,
        "maxInstances": st.integers(1, 5) | anything,
        "logId": anything,
    },
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    settings = Settings(
        models_dir=folder / "models",
        model_folders=(model_folder(folder / "patches"),),
        default_model="patches",
        fake_engine=True,
        threads=1,
    )
    with Segmenter(settings) as segmenter, TestClient(create_app(segmenter)) as client:
        yield client


@examples(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies | anything)
def test_any_body_gets_an_answer_in_the_envelope(client: TestClient, body: Any) -> None:
    text = json.dumps(body)
    answer = client.post(INFER, content=text, headers={"Content-Type": "application/json"})
    content = answer.json()
    assert answer.status_code in (200, 404, 409, 422, 502), content
    assert content["errorCode"] == (0 if answer.status_code == 200 else answer.status_code)
    assert content["logId"]


@examples(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary(max_size=200))
def test_any_bytes_get_an_answer_in_the_envelope(client: TestClient, text: bytes) -> None:
    answer = client.post(INFER, content=text, headers={"Content-Type": "application/json"})
    assert answer.json()["errorCode"] == answer.status_code == 422


def test_requests_made_from_the_document_get_documented_answers(client: TestClient) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    for found in schema.get_all_operations():
        operation = found.ok()

        @examples(max_examples=25, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def try_it(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS)

        try_it()
