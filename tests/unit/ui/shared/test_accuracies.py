"""Which accuracy a model has on the page: measured, else from answers, else published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from instseg_ui.catalog import Catalog
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.accuracies import KnownAccuracies
from instseg_ui.verdict import Accuracy
from tests.unit.verdict.kit import measured

MEASURED = measured(0.5, 0.02)
ANSWERED = replace(measured(0.8, 0.02), kind="answers", figure="F1")


@pytest.fixture
def catalog(settings: Settings) -> Catalog:
    return Catalog.load(settings)


def test_the_strongest_kind_goes_first(catalog: Catalog) -> None:
    specs = [catalog.get(name) for name in ("Mask-RT-DETR-L", "SOLOv2", "Mask-RT-DETR-S")]
    known = KnownAccuracies()
    assert {one.kind for one in known.of("me", specs).values()} == {"published"}
    known.tell("answers", lambda _: {"Mask-RT-DETR-L": ANSWERED, "SOLOv2": ANSWERED})
    known.tell("measured", lambda session: {"SOLOv2": MEASURED} if session == "me" else {})
    found = known.of("me", specs)
    assert found["SOLOv2"] is MEASURED
    assert found["Mask-RT-DETR-L"] is ANSWERED
    assert found["Mask-RT-DETR-S"].kind == "published"
    assert known.of("you", specs)["SOLOv2"] is ANSWERED, "another visitor's evaluation is not used"


def test_nothing_is_known_of_a_model_without_any(catalog: Catalog) -> None:
    spec = catalog.get("SOLOv2")
    spec = replace(spec, published=replace(spec.published, mask_ap=None), measured=None)
    assert KnownAccuracies().of("me", [spec]) == {}
    assert Accuracy.published(spec) is None
