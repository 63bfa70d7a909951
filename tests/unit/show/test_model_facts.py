"""What was measured of a model, as markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from instseg_ui.catalog import Catalog
from instseg_ui.results import Prediction, Runtime, Timings
from instseg_ui.show.html import progress
from instseg_ui.show.model_facts import model_facts, waiting
from tests.unit.factories import instances
from tests.unit.latency.kit import around, latency_of

TIMINGS = Timings(decode=1, preprocess=2, inference=30, postprocess=4, transfer=5, queue=1000)
RUNTIME = Runtime("paddle", "cpu", 2, {"paddle": "3.2.2"}, 700, 500, 210.4)


@pytest.fixture
def catalog(settings):
    return Catalog.load(settings)


@pytest.fixture
def prediction():
    found = instances(0.9, 0.4)
    return Prediction("SOLOv2", 640, 480, found, TIMINGS, RUNTIME, 0.05, size_mb=179.12)


def text_of(html: str) -> str:
    """What is read, one space between words; fails on tags that are not closed."""
    words, opened = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

        def handle_data(self, data):
            words.append(data)

    Reader().feed(html)
    assert not opened
    return re.sub(r"\s+", " ", " ".join(words))


def test_measured_and_published_figures_are_told_apart(prediction, catalog):
    latency = around("SOLOv2", 40.0)
    text = text_of(model_facts(prediction, catalog.get("SOLOv2"), latency))
    assert "Latency 40.0 ms median of 5" in text
    assert "This run 42.0 ms" in text
    assert "80 × 60 px, fake on CPU, 2 threads, 2026-01-02 03:04 UTC, alone" in text
    assert "Size 179 MB on disk" in text
    assert "Mask AP 35.5 published" in text
    assert "Cold start 1,200 ms" in text
    assert "Device CPU, 2 threads" in text
    assert "640 × 480 px" in text


def test_until_there_are_five_runs_it_says_how_many(prediction, catalog):
    spec = catalog.get("SOLOv2")
    assert "Latency — not measured yet" in text_of(model_facts(prediction, spec))
    two = latency_of("SOLOv2", [40.0, 44.0], others=1.9)
    text = text_of(model_facts(prediction, spec, two))
    assert "Latency 42.0 ms 2 of 5 runs" in text
    assert "on a busy machine (other work on 1.90 of 2 cores)" in text
    assert "Latency — measuring …" in text_of(model_facts(prediction, spec, None, "measuring …"))


def test_what_is_not_published_is_not_made_up(prediction, catalog):
    spec = replace(catalog.get("demo-cats"), measured=None)
    assert "Mask AP — not published" in text_of(model_facts(prediction, spec))


def test_what_this_project_measured_is_never_called_published(prediction, catalog):
    shown = model_facts(prediction, catalog.get("demo-cats"))
    assert "Mask AP 52.3 on our photos" in text_of(shown)
    assert "Measured by this project on 195 validation photos of cats" in shown


def test_high_performance_tells_its_engine_and_gain(prediction, catalog):
    sentence = "equal to Paddle: 100/100 objects, worst mask IoU 0.998"
    fast = replace(RUNTIME, engine="onnxruntime", speedup=6.2, parity=sentence)
    html = model_facts(replace(prediction, runtime=fast), catalog.get("SOLOv2"))
    assert f"onnxruntime · 6.2× Paddle's speed · {sentence}" in text_of(html)
    assert "Engine" not in text_of(html)
    assert "facts-engine" not in model_facts(prediction, catalog.get("SOLOv2"))


def test_long_notes_are_folded_and_those_on_the_photo_are_not(prediction, catalog):
    spec = catalog.get("SOLOv2")
    few = replace(prediction, runtime=replace(RUNTIME, notes=("It is slow.",)))
    assert "<details" not in model_facts(few, spec)
    many = replace(RUNTIME, notes=("It does not fit, for a long reason. " * 3,) * 2)
    html = model_facts(replace(prediction, runtime=many, notes=("Turned upright.",)), spec)
    assert "What was tried and is not used (2)" in html
    assert html.index("Turned upright.") < html.index("<details")


def test_every_stage_has_its_share(prediction, catalog):
    html = model_facts(prediction, catalog.get("SOLOv2"))
    shares = [float(share) for share in re.findall(r"flex-grow:([\d.]+)", html)]
    assert sum(shares) == pytest.approx(1, abs=0.001)
    assert max(shares) == pytest.approx(30 / 42, abs=0.001)


def test_a_prediction_that_took_no_time_divides_by_nothing(prediction, catalog):
    zero = replace(prediction, timings=Timings())
    assert "This run 0 ms" in text_of(model_facts(zero, catalog.get("SOLOv2")))


def test_texts_from_outside_are_escaped(prediction, catalog):
    evil = "<img src=x onerror=alert(1)>"
    runtime = replace(RUNTIME, engine=evil, notes=(evil,), versions={evil: '"'})
    html = model_facts(replace(prediction, runtime=runtime, notes=(evil,)), catalog.get("SOLOv2"))
    for text in (html, waiting(catalog.get("SOLOv2"), evil), progress(evil, 0.5)):
        assert "<img" not in text
        assert "&lt;img" in text


def test_progress_without_a_known_end_has_no_value():
    assert "value=" not in progress("Asking")
    assert 'value="0.2500"' in progress("Fetching", 0.25)
