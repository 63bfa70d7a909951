"""What a user calls a picture never decides where a file lands."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.exports.names import Names, picture_path, safe_name, safe_path, safe_stem, stem_path

RESERVED = set('<>:"/\\|?*')


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("photo.jpg", "photo"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat"),
        ("..", "image"),
        ("", "image"),
        (".jpg", "jpg"),
        ("a b:c?.png", "a_b_c"),
        ("con.txt", "_con"),
        ("LPT1", "_LPT1"),
        ("кот.jpeg", "кот"),
        ("v1.2 final.jpg", "v1.2_final"),
        ("tab\there\x00\u202egnp.exe", "tab_heregnp"),
        ("x" * 500, "x" * 80),
    ],
)
def test_stems(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


@given(st.text(max_size=200))
def test_any_text_is_one_harmless_name(text: str) -> None:
    for name in (safe_name(text), safe_stem(text), safe_path(text).rpartition("/")[2]):
        assert name
        assert not RESERVED & set(name)
        assert name.isprintable()
        assert name not in {".", ".."}
        assert PurePosixPath(name).name == PureWindowsPath(name).name == name
        assert len(name.encode("utf-8")) <= 81 * 4
        assert safe_name(name) == name or name.startswith("_")


def test_taken_names_are_numbered_whatever_their_case() -> None:
    names = Names()
    given_out = [names.unique(name) for name in ("a.png", "A.png", "a.png", "a-2.png", "b")]
    assert given_out == ["a.png", "A-2.png", "a-3.png", "a-2-2.png", "b"]


@pytest.mark.parametrize(
    ("name", "path", "stem"),
    [
        ("a/0001.jpg", "a/0001.jpg", "a/0001"),
        ("WhatsApp Image 10.11.12 (1).jpeg", "WhatsApp Image 10.11.12 (1).jpeg",
         "WhatsApp Image 10.11.12 (1)"),
        (f"{'x' * 120}.jpg", f"{'x' * 120}.jpg", "x" * 120),
        ("-rf.jpg", "-rf.jpg", "-rf"),
        ("a:b?.jpg", "a:b?.jpg", "a:b?"),
        ("50%20.jpg", "50%20.jpg", "50%20"),
        ("end..jpg", "end..jpg", "end."),
        ("./x//a.png", "x/a.png", "x/a"),
        ("../../etc/passwd", "passwd", "passwd"),
        ("/etc/passwd", "passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png", "cat"),
        ("..", "image", "image"),
        ("", "image", "image"),
        ("e\u0301.png", "e\u0301.png", "e\u0301"),
        ("é.png", "é.png", "é"),
    ],
)  # fmt: skip
def test_what_points_at_a_picture_keeps_its_name(name: str, path: str, stem: str) -> None:
    assert picture_path(name) == path
    assert stem_path(name) == stem


@given(st.text(max_size=200))
def test_no_name_leads_out_of_its_folder(text: str) -> None:
    for name in (picture_path(text), stem_path(text), safe_path(text)):
        assert name
        assert ".." not in name.split("/")
        assert not name.startswith(("/", "\\"))
    assert len(stem_path(text).rpartition("/")[2].encode("utf-8")) <= 330
    assert stem_path(text).encode("utf-8")


def test_names_that_differ_in_case_are_two_pictures() -> None:
    names = Names(by_case=True)
    assert [names.unique(name) for name in ("x.1/a", "x.1/A", "x.1/a")] == [
        "x.1/a",
        "x.1/A",
        "x.1/a-2",
    ]
