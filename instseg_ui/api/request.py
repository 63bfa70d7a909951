"""What `POST /instance-segmentation` takes, and the sentences for what it does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails, from_json

from instseg_ui.api.ticket import Ticket
from instseg_ui.api.wire import Wire
from instseg_ui.errors import InputError

MaskFormat = Literal["crop-rle", "coco-rle", "polygon", "png"]

# What a field's sentence says was expected.
EXPECTED = {
    "image": "a base64 encoded image file or an http(s) address",
    "threshold": "a number from 0 to 1",
    "visualize": "true or false",
    "model": "the name of a model, see GET /models",
    "maskFormat": "one of crop-rle, coco-rle, polygon, png",
    "maxInstances": "a whole number from 1 on",
}
_SHOWN = 60
_MOST_FAULTS = 3


class InferRequest(Wire):
    """One image and what to answer with. The first three fields are PaddleX's."""

    image: str = Field(
        min_length=1,
        description="The image file, base64 encoded, or its http(s) address.",
        examples=["https://example.com/street.jpg"],
    )
    threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Lowest score of an instance in the answer; 0.5 if absent or null. Instances "
        "below the floor that models run at (INSTSEG_FLOOR) are never in an answer.",
        examples=[0.5],
    )
    visualize: bool | None = Field(
        None,
        description="Whether the answer carries the image with the instances drawn; true if "
        "absent or null, unless INSTSEG_HTTP_VISUALIZE says otherwise.",
        examples=[False],
    )
    model: str | None = Field(
        None,
        description="Which model to run, a name of GET /models. Not in PaddleX, whose server "
        "runs one model; the default model if absent or null.",
        examples=["Mask-RT-DETR-S"],
    )
    mask_format: MaskFormat | None = Field(
        None,
        description="How masks are written: crop-rle as PaddleX does, and if absent or null; "
        "coco-rle of the full frame, polygon, or png. Not in PaddleX.",
        examples=["coco-rle"],
    )
    max_instances: int | None = Field(
        None,
        ge=1,
        description="Most instances in the answer, the highest scores first. Not in PaddleX.",
        examples=[100],
    )

    @field_validator("threshold", "max_instances", mode="before")
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        """PaddleX takes `true` for a threshold of 1, which answers with nothing."""
        if isinstance(value, bool):
            raise ValueError("a truth value is no number")
        return value


def parse(body: bytes, ticket: Ticket) -> InferRequest:
    """Read a request's body; its `logId`, if there is one, becomes the ticket's.

    Raises:
        InputError: not JSON, not an object, or a field is not what was expected.
    """
    try:
        content = from_json(body)
    except ValueError as error:
        raise InputError(f"The request's body is not valid JSON: {str(error)[:_SHOWN]}.") from error
    if not isinstance(content, dict):
        raise InputError(f"Expected a JSON object, got {_shown(content)}.")
    ticket.adopt(content.get("logId"))
    try:
        return InferRequest.model_validate(content)
    except ValidationError as error:
        raise InputError(_sentences(error.errors(include_url=False))) from error


def _sentences(faults: Sequence[ErrorDetails]) -> str:
    shown = " ".join(_sentence(fault) for fault in faults[:_MOST_FAULTS])
    return shown or "The request is not valid."


def _sentence(fault: ErrorDetails) -> str:
    name = str(fault["loc"][0]) if fault["loc"] else ""
    got = "nothing" if fault["type"] == "missing" else _shown(fault["input"])
    return f"“{name}”: expected {EXPECTED.get(name, 'something else')}, got {got}."


def _shown(value: Any) -> str:
    """A value as JSON, shortened."""
    if isinstance(value, str):
        value = value[: _SHOWN + 1]
    text = json.dumps(value, ensure_ascii=False) if _is_small(value) else _kind(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _is_small(value: Any) -> bool:
    return value is None or isinstance(value, str | float | bool) or _is_short_integer(value)


def _is_short_integer(value: Any) -> bool:
    return isinstance(value, int) and abs(value) < 10**_SHOWN


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", int: "a number of many digits"}
    return kinds.get(type(value), "another type")
