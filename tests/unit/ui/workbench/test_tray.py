"""A visitor's photos: added, stepped through, taken out; nobody else's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from instseg_ui.errors import InputError
from instseg_ui.ui import uploads
from instseg_ui.ui.shared.visits import Visits
from instseg_ui.ui.workbench import tray as tray_module
from instseg_ui.ui.workbench.tray import MOST_PHOTOS, Tray, TrayPhoto, Trays
from instseg_ui.ui.workbench.tray_view import TrayView, tray_value
from tests.unit.ui.workbench.kit import EXAMPLES


def add(tray: Tray, *names: str) -> list[str]:
    return [tray.add(f"/p/{name}", name, f"/t/{name}").key for name in names]


def names(tray: Tray) -> list[str]:
    return [one.name for one in tray.photos]


def test_the_examples_are_there_until_own_photos_are() -> None:
    tray = Tray(EXAMPLES)
    assert tray.photos == EXAMPLES
    assert tray.chosen == EXAMPLES[0]
    assert not tray.own
    add(tray, "b", "a")
    assert names(tray) == ["b", "a"]
    assert tray.own


def test_a_photo_is_found_by_its_name() -> None:
    tray = Tray(EXAMPLES)
    first, second, third = add(tray, "a", "a", "b")
    assert tray.named("b") == tray.photos[2]
    assert tray.named("a") == tray.photos[0]
    # Of two with one name, that which is looked at.
    tray.choose(second)
    assert tray.named("a") == tray.photos[1]
    assert tray.named("c") is None
    assert {first, second, third} == {one.key for one in tray.photos}


def test_a_photo_is_chosen_by_its_key() -> None:
    tray = Tray(EXAMPLES)
    _, key = add(tray, "a", "b")
    assert tray.choose(key).name == "b"
    assert tray.chosen is not None
    assert tray.chosen.name == "b"


@pytest.mark.parametrize("key", ["", "nope", "example-0", None, 3, ["a"], {"key": 1}, "x" * 9999])
def test_a_wrong_key_is_refused(key: object) -> None:
    tray = Tray(EXAMPLES)
    add(tray, "a")
    with pytest.raises(InputError, match="not in the tray"):
        tray.choose(key)
    with pytest.raises(InputError, match="not in the tray"):
        tray.remove(key)
    assert names(tray) == ["a"]


@pytest.mark.parametrize(("gone", "next_one"), [(0, "b"), (1, "c"), (2, "b")])
def test_the_neighbour_of_what_is_taken_out_is_looked_at(gone: int, next_one: str) -> None:
    tray = Tray(EXAMPLES)
    keys = add(tray, "a", "b", "c")
    tray.choose(keys[gone])
    tray.remove(keys[gone])
    assert tray.chosen is not None
    assert tray.chosen.name == next_one


def test_taking_out_another_one_leaves_the_look_where_it_is() -> None:
    tray = Tray(EXAMPLES)
    keys = add(tray, "a", "b")
    tray.choose(keys[1])
    tray.remove(keys[0])
    assert tray.chosen is not None
    assert tray.chosen.name == "b"


def test_with_the_last_one_out_the_examples_come_back() -> None:
    tray = Tray(EXAMPLES)
    (key,) = add(tray, "a")
    tray.remove(key)
    assert (tray.photos, tray.chosen, tray.own) == (EXAMPLES, EXAMPLES[0], False)
    add(tray, "a", "b")
    tray.clear()
    assert (tray.photos, tray.chosen, tray.own) == (EXAMPLES, EXAMPLES[0], False)


def test_without_examples_a_tray_is_empty() -> None:
    tray = Tray(())
    assert (tray.photos, tray.chosen) == ((), None)
    assert tray_value(tray) == TrayView.empty()
    (key,) = add(tray, "a")
    tray.remove(key)
    assert (tray.photos, tray.chosen) == ((), None)


def test_it_is_full_at_last() -> None:
    tray = Tray(EXAMPLES)
    add(tray, *map(str, range(MOST_PHOTOS)))
    with pytest.raises(InputError, match=f"at most {MOST_PHOTOS} photos"):
        add(tray, "one more")
    assert len(tray.photos) == MOST_PHOTOS


def test_what_was_found_is_noted_by_key_and_by_path() -> None:
    tray = Tray(EXAMPLES)
    first, second = add(tray, "a", "b")
    tray.note(first, {"S": 3})
    tray.note(first, {"M": 4}, 0.5)
    tray.note_path("/p/b", "S", 0)
    tray.note("gone", {"S": 1})
    tray.note_path("/elsewhere", "S", 1)
    by_key = {one.key: one for one in tray.photos}
    assert (by_key[first].found, by_key[first].disagreement) == ({"S": 3, "M": 4}, 0.5)
    assert (by_key[second].found, by_key[second].disagreement) == ({"S": 0}, None)


def test_another_file_in_a_photos_place_has_no_figures_yet() -> None:
    tray = Tray(EXAMPLES)
    (key,) = add(tray, "a")
    tray.note(key, {"S": 3}, 0.5)
    tray.exchange("/p/a", "/p/smaller")
    (photo,) = tray.photos
    assert (photo.key, photo.path, photo.found, photo.disagreement) == (key, "/p/smaller", {}, None)


def test_the_tray_of_one_visitor_is_never_anothers() -> None:
    trays = Trays(EXAMPLES)
    (key,) = add(trays.of("me"), "mine")
    assert trays.of("you").photos == EXAMPLES
    with pytest.raises(InputError):
        trays.of("you").choose(key)
    with pytest.raises(InputError):
        trays.of("you").remove(key)
    trays.of("you").note(key, {"S": 1})
    trays.of("you").clear()
    assert names(trays.of("me")) == ["mine"]
    assert trays.of("me").photos[0].found == {}
    trays.leave("you")
    trays.leave("never here")
    assert names(trays.of("me")) == ["mine"]
    trays.leave("me")
    assert trays.of("me").photos == EXAMPLES


def test_figures_of_an_example_are_the_visitors_own() -> None:
    trays = Trays(EXAMPLES)
    trays.of("me").note("example-0", {"S": 9})
    assert trays.of("you").photos[0].found == {}
    assert trays.examples[0].found == {}


def test_who_came_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tray_module, "_MOST_VISITORS", 2)
    trays = Trays(EXAMPLES)
    for session in ("a", "b"):
        add(trays.of(session), session)
    trays.of("a")
    trays.of("c")
    assert names(trays.of("a")) == ["a"]
    assert trays.of("b").photos == EXAMPLES


def test_photos_may_come_from_many_threads() -> None:
    tray = Tray(EXAMPLES)
    threads = [threading.Thread(target=add, args=(tray, *"abcdefgh")) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(tray.photos) == 64
    assert len({one.key for one in tray.photos}) == 64


def test_the_page_is_told_no_path_of_the_server() -> None:
    tray = Tray(EXAMPLES)
    add(tray, "a")
    value = tray_value(tray, ["S"])
    assert "/p/a" not in str(value)
    assert value["photos"][0]["url"] == "/t/a"
    assert (value["own"], value["models"]) == (True, ["S"])


@pytest.fixture
def uploaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes uploads in a folder of the test's own."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    monkeypatch.setattr(uploads, "HELD", set())
    monkeypatch.setattr(uploads, "CREATED", uploads.ServedFiles())

    def make(name: str) -> Path:
        return uploads.kept(name.encode(), name)

    return make


def put(tray: Tray, path: Path, small: Path) -> TrayPhoto:
    photo, thumbnail = uploads.held(path), uploads.held(small)
    return tray.add(str(photo), path.name, f"/gradio_api/file={thumbnail}")


def test_a_photo_is_kept_while_it_is_in_the_tray_and_grows_old_then(
    uploaded: Callable[[str], Path],
) -> None:
    tray, upload = Tray(EXAMPLES), uploaded("a.jpg")
    photo = put(tray, upload, uploaded("small.jpg"))
    uploads.CREATED.add(photo.path)
    assert photo.path not in list(uploads.CREATED)
    upload.unlink()
    assert Path(photo.path).read_bytes() == b"a.jpg"
    tray.remove(photo.key)
    assert photo.path in list(uploads.CREATED), "deleted when it is old, not under a reader"
    assert Path(photo.path).is_file()


def test_a_tray_is_found_again_by_a_later_server(
    uploaded: Callable[[str], Path], tmp_path: Path
) -> None:
    me, you = "1" * 40, "2" * 40
    before = Trays(EXAMPLES, Visits(tmp_path / "visits", 60))
    photos = [put(before.of(me), uploaded(f"{name}.jpg"), uploaded("s.jpg")) for name in "abc"]
    before.of(me).choose(photos[1].key)
    before.of(me).note(photos[0].key, {"S": 3}, 0.25)
    before.keep(me)
    Path(photos[2].path).unlink()
    uploads.HELD.clear()

    after = Trays(EXAMPLES, Visits(tmp_path / "visits", 60))
    assert names(after.of(me)) == ["a.jpg", "b.jpg"]
    assert after.of(me).chosen == before.of(me).photos[1]
    assert (after.of(me).photos[0].found, after.of(me).photos[0].disagreement) == ({"S": 3}, 0.25)
    assert photos[0].path in uploads.HELD
    assert after.of(you).photos == EXAMPLES

    after.leave(me)
    assert set() == uploads.HELD


@pytest.mark.parametrize(
    "memory",
    [
        {"photos": "all"},
        {"photos": [3, None, {}]},
        {
            "photos": [
                {"key": "a", "path": "/etc/hosts", "name": "a", "thumbnail": "file=/etc/hosts"}
            ]
        },
        {"photos": [{"key": "a", "path": 3, "name": "a", "thumbnail": 4}]},
    ],
)
def test_what_was_kept_is_believed_only_where_uploads_lie(memory: dict[str, object]) -> None:
    tray = Tray(EXAMPLES)
    tray.recall(memory)
    assert tray.photos == EXAMPLES
