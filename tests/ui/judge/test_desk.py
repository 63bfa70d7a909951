"""What a visitor judges: begun on the photos of the tray, answered, and gone with the visit."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import cv2
import pytest

from instseg_ui.errors import Cancelled, InputError
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show.judgement import gone_words
from instseg_ui.ui.judge.desk import JudgeDesk, JudgeDesks, start
from instseg_ui.ui.judge.judge_view import JudgeView, judge_value
from instseg_ui.ui.workbench.tray import TrayPhoto
from tests.browser.server import COLORS, fake_assets, fake_model
from tools.test_models import make_scene


@pytest.fixture
def segmenter(tmp_path):
    """Two models that find the shapes of made photos, without Paddle."""
    fake_model(tmp_path / "models" / "SOLOv2")
    fake_model(tmp_path / "models" / "MaskRCNN-ResNet50")
    settings = Settings(
        fake_engine=True,
        assets=fake_assets(tmp_path / "assets"),
        models_dir=tmp_path / "models",
        threads=1,
    )
    with Segmenter(settings) as segmenter:
        yield segmenter


def photo(folder: Path, name: str, count: int) -> TrayPhoto:
    path = folder / f"{count}-{name}"
    cv2.imwrite(str(path), make_scene(320, 240, count=count, labels=COLORS, seed=count).image)
    return TrayPhoto(f"key-{count}", str(path), name, "/thumbnail")


def begun(segmenter: Segmenter, folder: Path, *photos: TrayPhoto) -> tuple[JudgeDesks, JudgeDesk]:
    desks = JudgeDesks(segmenter.settings.models_dir)
    desk, models = desks.of("one"), ["SOLOv2", "MaskRCNN-ResNet50"]
    start(desk, desks.new_folder(), photos, models, segmenter, threading.Event(), [0])
    return desks, desk


def test_photos_that_are_called_alike_are_told_apart(segmenter, tmp_path):
    _, desk = begun(segmenter, tmp_path, photo(tmp_path, "a.png", 3), photo(tmp_path, "a.png", 4))
    assert list(desk.photos) == ["a.png", "a.png (2)"]
    value = judge_value(desk, segmenter.settings, tmp_path / "cache")
    assert value["begun"]
    assert value["left"] == 7
    first = value["questions"][0]
    assert first["photo"] in desk.photos
    assert first["url"].startswith("/gradio_api/file=")
    assert [one["number"] for one in first["outlines"]] == [1]
    assert first["outlines"][0]["models"] == ["SOLOv2", "MaskRCNN-ResNet50"]


def test_an_answer_takes_its_question_away_and_undo_brings_it_back(segmenter, tmp_path):
    _, desk = begun(segmenter, tmp_path, photo(tmp_path, "a.png", 4))
    name = desk.questions()[0].name
    desk.at_work().answer({"question": name, "answer": "right", "outline": 1})
    assert name not in [one.name for one in desk.questions()]
    desk.at_work().undo()
    assert desk.questions()[0].name == name


def test_a_photo_that_is_gone_leaves_its_questions_out(segmenter, tmp_path):
    _, desk = begun(segmenter, tmp_path, photo(tmp_path, "a.png", 4))
    next(iter(desk.photos.values())).unlink()
    desk.urls.clear()
    value = judge_value(desk, segmenter.settings, tmp_path / "cache")
    assert (value["questions"], value["left"], value["gone"]) == ([], 0, ["a.png"])
    assert desk.at_work().assessment().left == 0
    assert gone_words(value["gone"]) == "a.png is gone: nothing more is asked there."


def test_questions_go_on_with_the_photos_that_are_there(segmenter, tmp_path):
    taken = [photo(tmp_path, f"{name}.png", count) for name, count in (("a", 4), ("b", 3))]
    _, desk = begun(segmenter, tmp_path, *taken)
    answered = desk.questions()[0]
    desk.at_work().answer({"question": answered.name, "answer": "right", "outline": 1})
    desk.photos["a.png"].unlink()
    desk.urls.clear()
    value = judge_value(desk, segmenter.settings, tmp_path / "cache")
    left = 3 - (answered.photo == "b.png")
    assert value["gone"] == ["a.png"]
    assert {one["photo"] for one in value["questions"]} == {"b.png"}
    assert (len(value["questions"]), value["left"]) == (left, left)
    assert desk.at_work().assessment().left == left
    assert value["answered"] == 1, "what was answered there counts on"
    # Undone, its question may be of the photo that is gone: it is left out again.
    desk.at_work().undo()
    again = judge_value(desk, segmenter.settings, tmp_path / "cache")
    assert {one["photo"] for one in again["questions"]} == {"b.png"}
    desk.put_away()
    assert desk.gone == []


def test_an_answer_about_a_photo_that_goes_meanwhile_is_taken(segmenter, tmp_path):
    _, desk = begun(segmenter, tmp_path, photo(tmp_path, "a.png", 4))
    value = judge_value(desk, segmenter.settings, tmp_path / "cache")
    desk.leave_out("a.png")
    name = value["questions"][0]["name"]
    desk.at_work().answer({"question": name, "answer": "right", "outline": 1})
    assert desk.at_work().assessment().answered == 1


def test_a_visitor_who_leaves_takes_the_judgement_along(segmenter, tmp_path):
    desks, desk = begun(segmenter, tmp_path, photo(tmp_path, "a.png", 4))
    folder = desk.folder
    assert folder is not None
    assert folder.is_dir()
    assert desks.of("another").judgement is None
    desks.leave("one")
    assert not folder.exists()
    with pytest.raises(InputError, match="Nothing is judged yet"):
        desks.of("one").at_work()


def test_what_cannot_be_judged_is_said_and_leaves_nothing(segmenter, tmp_path):
    desks = JudgeDesks(segmenter.settings.models_dir)
    desk, stopped = desks.of("one"), threading.Event()
    empty = photo(tmp_path, "a.png", 0)
    with pytest.raises(InputError, match="nothing to ask"):
        start(
            desk,
            desks.new_folder(),
            [empty],
            ["SOLOv2", "MaskRCNN-ResNet50"],
            segmenter,
            stopped,
            [0],
        )
    with pytest.raises(InputError, match="models"):
        start(desk, desks.new_folder(), [empty], ["SOLOv2"], segmenter, stopped, [0])
    stopped.set()
    with pytest.raises(Cancelled):
        start(
            desk,
            desks.new_folder(),
            [photo(tmp_path, "b.png", 3)],
            ["SOLOv2", "MaskRCNN-ResNet50"],
            segmenter,
            stopped,
            [0],
        )
    assert desk.judgement is None
    assert list((segmenter.settings.models_dir / ".judgements").iterdir()) == []


def test_the_empty_value_is_that_of_an_empty_desk(segmenter, tmp_path):
    assert judge_value(JudgeDesk(), segmenter.settings, tmp_path) == JudgeView.empty()


def test_the_photos_are_kept_though_the_uploads_grow_old(segmenter, tmp_path):
    taken = photo(tmp_path, "a.png", 4)
    _, desk = begun(segmenter, tmp_path, taken)
    Path(taken.path).unlink()
    assert judge_value(desk, segmenter.settings, tmp_path / "cache")["questions"]


def test_a_photo_is_decoded_when_it_is_first_shown_alone(segmenter, tmp_path, monkeypatch):
    _, desk = begun(segmenter, tmp_path, photo(tmp_path, "a.png", 4))
    first = judge_value(desk, segmenter.settings, tmp_path / "cache")

    def refuse(*_arguments: object) -> None:
        raise AssertionError("it was decoded again")

    monkeypatch.setattr("instseg_ui.images.read", refuse)
    assert judge_value(desk, segmenter.settings, tmp_path / "cache") == first


def test_a_judgement_that_is_begun_anew_and_stopped_leaves_the_one_before(segmenter, tmp_path):
    desks, desk = begun(segmenter, tmp_path, photo(tmp_path, "a.png", 4))
    before, stopped = desk.judgement, threading.Event()
    stopped.set()
    with pytest.raises(Cancelled):
        start(
            desk,
            desks.new_folder(),
            [photo(tmp_path, "b.png", 3)],
            ["SOLOv2", "MaskRCNN-ResNet50"],
            segmenter,
            stopped,
            [0],
        )
    assert desk.judgement is before
    assert desk.questions()


def test_what_a_killed_server_left_is_removed_after_a_day(segmenter):
    root = segmenter.settings.models_dir / ".judgements"
    for name, hours in (("old", 30), ("new", 2)):
        (root / name).mkdir(parents=True)
        (root / name / "answers.jsonl").write_text("")
        then = time.time() - hours * 3600
        for path in (root / name / "answers.jsonl", root / name):
            os.utime(path, (then, then))
    JudgeDesks(segmenter.settings.models_dir).new_folder()
    assert [path.name for path in root.iterdir()] == ["new"]
