"""What the answers look like: for the documents and the tests; answers are written as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from instseg_ui.api.wire import EXAMPLE_ID, Wire

LogId = Annotated[
    str, Field(description="The UUID of the request; it stands in the log.", examples=[EXAMPLE_ID])
]
Size = Annotated[
    tuple[int, int], Field(description="Height and width, pixels.", examples=[[259, 462]])
]
BoundingBox = Annotated[
    tuple[float, float, float, float],
    Field(
        description="x and y of the upper left and of the lower right corner, pixels.",
        examples=[[162.39, 83.88, 624.08, 343.5]],
    ),
]


class CropRleMask(Wire):
    """PaddleX's mask: the crop to the rounded box."""

    rle_result: str = Field(
        description="COCO's run-length encoding of the crop to the box, its corners rounded.",
        examples=["o20m0O2N1"],
    )
    size: Size


class CocoRleMask(Wire):
    """A COCO `segmentation` of the whole image, as pycocotools takes it."""

    counts: str = Field(description="COCO's compressed run-length encoding.", examples=["o20m0O2"])
    size: Size


class PolygonMask(Wire):
    """The mask's outlines."""

    polygons: list[list[list[float]]] = Field(
        description="One entry a connected part: its outline, then its holes, each as x0, y0, x1, "
        "y1, … in pixels of the image.",
        examples=[[[[10.25, 10.25, 19.75, 10.25, 19.75, 19.75]]]],
    )
    size: Size


class PngMask(Wire):
    """The crop to the rounded box as an image."""

    png: str = Field(description="A PNG of 0 and 255, base64 encoded.", examples=["iVBORw0KGgo"])
    origin: tuple[int, int] = Field(
        description="x and y of the crop's upper left pixel in the image.", examples=[[162, 84]]
    )
    size: Size


class InstanceAnswer(Wire):
    """One found object."""

    bbox: BoundingBox
    category_id: int = Field(description="The class.", examples=[0])
    category_name: str = Field(description="The class's name.", examples=["person"])
    score: float = Field(description="From 0 to 1.", examples=[0.869])
    mask: CropRleMask | CocoRleMask | PolygonMask | PngMask = Field(
        description="The object's pixels, as `maskFormat` asked for them."
    )


class InferResult(Wire):
    """Everything found in one image."""

    instances: list[InstanceAnswer] = Field(description="The highest score first.")
    notes: list[str] | None = Field(
        None,
        description="What to know of the answer, such as that there were more objects. Absent "
        "where there is nothing.",
        examples=[["100 of 143 objects are in the answer; raise “maxInstances” or “threshold”."]],
    )
    image: str | None = Field(
        None,
        description="The image with the instances drawn, a JPEG, base64 encoded. Absent when not "
        "asked for.",
        examples=["/9j/4AAQSkZJRg"],
    )


class Envelope(Wire):
    """What every answer carries."""

    log_id: LogId


class InferResponse(Envelope):
    """The answer to a request that succeeded."""

    result: InferResult = Field(description="What was found.")
    error_code: Literal[0] = Field(0, description="0: it succeeded.")
    error_msg: Literal["Success"] = Field("Success", description="Fixed.")


class ErrorResponse(Envelope):
    """The answer to a request that failed."""

    error_code: int = Field(description="The same as the HTTP status.", examples=[422])
    error_msg: str = Field(
        description="What was expected, what came, what to do.",
        examples=["“threshold”: expected a number from 0 to 1, got 5."],
    )


class ModelHealth(Wire):
    """A model that failed when it was last used."""

    state: str = Field(
        description="failed: it cannot be loaded; run failed: its last run did.",
        examples=["failed"],
    )
    reason: str = Field(description="Why, in a sentence.", examples=["It ran out of memory."])


class HealthResult(Wire):
    """What is not well."""

    models: dict[str, ModelHealth] = Field(description="The models that failed, by name.")


class HealthResponse(Envelope):
    """The service is there and takes requests."""

    result: HealthResult | None = Field(
        None, description="Absent where every model that was used ran."
    )
    error_code: Literal[0] = Field(0, description="0: it takes requests.")
    error_msg: str = Field(
        "Healthy",
        description="Healthy, or which models fail and why.",
        examples=["Healthy"],
    )


class PublishedFigures(Wire):
    """As published, null where nothing was; not measured here."""

    mask_ap: float | None = Field(description="Mask AP on COCO, percent.", examples=[37.4])
    gpu_normal_ms: float | None = Field(description="GPU, milliseconds an image.", examples=[46.5])
    gpu_hp_ms: float | None = Field(
        description="GPU, high-performance mode, milliseconds.", examples=[43.33]
    )
    cpu_normal_ms: float | None = Field(description="CPU, milliseconds an image.", examples=[None])
    cpu_hp_ms: float | None = Field(
        description="CPU, high-performance mode, milliseconds.", examples=[None]
    )
    storage_mb: float | None = Field(description="MB of 10^6 bytes.", examples=[101.8])


class ModelAnswer(Wire):
    """One row of the catalog."""

    id: str = Field(description="Its name in a request.", examples=["Mask-RT-DETR-S"])
    family: str = Field(description="Its architecture.", examples=["Mask-RT-DETR"])
    source: str = Field(description="own, bundled, official or folder.", examples=["official"])
    description: str = Field(description="One sentence.", examples=["Fast."])
    labels: str = Field(description="What it finds.", examples=["80 COCO classes"])
    state: str = Field(
        description="bundled, ready, not fetched, broken, or failed: it could not be loaded.",
        examples=["ready"],
    )
    reason: str = Field(description="Why it cannot be used; empty if it can.", examples=[""])
    is_default: bool = Field(description="Runs when a request names none.", examples=[False])
    loaded: bool = Field(description="Whether it is in memory now.", examples=[True])
    memory_mb: float | None = Field(
        description="What it takes in memory, MB of 10^6 bytes; null if it is not loaded.",
        examples=[640.5],
    )
    published: PublishedFigures = Field(description="Figures as its makers published them.")


class ModelList(Wire):
    """The catalog, in the order it is shown."""

    models: list[ModelAnswer] = Field(description="All that can be named in a request.")


class ModelsResponse(Envelope):
    """The answer of GET /models."""

    result: ModelList = Field(description="The catalog.")
    error_code: Literal[0] = Field(0, description="0: it succeeded.")
    error_msg: Literal["Success"] = Field("Success", description="Fixed.")
