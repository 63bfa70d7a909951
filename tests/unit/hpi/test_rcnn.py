"""R-CNN taken apart: equal to Paddle on small networks with the real exports' operators."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from instseg_ui.engines import EngineRequest
from instseg_ui.engines.converted import ConvertedEngine
from instseg_ui.engines.outputs import to_instances
from instseg_ui.engines.tails.boxes import best, clip, decode, suppress
from instseg_ui.engines.tails.heads import Pyramid
from instseg_ui.engines.tails.outline import outlines
from instseg_ui.engines.tails.paste import pasted
from instseg_ui.hpi.parity import FLOOR, LIMIT, pair
from instseg_ui.masks import decode as decoded
from instseg_ui.masks import encode_edges
from instseg_ui.results import Instances
from tools.test_models import ModelOptions, OracleJob, build_variants, make_scene, run_paddlex

NAME = "MaskRCNN-ResNet50-FPN"
LABELS = ("a", "b", "c")
SIZE = 128
SMALL = ModelOptions(labels=LABELS, size=SIZE, candidates=30)


def structured(**changes: object) -> ModelOptions:
    return ModelOptions(**{"labels": LABELS, "size": SIZE, "candidates": 30} | changes)  # type: ignore[arg-type]


MODELS: dict[str, tuple[str, ModelOptions]] = {
    "fpn": (NAME, structured(structure="fpn")),
    "cascade": ("Cascade-MaskRCNN-ResNet50-FPN", structured(structure="cascade")),
    "c4": ("MaskRCNN-ResNet50", structured(structure="c4")),
    "nothing": (NAME, structured(structure="fpn", nothing=True)),
    "empty": (NAME, structured(structure="fpn", empty_mask=True)),
    "one": (NAME, structured(structure="fpn", labels=("a",), candidates=1)),
}
OTHERS: dict[str, tuple[str, ModelOptions]] = {
    "rcnn": (NAME, SMALL),
    "detr": ("Mask-RT-DETR-S", SMALL),
}
IMAGES = {
    "wide": make_scene(233, 150, count=6, noise=10, seed=1).image,
    "tall": make_scene(71, 160, count=5, noise=10, seed=2).image,
    "flat": make_scene(400, 31, count=1, noise=10, grid=(1, 3), seed=3).image,
}
PIXEL = np.full((1, 1, 3), 200, np.uint8)
CONVERT = """
import sys
from pathlib import Path
from instseg_ui.engines.conversion.__main__ import main
root = Path(sys.argv[1])
for name in sys.argv[2:]:
    out = root / "converted" / name
    out.mkdir(parents=True)
    with (out / "said.jsonl").open("w") as said:
        main(root / name, out, ["rcnn"], said)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every model, and what the recipe made of each, in `converted`."""
    root = tmp_path_factory.mktemp("rcnn")
    models = MODELS | OTHERS
    build_variants([(root / key, *model) for key, model in models.items()])
    command = [sys.executable, "-c", CONVERT, str(root), *models]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return root


@pytest.fixture(scope="module")
def reference(root: Path) -> dict[tuple[str, str], Instances]:
    """Paddle's own answers by model and image."""
    jobs = [
        OracleJob(root / key, name, list(IMAGES.values()), raw=True)
        for key, (name, _) in MODELS.items()
    ]
    found = {}
    for (key, (_, options)), answers in zip(MODELS.items(), run_paddlex(jobs), strict=True):
        for (image, pixels), answer in zip(IMAGES.items(), answers, strict=True):
            size = pixels.shape[:2]
            found[key, image] = to_instances(answer.raw, options.labels, size, FLOOR, LIMIT)
    return found


def engine(root: Path, key: str, name: str = "onnxruntime") -> ConvertedEngine:
    folder = root / key
    labels = MODELS[key][1].labels
    return ConvertedEngine(
        EngineRequest(name, folder, NAME, labels, converted=root / "converted" / key)
    )


def said(root: Path, key: str) -> dict[str, str]:
    lines = (root / "converted" / key / "said.jsonl").read_text().splitlines()
    return dict(json.loads(lines[-1]))


def assert_same(running: ConvertedEngine, pixels: np.ndarray, theirs: Instances) -> None:
    """As the gate has it: an object that is off is a near tie, or a fault."""
    pairing = pair(theirs, running.run(pixels, FLOOR, LIMIT).instances)
    if pairing.off or pairing.surplus:
        assert len(pairing.off) <= max(1, len(theirs) // 20)
        again = running.run(pixels, FLOOR, LIMIT, theirs)
        assert pairing.off <= {tie.reference for tie in again.ties}
        pairing = pair(theirs, again.instances)
    assert not pairing.off
    assert not pairing.surplus


@pytest.mark.paddle
@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("key", MODELS)
def test_it_finds_what_paddle_finds(
    root: Path, reference: dict[tuple[str, str], Instances], key: str, image: str
) -> None:
    assert_same(engine(root, key), IMAGES[image], reference[key, image])


@pytest.mark.paddle
def test_the_models_show_what_they_are_for(
    reference: dict[tuple[str, str], Instances],
) -> None:
    assert {len(reference["nothing", image]) for image in IMAGES} == {0}
    assert len(reference["one", "wide"]) == 1
    assert not reference["empty", "wide"].areas.any()
    for key in ("fpn", "cascade", "c4", "empty"):
        assert len(reference[key, "wide"]) >= 5, key
    assert len(set(reference["cascade", "wide"].class_ids.tolist())) > 1
    assert reference["fpn", "wide"].areas.max() > 100


@pytest.mark.paddle
def test_openvino_finds_the_same(root: Path, reference: dict[tuple[str, str], Instances]) -> None:
    pytest.importorskip("openvino")
    for key in ("fpn", "cascade", "c4", "nothing"):
        assert_same(engine(root, key, "openvino"), IMAGES["wide"], reference[key, "wide"])


@pytest.mark.paddle
def test_floor_and_limit_leave_the_best(root: Path) -> None:
    running = engine(root, "fpn")
    every = running.run(IMAGES["wide"], FLOOR, LIMIT).instances
    floor = float(every.scores[len(every) // 2])
    assert running.run(IMAGES["wide"], floor, LIMIT).instances.scores.tolist() == [
        score for score in every.scores.tolist() if score >= floor
    ]
    three = running.run(IMAGES["wide"], FLOOR, 3).instances
    assert three.masks == every.masks[:3]


@pytest.mark.paddle
@pytest.mark.parametrize("key", ["fpn", "cascade", "c4", "nothing"])
def test_one_pixel_is_an_image_too(root: Path, key: str) -> None:
    # All its features are alike, so that which of equal boxes stay is anybody's choice.
    found = engine(root, key).run(PIXEL, FLOOR, LIMIT).instances
    assert bool(len(found)) == (key != "nothing")
    assert ((found.boxes >= 0) & (found.boxes <= 1)).all()


@pytest.mark.paddle
@pytest.mark.parametrize("key", MODELS)
def test_the_recipe_fits(root: Path, key: str) -> None:
    assert said(root, key) == {"done": "rcnn"}


@pytest.mark.paddle
@pytest.mark.parametrize("key", OTHERS)
def test_other_graphs_are_left_to_other_recipes(root: Path, key: str) -> None:
    assert said(root, key)["why"] == ""


def test_an_object_outside_the_image_is_dropped() -> None:
    boxes = np.array([[-9, 2, -3, 8], [5, 5, 30, 9], [90, 1, 99, 4]], np.float32)
    assert clip(boxes, np.array([10, 20], np.float32)).tolist() == [
        [0, 2, 0, 8],
        [5, 5, 20, 9],
        [20, 1, 20, 4],
    ]


def test_deltas_move_and_stretch_a_box() -> None:
    box = np.array([[10, 20, 30, 60]], np.float32)
    deltas = np.array([[0.5, -0.25, np.log(2), 9]], np.float32)
    got = decode(box, deltas, float(np.log(3)))
    np.testing.assert_allclose(got, [[10, -30, 50, 90]], rtol=1e-6)


def test_of_boxes_that_overlap_the_best_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 5], [20, 0, 30, 10]], np.float32)
    assert suppress(boxes, 0.5).tolist() == [0, 2, 3]
    assert suppress(boxes, 0.5, most=2).tolist() == [0, 2]
    assert suppress(boxes[:0], 0.5).tolist() == []


def test_boxes_of_no_area_suppress_each_other_where_they_touch() -> None:
    boxes = np.array([[5, 0, 5, 9], [5, 2, 5, 4], [7, 0, 7, 9]], np.float32)
    assert suppress(boxes, 0.5).tolist() == [0, 2]


def test_the_best_come_first_and_of_equal_ones_the_first() -> None:
    scores = np.array([1, 3, 2, 3, 0], np.float32)
    assert best(scores, 3).tolist() == [1, 3, 2]
    assert best(scores, 0).tolist() == [1, 3, 2, 0, 4]


def test_each_box_goes_to_the_level_of_its_size() -> None:
    pyramid = Pyramid({"min_level": 2, "max_level": 5, "refer_level": 4, "refer_scale": 224})
    sides = np.array([10, 111, 113, 223, 225, 449, 3000, 0], np.float32)
    rois = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)
    assert [level.tolist() for level in pyramid.split(rois)] == [[0, 1, 7], [2, 3], [4], [5, 6]]
    assert [level.tolist() for level in Pyramid({}).split(rois[:2])] == [[0, 1]]


def pasted_mask(cells: np.ndarray, box: tuple[float, ...]) -> np.ndarray:
    (edges,) = outlines([pasted(cells, np.array(box, np.float32), (20, 20))], 0.4999, (20, 20))
    return decoded(encode_edges(edges, (20, 20)))


def test_a_mask_is_pasted_into_its_box() -> None:
    cells = np.zeros((4, 4), np.float32)
    cells[:, :2] = 1
    expected = np.zeros((20, 20), bool)
    expected[2:6, 3:7] = True
    assert (pasted_mask(cells, (3, 2, 11, 6)) == expected).all()


@pytest.mark.parametrize("box", [(0.2, 0.3, 0.4, 0.45), (19.6, 0, 20, 20)])
def test_a_box_between_two_pixels_has_an_empty_mask(box: tuple[float, ...]) -> None:
    assert not pasted_mask(np.ones((4, 4), np.float32), box).any()
