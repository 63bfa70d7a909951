"""From a request's body to an answer's: what one of the gate's threads does."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import cv2

from instseg_ui import images
from instseg_ui.api.mask_formats import mask_of
from instseg_ui.api.metrics import Metrics
from instseg_ui.api.request import InferRequest, parse
from instseg_ui.api.ticket import Ticket
from instseg_ui.errors import Cancelled, ImageError
from instseg_ui.exports import overlay
from instseg_ui.images import Image, remote
from instseg_ui.palette import class_colors
from instseg_ui.prediction_json import number
from instseg_ui.results import Instance, Instances, Prediction
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings

IsCancelled = Callable[[], bool]

# What PaddleX's pipeline takes when a request names none.
DEFAULT_THRESHOLD = 0.5
# What Pillow writes by default, and so PaddleX.
_JPEG_QUALITY = 75
# RFC 2397: a type and parameters, a file's name among them, then the bytes. Base64 has no comma
# and no semicolon, so that whatever the name is, the last `;base64,` ends the head.
_DATA_URL = re.compile(r"\s*data:.*;\s*base64\s*,", re.IGNORECASE | re.DOTALL)
_LONGEST_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Inference:
    """The one operation: an image in, its instances out."""

    segmenter: Segmenter
    metrics: Metrics

    def __call__(self, body: list[bytes], cancelled: IsCancelled, ticket: Ticket) -> bytes:
        """The answer's JSON.

        Raises:
            InputError, ImageError: the request is not one.
            InstSegError: see `Segmenter.segment`.
        """
        _expect_there(cancelled)
        request = parse(b"".join(body), ticket)
        # A name that is not there is said before the image is looked at, or fetched.
        model = self._model(request)
        start = time.perf_counter()
        data = self._file(request.image, cancelled)
        read = time.perf_counter() - start
        _expect_there(cancelled)
        image = images.decode(data, self._settings)
        # While the model runs, the pixels are enough: a large file is held three times by now.
        body.clear()
        request = request.model_copy(update={"image": ""})
        del data
        prediction = self._predict(image, model, cancelled)
        _expect_there(cancelled)
        found = time.perf_counter()
        answer = self._answer(prediction, image, request, ticket)
        encode = time.perf_counter() - found
        self.metrics.stages(
            model, {"read": read, "decode": image.decode_ms / 1e3, "encode": encode}
        )
        return answer

    def _model(self, request: InferRequest) -> str:
        name = self._settings.default_model if request.model is None else request.model
        return self.segmenter.catalog.get(name).id

    @property
    def _settings(self) -> Settings:
        return self.segmenter.settings

    def _file(self, text: str, cancelled: IsCancelled) -> bytes:
        """The image file that a request's `image` is or names."""
        if remote.is_address(text):
            return remote.fetch_image_bytes(text, self._settings, cancelled=cancelled)
        return decoded(text)

    def _predict(self, image: Image, model: str, cancelled: IsCancelled) -> Prediction:
        stages: list[str] = []
        prediction = self.segmenter.segment(
            image, model, on_stage=stages.append, cancelled=cancelled
        )
        # A prediction that was kept brings the timings of its own run; they count once.
        if "running" in stages:
            spent = {"queue": prediction.timings.queue} | prediction.timings.stages
            del spent["decode"]  # counted for every request
            self.metrics.stages(model, {name: ms / 1e3 for name, ms in spent.items()})
        return prediction

    def _answer(
        self, prediction: Prediction, image: Image, request: InferRequest, ticket: Ticket
    ) -> bytes:
        threshold = DEFAULT_THRESHOLD if request.threshold is None else request.threshold
        passed = prediction.at(threshold)
        found = passed.instances.limit(request.max_instances)
        mask_format = request.mask_format or "crop-rle"
        result: dict[str, Any] = {
            "instances": [_instance(row) | {"mask": mask_of(row, mask_format)} for row in found]
        }
        notes = _cut(passed, len(found))
        if notes:
            result["notes"] = notes
        visualize = request.visualize
        if self._settings.http_visualize if visualize is None else visualize:
            result["image"] = _drawn(image, found, class_colors(prediction.classes))
        return success(result, ticket)


def _expect_there(cancelled: IsCancelled) -> None:
    """No more work for a sender who has gone."""
    if cancelled():
        raise Cancelled("The sender of the request has gone.")


def decoded(text: str) -> bytes:
    """The bytes of base64 text; line breaks and a `data:` address's head are left out.

    Raises:
        ImageError: it is something else.
    """
    head = _DATA_URL.match(text[:_LONGEST_HEAD])
    try:
        plain = text[head.end() :] if head else text
        # As part of an address, `+`, `/` and `=` may stand as percent signs and numbers.
        plain = "".join((unquote(plain) if head and "%" in plain else plain).split())
        return binascii.a2b_base64(plain, strict_mode=True) if plain else b""
    except ValueError as error:
        raise ImageError(
            "“image” is neither base64 nor an http(s) address. Send the image file's bytes, "
            "base64 encoded."
        ) from error


def success(result: dict[str, Any], ticket: Ticket) -> bytes:
    """An answer with a result, its fields in PaddleX's order."""
    content = {"logId": ticket.log_id, "result": result, "errorCode": 0, "errorMsg": "Success"}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _cut(passed: Prediction, kept: int) -> list[str]:
    """That there are more objects than are in the answer; empty where there are not."""
    found = len(passed.instances)
    if kept < found:
        words = f"{kept:,} of {found:,} objects are in the answer; raise “maxInstances”"
        return [f"{words} or “threshold”."]
    return [passed.cut] if passed.cut else []


def _instance(row: Instance) -> dict[str, Any]:
    return {
        "bbox": list(row.box),
        "categoryId": row.class_id,
        "categoryName": row.label,
        "score": number(row.score),
    }


def _drawn(image: Image, found: Instances, colors: Mapping[str, str]) -> str:
    pixels = overlay.overlay(image.pixels, found, threshold=0, boxes=True, colors=colors)
    jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
    return base64.b64encode(jpeg.tobytes()).decode("ascii")
