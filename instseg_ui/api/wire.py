"""The base of everything that goes over the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

EXAMPLE_ID = "3f2b8d5e-6b0f-4c7e-9d55-0f8f3a6f2f10"


class Wire(BaseModel):
    """JSON names in camelCase; fields that are not known are ignored, as PaddleX does."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
