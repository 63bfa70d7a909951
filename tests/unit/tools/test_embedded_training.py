"""What the embedded models are trained on, as far as it needs no PyTorch."""

import json
from pathlib import Path

import numpy as np
import pytest

from instseg_ui.train import augment
from instseg_ui.train.augment import Augmentation, Donor, Shape, View
from instseg_ui.train.network import spec
from tools.embedded_models import false_finds, parts, summary

CALM = Augmentation(
    64, scale=(1, 1), mosaic_scale=(1, 1), paste_side=(0.5, 0.5), rotation=0, stretch=0
)
SQUARE = np.array([[16, 16], [48, 16], [48, 48], [16, 48]], np.float32)


def view(*instances: Shape, known: tuple[bool, ...] = (True, False), value: int = 90) -> View:
    return View(np.full((64, 64, 3), value, np.uint8), list(instances), np.array(known))


def composed(*views: View, donors: tuple[Donor, ...] = (), seed: int = 0) -> augment.Composed:
    return augment.compose(list(views), list(donors), CALM, np.random.default_rng(seed))


def test_a_spec_survives_the_way_through_a_file():
    for size in spec.MODELS.values():
        assert spec.Spec.loads(size.dumps()) == size


def test_a_class_is_known_where_its_photo_says_so():
    found = composed(view(Shape(0, [SQUARE])))
    assert [instance.label for instance in found.instances] == [0]
    assert found.known.shape == (2, 8, 8)
    assert found.known[0].all()
    assert not found.known[1].any()


def test_a_class_that_is_annotated_in_part_is_known_inside_the_boxes():
    found = composed(view(Shape(1, [SQUARE])))
    expected = np.zeros((8, 8), bool)
    expected[2:6, 2:6] = True
    assert (found.known[1] == expected).all()


def test_tiles_of_a_mosaic_keep_what_is_known_in_them():
    views = [view(known=(index == 0, False)) for index in range(4)]
    known = composed(*views).known[0]
    assert known[0, 0]
    assert not known[-1].any()
    assert not known[:, -1].any()


def test_what_is_too_small_to_be_kept_is_unknown():
    speck = Shape(0, [SQUARE / 32 + 30])
    found = composed(view(speck))
    assert found.instances == []
    assert not found.known[0].all()


def test_a_pasted_object_hides_what_lies_behind_it():
    donor = Donor(np.full((64, 64, 3), 200, np.uint8), Shape(1, [SQUARE]))
    behind = Shape(0, [SQUARE / 4 + 24])
    hidden = 0
    for seed in range(20):
        found = composed(view(behind), donors=(donor,), seed=seed)
        pasted = [instance for instance in found.instances if instance.label == 1]
        assert len(pasted) == 1
        x, y = augment.bounds(pasted[0].rings)[:2].astype(int) + 8
        assert found.known[1, y // 8, x // 8]
        hidden += len(found.instances) == 1
    assert 0 < hidden < 20


def test_polygons_are_cut_by_the_canvas():
    diamond = np.array([[5, -5], [15, 5], [5, 15], [-5, 5]], float)
    cut = augment.clip(diamond, (0, 0, 10, 10))
    assert augment.area(cut) == pytest.approx(100)
    assert augment.bounds([cut]).tolist() == [0, 0, 10, 10]
    assert len(augment.clip(diamond + 100, (0, 0, 10, 10))) == 0
    triangle = np.array([[2, 2], [8, 2], [2, 20]], float)
    # Below y = 10 the triangle is 10/3 wide at the cut: 6 x 18 / 2 less 10/3 x 10 / 2.
    assert augment.area(augment.clip(triangle, (0, 0, 10, 10))) == pytest.approx(54 - 50 / 3)


def test_photos_were_looked_through_for_classes_that_exist():
    reviews = json.loads(false_finds.REVIEWED.read_text(encoding="utf-8"))["reviewed"]
    assert {name for review in reviews for name in review["classes"]} <= set(spec.EVERYDAY)
    assert all(len(set(review["except"])) == len(review["except"]) for review in reviews)


class SeesACat:
    def run(self, pixels: np.ndarray, threshold: float) -> dict:
        return {"boxes": [{"label": "cat"}, {"label": "cat"}, {"label": "car"}]}


def test_finds_are_false_only_where_the_class_is_absent(tmp_path: Path):
    photos = [
        false_finds.Shown(tmp_path / "a.jpg", frozenset({"cat", "person"})),
        false_finds.Shown(tmp_path / "b.jpg", frozenset({"person"})),
    ]
    found = false_finds.count(SeesACat(), photos, ["cat", "person", "car"], 0.5)
    assert found == {
        "cat": {"photos": 1, "wrong": 1, "finds": 2},
        "person": {"photos": 2, "wrong": 0, "finds": 0},
    }


def test_parts_hold_the_classes_of_their_source_and_find_their_photos():
    document = {
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "cat"}],
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 1, "height": 1, "source": "ccp"},
            {"id": 2, "file_name": "cats/b.jpg", "width": 1, "height": 1, "root": ".."},
        ],
        "annotations": [
            {"image_id": 1, "category_id": 1},
            {"image_id": 1, "category_id": 2},
            {"image_id": 2, "category_id": 2},
        ],
    }
    people, cats = (parts.part(document, name, "everyday") for name in ("people", "cats"))
    assert [image["file_name"] for image in people["images"]] == ["everyday/a.jpg"]
    assert people["annotations"] == [{"image_id": 1, "category_id": 1}]
    assert [image["file_name"] for image in cats["images"]] == ["cats/b.jpg"]
    assert [one["name"] for one in cats["categories"]] == ["cat"]


def report(model: str, **figures: float) -> dict:
    """What `instseg eval` says of a model that knows the classes of `figures`, and no others."""
    rows = [{"name": name, "objects": 9, "ap": ap, "ap50": ap} for name, ap in figures.items()]
    rows.append({"name": "dog", "objects": 9, "ap": 0.0, "ap50": 0.0})
    known = [{"name": name, "classes": [name]} for name in figures]
    return {
        "model": model,
        "mask": {"by_class": rows},
        "mapping": {"categories": [*known, {"name": "dog", "classes": []}]},
    }


def test_a_summary_means_over_the_classes_that_a_model_knows():
    reports = {
        "people": {"models": [report("m", person=0.5)]},
        "cats": {"models": [report("m", cat=0.25), report("c", cat=0.75)]},
    }
    lines = summary.accuracy(reports).splitlines()
    assert lines[0] == "| class | objects | m | c |"
    assert lines[2] == "| person | 9 | 50.0 (50.0) |  |"
    assert lines[4] == "| mean |  | 37.5 (37.5) | 75.0 (75.0) |"
