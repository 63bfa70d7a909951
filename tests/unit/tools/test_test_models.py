"""With the test models, the unmodified PaddleX finds exactly what a scene holds."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tools.test_models import (
    BREAKAGES,
    CANDIDATES,
    EXAMPLE_NAMES,
    FAMILIES,
    ModelOptions,
    OracleAnswer,
    OracleJob,
    Scene,
    break_model,
    build_variants,
    copy_test_model,
    family_of,
    make_scene,
    run_paddlex,
)

NAMES = {
    "detr": [f"Mask-RT-DETR-{size}" for size in "HXLMS"],
    "rcnn": [
        "Cascade-MaskRCNN-ResNet50-FPN",
        "Cascade-MaskRCNN-ResNet50-vd-SSLDv2-FPN",
        "MaskRCNN-ResNet50",
        "MaskRCNN-ResNet50-FPN",
        "MaskRCNN-ResNet50-vd-FPN",
        "MaskRCNN-ResNet101-FPN",
        "MaskRCNN-ResNet101-vd-FPN",
        "MaskRCNN-ResNeXt101-vd-FPN",
    ],
    "yoloe": ["PP-YOLOE_seg-S"],
    "solo": ["SOLOv2"],
}
ALL_NAMES = [name for names in NAMES.values() for name in names]

SCENES = {
    "landscape": make_scene(320, 240, seed=1),
    "portrait": make_scene(240, 400, count=9, seed=2),
    "odd size": make_scene(333, 217, seed=3),
    "noise": make_scene(320, 240, noise=12, seed=4),
    "touching": make_scene(400, 300, count=8, layout="touching", seed=5),
    "overlapping": make_scene(400, 300, count=8, layout="overlapping", seed=6),
    "plain": make_scene(160, 120, count=0),
}
FULL_HD = make_scene(1920, 1080, count=6, labels=("red", "green"), seed=7)
SMALL = make_scene(96, 72, count=3, seed=8)

# Kept small where size is not the point: most of the time goes into loading them.
VARIANTS = {
    "by name": ModelOptions(size=128, candidates=20),
    "contract": ModelOptions(size=128),
    "scenes": ModelOptions(candidates=20),
    "full hd": ModelOptions(labels=("red", "green"), size=640, candidates=12),
    "nothing": ModelOptions(size=128, nothing=True),
    "extra": ModelOptions(size=128, candidates=20, outside_box=True, empty_mask=True),
    "short": ModelOptions(size=128, candidates=20, short_masks=True),
    "tied": ModelOptions(size=128, candidates=20, class_scores=(0.5,), cell_step=0.0, work=2),
}


def test_every_official_name_has_its_family() -> None:
    assert {name: family_of(name) for name in ALL_NAMES} == {
        name: family for family, names in NAMES.items() for name in names
    }
    with pytest.raises(ValueError, match="RT-DETR-L"):
        family_of("RT-DETR-L")


def test_importing_the_fakes_imports_no_paddle() -> None:
    code = "import sys, tools.test_models; print([m for m in sys.modules if 'paddle' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@dataclass
class Plan:
    """Jobs by what they show; all run in one process, whose start is what takes the time."""

    jobs: dict[tuple[str, str], OracleJob] = field(default_factory=dict)
    answers: dict[tuple[str, str], list[OracleAnswer]] = field(default_factory=dict)

    def add(self, what: str, folder: Path, name: str, *images: np.ndarray, **rest) -> None:
        # Two threads: a test machine is shared.
        config = {"cpu_threads": 2} | rest.pop("engine_config", {"run_mode": "paddle"})
        self.jobs[what, name] = OracleJob(folder, name, images, engine_config=config, **rest)

    def run(self) -> None:
        self.answers = dict(zip(self.jobs, run_paddlex(list(self.jobs.values())), strict=True))

    def answer(self, what: str, name: str) -> OracleAnswer:
        return self.answers[what, name][0]


def variant_names(what: str) -> list[str]:
    if what == "by name":
        return ALL_NAMES
    if what == "short":
        return ["PP-YOLOE_seg-S"]
    return [n for n in EXAMPLE_NAMES.values() if (what, n) != ("extra", "SOLOv2")]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    root, plan = tmp_path_factory.mktemp("models"), Plan()
    folders = {
        (what, name): root / what / name for what in VARIANTS for name in variant_names(what)
    }
    build_variants([(f, name, VARIANTS[what]) for (what, name), f in folders.items()])
    for (what, name), folder in folders.items():
        _add(plan, what, folder, name)
    for how in BREAKAGES:
        folder = shutil.copytree(folders["by name", "Mask-RT-DETR-S"], root / how)
        break_model(folder, how, donor=folders["by name", "SOLOv2"])
        plan.jobs["broken", how] = OracleJob(folder, "Mask-RT-DETR-S", [SMALL.image])
    plan.run()
    return plan


def _add(plan: Plan, what: str, folder: Path, name: str) -> None:
    if what == "by name":
        plan.add(what, folder, name, SMALL.image, engine_config={})
    elif what == "scenes":
        plan.add(what, folder, name, *(scene.image for scene in SCENES.values()))
    elif what == "full hd":
        plan.add(what, folder, name, FULL_HD.image)
    elif what == "tied":
        plan.add(what, folder, name, SMALL.image, threshold=0.4999)
        plan.add("at 0.5", folder, name, SMALL.image, threshold=0.5)
    else:
        plan.add(what, folder, name, SMALL.image, raw=True)


def found(answer: OracleAnswer, scene: Scene) -> list[tuple[int, np.ndarray | None, np.ndarray]]:
    """Class, box (None for SOLOv2) and full-frame mask of every object in PaddleX's answer."""
    assert not answer.error
    things = []
    for entry, mask in zip(answer.boxes, answer.masks, strict=True):
        if "coordinate" not in entry:
            things.append((entry["class_id"], None, np.asarray(mask, bool)))
            continue
        box = np.array(entry["coordinate"], float)
        x1, y1, x2, y2 = box.round().astype(int)
        full = np.zeros(scene.image.shape[:2], bool)
        full[y1:y2, x1:x2] = mask
        things.append((entry["cls_id"], box, full))
    return things


def assert_finds(answer: OracleAnswer, scene: Scene, box_tolerance: float) -> None:
    things = found(answer, scene)
    assert len(things) == len(scene.instances)
    for true in scene.instances:
        overlap = [
            (mask & true.mask).sum() / (mask | true.mask).sum() * (class_id == true.class_id)
            for class_id, _, mask in things
        ]
        best = int(np.argmax(overlap))
        assert overlap[best] >= 0.95
        box = things[best][1]
        assert box is None or np.abs(box - true.box).max() <= box_tolerance


@pytest.mark.paddle
@pytest.mark.parametrize("name", EXAMPLE_NAMES.values())
@pytest.mark.parametrize("index", range(len(SCENES)), ids=list(SCENES))
def test_paddlex_finds_exactly_the_scene(plan: Plan, name: str, index: int) -> None:
    assert_finds(plan.answers["scenes", name][index], list(SCENES.values())[index], 1)


@pytest.mark.paddle
@pytest.mark.parametrize("name", EXAMPLE_NAMES.values())
def test_paddlex_finds_exactly_the_scene_in_full_hd(plan: Plan, name: str) -> None:
    assert_finds(plan.answer("full hd", name), FULL_HD, 2)


@pytest.mark.paddle
@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_official_name_runs_with_paddlexs_own_settings(plan: Plan, name: str) -> None:
    assert_finds(plan.answer("by name", name), SMALL, 1)


@pytest.mark.paddle
@pytest.mark.parametrize("family", FAMILIES)
def test_outputs_keep_the_contract_of_the_family(plan: Plan, family: str) -> None:
    raw = plan.answer("contract", EXAMPLE_NAMES[family]).raw
    n = CANDIDATES[family]
    frames = (n, *SMALL.image.shape[:2])
    got = [(a.shape, a.dtype.name) for a in raw]
    masks = {"detr": "int32", "rcnn": "int32", "yoloe": "float32"}
    if family == "solo":
        assert got == [
            ((1,), "int32"), ((n,), "int64"), ((n,), "float32"), (frames, "uint8")
        ]  # fmt: skip
    else:
        assert got == [((n, 6), "float32"), ((1,), "int32"), (frames, masks[family])]
    assert set(np.unique(raw[-1])) == {0, 1}


@pytest.mark.paddle
@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_the_announced_ones_and_padding_is_low(plan: Plan, family: str) -> None:
    raw = plan.answer("contract", EXAMPLE_NAMES[family]).raw
    scores = raw[2] if family == "solo" else raw[0][:, 1]
    options = ModelOptions()
    expected = sorted(options.score(t.class_id, t.cell) for t in SMALL.instances)
    assert np.sort(scores[scores > 0.05]) == pytest.approx(expected, abs=1e-6)
    assert (scores > 0.05).sum() == len(expected) < len(scores)
    falling = bool((np.diff(scores) <= 0).all())
    # The real NMS heads answer class by class.
    assert falling == (family in ("detr", "solo"))


@pytest.mark.paddle
def test_masks_may_come_a_pixel_short(plan: Plan) -> None:
    height, width = SMALL.image.shape[:2]
    answer = plan.answer("short", "PP-YOLOE_seg-S")
    assert answer.raw[2].shape == (20, height - 1, width - 1)
    assert len(answer.boxes) == len(SMALL.instances)


@pytest.mark.paddle
@pytest.mark.parametrize("family", FAMILIES)
def test_an_answer_of_nothing_is_the_familys_own(plan: Plan, family: str) -> None:
    answer = plan.answer("nothing", EXAMPLE_NAMES[family])
    assert not answer.error
    assert answer.boxes == []
    if family == "detr":
        assert answer.raw[0][:, 1].max() < 0.05
    elif family == "solo":
        assert [a.shape for a in answer.raw] == [(1,)] * 4
        assert answer.raw[1][0] == answer.raw[2][0] == -1
    else:
        assert answer.raw[0].shape == (1, 6)
        assert answer.raw[0][0, :2].tolist() == [0, 0]
        assert answer.raw[2].shape == (1, *SMALL.image.shape[:2])


@pytest.mark.paddle
@pytest.mark.parametrize("name", ["Mask-RT-DETR-S", "PP-YOLOE_seg-S"])
def test_a_box_outside_the_image_shifts_paddlexs_masks(plan: Plan, name: str) -> None:
    answer = plan.answer("extra", name)
    boxes = answer.raw[0]
    outside = boxes[:, 2] >= SMALL.image.shape[1]
    assert outside.sum() == 1
    assert answer.raw[2][outside].all()
    # It is the first of all candidates: PaddleX drops the box, and hands its full mask to the next.
    assert outside[0]
    assert len(answer.boxes) == len(SMALL.instances) + 1
    assert answer.masks[0].all()
    # The object without a mask thus gets one, and the first real object gets the empty one.
    assert not answer.masks[1].any()


@pytest.mark.paddle
def test_rcnn_gives_a_box_outside_the_image_no_class(plan: Plan) -> None:
    answer = plan.answer("extra", "MaskRCNN-ResNet50-FPN")
    assert (answer.raw[0][:, 0] == -1).sum() == 1
    empty = [not mask.any() for mask in answer.masks]
    assert sum(empty) == 1
    assert answer.boxes[empty.index(True)]["score"] == pytest.approx(0.97)


@pytest.mark.paddle
@pytest.mark.parametrize("family", FAMILIES)
def test_paddlex_keeps_a_score_at_the_threshold_only_for_solov2(plan: Plan, family: str) -> None:
    name = EXAMPLE_NAMES[family]
    below, at = plan.answer("tied", name), plan.answer("at 0.5", name)
    assert {entry["score"] for entry in below.boxes} == {0.5}
    assert len(below.boxes) == len(SMALL.instances)
    assert len(at.boxes) == (len(SMALL.instances) if family == "solo" else 0)


@pytest.mark.paddle
@pytest.mark.parametrize("how", BREAKAGES)
def test_paddlex_refuses_a_broken_folder(plan: Plan, how: str) -> None:
    error = plan.answer("broken", how).error
    # Without a name of its own a folder runs under the name that it was asked for by.
    assert bool(error) == (how != "no_model_name")


@pytest.mark.paddle
def test_a_copy_may_change_its_name_but_not_its_family(plan: Plan, tmp_path: Path) -> None:
    source = plan.jobs["by name", "Mask-RT-DETR-S"].folder
    copy = copy_test_model(source, tmp_path / "copy", "Mask-RT-DETR-L")
    assert "Mask-RT-DETR-L" in (copy / "inference.yml").read_text("utf-8")
    assert sum(file.stat().st_size for file in copy.iterdir()) < 200_000
    with pytest.raises(ValueError, match="other outputs"):
        copy_test_model(source, tmp_path / "other", "SOLOv2")
