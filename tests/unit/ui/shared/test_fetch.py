"""Fetching a model: the offer, the progress, the outcome; without a browser."""

from __future__ import annotations

import pytest

from instseg_ui.segmenter import Segmenter
from instseg_ui.ui.shared import fetch
from instseg_ui.ui.shared.services import Services
from tests.browser.server import fake_archive, fake_model, serve_archives

NAME = "Mask-RT-DETR-M"


@pytest.fixture
def archives():
    with serve_archives() as archives:
        archives.models[f"{NAME}_infer.tar"] = fake_archive(NAME)
        yield archives


@pytest.fixture
def make(settings, archives):
    """Services with settings of the test's own."""
    opened = []

    def make(**more: object) -> Services:
        changed = settings.model_copy(update={"models_source": archives.url} | more)
        opened.append(Segmenter(changed))
        return Services(opened[-1])

    yield make
    for segmenter in opened:
        segmenter.close()


def test_a_model_that_is_here_needs_no_offer(make, settings):
    fake_model(settings.models_dir / NAME)
    assert fetch.offer(make(), NAME) is None


def test_an_offer_names_place_size_and_room(make):
    offer = fetch.offer(make(), NAME)
    assert offer.possible
    assert offer.button == "Fetch 66.6 MB"
    assert "127.0.0.1 takes 66.6 MB" in offer.html
    assert "of disk are free" in offer.html


def test_where_fetching_is_off_it_says_so(make):
    offer = fetch.offer(make(allow_fetch=False), NAME)
    assert not offer.possible
    assert "fetching is off here" in offer.html


def test_a_missing_archive_says_why(make, tmp_path):
    offer = fetch.offer(make(models_source=str(tmp_path)), NAME)
    assert not offer.possible
    assert "no readable file" in offer.html
    assert str(tmp_path) not in offer.html


def test_a_broken_folder_can_be_fetched_again(make, settings):
    (settings.models_dir / NAME).mkdir(parents=True)
    assert fetch.offer(make(), NAME).possible


def test_fetching_tells_how_far_it_is_and_ends_with_the_model(make, archives):
    archives.pause_s = 0.08
    *before, last = fetch.fetch(make(), NAME, "me")
    assert (last.finished, last.models) == (True, (NAME,))
    assert any("MB of 2.01 MB" in step.html for step in before)
    assert all(not step.models for step in before)


def test_a_refusal_of_the_server_is_said(make, archives):
    archives.status = 503
    *_, last = fetch.fetch(make(), NAME, "me")
    assert last.finished
    assert not last.models
    assert "the server answered 503" in last.html


def test_no_network_is_said(make):
    *_, last = fetch.fetch(make(models_source="http://127.0.0.1:9"), NAME, "me")
    assert "there is no connection to the server" in last.html


def test_a_cancelled_fetch_keeps_nothing(make, archives, settings):
    archives.pause_s = 0.2
    services = make()
    steps = fetch.fetch(services, NAME, "me")
    next(steps)
    assert services.jobs["fetch"].busy("me")
    services.jobs.leave("me")
    *_, last = steps
    assert not last.models
    assert "stopped" in last.html
    assert not (settings.models_dir / NAME).exists()
    assert not services.jobs["fetch"].busy("me")


def test_a_segment_run_does_not_end_a_fetch(make, archives):
    archives.pause_s = 0.05
    services = make()
    steps = fetch.fetch(services, NAME, "me")
    next(steps)
    services.jobs["segment"].begin("me")
    *_, last = steps
    assert last.models == (NAME,)
