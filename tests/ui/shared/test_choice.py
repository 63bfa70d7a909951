"""A choice that has gone meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from instseg_ui.ui.shared.choice import Choice


@pytest.mark.parametrize("sent", [["a"], {"a": 1}, [["a"]], 7])
def test_of_one_choice_there_is_one_at_most(sent: Any) -> None:
    assert Choice(["a", "b"], value="b").preprocess(sent) == "b"


@pytest.mark.parametrize(("sent", "chosen"), [(["b", "gone"], ["b"]), ("b", ["b"]), ([["b"]], [])])
def test_of_several_those_that_are_there(sent: Any, chosen: list[str]) -> None:
    assert Choice(["a", "b"], multiselect=True).preprocess(sent) == chosen


@pytest.mark.parametrize(
    ("choices", "value", "sent", "chosen"),
    [
        (["a", "b"], "a", "b", "b"),
        (["a", "b"], "a", "gone", "a"),
        ([], None, "gone", None),
        (["a"], "a", None, None),
    ],
)
def test_what_is_no_choice_any_more_is_no_error(
    choices: list[Any], value: Any, sent: Any, chosen: Any
) -> None:
    assert Choice(choices, value=value).preprocess(sent) == chosen
