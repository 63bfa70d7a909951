"""The page's one list of models, and which of them are ticked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.errors import InputError
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench import models
from instseg_ui.ui.workbench.model_list import ModelListView, model_list_value
from instseg_ui.ui.workbench.models import GROUPS, ModelRow
from instseg_ui.ui.workbench.panel import number_of
from tests.browser.server import fake_model
from tests.unit.factories import model_folder


@pytest.fixture
def services(tmp_path: Path, settings: Settings) -> Iterator[Services]:
    """One model of the visitor's own, one fetched, one broken, and those in the box."""
    own = model_folder(tmp_path / "own", labels=["red", "<b>green</b>"])
    fake_model(settings.models_dir / "SOLOv2")
    (settings.models_dir / "Mask-RT-DETR-S").mkdir()
    with Segmenter(settings.model_copy(update={"model_folders": (own,)})) as segmenter:
        yield Services(segmenter)


def by_id(services: Services) -> dict[str, ModelRow]:
    return {row["id"]: row for row in models.rows(services)}


def test_own_models_come_first_and_what_is_broken_last(services: Services) -> None:
    rows = models.rows(services)
    assert {row["id"] for row in rows} == set(services.segmenter.catalog.names)
    places = [GROUPS.index(row["group"]) for row in rows]
    assert places == sorted(places)
    assert rows[0]["id"] == "own"
    found = by_id(services)
    groups = {found[name]["group"] for name in ("SOLOv2", "Mask-RT-DETR-H")}
    assert groups == {"Ready", "To fetch"}
    assert (found["Mask-RT-DETR-S"]["group"], rows[-1]["id"]) == ("Broken", "Mask-RT-DETR-S")
    assert found[services.settings.default_model]["group"] == "In the box"


def test_states_are_those_of_the_disk_and_the_memory(services: Services) -> None:
    states = {name: row["state"] for name, row in by_id(services).items()}
    assert states["SOLOv2"] == states["own"] == "ready"
    assert states["Mask-RT-DETR-S"] == "broken"
    assert states["Mask-RT-DETR-H"] == "not fetched"
    services.segmenter.load("SOLOv2")
    assert by_id(services)["SOLOv2"]["state"] == "loaded"


def test_each_says_what_it_knows(services: Services) -> None:
    found = by_id(services)
    assert found["own"]["knows"] == "2 classes: red, <b>green</b>"
    assert found["SOLOv2"]["knows"] == "3 classes: red, green, blue"
    assert found["Mask-RT-DETR-H"]["knows"].startswith("80 classes: person, bicycle, car")


def test_our_own_figure_of_accuracy_is_never_the_published_one(services: Services) -> None:
    found = by_id(services)
    assert (found["Mask-RT-DETR-H"]["ap"], found["Mask-RT-DETR-H"]["our_ap"]) == (50.6, None)
    embedded = found[services.settings.default_model]
    assert embedded["ap"] is None
    assert embedded["our_ap"] is not None
    assert (found["own"]["ap"], found["own"]["our_ap"]) == (None, None)


def test_figures_are_of_this_machine_or_are_none(services: Services) -> None:
    services.latencies["SOLOv2"] = 41.5
    found = by_id(services)
    assert found["SOLOv2"]["ms"] == 41.5
    assert found["own"]["ms"] is None
    assert found["SOLOv2"]["size"] == pytest.approx(2.0, abs=0.1)
    assert found["Mask-RT-DETR-H"]["size"] == 449.9
    assert found["Mask-RT-DETR-H"]["published"]["cpu_normal_ms"] == 1711.24
    gains = {row["id"]: row["here"] for row in models.rows(services, {"SOLOv2": "onnx · 2×"})}
    assert (gains["SOLOv2"], gains["own"]) == ("onnx · 2×", "")


def test_those_that_run_now_are_ticked_at_first(services: Services) -> None:
    found, ticked = by_id(services), models.ready(services)
    assert 2 <= len(ticked) <= 3
    assert ticked[0] == "own"
    assert all(found[name]["state"] in ("ready", "loaded") for name in ticked)


def test_ticks_come_back_in_the_catalogs_order(services: Services) -> None:
    names = services.segmenter.catalog.names
    sent = ["SOLOv2", "own", "own", "nope", 3, None]
    assert models.picked(services, sent) == sorted(["SOLOv2", "own"], key=names.index)
    assert models.picked(services, []) == []
    assert models.picked(services, ("own",)) == ["own"]


@pytest.mark.parametrize("sent", [None, 3, "SOLOv2", {"a": 1}, b"x", ["own"] * 1000])
def test_what_are_no_ticks_is_refused(services: Services, sent: object) -> None:
    if sent == b"x":
        assert models.picked(services, sent) == []
        return
    with pytest.raises(InputError, match="Expected a list of models"):
        models.picked(services, sent)


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ({"number": 1_764_000_000_000}, 1_764_000_000_000),
        ({"number": 0}, 0),
        ({"number": -1}, None),
        ({"number": 2**53}, None),
        ({"number": True}, None),
        ({"number": 1.5}, None),
        ({"number": "1"}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_number_of_a_telling_is_a_whole_one_or_none(sent: object, number: int | None) -> None:
    assert number_of(gr.EventData(None, sent)) == number


def test_too_many_ticks_are_refused(services: Services) -> None:
    names = services.segmenter.catalog.names
    with pytest.raises(InputError, match=f"at most {MOST_MODELS} models; {len(names)} are ticked"):
        models.picked(services, list(names))


def test_the_value_is_plain_json(services: Services) -> None:
    value = model_list_value(models.rows(services), "own", ["own"])
    assert json.loads(json.dumps(value)) == value
    assert model_list_value([], "") == ModelListView.empty()
