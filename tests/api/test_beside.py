"""What stands beside the one operation: models, metrics, documents, the page."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from instseg_ui.api import create_app, mount
from instseg_ui.api.request import EXPECTED, InferRequest
from instseg_ui.api.response import ModelsResponse
from tests.api.conftest import INFER, Api, MakeSegmenter


def samples(api: Api) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(api.client.get("/metrics").text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def count(api: Api, name: str, **labels: str) -> float:
    return samples(api).get((name, frozenset(labels.items())), 0.0)


def test_the_models_come_with_state_figures_and_memory(api: Api) -> None:
    api.post()
    answer = ModelsResponse.model_validate_json(api.client.get("/models").content)
    models = {model.id: model for model in answer.result.models}
    assert list(models) == list(api.segmenter.catalog.names)
    own, detr = models["patches"], models["Mask-RT-DETR-S"]
    assert (own.state, own.loaded, own.is_default) == ("ready", True, True)
    assert own.memory_mb
    assert own.memory_mb > 0
    assert (detr.state, detr.loaded, detr.memory_mb) == ("not fetched", False, None)
    assert detr.reason
    assert detr.published.mask_ap
    assert detr.published.mask_ap > 30


def test_requests_are_counted_by_address_and_status(api: Api) -> None:
    api.post()
    api.post(threshold=5)
    api.client.get("/health/none")
    name = "instseg_requests_total"
    assert count(api, name, path=INFER, method="POST", status="200") == 1
    assert count(api, name, path=INFER, method="POST", status="422") == 1
    assert count(api, name, path="other", method="GET", status="404") == 1


def test_stages_are_timed_once_a_run(api: Api) -> None:
    api.post()
    api.post()  # the prediction is kept, so no model runs
    name = "instseg_stage_seconds_count"
    assert count(api, name, model="patches", stage="inference") == 1
    assert count(api, name, model="patches", stage="decode") == 2


def test_models_in_memory_are_reported(api: Api) -> None:
    assert count(api, "instseg_models_loaded") == 0
    api.post()
    assert count(api, "instseg_models_loaded") == 1
    assert count(api, "instseg_model_memory_bytes", model="patches") > 1e6
    assert count(api, "instseg_process_memory_bytes") > 1e6


def test_two_applications_count_apart(make_segmenter: MakeSegmenter) -> None:
    first, second = (
        Api(TestClient(create_app(segmenter)), segmenter)
        for segmenter in (make_segmenter(), make_segmenter())
    )
    first.post()
    assert count(second, "instseg_requests_total", path=INFER, method="POST", status="200") == 0


def test_every_field_is_documented_with_an_example(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    body = document["paths"][INFER]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schemas = [body, *document["components"]["schemas"].values()]
    for schema in schemas:
        for name, field in schema.get("properties", {}).items():
            assert field.get("description"), name
            plain = field.get("type") in ("string", "number", "integer", "boolean")
            assert not plain or "const" in field or field.get("examples"), name


def test_the_documents_need_no_other_server(api: Api) -> None:
    page = api.client.get("/docs").text
    for name in (INFER, "/models", "maskFormat", "result.instances[].mask.rleResult", "413"):
        assert name in page
    assert "http://" not in page.replace("http://…", "")
    assert "<script" not in page


def test_every_field_of_a_request_has_its_sentence() -> None:
    assert set(EXPECTED) == {str(field.alias) for field in InferRequest.model_fields.values()}


def test_an_application_around_it_keeps_its_own_addresses(make_segmenter: MakeSegmenter) -> None:
    outer = FastAPI(docs_url=None, openapi_url=None)

    @outer.get("/{path:path}")
    def page(path: str) -> str:
        return f"page {path}"

    mount(outer, make_segmenter())
    with TestClient(outer) as client:
        assert client.get("/").json() == "page "
        assert client.get("/healthy").json() == "page healthy"
        assert client.get("/health").json()["errorMsg"] == "Healthy"
        assert client.get("/health/x").status_code == 404
        assert client.get(INFER).status_code == 405
        assert client.get("/docs").status_code == 200
        assert "openapi" in client.get("/openapi.json").json()


@pytest.mark.slow
def test_the_page_and_the_interface_live_in_one_application(make_segmenter: MakeSegmenter) -> None:
    from instseg_ui import app

    with TestClient(app.create_app(make_segmenter())) as client:
        assert "gradio" in client.get("/").text
        assert client.get("/config").status_code == 200
        assert client.get("/health").json()["errorMsg"] == "Healthy"
        assert client.get(INFER).json()["errorCode"] == 405
        assert "errorCode" not in client.get("/nowhere").text
