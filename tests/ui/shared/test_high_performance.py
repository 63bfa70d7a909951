"""High-performance mode on the page, without a browser: its words, the records, verifying."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

from instseg_ui import engines
from instseg_ui.errors import Cancelled, InputError
from instseg_ui.hpi import Parity, Record
from instseg_ui.hpi.environment import current
from instseg_ui.hpi.record import Timing
from instseg_ui.results import Prediction, Runtime
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.decision import decision, decision_figures
from instseg_ui.show.engine_gain import NO_FASTER, engine_and_gain, gain_sentence
from instseg_ui.ui import link
from instseg_ui.ui.catalog import card as model_card
from instseg_ui.ui.catalog import engines as model_engines
from instseg_ui.ui.compare import decision as decision_values
from instseg_ui.ui.compare import run
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.segment import run as segment_run
from instseg_ui.ui.shared import export, high_performance
from instseg_ui.ui.shared.fetch import ModelStep
from instseg_ui.ui.shared.services import Services
from tests.browser.server import COLORS, fake_model
from tools.test_models import make_scene

MODEL, OTHER = "SOLOv2", "Mask-RT-DETR-S"
PARITY = Parity("onnxruntime", images=4, objects=100, matched=100, mask_iou=0.998)
SENTENCE = "equal to Paddle: 100/100 objects, worst mask IoU 0.998"
FAST = Runtime("onnxruntime", "cpu", 1, speedup=6.2, parity=SENTENCE)


class Preparing(Segmenter):
    """One whose high-performance mode is prepared for as long as nobody stops it."""

    def segment(self, image: Any, model: str | None = None, **told: Any) -> Prediction:
        if told.get("engine") == engines.HIGH_PERFORMANCE:
            _wait(told)
        return super().segment(image, model, **told)

    def verify(self, model: str, **told: Any) -> Record:
        _wait(told)
        return record(self.settings)


def _wait(told: dict[str, Any]) -> None:
    """As preparing does: say a stage, then work until it is told to stop."""
    told["on_stage"]("running Paddle (2 of 4)")
    while not told["cancelled"]():
        threading.Event().wait(0.02)
    raise Cancelled("Stopped while the model was converted.")


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    for name in (MODEL, OTHER):
        fake_model(settings.models_dir / name)
    with Preparing(settings) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "scene.png"
    cv2.imwrite(str(path), make_scene(120, 90, count=3, labels=COLORS).image)
    return str(path)


def record(settings: Settings, **changes: Any) -> Record:
    """Of a model that onnxruntime runs 6.2 times as fast, and that OpenVINO gets wrong."""
    timings = {
        "paddle": Timing(620.0, 5, 100.0),
        "paddle-onednn": Timing(310.0, 5, 100.0),
        "onnxruntime": Timing(100.0, 5, 100.0),
    }
    checks = {
        "onnxruntime": PARITY,
        "paddle-onednn": Parity("paddle-onednn", 4, 100, 100),
        "openvino": Parity("openvino", why="3 objects of 100 in <cats>.jpg."),
    }
    made = Record(
        recipe="detr",
        reasons=(),
        checks=checks,
        timings={current(settings): timings},
        image="cats.jpg, 800 x 600",
        seconds=9.0,
        created="2026-01-02T03:04:05+00:00",
    )
    return replace(made, **changes)


def keep(services: Services, model: str, made: Record) -> None:
    """Put a record where the model's own would be."""
    segmenter = services.segmenter
    facts = segmenter.store.folder(segmenter.catalog.get(model))
    folder = segmenter.converted.folder(facts)
    folder.mkdir(parents=True)
    made.write(folder)


# Words


@pytest.mark.parametrize(
    ("setting", "off", "on"),
    [
        ("normal", "normal", "high_performance"),
        ("paddle", "paddle", "high_performance"),
        ("high_performance", "normal", "high_performance"),
        ("openvino", "normal", "openvino"),
    ],
)
def test_the_setting_says_where_the_switch_stands_and_what_it_asks_for(
    settings: Settings, setting: str, off: str, on: str
) -> None:
    settings = settings.model_copy(update={"engine": setting})
    assert high_performance.starts_on(settings) == (setting == on)
    assert high_performance.engine(settings, False) == off
    assert high_performance.engine(settings, True) == on


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("running Paddle (2 of 4)", "running Paddle, 2 of 4"),
        ("looking for near ties (1 of 3)", "looking for near ties, 1 of 3"),
        ("converting (detr)", "converting it"),
        ("checking onnxruntime against Paddle", "checking onnxruntime against Paddle"),
        ("timing openvino", "timing openvino"),
        *((stage, "") for stage in ("", "loading", "warming up", "running")),
    ],
)
def test_a_stage_of_preparing_is_said_in_plain_words(stage: str, words: str) -> None:
    assert high_performance.preparing(stage) == words
    sentence = high_performance.preparing_sentence(MODEL, stage)
    assert bool(sentence) == bool(words)
    assert sentence.endswith(words)


def test_the_gain_is_told_where_there_is_one() -> None:
    assert gain_sentence(FAST) == f"6.2× Paddle's speed · {SENTENCE}"
    assert engine_and_gain(FAST) == "onnxruntime 6.2×"
    normal = Runtime("paddle", "cpu", 1)
    assert gain_sentence(normal) == ""
    assert engine_and_gain(normal) == "paddle"
    slow = Runtime("paddle", "cpu", 1, speedup=1.0)
    assert gain_sentence(slow) == NO_FASTER
    assert engine_and_gain(slow) == "paddle"


# Segmenting and comparing


def test_preparing_is_said_and_can_be_stopped(services: Services, photo: str) -> None:
    cache = Path(photo).parent
    views = segment_run.run(services, photo, MODEL, "me", cache, engines.HIGH_PERFORMANCE)
    seen = next(views), next(views)
    words = f"Preparing {MODEL} for high performance, once on this machine: running Paddle, 2 of 4"
    assert seen[-1].viewer["message"] == {"kind": "busy", "text": words}
    services.jobs["segment"].stop("me")
    *_, last = views
    assert last.refused == ""
    assert last.viewer["message"] is not None
    assert "Switch “High performance” off" in last.viewer["message"]["text"]
    again = list(segment_run.run(services, photo, MODEL, "me", cache, engines.NORMAL))
    normal = next(view for view in again if not view.busy)
    assert len(normal.viewer["prediction"]["instances"]) == 3


def test_the_other_mode_is_another_task_than_the_running_one(
    services: Services, photo: str
) -> None:
    cache = Path(photo).parent
    older = segment_run.run(services, photo, MODEL, "me", cache, engines.HIGH_PERFORMANCE)
    next(older)
    views = list(segment_run.run(services, photo, MODEL, "me", cache, engines.NORMAL))
    newer = next(view for view in views if not view.busy)
    assert newer.viewer["prediction"]["engine"] == engines.NORMAL
    assert all(view.busy for view in older)


def test_models_are_compared_in_the_mode_that_was_asked_for(services: Services, photo: str) -> None:
    cache = Path(photo).parent
    views = run.run(services, photo, [MODEL, OTHER], 0.5, "me", cache, engines.HIGH_PERFORMANCE)
    sentences = []
    for view in views:
        sentences.append(view.progress)
        if "Preparing" in view.progress:
            services.jobs["compare"].stop("me")
    assert any(f"Preparing {MODEL} for high performance" in words for words in sentences)
    assert "stopped" in sentences[-1]
    *_, last = run.run(services, photo, [MODEL], 0.5, "me", cache, engines.NORMAL)
    assert last.run is not None
    assert last.run.outcomes[0].pane["caption"][-1] == "fake"


def test_a_decision_names_the_engine_and_its_proof(services: Services, photo: str) -> None:
    *_, last = run.run(services, photo, [MODEL, OTHER], 0.5, "me", Path(photo).parent)
    assert last.run is not None
    catalog = services.segmenter.catalog
    normal = decision_values.compared(catalog, last.run, Sight())
    fast = [replace(one, prediction=replace(one.prediction, runtime=FAST)) for one in normal]
    verdict = decision_values.verdict_or_reason(fast, "", "")
    assert "Run by onnxruntime here: 6.2× Paddle" in decision(verdict, fast)
    figures = decision_figures(verdict, fast)
    assert figures.count("onnxruntime 6.2×") == figures.count(SENTENCE) == 2
    assert "Paddle&#39;s speed" not in decision_figures(verdict, normal)
    assert "Run by" not in decision(verdict, normal)


def test_a_link_keeps_the_switch(services: Services) -> None:
    catalog = services.segmenter.catalog
    query = link.query([MODEL], 0.5, high_performance=True)
    assert query == f"?models={MODEL}&threshold=0.5&engine=high_performance&tab=compare"
    for text, expected in (
        ("high_performance", True),
        ("normal", False),
        ("", None),
        ("tpu", None),
    ):
        assert link.read({"engine": text}, catalog).high_performance is expected


def test_an_export_runs_in_the_mode_of_what_is_shown(services: Services, photo: str) -> None:
    cache = Path(photo).parent
    sent = {"model": MODEL, "threshold": 0.5, "engine": "abacus"}
    shown = export.shown_in(sent)
    assert shown.engine == "abacus"
    with pytest.raises(InputError, match="Expected one of the engines normal, high_performance"):
        export.export_file(services, photo, "coco", shown, cache)
    with pytest.raises(InputError, match="must be names"):
        export.shown_in(sent | {"engine": 3})


# The catalog


def test_records_are_read_only_once_somebody_waits(services: Services) -> None:
    records = model_engines.Records(services.segmenter)
    assert not records.find_all(), "nothing was ever prepared"
    keep(services, MODEL, record(services.settings))
    assert records.known() == {}
    assert records.find_all()
    assert list(records.known()) == [MODEL]
    assert not records.find_all()
    assert records.find(OTHER) is None
    assert records.find("Mask-RT-DETR-H") is None


def test_the_catalog_tells_engine_gain_and_proof(services: Services) -> None:
    made = record(services.settings)
    card = model_card.card(services, MODEL, made)
    assert "verify" in card.actions
    for words in (SENTENCE, "100 ms, 6.2×", "cats.jpg, 800 x 600", "Verified 2026-01-02"):
        assert words in card.html
    assert "openvino is not equal to Paddle: 3 objects of 100 in &lt;cats&gt;.jpg." in card.html
    assert card.html.index("onnxruntime</dt>") < card.html.index("paddle-onednn</dt>")
    gains = model_card.gains(services, {MODEL: made})
    assert gains[MODEL] == "6.2× onnxruntime"
    assert gains[OTHER] == "—"


def test_a_model_that_is_not_prepared_says_so(services: Services) -> None:
    assert "Not prepared yet" in model_card.card(services, MODEL).html
    elsewhere = record(services.settings, timings={"another machine": {}})
    assert "not timed with the threads" in model_card.card(services, MODEL, elsewhere).html
    absent = model_card.card(services, "Mask-RT-DETR-H")
    assert "High performance, here" not in absent.html
    assert "verify" not in absent.actions


def test_where_paddle_is_fastest_that_is_said(services: Services) -> None:
    alone = record(services.settings, checks={"openvino": Parity("openvino", why="It is off.")})
    assert model_engines.cell(services.settings, alone) == "paddle"
    html = model_engines.engines_section(services.settings, alone)
    assert NO_FASTER in html
    assert "openvino is not equal to Paddle: It is off." in html


def test_verifying_says_how_far_it_is_and_can_be_stopped(services: Services) -> None:
    steps: list[ModelStep] = []
    for step in model_engines.verify(services, MODEL, "me"):
        steps.append(step)
        if "running Paddle, 2 of 4" in step.html:
            services.jobs["verify"].stop("me")
    assert (steps[-1].html, steps[-1].finished) == ("", True)
    assert not services.jobs["verify"].busy("me")


def test_verifying_tells_what_came_of_it(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = record(services.settings)
    monkeypatch.setattr(services.segmenter, "verify", lambda model, **told: made)
    *_, last = model_engines.verify(services, MODEL, "me")
    assert last.models == (MODEL,)
    assert "onnxruntime runs it at 6.2× Paddle's speed" in str(last.html.unescape())


def test_a_failure_to_verify_is_a_sentence(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(model: str, **told: Any) -> Record:
        raise InputError("It is <odd>.")

    monkeypatch.setattr(services.segmenter, "verify", fail)
    *_, last = model_engines.verify(services, MODEL, "me")
    assert last.html == '<p class="failure">It is &lt;odd&gt;.</p>'
