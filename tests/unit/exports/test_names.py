"""What a user calls a picture never decides where a file lands."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_ui.exports.names import Names, safe_file, safe_name, safe_stem

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
    for name in (safe_name(text), safe_stem(text), safe_file(text)):
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
