"""Scenes are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from tools.test_models import CLASS_COLORS, make_scene

SCENES = {
    "landscape": make_scene(320, 240, seed=1),
    "portrait": make_scene(240, 400, count=9, seed=2),
    "odd size": make_scene(333, 217, seed=3),
    "noise": make_scene(320, 240, noise=12, seed=4),
    "touching": make_scene(400, 300, count=9, layout="touching", seed=5),
    "overlapping": make_scene(400, 300, count=9, layout="overlapping", seed=6),
    "plain": make_scene(160, 120, count=0),
}


def test_a_scene_is_the_same_for_the_same_seed() -> None:
    assert np.array_equal(make_scene(seed=3).image, make_scene(seed=3).image)
    assert not np.array_equal(make_scene(seed=3).image, make_scene(seed=4).image)


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_knows_its_objects(name: str) -> None:
    scene = SCENES[name]
    assert scene.image.dtype == np.uint8
    for thing in scene.instances:
        x1, y1, x2, y2 = thing.box
        assert thing.mask[y1:y2, x1:x2].sum() == thing.mask.sum() > 0
        assert thing.mask[y1].any()
        assert thing.mask[y2 - 1].any()
        assert thing.mask[:, x1].any()
        assert thing.mask[:, x2 - 1].any()
        assert thing.label == scene.labels[thing.class_id]
        if name != "noise":
            assert (scene.image[thing.mask] == CLASS_COLORS[thing.class_id][::-1]).all()
    assert sum((t.mask.astype(int) for t in scene.instances), np.zeros(1, int)).max() <= 1


def test_too_many_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 9"):
        make_scene(count=10)
