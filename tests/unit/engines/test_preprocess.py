"""Our preprocessing against PaddleX's own, bit by bit, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from instseg_ui.engines.preprocess import Prepared, Preprocess
from instseg_ui.errors import ImageError, LoadError, WorkerError
from tests.unit.factories import Pixels
from tools.test_models import EXAMPLE_NAMES, FAMILIES, ModelOptions, family_of
from tools.test_models.config import inference_config

ROOT = Path(__file__).resolve().parents[3]

Step = dict[str, Any]


def resize(size: list[int], keep_ratio: bool = False, interp: int | str = 2) -> Step:
    return {"type": "Resize", "target_size": size, "keep_ratio": keep_ratio, "interp": interp}


def official(name: str, family: Any, size: int) -> list[Step]:
    return inference_config(name, family, ModelOptions(size=size))["Preprocess"]


PLAIN: Step = {"type": "NormalizeImage", "mean": [0, 0, 0], "std": [1, 1, 1], "norm_type": "none"}
IMAGENET: Step = {"type": "NormalizeImage", "is_scale": True}
PERMUTE: Step = {"type": "Permute"}
STRIDE: Step = {"type": "PadStride", "stride": 32}

LAYOUTS: dict[str, list[Step]] = {
    **{
        family: official(EXAMPLE_NAMES[family], family, 800 if family in ("rcnn", "solo") else 640)
        for family in FAMILIES
    },
    "without a pyramid": official("MaskRCNN-ResNet50", "rcnn", 320),
    "demo": yaml.safe_load((ROOT / "assets/models/demo-cats/inference.yml").read_text())[
        "Preprocess"
    ],
    **{f"interp {n}": [resize([96, 160], True, n), IMAGENET, PERMUTE, STRIDE] for n in range(5)},
    "interp by name": [resize([96, 160], False, "Lanczos4"), IMAGENET, PERMUTE],
    "normalised twice": [IMAGENET, resize([64, 64]), IMAGENET, PERMUTE],
    "not scaled": [
        resize([64, 80]),
        {"type": "NormalizeImage", "mean": [123.7, 116.3, 103.5], "std": 58.4, "is_scale": False},
        PERMUTE,
        {"type": "PadStride"},
    ],
    "not normalised": [resize([64, 80]), PERMUTE, STRIDE],
    "not resized": [IMAGENET, PERMUTE, STRIDE],
    "padded": [
        resize([96, 96], True),
        IMAGENET,
        {"type": "Pad", "size": [96, 128], "fill_value": [1, 2.5, 3]},
        PERMUTE,
    ],
    "padded first": [
        resize([96, 96], True),
        {"type": "Pad", "size": [96, 128]},
        IMAGENET,
        PERMUTE,
        STRIDE,
    ],
    "padded by nothing": [resize([64, 64]), {"type": "Pad", "size": [64, 64]}, PLAIN, PERMUTE],
}


def noise(width: int, height: int) -> Pixels:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)


def images() -> dict[str, Pixels]:
    return {
        "1x1": noise(1, 1),
        "640x480": noise(640, 480),
        "1920x1080": noise(1920, 1080),
        "37x4000": noise(37, 4000),
        "already resized": noise(640, 640),
        "odd": noise(333, 217),
        "mirrored": noise(301, 203)[:, ::-1],
        "every second": noise(500, 300)[::2, 1::2],
        "RGB seen as BGR": noise(131, 97)[..., ::-1],
        "turned": noise(97, 131).transpose(1, 0, 2),
        "read-only": noise(64, 48).view(),
    }


OFFICIAL = {
    entry["id"]: family_of(entry["id"])
    for entry in yaml.safe_load((ROOT / "configs/models.yaml").read_text())["models"]
    if entry.get("source") != "bundled"
}
IMAGES = images()
IMAGES["read-only"].flags.writeable = False

# What PaddleX's predictor does before it runs the network, without a network.
REFERENCE = """
import hashlib, json, pickle, sys
from paddlex.inference.models.instance_segmentation.predictor import InstanceSegRunnerPredictor

class Predictor(InstanceSegRunnerPredictor):
    config, model_name, threshold = {}, "Mask", None

layouts, images = pickle.load(sys.stdin.buffer)
answers = {}
for layout, steps in json.loads(layouts).items():
    predictor = object.__new__(Predictor)
    predictor.config = {"Preprocess": steps, "draw_threshold": 0.5, "label_list": ["a"]}
    operations, _ = predictor._build()
    for name, pixels in images.items():
        data = [pixels]
        for operation in operations:
            data = operation(data)
        answers[layout, name] = [
            (str(a.dtype), a.shape, hashlib.sha256(a.tobytes()).hexdigest()) for a in data
        ]
pickle.dump(answers, open(sys.argv[1], "wb"))
"""


@pytest.fixture(scope="module")
def by_paddlex(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Type, shape and digest of the three arrays that PaddleX feeds, by layout and image."""
    out = tmp_path_factory.mktemp("reference") / "answers.pickle"
    todo = pickle.dumps((json.dumps(LAYOUTS), IMAGES))
    command = [sys.executable, "-c", REFERENCE, str(out)]
    done = subprocess.run(command, input=todo, timeout=200, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return pickle.loads(out.read_bytes())


def told(prepared: Prepared) -> list[Any]:
    return [
        (str(array.dtype), array.shape, hashlib.sha256(array.tobytes()).hexdigest())
        for array in prepared.feeds().values()
    ]


def of(steps: object, folder: Path) -> Preprocess:
    (folder / "inference.yml").write_text(yaml.safe_dump({"Preprocess": steps}))
    return Preprocess.read(folder)


@pytest.mark.paddle
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_bits_as_paddlex(by_paddlex: Any, layout: str, tmp_path: Path) -> None:
    preprocess = of(LAYOUTS[layout], tmp_path)
    for name, pixels in IMAGES.items():
        prepared = preprocess(pixels)
        assert prepared.image.flags.c_contiguous
        assert told(prepared) == by_paddlex[layout, name], name


def test_the_official_models_have_no_other_layouts() -> None:
    """What is compared above is all there is: a family's layout depends on its name only here."""
    for name, family in OFFICIAL.items():
        size = 320 if name == "MaskRCNN-ResNet50" else 800 if family in ("rcnn", "solo") else 640
        assert official(name, family, size) in LAYOUTS.values()


def test_what_comes_out_is_known_by_construction(tmp_path: Path) -> None:
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[:] = (10, 20, 30)
    normalize = {"type": "NormalizeImage", "mean": [1, 2, 4], "std": [2, 4, 8], "is_scale": False}
    steps = [resize([4, 8], interp=0), normalize, PERMUTE, {"type": "PadStride", "stride": 5}]
    prepared = of(steps, tmp_path)(pixels)
    assert prepared.image.shape == (1, 3, 5, 10)
    assert prepared.im_shape.tolist() == [[4, 8]]
    assert prepared.scale_factor.tolist() == [[2, 2]]
    inside, corner = prepared.image[0, :, :4, :8], prepared.image[0, :, 4:, 8:]
    assert (inside == np.array([14.5, 4.5, 0.75])[:, None, None]).all()
    assert not corner.any()
    assert not prepared.image[0, :, 4:].any()
    assert not prepared.image[0, :, :, 8:].any()
    assert list(prepared.feeds()) == ["im_shape", "image", "scale_factor"]


def test_the_next_image_does_not_change_the_last_one(tmp_path: Path) -> None:
    preprocess = of(LAYOUTS["detr"], tmp_path)
    first = preprocess(IMAGES["odd"])
    before = told(first)
    preprocess(IMAGES["640x480"])
    assert told(first) == before


def test_an_image_that_would_vanish_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="The image of 1 x 4000 pixels is too narrow"):
        of(LAYOUTS["rcnn"], tmp_path)(noise(1, 4000))


def test_an_image_larger_than_its_canvas_is_refused(tmp_path: Path) -> None:
    steps = [{"type": "Pad", "size": [32, 32]}, PLAIN, PERMUTE]
    with pytest.raises(WorkerError, match="pads images to 32 x 32 pixels, and this one is 640 x 4"):
        of(steps, tmp_path)(IMAGES["640x480"])


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"type": "WarpAffine"}, PERMUTE], "the preprocessing step “WarpAffine”. Known here: Re"),
        ([{"target_size": [1, 1]}, PERMUTE], "the preprocessing step “None”"),
        ([PERMUTE | {"to_rgb": True}], "gives Permute the option “to_rgb”"),
        ([resize([64, 64]) | {"pad": 1}, PERMUTE], "gives Resize the option “pad”"),
        ([PLAIN | {"order": "hwc"}, PERMUTE], "gives NormalizeImage the option “order”"),
        ([{"type": "Resize"}, PERMUTE], "to be two whole numbers from 1 to 8192"),
        ([resize([64]), PERMUTE], "`target_size` of Resize .*, got \\[64\\]"),
        ([resize([64, 0]), PERMUTE], "target_size"),
        ([resize([64, True]), PERMUTE], "target_size"),
        ([resize([64, 10**6]), PERMUTE], "target_size"),
        ([resize([64, 64], interp=7), PERMUTE], "`interp` of Resize .* from 0 to 4, got 7"),
        ([resize([64, 64], interp="cubic"), PERMUTE], "interp"),
        ([resize([64, 64]) | {"interp": [1]}, PERMUTE], "interp"),
        ([resize([64, 64]) | {"keep_ratio": 2}, PERMUTE], "true or false, got 2"),
        ([PLAIN | {"std": [1, 0, 1]}, PERMUTE], "three numbers other than 0"),
        ([PLAIN | {"mean": [1, "a", 1]}, PERMUTE], "`mean` of NormalizeImage"),
        ([PLAIN | {"mean": float("nan")}, PERMUTE], "`mean` of NormalizeImage"),
        ([PLAIN | {"norm_type": "minmax"}, PERMUTE], "none or mean_std, got minmax"),
        ([PERMUTE, {"type": "PadStride", "stride": "x"}], "`stride` of PadStride"),
        ([PERMUTE, {"type": "PadStride", "stride": 10**9}], "`stride` of PadStride"),
        ([{"type": "Pad", "size": [3, 640, 640]}, PERMUTE], "`size` of Pad"),
        ([resize([64, 64])], "to end with Permute.*got Resize"),
        ([STRIDE, PERMUTE], "to end with Permute"),
        ([PERMUTE, PLAIN], "to end with Permute"),
        ([PERMUTE, PERMUTE], "to end with Permute"),
        ([], "to end with Permute.*got none"),
        ({"Resize": 1}, "to list steps under `Preprocess`"),
        (["Resize"], "to list steps under `Preprocess`"),
    ],
)
def test_what_is_not_known_is_refused_in_a_sentence(
    steps: object, message: str, tmp_path: Path
) -> None:
    with pytest.raises(LoadError, match=message) as refused:
        of(steps, tmp_path)
    assert "\n" not in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"a: [", b"- 1", b"Preprocess: ", b"\xff\xfe\x00"])
def test_a_file_without_steps_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "inference.yml").write_bytes(content)
    with pytest.raises(LoadError, match=r"inference\.yml"):
        Preprocess.read(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="cannot be read"):
        Preprocess.read(tmp_path)
