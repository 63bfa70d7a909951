"""Who may add a model on the page, from where, and what is said otherwise."""

from __future__ import annotations

import zipfile

import pytest

from instseg_ui.admission import add
from instseg_ui.errors import InputError
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.catalog import card
from instseg_ui.ui.shared import own_models
from instseg_ui.ui.shared.own_models import chosen_place, is_local
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench import models
from tests.unit.factories import model_folder

NEAR = "127.0.0.1"


@pytest.fixture
def services(settings):
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


@pytest.mark.parametrize(
    ("host", "allowed", "may"),
    [
        ("127.0.0.1", None, True),
        ("localhost", None, True),
        ("::1", None, True),
        ("0.0.0.0", None, False),
        ("192.168.1.2", None, False),
        ("example.org", None, False),
        ("0.0.0.0", True, True),
        ("127.0.0.1", False, False),
    ],
)
def test_who_serves_others_has_to_say_that_they_may(host, allowed, may):
    assert Settings(host=host, allow_add=allowed).may_add is may


@pytest.mark.parametrize(
    ("host", "headers", "near"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::1%lo", {}, True),
        ("192.168.1.2", {}, False),
        ("127.0.0.1", {"x-forwarded-for": "1.2.3.4"}, False),
        ("127.0.0.1", {"forwarded": "for=1.2.3.4"}, False),
        (None, {}, False),
        ("testclient", {}, False),
    ],
)
def test_a_proxy_on_this_machine_brings_others(host, headers, near):
    assert is_local(host, headers) is near


def test_an_upload_goes_before_a_path(settings, tmp_path):
    assert str(chosen_place(settings, "/up/a.zip", str(tmp_path), NEAR, {})) == "/up/a.zip"


def test_a_path_is_taken_from_this_machine_alone(settings, tmp_path):
    folder = model_folder(tmp_path / "tigers")
    assert chosen_place(settings, None, f' "{folder}" ', NEAR, {}) == folder
    public = settings.model_copy(update={"host": "0.0.0.0", "allow_add": True})
    proxied = settings.model_copy(update={"root_path": "/masks"})
    for one, host in ((public, NEAR), (settings, "10.0.0.1"), (proxied, NEAR)):
        with pytest.raises(InputError, match="taken from this machine alone"):
            chosen_place(one, None, str(folder), host, {})


def test_every_hostile_path_has_the_same_answer(settings, tmp_path):
    (tmp_path / "secret.txt").write_text("x")
    with zipfile.ZipFile(tmp_path / "a.zip", "w"):
        pass
    assert chosen_place(settings, None, str(tmp_path / "a.zip"), NEAR, {})
    paths = (
        tmp_path / "secret.txt",
        tmp_path / "gone",
        "/dev/zero",
        "a\0b",
        "x" * 5000,
        "relative",
    )
    said = set()
    for path in (*paths, "~nobody-of-that-name/x", "/" + "x" * 300):
        with pytest.raises(InputError) as caught:
            chosen_place(settings, None, str(path), NEAR, {})
        said.add(str(caught.value))
    assert len(said) == 1
    for nothing in ("", "  ", None, 3, ["x"]):
        with pytest.raises(InputError, match="Choose a zip first"):
            chosen_place(settings, None, nothing, NEAR, {})


def test_where_it_is_off_nothing_is_added_or_removed(settings, tmp_path):
    off = settings.model_copy(update={"allow_add": False})
    with Segmenter(off) as segmenter:
        services = Services(segmenter)
        add(segmenter, model_folder(tmp_path / "tigers"))
        with pytest.raises(InputError, match="is off here"):
            chosen_place(off, "/up/a.zip", "", NEAR, {})
        for act in (own_models.remove, lambda s, m: card.act(s, m, "remove")):
            with pytest.raises(InputError, match="is off here"):
                act(services, "tigers")
        assert models.rows(services)[0]["removable"] is False
        assert "remove" not in card.card(services, "tigers").actions
        assert "tigers" in segmenter.catalog.names


def test_the_steps_end_in_a_row_of_ones_own(services, tmp_path):
    folder = model_folder(tmp_path / "tigers", labels=["cat"])
    *before, last = own_models.steps(services, folder, "", "me")
    assert before
    assert last.finished
    assert last.added.spec.id == "tigers"
    assert not services.jobs["own"].busy("me")
    first = models.rows(services)[0]
    assert (first["id"], first["group"], first["made_from"]) == ("tigers", "Yours", "SOLOv2")
    assert (first["removable"], first["knows"]) == (True, "1 class: cat")
    assert first["size"] > 0
    assert "remove" in card.card(services, "tigers").actions
    assert "stays where it is" in card.question(services, "tigers", "remove").html
    assert card.act(services, "tigers", "remove") == "tigers is removed."
    assert models.rows(services)[0]["id"] != "tigers"


def test_a_failure_is_a_sentence(services, tmp_path):
    folder = model_folder(tmp_path / "tigers", load_error="no such operator")
    *_, last = own_models.steps(services, folder, "", "me")
    assert (last.finished, last.added) == (True, None)
    assert "does not run on the example photo" in last.html
    with pytest.raises(InputError, match="none of the models that you added"):
        own_models.remove(services, "demo-cats")


def test_the_default_model_has_no_cross(settings, tmp_path):
    with Segmenter(settings) as segmenter:
        add(segmenter, model_folder(tmp_path / "tigers"))
    with Segmenter(settings.model_copy(update={"default_model": "tigers"})) as segmenter:
        assert models.rows(Services(segmenter))[0]["removable"] is False
