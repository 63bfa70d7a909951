"""What the Segment tab shows at each moment, without a browser."""

from __future__ import annotations

import json
import threading

import cv2
import pytest

from instseg_ui.errors import ImageError, InputError
from instseg_ui.latency import known
from instseg_ui.segmenter import Segmenter
from instseg_ui.ui.segment import run, take_away
from instseg_ui.ui.shared.services import Services
from tests.browser.server import COLORS, fake_model
from tools.test_models import make_scene


@pytest.fixture
def services(settings):
    fake_model(settings.models_dir / "SOLOv2")
    fake_model(settings.models_dir / "PP-YOLOE_seg-S", delay_s=30, good_runs=1)
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "scene.png"
    cv2.imwrite(str(path), make_scene(120, 90, count=3, labels=COLORS).image)
    return str(path)


def look(services, photo, model, session="me", cache=None):
    cache = cache or services.settings.models_dir / "cache"
    return run.run(services, photo, model, session, cache)


def test_it_ends_with_the_result_and_its_picture(services, photo):
    *before, last, measured = look(services, photo, "SOLOv2")
    assert measured.viewer is run.STAYS, "what is looked at stays as it is"
    assert "median of 5" in measured.facts
    assert all(view.busy and view.viewer["message"]["kind"] == "busy" for view in before)
    assert not last.busy
    assert last.refused == ""
    assert len(last.viewer["prediction"]["instances"]) == 3
    assert set(last.viewer["colors"]) == {
        str(one["class_id"]) for one in last.viewer["prediction"]["instances"]
    }
    assert len({one["color"] for one in last.viewer["prediction"]["instances"]}) == 3
    assert (last.viewer["image"]["width"], last.viewer["image"]["height"]) == (120, 90)
    assert "measuring" in last.facts
    *_, again = look(services, photo, "SOLOv2")
    assert "median of 5" in again.facts
    assert again.viewer["colors"] == last.viewer["colors"]
    json.dumps(last.viewer)


def test_a_latency_is_measured_again_and_says_how_far_it_is(services, photo):
    *_, last = look(services, photo, "SOLOv2")
    before = known(services.segmenter, "SOLOv2", (120, 90))
    assert "data-again" in last.facts
    *steps, done = run.measured_again(services, photo, "SOLOv2", "me")
    after = known(services.segmenter, "SOLOv2", (120, 90))
    assert (before.n, after.n) == (5, 5)
    assert before.session != after.session
    assert all(view.busy and "data-again" not in view.facts for view in steps)
    assert "measuring …" in steps[0].facts
    assert not done.busy
    assert "median of 5" in done.facts
    assert done.viewer is run.STAYS, "what is looked at stays as it is"


def test_nothing_is_measured_again_of_a_photo_that_is_gone(services, tmp_path):
    assert list(run.measured_again(services, None, "SOLOv2", "me")) == []
    (gone,) = run.measured_again(services, str(tmp_path / "gone.jpg"), "SOLOv2", "me")
    assert "could not be read" in gone.facts


def test_the_viewer_begins_at_the_models_threshold(services, photo):
    cache = services.settings.models_dir / "cache"
    *_, last, _ = run.run(services, photo, "SOLOv2", "me", cache, threshold=0.43)
    assert last.viewer["threshold"] == 0.43
    assert next(look(services, photo, "SOLOv2")).viewer["threshold"] == 0.5


def test_the_code_has_the_threshold_of_its_model():
    shown = {"model": "A", "threshold": 0.3}
    assert take_away._threshold_of("A", {"A": 0.43}, 0.6, shown) == 0.3, "what is shown goes first"
    assert take_away._threshold_of("B", {"B": 0.43}, 0.6, shown) == 0.43
    # The visitor's own threshold stays when another model is looked at; one of a model does not.
    assert take_away._threshold_of("C", {"B": 0.43}, 0.6, shown) == 0.3
    assert take_away._threshold_of("C", {"A": 0.3}, 0.6, shown) == 0.6
    assert take_away._threshold_of("C", {}, 0.6, None) == 0.6


def test_the_picture_is_a_file_that_browsers_show(services, photo, tmp_path):
    *_, last, _ = look(services, photo, "SOLOv2", cache=tmp_path / "cache")
    assert last.viewer["image"]["url"].startswith("/gradio_api/file=")
    assert [path.name for path in (tmp_path / "cache").rglob("*.jpg")] == ["photo.jpg"]


def test_no_photo_is_an_invitation(services):
    (view,) = look(services, None, "SOLOv2")
    assert view.viewer["message"]["kind"] == "empty"
    assert not view.busy


def test_a_photo_taken_away_ends_the_run_in_silence(services, photo):
    running = look(services, photo, "PP-YOLOE_seg-S")
    assert next(running).busy
    (view,) = look(services, None, "PP-YOLOE_seg-S")
    assert view.viewer["message"]["kind"] == "empty"
    assert all(view.busy for view in running)


def test_asking_again_for_what_is_running_does_not_start_over(services, photo):
    running = look(services, photo, "PP-YOLOE_seg-S")
    next(running)
    assert list(look(services, photo, "PP-YOLOE_seg-S")) == []
    assert next(running).busy
    services.jobs["segment"].stop("me")
    assert len(list(running)) >= 1


def test_stopping_says_so_without_an_alarm(services, photo):
    running = look(services, photo, "PP-YOLOE_seg-S")
    next(running)
    threading.Timer(0.3, services.jobs["segment"].stop, ["me"]).start()
    *_, last = running
    assert last.viewer["message"]["text"].startswith("Stopped")
    assert last.refused == ""


@pytest.mark.parametrize("content", [b"", b"Not a photo."])
def test_a_broken_photo_leaves_nothing_but_the_reason(services, tmp_path, content):
    (tmp_path / "photo.jpg").write_bytes(content)
    (view,) = look(services, str(tmp_path / "photo.jpg"), "SOLOv2")
    assert view.refused
    assert view.viewer["message"] == {"kind": "refused", "text": view.refused}
    assert view.viewer["image"] is None
    assert "Latency" not in view.facts
    assert str(tmp_path) not in view.refused


def test_without_a_photo_the_reason_why_the_last_was_none_stays(services, tmp_path):
    (view,) = run.run(services, None, "SOLOv2", "me", tmp_path, refused="It is no photo.")
    assert view.viewer["message"] == {"kind": "refused", "text": "It is no photo."}


def test_a_model_that_is_not_fetched_is_a_state_and_no_alarm(services, photo):
    *_, last = look(services, photo, "Mask-RT-DETR-L")
    assert last.viewer["message"]["kind"] == "empty"
    assert "is not on this machine yet" in last.viewer["message"]["text"]
    assert "INSTSEG_" not in last.viewer["message"]["text"]
    assert last.viewer["image"] is not None


def test_the_answer_is_plain_values_at_the_threshold(services, photo):
    answer = run.answer(services, photo, "SOLOv2", 0.6)
    assert answer["threshold"] == 0.6
    assert all(one["score"] >= 0.6 for one in answer["instances"])
    json.dumps(answer)


def test_the_answer_to_a_wrong_question_is_an_error(services, photo):
    with pytest.raises(InputError, match="between 0 and 1"):
        run.answer(services, photo, "SOLOv2", 2)
    with pytest.raises(InputError, match="Did you mean “SOLOv2”"):
        run.answer(services, photo, "SOLO", 0.5)
    with pytest.raises(ImageError, match="No image came"):
        run.answer(services, None, "SOLOv2", 0.5)
