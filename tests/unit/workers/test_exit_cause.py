"""Why a process has ended, in words."""

from __future__ import annotations

import signal

import pytest

from instseg_ui.workers.exit_cause import exit_cause


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "its pipe was closed"),
        (0, "exit code 0"),
        (7, "exit code 7"),
        (-signal.SIGKILL, "SIGKILL, which is what running out of memory looks like"),
        (-signal.SIGSEGV, "SIGSEGV"),
        (-200, "signal 200"),
    ],
)
def test_an_exit_code_is_said_in_words(code: int | None, words: str) -> None:
    assert exit_cause(code) == words
