"""What PaddleX's clients see: the same fields, with or without the additions."""

from __future__ import annotations

import base64
import uuid

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco

from instseg_ui.api.response import HealthResponse, InferResponse
from instseg_ui.exports.polygons import sampled
from tests.api.conftest import PICTURE, Api, MakeApi, as_base64
from tests.unit.factories import RED, patches


def test_an_answer_has_paddlexs_fields_in_its_order(api: Api) -> None:
    answer = api.post().json()
    assert list(answer) == ["logId", "result", "errorCode", "errorMsg"]
    assert (answer["errorCode"], answer["errorMsg"]) == (0, "Success")
    assert uuid.UUID(answer["logId"]).version == 4
    assert list(answer["result"]) == ["instances", "image"]
    assert len(answer["result"]["instances"]) == 3
    for instance in answer["result"]["instances"]:
        assert list(instance) == ["bbox", "categoryId", "categoryName", "score", "mask"]
        assert list(instance["mask"]) == ["rleResult", "size"]


def test_an_answer_is_what_the_documents_say(api: Api) -> None:
    for mask_format in (None, "crop-rle", "coco-rle", "polygon", "png"):
        InferResponse.model_validate_json(api.post(maskFormat=mask_format).content)
    HealthResponse.model_validate_json(api.client.get("/health").content)


def test_a_mask_is_the_crop_to_its_box(api: Api) -> None:
    red = next(i for i in api.instances() if i["categoryName"] == "red")
    assert red["bbox"] == [5.0, 5.0, 25.0, 25.0]
    assert red["categoryId"] == 0
    assert red["mask"]["size"] == [20, 20]
    rle = {"size": red["mask"]["size"], "counts": red["mask"]["rleResult"].encode()}
    assert coco.decode(rle).all()


def test_every_format_says_the_same_mask(api: Api) -> None:
    def ask(mask_format: str) -> list[dict]:
        return [row["mask"] for row in api.instances(maskFormat=mask_format)]

    boxes = [[round(v) for v in row["bbox"]] for row in api.instances()]
    answers = zip(boxes, ask("coco-rle"), ask("crop-rle"), ask("polygon"), ask("png"), strict=True)
    for (x0, y0, x1, y1), full, crop, polygon, image in answers:
        frame = coco.decode({"size": full["size"], "counts": full["counts"].encode()})
        assert frame.shape == PICTURE.shape[:2]
        expected = frame[y0:y1, x0:x1]
        rle = {"size": crop["size"], "counts": crop["rleResult"].encode()}
        assert np.array_equal(coco.decode(rle), expected)
        rings = [np.reshape(ring, (-1, 2)) for part in polygon["polygons"] for ring in part]
        assert np.array_equal(sampled(rings, frame.shape), frame)
        assert (image["origin"], image["size"]) == ([x0, y0], list(expected.shape))
        pixels = cv2.imdecode(np.frombuffer(base64.b64decode(image["png"]), np.uint8), 0)
        assert np.array_equal(pixels, expected * 255)


def test_the_image_is_a_jpeg_of_the_same_size(api: Api) -> None:
    jpeg = base64.b64decode(api.post().json()["result"]["image"])
    assert jpeg[:3] == b"\xff\xd8\xff"
    drawn = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == PICTURE.shape


def test_without_visualize_there_is_no_image_field(api: Api) -> None:
    assert list(api.post(visualize=False).json()["result"]) == ["instances"]


def test_the_setting_decides_when_the_request_does_not(make_api: MakeApi) -> None:
    silent = make_api(http_visualize=False)
    assert "image" not in silent.post().json()["result"]
    assert "image" not in silent.post(visualize=None).json()["result"]
    assert "image" in silent.post(visualize=True).json()["result"]


def test_the_threshold_filters_and_is_one_half_if_not_given(api: Api) -> None:
    triangle = patches(((5, 5, 25, 25), RED))
    triangle[5:25, 5:25][np.tril_indices(20, -1)] = 127  # fills half of its box: score 0.66
    image = as_base64(triangle)
    (found,) = api.instances(image=image)
    assert 0.6 < found["score"] < 0.7
    assert api.instances(image=image, threshold=0.7) == []
    assert api.instances(image=image, threshold=None) == [found]
    assert api.instances(image=image, threshold="0.5") == [found]


def test_the_number_of_instances_can_be_bounded(api: Api) -> None:
    first, *_ = api.instances()
    assert api.instances(maxInstances=1) == [first]


def test_fields_that_are_not_known_are_ignored(api: Api) -> None:
    assert api.instances(fileType=1, someday={"a": [1]}) == api.instances()


@pytest.mark.parametrize(
    "wrap",
    [
        "data:image/png;base64,{}",
        "\n {}\r\n",
        "data:;base64,{}",
        "data:image/png;name=my%20cat%20(1).png;base64,{}",
        "data:image/png;name=%E7%8C%AB.png;base64,{}",
        'data:image/png;name="a, b; c.png";charset=utf-8;base64,{}',
        "DATA:image/png;name=猫.png;BASE64,\n{}",
    ],
)
def test_base64_may_be_wrapped(api: Api, wrap: str) -> None:
    assert api.instances(image=wrap.format(as_base64(PICTURE))) == api.instances()


def test_an_image_without_objects_answers_with_none(api: Api) -> None:
    assert api.instances(image=as_base64(patches())) == []


def test_a_model_can_be_named(api: Api) -> None:
    assert api.instances(model="patches") == api.instances()
    assert {row["categoryName"] for row in api.instances(model="demo-cats")} == {"cat"}


def test_health_is_paddlexs(api: Api) -> None:
    answer = api.client.get("/health").json()
    assert list(answer) == ["logId", "errorCode", "errorMsg"]
    assert (answer["errorCode"], answer["errorMsg"]) == (0, "Healthy")
