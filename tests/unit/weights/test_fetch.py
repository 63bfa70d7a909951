"""Fetching from a real local server: what succeeds, and what fails with a sentence."""

from __future__ import annotations

import gzip
import socket
import time
from pathlib import Path

import pytest

from instseg_ui.errors import FetchError
from instseg_ui.weights import ModelState
from tests.unit.weights.kit import (
    CONFIG,
    FILES,
    NAME,
    WEIGHTS,
    Answer,
    Bar,
    Handler,
    Place,
    Server,
    make_folder,
    make_place,
    model_tar,
    tar_of,
)


def test_fetch_makes_a_model_ready(place: Place, server: Server) -> None:
    bar = Bar()
    facts = place.store.fetch(place.spec, bar)
    assert facts == place.store.folder(place.spec)
    assert facts.path == place.target
    assert (facts.path / "inference.pdiparams").read_bytes() == WEIGHTS
    assert bar.n == bar.total == len(model_tar())
    assert server.requested == [f"/base/{NAME}_infer.tar"]
    assert place.leftovers() == []


def test_what_is_here_is_not_fetched_again(place: Place, server: Server) -> None:
    make_folder(place.target)
    assert place.store.fetch(place.spec).path == place.target
    assert server.requested == []


def test_a_broken_folder_is_replaced(place: Place) -> None:
    make_folder(place.target, yml=None)
    (place.target / "stale").touch()
    assert not (place.store.fetch(place.spec).path / "stale").exists()
    assert place.leftovers() == []


def test_a_dangling_link_is_replaced(place: Place, tmp_path: Path) -> None:
    place.settings.models_dir.mkdir()
    place.target.symlink_to(tmp_path / "gone")
    assert place.store.fetch(place.spec).path == place.target
    assert not (tmp_path / "gone").exists()


def test_an_archive_without_a_folder_of_its_own_is_accepted(place: Place, server: Server) -> None:
    server.answer = lambda request: request.say(model_tar(folder="./"))
    assert place.store.fetch(place.spec).path == place.target


def test_a_compressed_archive_is_accepted(place: Place, server: Server) -> None:
    server.answer = lambda request: request.say(gzip.compress(model_tar()))
    assert place.store.fetch(place.spec).path == place.target


def test_an_unannounced_length_is_accepted(place: Place, server: Server) -> None:
    server.answer = lambda request: request.say(model_tar(), Content_Length=None)
    bar = Bar()
    place.store.fetch(place.spec, bar)
    assert (bar.total, bar.n) == (None, len(model_tar()))


def test_redirects_are_followed(place: Place, server: Server) -> None:
    def answer(request: Handler) -> None:
        if request.path.startswith("/base"):
            request.say(b"", 302, Location="/elsewhere.tar")
        else:
            request.say(model_tar())

    server.answer = answer
    assert place.store.fetch(place.spec).path == place.target
    assert server.requested[-1] == "/elsewhere.tar"


def test_a_local_folder_of_archives_serves_as_source(tmp_path: Path) -> None:
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / f"{NAME}_infer.tar").write_bytes(model_tar())
    place, bar = make_place(tmp_path, str(tmp_path / "archives")), Bar()
    assert place.store.plan(place.spec).expected_bytes == len(model_tar())
    assert place.store.fetch(place.spec, bar).path == place.target
    assert bar.n == bar.total == sum(map(len, FILES.values()))
    assert place.leftovers() == []


def cut_off(request: Handler) -> None:
    request.say(model_tar()[:100_000], Content_Length=len(model_tar()))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (cut_off, "ended before the whole file"),
        (lambda r: r.say(model_tar()[:100_000]), "archive is damaged"),
        (lambda r: r.say(gzip.compress(model_tar())[:900]), "archive is damaged"),
        (lambda r: r.say(b""), "archive is damaged"),
        (lambda r: r.say(b"<html>hello</html>" * 99), "archive is damaged"),
        (lambda r: r.say(b"gone", 404), "answered 404 Not Found"),
        (lambda r: r.say(b"", 503), "answered 503"),
        (lambda r: r.say(b"", 302, Location=r.path), "redirected more than 10 times"),
        (lambda r: r.say(b"", 302, Location="file:///etc/passwd"), "not http or https"),
        (lambda r: r.say(b"", 302, Location="ftp://127.0.0.1/x"), "not http or https"),
        (lambda r: r.wfile.write(b"nonsense\r\n"), "ended before the whole file"),
        (lambda r: r.say(tar_of({"readme.txt": b"x"})), r"holds no inference\.yml"),
        (lambda r: r.say(tar_of({f"{p}/inference.yml": b"x" for p in "ab"})), "more than one"),
        (
            lambda r: r.say(tar_of({f"a/{n}": b"" for n in FILES})),
            r"not whole .*empty inference\.yml",
        ),
        (
            lambda r: r.say(tar_of(FILES | {"inference.yml": CONFIG.replace("-S", "-L").encode()})),
            "holds Mask-RT-DETR-L; expected Mask-RT-DETR-S",
        ),
    ],
)
def test_a_fetch_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, server: Server, answer: Answer, said: str
) -> None:
    server.answer = answer
    place = make_place(tmp_path, server.url)
    with pytest.raises(FetchError, match=rf"{NAME} could not be fetched from 127\.0\.0\.1.*{said}"):
        place.store.fetch(place.spec)
    assert place.store.state(place.spec) is ModelState.NOT_FETCHED
    assert place.leftovers() == []


def test_a_silent_server_is_given_up(tmp_path: Path, server: Server) -> None:
    def answer(request: Handler) -> None:
        request.say(model_tar()[:1000], Content_Length=len(model_tar()))
        time.sleep(1)

    server.answer = answer
    place = make_place(tmp_path, server.url, fetch_timeout=0.3)
    with pytest.raises(FetchError, match=r"silent for 0\.3 seconds"):
        place.store.fetch(place.spec)
    assert place.leftovers() == []


def test_a_failure_says_what_to_do_and_no_secrets(tmp_path: Path, server: Server) -> None:
    server.answer = lambda request: request.say(b"", 403)
    base = server.url.replace("//", "//user:secret@") + "?token=secret"
    place = make_place(tmp_path, base)
    with pytest.raises(FetchError) as caught:
        place.store.fetch(place.spec)
    assert "INSTSEG_" not in str(caught.value)
    said = caught.value.with_remedy
    assert "INSTSEG_MODELS_SOURCE" in said
    assert "by hand" in said
    assert "secret" not in said
    assert str(tmp_path) not in said


def test_a_failure_keeps_the_broken_folder_that_was_there(place: Place, server: Server) -> None:
    make_folder(place.target, yml=None)
    server.answer = lambda request: request.say(b"", 500)
    with pytest.raises(FetchError):
        place.store.fetch(place.spec)
    assert (place.target / "inference.pdiparams").exists()


def test_no_server_is_said(tmp_path: Path) -> None:
    with socket.socket() as silent:  # bound, but nobody listens
        silent.bind(("127.0.0.1", 0))
        place = make_place(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(FetchError, match="no connection to the server"):
            place.store.fetch(place.spec)
