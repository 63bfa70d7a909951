"""A choice that has gone meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from instseg_ui.ui.shared.choice import Choice


@pytest.mark.parametrize(
    ("choices", "value", "sent", "chosen"),
    [
        (["a", "b"], "a", "b", "b"),
        (["a", "b"], "a", "gone", "a"),
        ([], None, "gone", None),
        ([("All", "")], "", ["x"], []),
        (["a", "b"], None, ["b", "gone"], ["b"]),
        (["a"], "a", None, None),
    ],
)
def test_what_is_no_choice_any_more_is_no_error(
    choices: list[Any], value: Any, sent: Any, chosen: Any
) -> None:
    assert Choice(choices, value=value).preprocess(sent) == chosen
