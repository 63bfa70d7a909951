"""The grid's and the table's Python side: their values, and what a browser may send."""

from __future__ import annotations

import math

import gradio as gr
import numpy as np
import pytest

from instseg_ui.comparison.objects import MOST_MODELS, compare
from instseg_ui.masks import encode
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Instance, Instances, Prediction, Runtime, Timings
from instseg_ui.ui.viewer import (
    CompareGrid,
    ObjectTable,
    Settled,
    grid_value,
    object_table_value,
    pane_value,
    referenced,
    settled,
)


def event(data):
    return gr.EventData(None, data)


def square(left, label="cat", score=0.9, width=10):
    mask = np.zeros((40, 80), bool)
    mask[5:15, left : left + width] = True
    box = (float(left), 5.0, float(left + width), 15.0)
    return Instance(0, label, score, box, 10 * width, encode(mask))


def prediction(model, *rows):
    found = Instances.from_rows(rows)
    return Prediction(model, 80, 40, found, Timings(), Runtime("fake", "cpu", 1), 0.05)


@pytest.fixture
def comparison():
    reference = prediction("B", square(0), square(60, score=0.6))
    other = prediction("A", square(0, "dog", 0.8, width=8), square(30, score=0.7))
    return compare([reference, other])


def test_class_ids_become_the_keys_that_json_has():
    assert pane_value("A", colors={3: "#112233"})["colors"] == {"3": "#112233"}


def test_more_panes_than_fit_are_refused():
    with pytest.raises(ValueError, match="at most 16"):
        grid_value(panes=[pane_value("A")] * (MOST_MODELS + 1))


@pytest.mark.parametrize(
    ("component", "empty"), [(CompareGrid, grid_value), (ObjectTable, object_table_value)]
)
class TestComponents:
    def test_none_clears_it(self, component, empty):
        assert component().postprocess(None) == empty()

    def test_a_value_of_another_kind_is_refused(self, component, empty):
        with pytest.raises(TypeError, match="expected a"):
            component().postprocess("<p>hello</p>")

    @pytest.mark.parametrize("payload", ["text", 3, ["list"], None])
    def test_what_a_browser_sends_instead_of_a_value_is_none(self, component, empty, payload):
        assert component().preprocess(payload) is None
        assert component().preprocess(empty()) == empty()

    def test_the_browser_is_given_the_limits(self, component, empty):
        limits = component().props["limits"]
        assert ".heic" in limits.pop("endings")
        assert limits == {"panes": 16, "instances": 1000, "floor": 0.05}

    def test_the_schema_is_an_object(self, component, empty):
        assert component().api_info()["type"] == "object"
        assert component().example_value() == component().example_payload() == empty()


def test_the_grid_has_its_events():
    with gr.Blocks():
        grid = CompareGrid()
        assert callable(grid.settle)
        assert callable(grid.reference)
        with pytest.raises(AttributeError):
            _ = grid.unheard_of


def test_where_the_filters_came_to_rest():
    now = settled(event({"thresholds": [0.5, 1, 0], "hidden": ["cat", "cat"]}))
    assert now == Settled((0.5, 1.0, 0.0), frozenset({"cat"}))


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        {},
        {"thresholds": [0.5]},
        {"thresholds": "0.5", "hidden": []},
        {"thresholds": [True], "hidden": []},
        {"thresholds": [math.nan], "hidden": []},
        {"thresholds": [1.5], "hidden": []},
        {"thresholds": [0.5] * (MOST_MODELS + 1), "hidden": []},
        {"thresholds": [0.5], "hidden": [3]},
        {"thresholds": [0.5], "hidden": ["a"] * 2000},
    ],
)
def test_what_is_no_settle_event_is_a_sentence(data):
    with pytest.raises(gr.Error, match="Move one again"):
        settled(event(data))


def test_the_reference_is_an_index():
    assert referenced(event({"index": 3})) == 3


@pytest.mark.parametrize(
    "data", [None, [], {}, {"index": "1"}, {"index": True}, {"index": -1}, {"index": 99}]
)
def test_what_is_no_reference_event_is_a_sentence(data):
    with pytest.raises(gr.Error, match="Choose it again"):
        referenced(event(data))


def test_the_table_starts_empty():
    assert object_table_value() == {"models": [], "reference": 0, "objects": []}


def test_columns_follow_the_panes_and_the_reference_is_found(comparison):
    value = object_table_value(comparison, order=["C", "A", "B"])
    assert value["models"] == ["A", "B"], "a model that was not compared has no column"
    assert value["reference"] == 1
    assert object_table_value(comparison)["models"] == ["B", "A"]


def test_a_row_names_what_each_model_found(comparison):
    differs, *others = object_table_value(comparison, order=["A", "B"])["objects"]
    assert differs["state"] == "class differs"
    other, reference = differs["members"]
    assert (other["label"], other["score"]) == ("dog", pytest.approx(0.8))
    assert other["iou"] == pytest.approx(0.8)
    assert reference["iou"] is None, "the others are measured to it"
    assert reference["color"].startswith("#")
    assert {one["state"] for one in others} == {"only one"}
    assert [one["members"][0] is None for one in others] == [False, True]


def test_an_index_counts_in_the_whole_prediction(comparison):
    value = object_table_value(comparison)
    whole = to_json(prediction("B", square(0), square(60, score=0.6)))["instances"]
    for one in value["objects"]:
        member = one["members"][0]
        if member:
            assert whole[member["index"]]["label"] == member["label"]


def test_models_of_one_name_keep_their_columns():
    same = [prediction("A", square(0)), prediction("A", square(30))]
    value = object_table_value(compare(same), order=["A", "A"])
    assert value["models"] == ["A", "A"]
    assert [one["members"][0] is None for one in value["objects"]].count(True) == 1
