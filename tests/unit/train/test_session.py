"""A run in its own process: to its end, stopped, killed, gone on with, and refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from instseg_ui.catalog.model_folder import inspect_folder
from instseg_ui.errors import Cancelled, TrainingError
from instseg_ui.settings import PROJECT_DIR
from instseg_ui.train.network.spec import Spec
from instseg_ui.train.outcome import TrainingOutcome
from instseg_ui.train.request import TrainingRequest
from instseg_ui.train.session import TrainingSession
from tests.unit.train.factories import EXAMPLES, NEW, PHOTOS, document, request, settings

pytestmark = [pytest.mark.paddle, pytest.mark.slow, pytest.mark.timeout(1200)]

Events = list[dict[str, Any]]


def followed(wanted: TrainingRequest, **options: Any) -> Events:
    with TrainingSession(wanted, settings(), **options) as session:
        return [dict(one) for one in session.events()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingRequest, Events]:
    """One whole run: three photos, so that each is held out in turn."""
    wanted = request(tmp_path_factory.mktemp("run"), epochs=1)
    return wanted, followed(wanted)


def test_it_tells_how_far_it_is(finished: tuple[TrainingRequest, Events]) -> None:
    _, events = finished
    kinds = [one["event"] for one in events]
    assert kinds[0] == "data"
    assert kinds[-1] == "done"
    pictures = [one for one in events if one["event"] == "pictures"]
    assert {"truth", "before", "now"} == {one["what"] for one in pictures}
    assert all(row["jpeg"] for one in pictures for row in one["photos"])
    assert events[0]["new"] == [NEW]
    progress = [one for one in events if one["event"] == "progress"]
    assert [one["part"] for one in progress] == [1, 2, 3, 4]
    for one in progress:
        assert one["epoch"] == 1
        assert one["views_per_s"] > 0
        assert one["loss"] > 0
        assert one["minutes_left"] >= 0
        assert one["minutes"] > 0


def test_it_ends_in_a_whole_folder_with_its_card(
    finished: tuple[TrainingRequest, Events],
) -> None:
    wanted, events = finished
    facts = inspect_folder(wanted.output, {"PP-YOLOE_seg-S"})
    assert facts.labels[-1] == NEW
    assert not (wanted.output / ".training").exists()
    outcome = TrainingOutcome.from_dict(events[-1]["outcome"])
    assert outcome.classes == facts.labels
    written = json.loads((wanted.output / "training.json").read_text(encoding="utf-8"))
    assert outcome == TrainingOutcome.from_dict(written)
    assert outcome.gain.photos == 3
    assert "Too few pictures to tell" in outcome.gain.words
    card = (wanted.output / "MODEL_CARD.md").read_text(encoding="utf-8")
    for words in ("# my model", "CC BY 4.0, of \\| me", NEW, "everyday-S", "kept by learning"):
        assert words in card
    assert (wanted.output / "LICENSE-backbone").is_file()


def test_paddlex_loads_it_and_finds_what_the_network_finds(
    finished: tuple[TrainingRequest, Events],
) -> None:
    from instseg_ui.train.found import find, look
    from instseg_ui.train.network.weights import read_folder
    from tools.embedded_models.predict import PaddleXModel

    wanted, _ = finished
    network = read_folder(wanted.output, "my model")
    assert isinstance(network.spec, Spec)
    pixels = cv2.imread(str(EXAMPLES / PHOTOS[0]))
    theirs = PaddleXModel(wanted.output, threads=1)(pixels, 0.2)
    ours = find(network, look(network, pixels), network.spec.classes, 0.2)
    assert len(ours) == len(theirs.boxes) > 0
    order = np.argsort(-theirs.scores, kind="stable")
    assert np.abs(theirs.scores[order] - ours.scores).max() < 1e-3
    assert np.abs(theirs.boxes[order] - ours.boxes).max() < 0.1
    assert [theirs.labels[i] for i in order] == list(ours.labels)


def test_a_taught_model_can_be_taught_on(
    finished: tuple[TrainingRequest, Events], tmp_path: Path
) -> None:
    before, _ = finished
    value = document()
    value["categories"][0]["name"] = "another pane"
    wanted = request(
        tmp_path, value, start="my model", folder=before.output, keep_classes=False, minutes=30
    )
    with TrainingSession(wanted, settings()) as session:
        for event in session.events():
            if event["event"] == "data":
                assert NEW in event["dropped"]
            if event["event"] == "progress":
                session.stop()
    labels = inspect_folder(wanted.output, {"PP-YOLOE_seg-S"}).labels
    assert labels == ("another pane",)
    card = (wanted.output / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "they were dropped" in card
    assert "It was stopped." in card


def test_it_is_of_low_priority_and_a_kill_loses_only_what_was_not_saved(tmp_path: Path) -> None:
    wanted = request(tmp_path, document(copies=4), epochs=400)
    kept = wanted.output / ".training" / "checkpoint.npz"

    def killed(session: TrainingSession) -> None:
        for event in session.events():
            if event["event"] == "progress":
                assert psutil.Process(session.pid).nice() == 19
            if kept.is_file():
                os.kill(session.pid, signal.SIGKILL)

    with (
        TrainingSession(wanted, settings()) as session,
        pytest.raises(TrainingError, match=r"SIGKILL.*--resume"),
    ):
        killed(session)
    assert not (wanted.output / "inference.yml").exists()

    with TrainingSession(wanted, settings(), resume=True) as session:
        events = []
        for event in session.events():
            events.append(event)
            if event["event"] == "progress":
                session.stop()
    assert "resumed" in [one["event"] for one in events]
    progress = [one for one in events if one["event"] == "progress"]
    assert progress[0]["epoch"] > 1
    assert events[-1]["outcome"]["ended"] == "It was stopped."
    assert events[-1]["outcome"]["training"] == 9
    assert (wanted.output / "inference.yml").is_file()


def test_whose_starter_died_leaves_what_to_go_on_from_and_no_model(tmp_path: Path) -> None:
    wanted = request(tmp_path, document(copies=4), epochs=400)
    with TrainingSession(wanted, settings(), park=True, go_on="press “Go on”") as session:
        events = session.events()
        for event in events:
            if event["event"] == "progress":
                break
        assert session._process.stdin is not None
        session._process.stdin.close()  # as the system does where the starter has died
        with pytest.raises(Cancelled, match="what was learned up to the last round is kept"):
            list(events)
    assert (wanted.output / ".training" / "checkpoint.npz").is_file()
    assert not (wanted.output / "inference.yml").exists()


def test_stopped_before_anything_was_learned_it_writes_nothing(tmp_path: Path) -> None:
    wanted = request(tmp_path)
    with TrainingSession(wanted, settings()) as session:
        session.stop()
        with pytest.raises(Cancelled, match="before anything was learned"):
            list(session.events())
    assert not (wanted.output / "inference.yml").exists()


def test_what_is_wrong_with_the_data_is_one_sentence(tmp_path: Path) -> None:
    wanted = request(tmp_path, document(names=PHOTOS[:1]))
    with pytest.raises(TrainingError, match="Only 1 picture"):
        followed(wanted)
    with pytest.raises(TrainingError, match="nothing to go on from"):
        followed(request(tmp_path), resume=True)


def test_whoever_asks_needs_no_paddle() -> None:
    code = (
        "import sys, instseg_ui.train.session, instseg_ui.show.taught_model;"
        "sys.exit('paddle' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=PROJECT_DIR, check=False).returncode == 0
    )
