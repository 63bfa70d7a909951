"""The catalog as a table to pick from."""

from __future__ import annotations

import pytest

from instseg_ui.catalog import Catalog
from instseg_ui.segmenter import Segmenter
from instseg_ui.ui.shared import model_table
from tests.browser.server import fake_model


@pytest.fixture
def segmenter(settings):
    fake_model(settings.models_dir / "SOLOv2")
    (settings.models_dir / "Mask-RT-DETR-S").mkdir()
    with Segmenter(settings) as segmenter:
        yield segmenter


def test_one_row_a_model_in_the_catalogs_order(segmenter, settings):
    frame = model_table.frame(segmenter)
    assert list(frame["Model"]) == list(Catalog.load(settings).names)
    assert tuple(frame.columns) == model_table.HEADERS
    assert len(model_table.WIDTHS) == len(model_table.DATATYPES) == len(frame.columns)


def test_states_are_those_of_the_disk(segmenter):
    states = model_table.frame(segmenter).set_index("Model")["State"]
    assert states["SOLOv2"] == "ready"
    assert states["Mask-RT-DETR-S"] == "broken"
    assert states["Mask-RT-DETR-H"] == "not fetched"


def test_a_loaded_model_says_so(segmenter):
    segmenter.load("SOLOv2")
    assert model_table.frame(segmenter).set_index("Model")["State"]["SOLOv2"] == "loaded"


def test_figures_have_three_digits_and_gaps_stay_gaps(segmenter):
    rows = model_table.frame(segmenter).set_index("Model")
    assert rows.loc["Mask-RT-DETR-H", "CPU ms"] == 1710
    assert rows.loc["SOLOv2"].isna()["CPU ms"]
    shown = model_table.styled(segmenter, "SOLOv2").to_html()
    assert "1,710" in shown
    assert "—" in shown


def test_the_models_row_is_marked(segmenter):
    styler = model_table.styled(segmenter, "SOLOv2")
    styler._compute()
    rows = {row for row, _ in styler.ctx if styler.ctx[row, _]}
    names = list(model_table.frame(segmenter)["Model"])
    assert rows == {names.index("SOLOv2")}


@pytest.mark.parametrize(("row", "name"), [(["SOLOv2", 1], "SOLOv2"), ([], None), (None, None)])
def test_a_row_names_its_model(row, name):
    assert model_table.picked(row) == name
