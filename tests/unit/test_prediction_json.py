"""A prediction that was written is read as the same again."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from instseg_ui.errors import InputError
from instseg_ui.prediction_json import from_json, to_json
from instseg_ui.results import Prediction, Runtime, Timings
from tests.unit.factories import instances

PREDICTION = Prediction(
    "everyday-M",
    8,
    6,
    instances(0.9, 0.7, labels=("cat", "person")),
    Timings(1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
    Runtime("paddle", "cpu", 2, {"paddlepaddle": "3.2.2"}, 10.0, 20.0, 30.0, ("A note.",)),
    0.05,
    ("person", "cat"),
    8.007,
    ("Another note.",),
)


def written() -> Any:
    return json.loads(json.dumps(to_json(PREDICTION)))


def test_it_is_the_same_again() -> None:
    again = from_json(written(), PREDICTION.labels)
    assert to_json(again) == to_json(PREDICTION)
    assert again.labels == PREDICTION.labels
    assert again.timings == PREDICTION.timings
    assert again.runtime == PREDICTION.runtime


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("instances", 0, "score"), "high"),
        (("instances", 0, "box"), [1, 2, 3]),
        (("instances", 0, "mask"), None),
        (("timings_ms", "queue"), None),
        (("runtime", "unknown"), 1),
        (("runtime",), []),
        (("image", "width"), "wide"),
        (("notes",), 3),
    ],
)
def test_what_is_damaged_is_said(path: tuple[Any, ...], value: object) -> None:
    values = copy.deepcopy(written())
    place = values
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InputError, match="damaged"):
        from_json(values, ())


@pytest.mark.parametrize("values", [None, [], "text", {}])
def test_what_is_none_is_said(values: object) -> None:
    with pytest.raises(InputError, match="not a prediction"):
        from_json(values, ())
