"""What a model may be called."""

from __future__ import annotations

import pytest

from instseg_ui.catalog.model_name import alike, checked_name, plain_name
from instseg_ui.errors import InputError


@pytest.mark.parametrize("name", ["tigers", "Köln-2", "模型_1", "हिन्दी", "ลายเสือ", "v1.2", "ñandú"])
def test_names_of_every_script_are_kept(name: str) -> None:
    assert checked_name(name) == name
    assert checked_name(f" {name} ") == name


def test_a_decomposed_name_is_the_composed_one() -> None:
    assert checked_name("Ko\u0308ln") == "Köln"
    assert alike("KÖLN") == alike("Ko\u0308ln")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "-x",
        "a b",
        "a\nb",
        "a\0b",
        "\u202eevil",
        "x" * 121,
        "a:b",
    ],
)
def test_what_is_no_name_is_said(name: str) -> None:
    with pytest.raises(InputError, match="is no name for a model") as caught:
        checked_name(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my pets", "my-pets"),
        ("../../etc", "etc"),
        ("a  (b)", "a-b"),
        ("\u0301x", "x"),
        ("", "model"),
        ("###", "model"),
        ("猫" * 100, "猫" * 40),
    ],
)
def test_a_plain_name_comes_close(text: str, name: str) -> None:
    assert plain_name(text) == name
    assert checked_name(plain_name(text)) == name
