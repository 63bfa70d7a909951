"""A score at its threshold is shown, exported and answered alike, whichever door it leaves by."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instseg_ui.api.inference import Inference
from instseg_ui.api.metrics import Metrics
from instseg_ui.api.ticket import Ticket
from instseg_ui.cli.predict import _with_facts
from instseg_ui.evaluate.confusion import shown as shown_in_evaluation
from instseg_ui.evaluate.detections import Detections
from instseg_ui.exports import Item, export
from instseg_ui.images import Image
from instseg_ui.images.sources import Source
from instseg_ui.numbers import score as shown_score
from instseg_ui.pipeline.result import Result
from instseg_ui.prediction_json import to_json
from instseg_ui.results import Prediction, Runtime, Timings, reaches
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.export import ShownResult, filtered
from instseg_ui.ui.viewer.limits import limits
from tests.unit.factories import instances, never, png

GOLDEN = Path(__file__).parents[1] / "js" / "golden" / "score_thresholds.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))
STATIC = Path(__file__).parents[2] / "instseg_ui" / "ui" / "viewer" / "static"

every_case = pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['score']} at {case['threshold']}"
)
PIXELS = np.zeros((6, 8, 3), np.uint8)


def prediction(score: float) -> Prediction:
    found = instances(score)
    return Prediction("demo", 8, 6, found, Timings(), Runtime("fake", "cpu", 1), 0.01, ("cat",))


def as_read_back(value: float) -> float:
    """A number after a journey through JSON."""
    return float(json.loads(json.dumps(value)))


@every_case
def test_the_page_is_sent_a_score_that_is_the_same_number(case: dict[str, Any]) -> None:
    (row,) = to_json(prediction(case["score"]))["instances"]
    assert as_read_back(row["score"]) == case["score"]
    assert bool(reaches(row["score"], case["threshold"])) == case["shown"]


@every_case
def test_exports_keep_what_the_page_shows(case: dict[str, Any]) -> None:
    kept = filtered(prediction(case["score"]), ShownResult("demo", threshold=case["threshold"]))
    rows = json.loads(export([Item(kept)], "coco-results").data)
    assert [row["score"] for row in rows] == [case["score"]] * case["shown"]


@every_case
def test_python_and_the_command_line_keep_it_too(case: dict[str, Any]) -> None:
    kept = prediction(case["score"]).at(case["threshold"])
    source = Source("a.png", "a.png", None, Image(pixels=PIXELS, digest="0"))
    printed = json.loads(json.dumps(_with_facts(Result(source, kept))["res"]))
    assert [row["score"] for row in printed["boxes"]] == [case["score"]] * case["shown"]


@every_case
def test_http_answers_with_it(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Inference(_Segmenter(prediction(case["score"])), Metrics())  # type: ignore[arg-type]
    request = {
        "image": base64.b64encode(png(PIXELS)).decode(),
        "threshold": case["threshold"],
        "visualize": False,
    }
    body = answer([json.dumps(request).encode()], never, Ticket())
    found = json.loads(body)["result"]["instances"]
    assert [row["score"] for row in found] == [case["score"]] * case["shown"]


@every_case
def test_evaluation_counts_it(case: dict[str, Any]) -> None:
    none = Detections.none()
    columns = {name: getattr(none, name) for name in Detections.__slots__}
    one = {name: np.zeros((1, *column.shape[1:]), column.dtype) for name, column in columns.items()}
    detections = Detections(**one | {"score": np.array([case["score"]])})
    assert len(shown_in_evaluation(detections, case["threshold"])) == case["shown"]


@every_case
def test_it_is_written_as_on_the_page(case: dict[str, Any]) -> None:
    assert shown_score(float(np.float32(case["score"]))) == case["short"]


def test_the_page_knows_the_floor_of_the_settings() -> None:
    floor = Settings.model_fields["floor"].default
    assert limits()["floor"] == floor
    for file in STATIC.glob("*.js"):
        assert f'"{floor}"' not in file.read_text(encoding="utf-8"), file.name
        assert f" {floor};" not in file.read_text(encoding="utf-8"), file.name


class _Segmenter:
    """One that found `prediction`, whatever it is asked."""

    def __init__(self, prediction: Prediction) -> None:
        self.settings = Settings()
        self.catalog = self
        self.id = "demo"
        self._prediction = prediction

    def get(self, name: str) -> _Segmenter:
        return self

    def segment(self, *args: object, **options: object) -> Prediction:
        return self._prediction
