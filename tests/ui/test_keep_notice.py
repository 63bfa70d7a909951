"""The page says for how long it keeps what a visitor brings."""

from __future__ import annotations

import pytest

from instseg_ui.ui.keep_notice import sentence


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (24, "kept 24 hours"),
        (1, "kept 1 hour"),
        (0.5, "kept 30 minutes"),
        (0, "forgotten"),
    ],
)
def test_the_sentence(hours: float, words: str) -> None:
    assert sentence(hours) == f"Yours alone; {words} after you leave."
