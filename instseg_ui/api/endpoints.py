"""The addresses, and what each answers."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic.alias_generators import to_camel

from instseg_ui.api.faults import envelope, respond
from instseg_ui.api.inference import success
from instseg_ui.api.request import InferRequest
from instseg_ui.api.response import ErrorResponse, HealthResponse, InferResponse, ModelsResponse
from instseg_ui.api.service import Service
from instseg_ui.api.ticket import Ticket
from instseg_ui.catalog import ModelSpec
from instseg_ui.segmenter import ModelFailure, Segmenter
from instseg_ui.workers.registry import Resident

INFER = "/instance-segmentation"

_ERRORS = {
    404: "No model of that name.",
    408: "The request's body came too slowly.",
    409: "The model's weights are not on this machine yet.",
    413: "The request is larger than the largest image.",
    422: "The request is not what was expected, or the image cannot be read.",
    500: "The model or the service failed.",
    502: "The image's address did not answer with an image.",
    503: "All places are taken, or the service is shutting down; see Retry-After.",
    504: "The model did not finish in time.",
    507: "There is not enough memory or disk.",
}
_JSON = "application/json"


def build_router(service: Service) -> APIRouter:
    """All endpoints of one application."""
    router = APIRouter()
    router.add_api_route(
        INFER,
        partial(_infer, service),
        methods=["POST"],
        operation_id="infer",
        summary="Segment the instances of one image",
        description="PaddleX's own operation: same fields, same answer. `model`, `maskFormat` and "
        "`maxInstances` are additions; without them nothing differs.",
        response_model=InferResponse,
        responses=_error_docs(),
        openapi_extra={"requestBody": _request_docs()},
    )
    router.add_api_route(
        "/health",
        partial(_health, service),
        operation_id="checkHealth",
        summary="Whether requests are taken",
        response_model=HealthResponse,
        responses={
            503: {
                "model": ErrorResponse,
                "description": "It is shutting down, or its default model cannot be loaded.",
            }
        },
    )
    router.add_api_route(
        "/models",
        partial(_models, service),
        operation_id="listModels",
        summary="The models that a request can name",
        response_model=ModelsResponse,
    )
    router.add_api_route(
        "/metrics",
        partial(_metrics, service),
        operation_id="metrics",
        summary="Counters and times in Prometheus' text format",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    return router


async def _infer(service: Service, request: Request) -> Response:
    ticket = Ticket()
    try:
        job = partial(service.infer, ticket=ticket)
        return Response(await service.gate.run(request, job), media_type=_JSON)
    except Exception as error:  # noqa: BLE001 - whatever it was, the answer has one shape
        return respond(error, ticket)


async def _health(service: Service) -> Response:
    ticket = Ticket()
    if service.gate.draining:
        return envelope(503, "The service is shutting down.", ticket.log_id)
    failures = await run_in_threadpool(service.segmenter.failures)
    if not failures:
        return envelope(200, "Healthy", ticket.log_id)
    return _unwell(service.segmenter.settings.default_model, failures, ticket)


def _unwell(default: str, failures: dict[str, ModelFailure], ticket: Ticket) -> Response:
    """Which models fail and why; the status says so too where none is left for most requests.

    One run that failed may be its image's fault, so that it alone changes no status.
    """
    down = default in failures and not failures[default].loads
    models = {
        name: {"state": "run failed" if failure.loads else "failed", "reason": failure.reason}
        for name, failure in failures.items()
    }
    words = "; ".join(f"{name}: {failure.reason}" for name, failure in failures.items())
    content = {
        "logId": ticket.log_id,
        "result": {"models": models},
        "errorCode": 503 if down else 0,
        "errorMsg": f"Not healthy. {words}",
    }
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(body, 503 if down else 200, media_type=_JSON)


def _models(service: Service) -> Response:
    """Not a coroutine: it reads the disk, so it runs in a thread."""
    segmenter = service.segmenter
    loaded, failures = segmenter.loaded(), segmenter.failures()
    rows = [
        _row(segmenter, spec, loaded.get(spec.id), failures.get(spec.id))
        for spec in segmenter.catalog
    ]
    return Response(success({"models": rows}, Ticket()), media_type=_JSON)


def _metrics(service: Service) -> Response:
    return Response(service.metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _row(
    segmenter: Segmenter, spec: ModelSpec, resident: Resident | None, failure: ModelFailure | None
) -> dict[str, Any]:
    status = segmenter.store.status(spec)
    fails = failure is not None and status.usable and not failure.loads
    return {
        "id": spec.id,
        "family": spec.family,
        "source": spec.source,
        "description": spec.description,
        "labels": spec.labels_hint,
        "state": "failed" if fails else str(status.state),
        "reason": failure.reason if failure and status.usable else status.reason,
        "isDefault": spec.id == segmenter.settings.default_model,
        "loaded": resident is not None,
        "memoryMb": round(resident.memory_mb, 3) if resident else None,
        "published": {to_camel(name): value for name, value in asdict(spec.published).items()},
    }


def _request_docs() -> dict[str, Any]:
    """The body is read by hand, within its limits, so FastAPI does not know its schema."""
    schema = InferRequest.model_json_schema(by_alias=True)
    return {"required": True, "content": {_JSON: {"schema": schema}}}


def _error_docs() -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": ErrorResponse, "description": text} for status, text in _ERRORS.items()
    }
