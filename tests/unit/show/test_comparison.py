"""The report is whole in one file, escapes what came in, and its JSON reads back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from instseg_ui import masks
from instseg_ui.catalog import Basis, ModelSpec, Published
from instseg_ui.comparison.objects import compare
from instseg_ui.images import Image, digest
from instseg_ui.results import Prediction, Runtime, Timings
from instseg_ui.show.agreement import MEASURES, agreement
from instseg_ui.show.comparison import Study, to_html, to_json
from instseg_ui.show.decision import ComparedModel, decision, decision_figures
from instseg_ui.show.stages import stage_bar, stage_legend
from instseg_ui.verdict import decide
from tests.unit.factories import instances
from tests.unit.latency.kit import around

EVIL = '<script>alert("x")</script>'
SIZE = (60, 80)
BASIS = Basis("PaddleX", "a page", "a machine", "as it is", "the fastest")


class Reader(HTMLParser):
    """What of an HTML file would run or be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def predicted(model: str, *scores: float, label: str = "cat") -> Prediction:
    found = instances(*scores, labels=[label] * len(scores), size=SIZE)
    runtime = Runtime("fake", "cpu", 2, {"opencv": "4"}, 100, 20, 30)
    return Prediction(model, 80, 60, found, Timings(1, 2, 3, 4, 5, 6), runtime, 0.05, size_mb=12)


def study(*predictions: Prediction, name: str = "photo.jpg") -> Study:
    pixels = np.full((*SIZE, 3), 90, np.uint8)
    specs = [
        ModelSpec(one.model, "F", "official", "x", "d", "l", Published(mask_ap=40.0))
        for one in predictions
    ]
    latencies = {one.model: around(one.model, 9.0) for one in predictions}
    models = [
        ComparedModel(one, 0.5, spec, latencies[one.model])
        for one, spec in zip(predictions, specs, strict=True)
    ]
    return Study(
        image=Image(pixels, digest(pixels), name),
        predictions=predictions,
        thresholds=(0.5,) * len(predictions),
        specs=tuple(specs),
        failures={"Broken": f"It failed: {EVIL}"},
        comparison=compare(predictions) if len(predictions) > 1 else None,
        verdict=decide([one.candidate for one in models]),
        latencies=latencies,
        basis=BASIS,
        made=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    )


@pytest.fixture(scope="module")
def two() -> Study:
    return study(predicted("A", 0.9, 0.6), predicted("B", 0.8, label=EVIL), name=f"{EVIL}.jpg")


def test_the_html_needs_nothing_else(two: Study) -> None:
    text = to_html(two).decode()
    reader = Reader()
    reader.feed(text)
    assert reader.tags.count("img") == 3
    assert all(address.startswith("data:image/jpeg;base64,") for address in reader.addresses)
    assert "link" not in reader.tags
    assert not re.search(r"@import|url\(", text)


def test_everything_that_came_in_is_escaped(two: Study) -> None:
    reader = Reader()
    reader.feed(to_html(two).decode())
    assert "script" not in reader.tags


def test_the_html_says_what_it_must(two: Study) -> None:
    text = to_html(two).decode()
    for words in ("not accuracy", two.image.digest, "Mask AP, published", "Latency here", "Broken"):
        assert words in text


def test_high_performance_is_told_with_its_proof(two: Study) -> None:
    assert "Paddle's speed" not in unescape(to_html(two).decode())
    runtime = Runtime("onnxruntime", "cpu", 2, speedup=6.2, parity=f"equal to Paddle {EVIL}")
    html = to_html(study(replace(predicted("A", 0.9), runtime=runtime))).decode()
    assert EVIL not in html
    assert f"A on onnxruntime: 6.2× Paddle's speed · {runtime.parity}" in unescape(html)


def test_the_report_shows_what_the_page_shows(two: Study) -> None:
    text = to_html(two).decode()
    latencies = two.latencies.values()
    models = [
        ComparedModel(*row)
        for row in zip(two.predictions, two.thresholds, two.specs, latencies, strict=True)
    ]
    for shown in (
        decision(two.verdict, models),
        decision_figures(two.verdict, models),
        *(agreement(two.comparison, measure) for measure in MEASURES),
    ):
        assert shown in text


def test_a_bar_is_as_long_as_its_share_of_the_longest_latency() -> None:
    timings = Timings(decode=1, preprocess=2, inference=3, postprocess=4)
    assert "--share:0.2500" in stage_bar(timings, 40)
    assert "--share" not in stage_bar(timings)
    assert stage_bar(timings).count('class="stage ') == 4, "a stage that took no time has no part"
    assert "<b>" not in stage_legend()
    assert stage_legend(timings).count("<b>") == 5


def test_the_json_holds_every_figure(two: Study) -> None:
    value = json.loads(to_json(two))
    assert value["image"]["sha256_of_pixels"] == two.image.digest
    assert {"cpu", "cores", "memory_mb"} <= set(value["hardware"])
    first = value["models"][0]
    assert first["timings_ms"]["inference"] == 4
    assert first["published"]["mask_ap"] == 40.0
    assert first["runtime"]["versions"] == {"opencv": "4"}
    assert all(masks.is_valid(row["mask"], *SIZE) for row in first["instances"])
    assert value["agreement"]["f1"][0][0] == 1.0
    assert value["objects"][0]["found_by"]["A"]["instance"] == 0
    assert value["failures"].keys() == {"Broken"}


def test_models_without_a_common_object_agree_on_nothing() -> None:
    one, other = predicted("A", 0.9), predicted("B")
    value = json.loads(to_json(study(one, other)))
    assert value["agreement"]["mean_iou"][0][1] is None


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_models(count: int) -> None:
    some = study(*[predicted("A", 0.9)][:count])
    assert "Two models must be done" in to_html(some).decode()
    assert json.loads(to_json(some))["agreement"] is None


def test_a_large_photo_is_scaled_down() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (1500, 3000, 3), np.uint8)
    large = replace(study(), image=Image(pixels, digest(pixels)))
    assert len(to_html(large)) < 1_000_000
