"""Whether the panel is there, and the way from Judge's answers to it."""

from __future__ import annotations

import json

import pytest

from instseg_ui.errors import InputError
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui import event_register
from instseg_ui.ui.evaluate.desk import Desk
from instseg_ui.ui.judge.desk import as_data_set
from instseg_ui.ui.page import build_page
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.teach import run as teach_run
from instseg_ui.ui.teach.run import TeachForm
from tests.ui.judge import test_desk as judging
from tests.ui.teach.test_teach import desks_of


@pytest.mark.parametrize(
    ("host", "allowed", "may"),
    [
        ("127.0.0.1", None, True),
        ("0.0.0.0", None, False),
        ("0.0.0.0", True, True),
        ("127.0.0.1", False, False),
    ],
)
def test_who_serves_others_has_to_say_that_they_may(host, allowed, may):
    assert Settings(host=host, allow_train=allowed).may_train is may


def test_where_it_is_off_there_is_no_panel_and_the_door_refuses(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    off = settings.model_copy(update={"allow_train": False})
    with Segmenter(off) as segmenter:
        services = Services(segmenter)
        page = build_page(services)
        events = {event_register.name_of(one.fn) for one in page.fns.values() if one.fn}
        assert not [name for name in events if name.startswith("teach.")]
        ids = {getattr(one, "elem_id", None) for one in page.blocks.values()}
        assert not ids & {"teach", "teach-go", "judge-teach"}
        form = TeachForm("everyday-M", "", 1, "", True)
        with pytest.raises(InputError, match="Teaching models is off here"):
            teach_run.begin(services, desks_of(services), Desk(), form, "me")
        with pytest.raises(InputError, match="Teaching models is off here"):
            teach_run.go_on(services, desks_of(services), "me")


judged = judging.segmenter
"""A fixture: two models that find the shapes of made photos."""


def test_answers_become_a_data_set_of_the_photos_that_are_there(judged, tmp_path):
    photos = [judging.photo(tmp_path, "a b.png", count) for count in (3, 4)]
    _, desk = judging.begun(judged, tmp_path, *photos)
    with pytest.raises(InputError, match="No outline was called right yet"):
        as_data_set(desk, tmp_path / "none")
    for question in desk.at_work().questions(7):
        desk.at_work().answer({"question": question.name, "answer": "right", "outline": 1})
    file, photos = as_data_set(desk, tmp_path / "set")
    found = json.loads(file.read_text(encoding="utf-8"))
    assert [one["file_name"] for one in found["images"]] == [one.name for one in photos]
    assert len({one.name for one in photos}) == 2
    assert all(one.is_file() and one.parent == file.parent for one in photos)
    desk.photos["a b.png"].unlink()
    file, photos = as_data_set(desk, tmp_path / "fewer")
    found = json.loads(file.read_text(encoding="utf-8"))
    assert len(photos) == len(found["images"]) == 1
    assert {one["image_id"] for one in found["annotations"]} == {found["images"][0]["id"]}
