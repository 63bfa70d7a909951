"""The embedded models: their folders are whole, and PaddleX runs them like official ones."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from instseg_ui.train.network import spec

MODELS = Path(__file__).parents[3] / "assets" / "models"
NAMES = sorted(path.name for path in MODELS.iterdir())
CATS = MODELS / "demo-cats"
FLOOR = 0.05
MEGABYTE = 1_000_000


@pytest.fixture(scope="module", params=NAMES)
def folder(request):
    return MODELS / request.param


@pytest.fixture(scope="module")
def model(folder):
    from tools.embedded_models.predict import PaddleXModel

    return PaddleXModel(folder, threads=2)


@pytest.fixture(scope="module")
def cats():
    from tools.embedded_models.predict import PaddleXModel

    return PaddleXModel(CATS, threads=2)


@pytest.fixture(scope="module")
def graph(folder):
    """The bare graph: PaddleX's three inputs to its three outputs."""
    from paddle import inference

    config = inference.Config(str(folder / "inference.json"), str(folder / "inference.pdiparams"))
    config.disable_glog_info()
    predictor = inference.create_predictor(config)

    def run(image, im_shape, scale_factor):
        inputs = {"image": image, "im_shape": im_shape, "scale_factor": scale_factor}
        assert predictor.get_input_names() == ["im_shape", "image", "scale_factor"]
        for name in predictor.get_input_names():
            predictor.get_input_handle(name).copy_from_cpu(inputs[name])
        predictor.run()
        names = predictor.get_output_names()
        return [predictor.get_output_handle(name).copy_to_cpu() for name in names]

    return run


def description(folder: Path) -> dict:
    return yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))


def drawn_cat(width: int, height: int) -> np.ndarray:
    """A dark sitting cat, much simplified, on grass; BGR uint8."""
    canvas = np.full((512, 512, 3), (90, 140, 110), np.uint8)
    canvas = cv2.add(canvas, np.random.default_rng(0).integers(0, 40, canvas.shape, np.uint8))
    fur = (45, 55, 65)
    cv2.ellipse(canvas, (256, 350), (85, 120), 0, 0, 360, fur, -1)
    cv2.circle(canvas, (256, 200), 68, fur, -1)
    for side in (-1, 1):
        ear = [(256 + side * x, y) for x, y in ((15, 145), (62, 95), (66, 190))]
        cv2.fillPoly(canvas, [np.array(ear, np.int32)], fur)
        cv2.circle(canvas, (256 + side * 26, 195), 11, (60, 220, 200), -1)
    cv2.ellipse(canvas, (350, 430), (70, 22), -20, 0, 360, fur, -1)
    return cv2.resize(canvas, (width, height))


def test_all_folders_together_are_below_thirty_megabytes():
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) < 30 * MEGABYTE


def test_folder_is_whole_and_its_files_below_ten_megabytes(folder):
    files = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert {"inference.json", "inference.pdiparams", "inference.yml", "MODEL_CARD.md"} <= set(files)
    assert {"LICENSE-backbone", "LICENSE-data"} <= set(files)
    assert max(files.values()) < 10 * MEGABYTE


def test_description_is_what_paddlex_reads(folder):
    read = description(folder)
    assert read["Global"]["model_name"] == "PP-YOLOE_seg-S"
    assert read["draw_threshold"] == 0.5
    steps = [step["type"] for step in read["Preprocess"]]
    assert steps == ["Resize", "NormalizeImage", "Permute", "PadStride"]


def test_labels_are_those_of_the_card(folder):
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert all(f"| {label} |" in card or f"`{label}`" in card for label in labels(folder))


def labels(folder: Path) -> list[str]:
    return description(folder)["label_list"]


def test_labels_are_classes_that_were_trained(folder):
    known = spec.EVERYDAY
    assert [name for name in known if name in labels(folder)] == labels(folder)


@pytest.mark.paddle
@pytest.mark.parametrize("size", [(512, 512), (640, 480), (1920, 1080), (97, 211), (301, 45)])
def test_results_fit_the_image(model, folder, size):
    width, height = size
    pixels = drawn_cat(width, height)
    found = model(pixels, FLOOR)
    assert found.masks.shape == (len(found.boxes), height, width)
    assert (found.scores > FLOOR).all()
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [width, height, width, height]).all()
    assert set(found.labels) <= set(labels(folder))


@pytest.mark.paddle
def test_a_drawn_cat_is_found(cats):
    found = cats(drawn_cat(512, 512), FLOOR)
    x1, y1, x2, y2 = found.boxes[0]
    assert x1 < 256 < x2
    assert y1 < 300 < y2
    assert found.masks[0, 300, 256] == 1


@pytest.mark.paddle
@pytest.mark.parametrize("size", [(64, 64), (640, 360), (1, 1)])
def test_nothing_to_find_is_no_error(model, size):
    width, height = size
    found = model(np.full((height, width, 3), 127, np.uint8), 0.9)
    assert len(found.boxes) == 0
    assert found.masks.shape == (0, height, width)


@pytest.mark.paddle
def test_graph_keeps_the_contract(graph, folder):
    # A 333 x 210 original, made 500 x 315 and padded to multiples of 32.
    pixels = cv2.resize(drawn_cat(333, 210), (500, 315)).astype(np.float32)
    image = np.zeros((1, 3, 320, 512), np.float32)
    image[0, :, :315, :500] = ((pixels[..., ::-1] - 127) / 128).transpose(2, 0, 1)
    boxes, count, masks = graph(
        image, np.float32([[315, 500]]), np.float32([[315 / 210, 500 / 333]])
    )
    assert (boxes.dtype, count.dtype, masks.dtype) == (np.float32, np.int32, np.uint8)
    assert boxes.shape == (count[0], 6)
    assert masks.shape == (count[0], 210, 333)
    assert set(np.unique(masks)) <= {0, 1}
    classes = boxes[:, 0]
    assert set(classes) <= set(range(len(labels(folder))))
    # Class after class, best first within each.
    assert (np.diff(classes) >= 0).all()
    assert (np.diff(boxes[:, 1])[np.diff(classes) == 0] <= 0).all()
    y, x = np.mgrid[:210, :333] + 0.5
    for (_, _, x1, y1, x2, y2), mask in zip(boxes, masks, strict=True):
        outside = (x < x1) | (x > x2) | (y < y1) | (y > y2)
        assert not mask[outside].any()
