"""What a model knows, in words."""

from __future__ import annotations

import pytest

from instseg_ui.catalog import Catalog
from instseg_ui.coco_classes import COCO_NAMES
from instseg_ui.show.knowledge import classes_of, knows, nothing_found, wider_model
from instseg_ui.weights import WeightsStore
from tests.browser.server import fake_model


@pytest.fixture
def catalog(settings):
    return Catalog.load(settings)


@pytest.fixture
def store(settings):
    return WeightsStore(settings)


def test_classes_are_those_of_the_folder_or_cocos_before_it_is_here(settings, catalog, store):
    fake_model(settings.models_dir / "SOLOv2")
    assert classes_of(store, catalog.get("SOLOv2")) == ("red", "green", "blue")
    assert classes_of(store, catalog.get("Mask-RT-DETR-H")) == COCO_NAMES


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (["cat"], "1 class: cat"),
        (["cat", "dog"], "2 classes: cat, dog"),
        (
            [f"c{n}" for n in range(1, 13)],
            "12 classes: " + ", ".join(f"c{n}" for n in range(1, 13)),
        ),
        ([], "a hint"),
    ],
)
def test_a_few_classes_are_named(classes, words):
    assert knows(classes, "a hint") == words


def test_of_many_classes_the_first_are_named_and_long_names_are_cut():
    words = knows([f"{n}" + "x" * 500 for n in range(80)])
    assert words.startswith("80 classes: 0xxx")
    assert words.endswith(", …")
    assert len(words) < 700


def test_where_nothing_is_found_it_says_what_the_model_knows():
    other = "M knows 80 classes: fetch 52 MB."
    assert nothing_found("S", ["cat"], other) == f"S knows 1 class: cat. {other}"
    assert nothing_found("S", ["cat"]) == "S knows 1 class: cat."
    assert nothing_found("S", [], other) == other
    assert nothing_found("S", []) == ""


def test_the_smallest_model_that_knows_more_is_named(settings, catalog, store):
    assert wider_model(store, list(catalog), 80) == ""
    words = wider_model(store, list(catalog), 79)
    sizes = {spec.id: spec.published.storage_mb for spec in catalog if spec.published.storage_mb}
    smallest = min(sizes, key=sizes.get)
    assert words == f"{smallest} knows 80 classes: fetch {sizes[smallest]:.3g} MB."


def test_one_that_is_here_comes_before_one_to_fetch(settings, catalog, store):
    fake_model(settings.models_dir / "SOLOv2")
    specs = [catalog.get(name) for name in ("Mask-RT-DETR-S", "SOLOv2")]
    assert wider_model(store, specs, 2) == "SOLOv2 knows 3 classes: click it in the list."
    assert wider_model(store, specs, 3).startswith("Mask-RT-DETR-S knows 80 classes: fetch ")


def test_a_broken_model_is_not_advised(settings, catalog, store):
    (settings.models_dir / "Mask-RT-DETR-S").mkdir(parents=True)
    specs = [catalog.get("Mask-RT-DETR-S")]
    assert "click it" not in wider_model(store, specs, 1)
