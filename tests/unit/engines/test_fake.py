"""The built-in engine: colour patches as instances, and faults on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instseg_ui.engines import EngineRequest, candidates, create
from instseg_ui.engines.fake import FakeEngine
from instseg_ui.errors import LoadError, WorkerError
from instseg_ui.masks import decode
from tests.unit.factories import BLUE, GREEN, RED, model_folder, patches


def engine(folder: Path, **script: Any) -> FakeEngine:
    model_folder(folder, **script)
    return FakeEngine(EngineRequest("fake", folder, "SOLOv2", ("red", "green", "blue")))


def test_every_patch_of_a_colour_is_an_instance(tmp_path: Path) -> None:
    image = patches(((2, 3, 12, 20), RED), ((30, 5, 50, 15), GREEN), ((60, 30, 75, 50), BLUE))
    found = engine(tmp_path).run(image, 0.05, 100).instances
    assert sorted(found.labels) == ["blue", "green", "red"]
    by_label = {row.label: row for row in found}
    assert by_label["red"].box == (2, 3, 12, 20)
    assert by_label["red"].area == 10 * 17
    expected = np.zeros((60, 80), bool)
    expected[3:20, 2:12] = True
    assert np.array_equal(decode(by_label["red"].mask), expected)


def test_two_patches_of_one_colour_are_two_instances(tmp_path: Path) -> None:
    image = patches(((0, 0, 10, 10), RED), ((70, 50, 80, 60), RED))
    assert len(engine(tmp_path).run(image, 0.05, 100).instances) == 2


def test_a_fuller_patch_scores_higher(tmp_path: Path) -> None:
    image = patches(((0, 0, 20, 20), RED), ((40, 0, 60, 20), RED))
    image[5:15, 45:60] = 127
    found = engine(tmp_path).run(image, 0.05, 100).instances
    assert found.boxes[:, 0].tolist() == [0, 40]
    assert found.scores[0] == pytest.approx(0.99)
    assert found.scores[1] < 0.9


def test_gray_holds_nothing(tmp_path: Path) -> None:
    assert len(engine(tmp_path).run(patches(), 0.05, 100).instances) == 0


def test_floor_and_limit_hold(tmp_path: Path) -> None:
    image = patches(((0, 0, 20, 20), RED), ((40, 0, 60, 20), GREEN))
    made = engine(tmp_path)
    assert len(made.run(image, 0.999, 100).instances) == 0
    assert len(made.run(image, 0.05, 1).instances) == 1


def test_the_same_image_gives_the_same_answer(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)
    first, second = (engine(tmp_path).run(image, 0.05, 100).instances for _ in range(2))
    assert list(first) == list(second)


def test_faults_come_when_the_script_says(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"^no$"):
        engine(tmp_path, load_error="no")
    made = engine(tmp_path, run_error="not this one", good_runs=2)
    for _ in range(2):
        made.run(patches(), 0.05, 100)
    with pytest.raises(WorkerError, match=r"^not this one$"):
        made.run(patches(), 0.05, 100)


def test_an_unknown_engine_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"no engine “warp”. Known: paddle,"):
        create(EngineRequest("warp", tmp_path, "SOLOv2", ("cat",)))


def test_onednn_is_tried_first_only_where_paddlex_does_and_never_on_a_gpu() -> None:
    assert candidates("Mask-RT-DETR-L", "cpu") == ("paddle-onednn", "paddle")
    assert candidates("Mask-RT-DETR-S", "cpu") == ("paddle",)
    assert candidates("Mask-RT-DETR-L", "gpu:0") == ("paddle",)
